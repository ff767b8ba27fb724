// Keys that work everywhere: / to the question, Esc closes what lies on top, t(heme) by its button.

import { find } from "./dom.js";
import * as conversations from "./conversations.js";
import * as drawer from "./drawer.js";

const typing = (node) => node.matches?.("input, textarea, select, [contenteditable]");

export function bind() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") escape();
    if (event.key === "/" && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      drawer.close();
      find("question").focus();
    }
  });
  find("toggle-theme").addEventListener("click", toggleTheme);
}

function escape() {
  if (drawer.isOpen()) drawer.close();
  else conversations.hide();
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("icelos-theme", root.dataset.theme);
}
