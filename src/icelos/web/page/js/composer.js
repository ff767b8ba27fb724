// The question box: grows with its text, keeps it over a reload, asks on Enter.

import { find, icon } from "./dom.js";
import * as thread from "./thread.js";

const DRAFT = "icelos-draft";

export function bind() {
  const box = find("question");
  box.value = sessionStorage.getItem(DRAFT) ?? "";
  box.addEventListener("input", keep);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  find("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    if (thread.busy()) thread.stop();
    else send();
  });
  thread.on("busy", showBusy);
}

/** The box is on the page: fit it to its draft and go there. */
export function enter() {
  grow();
  find("question").focus();
}

function send() {
  const question = find("question").value.trim();
  if (!question || thread.busy()) return;
  find("question").value = "";
  keep();
  thread.ask(question);
}

function keep() {
  sessionStorage.setItem(DRAFT, find("question").value);
  grow();
}

function grow() {
  const box = find("question");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
}

function showBusy(busy) {
  const button = find("send");
  button.setAttribute("aria-label", busy ? "Stop" : "Ask");
  button.replaceChildren(icon(busy ? "stop" : "send"));
}
