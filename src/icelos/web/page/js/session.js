// Signing in: by the link's fragment, a pasted token, a name and password, or the session that is there.

import { json, on, setCsrf } from "./api.js";
import { find } from "./dom.js";

/** Shows the gate or calls entered(session); again whenever the session ends. */
export async function start(entered) {
  const enter = (session) => {
    setCsrf(session.csrf);
    find("gate").hidden = true;
    find("console").hidden = false;
    entered(session);
  };
  on("signed-out", () => showGate("Your session has ended. Sign in again; what you typed is kept."));
  find("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    submit({ token: find("token").value.trim() }, enter);
  });
  find("sign-in-user").addEventListener("submit", (event) => {
    event.preventDefault();
    submit({ user: find("user").value.trim(), password: find("password").value }, enter);
  });
  find("by-token").addEventListener("click", () => choose("token"));
  find("by-password").addEventListener("click", () => choose("password"));
  find("sign-out").addEventListener("click", signOut);
  window.addEventListener("hashchange", () => {
    const later = takeToken();
    if (later) submit({ token: later }, enter);
  });
  const token = takeToken();
  if (token) await submit({ token }, enter);
  else await resume(enter);
}

/** The token of the link; taken out of the address at once, so that no history keeps it. */
function takeToken() {
  const match = location.hash.match(/^#token=([\w-]+)$/);
  if (match) history.replaceState(null, "", location.pathname);
  return match ? match[1] : "";
}

async function submit(body, enter) {
  try {
    const session = await json("/api/session", { method: "POST", body });
    localStorage.setItem(WAY, body.user ? "password" : "token");
    find("token").value = find("password").value = "";
    enter(session);
  } catch (error) {
    if (!(await resume(enter, error.message))) find(body.user ? "password" : "token").select();
  }
}

/** Show the form of one way to sign in. */
function choose(way) {
  const byPassword = way === "password";
  find("sign-in").hidden = byPassword;
  find("sign-in-user").hidden = !byPassword;
  find("by-token").setAttribute("aria-pressed", String(!byPassword));
  find("by-password").setAttribute("aria-pressed", String(byPassword));
  find("sign-in-error").textContent = "";
  find(byPassword ? "user" : "token").focus();
}

const WAY = "icelos-sign-in";

/** Use the session there is; a used link on a browser that is signed in is no reason to ask again. */
export async function resume(enter, reason = "") {
  try {
    enter(await json("/api/session"));
    return true;
  } catch (error) {
    showGate(error.status === 401 ? reason : error.message);
    return false;
  }
}

function showGate(reason) {
  find("console").hidden = true;
  if (find("gate").hidden) {
    find("gate").hidden = false;
    choose(localStorage.getItem(WAY));
  }
  find("sign-in-error").textContent = reason;
}

async function signOut() {
  try {
    await json("/api/session", { method: "DELETE" });
  } finally {
    sessionStorage.clear();
    location.replace("/");
  }
}
