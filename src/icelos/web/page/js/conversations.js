// The list of conversations at the left; on a phone it slides in.

import { json } from "./api.js";
import { el, find, icon } from "./dom.js";
import * as thread from "./thread.js";
import { since } from "./time.js";

export function bind() {
  find("new-conversation").addEventListener("click", () => { hide(); thread.clear(); find("question").focus(); });
  find("open-list").addEventListener("click", toggle);
}

export async function refresh() {
  const { conversations } = await json("/api/conversations");
  find("conversations").replaceChildren(...(conversations.length ? conversations.map(item) : [none()]));
}

const none = () => el("li", { class: "none" }, "Your questions will be kept here.");

function item({ conversation, title, turns, last }) {
  const here = conversation === thread.current();
  return el("li", {},
    el("button", {
      class: "open", type: "button", "aria-current": here ? "true" : false,
      onclick: () => { hide(); thread.open(conversation).catch(refresh); },
    }, el("span", { class: "title" }, title), el("span", { class: "meta" }, since(last), turns > 1 ? ` · ${turns} questions` : "")),
    el("button", {
      class: "icon small bin", type: "button", "aria-label": `Delete: ${title}`, title: "Delete",
      onclick: (event) => remove(conversation, event.currentTarget),
    }, icon("bin")));
}

/** The first press asks, the second one deletes. */
async function remove(conversation, button) {
  if (!button.classList.contains("sure")) {
    button.classList.add("sure");
    button.replaceChildren("Delete?");
    button.addEventListener("blur", () => refresh().catch(() => {}), { once: true });
    return;
  }
  await json(`/api/conversations/${encodeURIComponent(conversation)}`, { method: "DELETE" });
  if (conversation === thread.current()) thread.clear();
  else await refresh();
}

export const shown = () => find("list").classList.contains("shown");
export const hide = () => { if (shown()) toggle(); };

function toggle() {
  const open = find("list").classList.toggle("shown");
  find("open-list").setAttribute("aria-expanded", String(open));
  if (open) find("new-conversation").focus();
  else find("open-list").focus();
}
