// The one door to the server: JSON in and out, problems as errors, the CSRF token on what changes things.

/** What the server says went wrong (RFC 9457). */
export class Problem extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "The server could not answer.");
    this.status = problem.status;
    this.hint = problem.hint || "";
  }
}

/** The server cannot be reached. */
export class Lost extends Error {
  constructor() {
    super("The connection to Icelos is lost.");
  }
}

let csrf = "";
const listeners = { "signed-out": [], lost: [] };

export const setCsrf = (token) => { csrf = token; };
export const on = (event, listener) => listeners[event].push(listener);
const tell = (event) => listeners[event].forEach((listener) => listener());

/** A fetch that turns every failure into Problem or Lost; an aborted one stays an AbortError. */
export async function request(path, { method = "GET", body, signal } = {}) {
  const headers = {};
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await reach(path, { method, headers, signal, body: body && JSON.stringify(body) });
  if (response.ok) return response;
  const problem = new Problem(await problemOf(response));
  if (response.status === 401 && path !== "/api/session") tell("signed-out");
  throw problem;
}

export async function json(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : response.json();
}

async function reach(path, options) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tell("lost");
    throw new Lost();
  }
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return { status: response.status, title: response.statusText };
  }
}

/** The stream broke after it had begun. */
export function broken() {
  tell("lost");
  return new Lost();
}
