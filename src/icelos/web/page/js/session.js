// Signing in: by the link's fragment, by a pasted token, or by the session that is already there.

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
    submit(find("token").value.trim(), enter);
  });
  find("sign-out").addEventListener("click", signOut);
  window.addEventListener("hashchange", () => {
    const later = takeToken();
    if (later) submit(later, enter);
  });
  const token = takeToken();
  if (token) await submit(token, enter);
  else await resume(enter);
}

/** The token of the link; taken out of the address at once, so that no history keeps it. */
function takeToken() {
  const match = location.hash.match(/^#token=([\w-]+)$/);
  if (match) history.replaceState(null, "", location.pathname);
  return match ? match[1] : "";
}

async function submit(token, enter) {
  try {
    const session = await json("/api/session", { method: "POST", body: { token } });
    find("token").value = "";
    enter(session);
  } catch (error) {
    if (!(await resume(enter, error.message))) find("token").select();
  }
}

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
  find("gate").hidden = false;
  find("sign-in-error").textContent = reason;
  find("token").focus();
}

async function signOut() {
  try {
    await json("/api/session", { method: "DELETE" });
  } finally {
    sessionStorage.clear();
    location.replace("/");
  }
}
