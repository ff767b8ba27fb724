// The line at the top: lost, trying again, back.

import { on } from "./api.js";
import { find } from "./dom.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;
let trying = false;

/** Watch for a lost connection; calls back() each time it is there again. */
export function watch(back) {
  on("lost", () => retry(back));
  window.addEventListener("offline", () => retry(back));
}

async function retry(back) {
  if (trying) return;
  trying = true;
  say("Connection lost. Trying again; what you typed is kept.", "lost");
  for (let wait = FIRST_WAIT; !(await alive()); wait = Math.min(wait * 1.6, LONGEST_WAIT)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  trying = false;
  say("Connected again.", "back");
  setTimeout(() => { if (!trying) find("banner").hidden = true; }, 2500);
  back();
}

async function alive() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

function say(text, state) {
  const banner = find("banner");
  banner.textContent = text;
  banner.dataset.state = state;
  banner.hidden = false;
}
