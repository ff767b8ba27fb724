// The panel at the side: one thing at a time, focus goes in and comes back.

import { el, find } from "./dom.js";

const NARROW = matchMedia("(max-width: 1179px)");
let opener = null;
let turn = 0;

/** Open with a title and fill(body) once load() is there; a later opening overtakes an earlier one. */
export async function open(title, load) {
  const mine = ++turn;
  const drawer = find("drawer");
  if (drawer.hidden) opener = document.activeElement;
  drawer.hidden = false;
  find("console").classList.add("with-drawer");
  find("drawer-title").textContent = title;
  fill(el("p", { class: "loading", role: "status" }, "Loading …"));
  cover();
  find("drawer-title").focus({ preventScroll: true });
  let content;
  try {
    content = await load();
  } catch (error) {
    content = [el("p", { class: "card error", role: "alert" }, error.message)];
  }
  if (mine !== turn) return;
  fill(...content);
  bring(find("drawer-body").querySelector("[data-here]"));
}

/** Scroll only where the passage would not be seen: what stands above it says what it is. */
function bring(here) {
  const body = find("drawer-body");
  body.scrollTop = 0;
  if (!here) return;
  const top = here.getBoundingClientRect().top - body.getBoundingClientRect().top;
  if (top > body.clientHeight * 0.6) body.scrollTop = top - body.clientHeight * 0.25;
}

export const isOpen = () => !find("drawer").hidden;

export function close() {
  if (!isOpen()) return;
  turn += 1;
  find("drawer").hidden = true;
  find("console").classList.remove("with-drawer");
  cover();
  if (opener?.isConnected) opener.focus();
  else find("question").focus();
}

/** Where the drawer lies over the page, the page below cannot be reached. */
function cover() {
  const over = isOpen() && NARROW.matches;
  find("veil").hidden = !over;
  for (const id of ["desk", "list"]) find(id).inert = over;
  document.querySelector(".bar").inert = over;
}

const fill = (...content) => find("drawer-body").replaceChildren(...content);

export function bind() {
  find("close-drawer").addEventListener("click", close);
  find("veil").addEventListener("click", close);
  NARROW.addEventListener("change", cover);
}
