// The conversation on the desk: turns, asking the next one, opening an old one.

import { Lost, json } from "./api.js";
import * as answer from "./answer.js";
import { el, find } from "./dom.js";
import { ask as stream } from "./stream.js";

const EXAMPLES = [
  "What is T1110.003?",
  "Which groups use spearphishing attachments?",
  "How is credential dumping detected?",
  "What mitigates T1566?",
];

let conversation = "";
let running = null;
const listeners = { changed: () => {}, busy: () => {} };

export const current = () => conversation;
export const busy = () => running !== null;
export const on = (event, listener) => { listeners[event] = listener; };
export const stop = () => running?.abort();

/** An empty desk with examples. */
export function clear() {
  stop();
  move("");
  find("thread").replaceChildren(welcome());
}

/** Ask in the conversation on the desk; follow-up questions stay in it. */
export async function ask(question) {
  if (running) return;
  find("thread").querySelector(".welcome")?.remove();
  const spot = turn(question);
  running = new AbortController();
  listeners.busy(true);
  try {
    await stream({ question, conversation }, (kind, data) => take(spot, kind, data), running.signal);
  } catch (error) {
    refuse(spot, error, question);
  } finally {
    running = null;
    listeners.busy(false);
  }
}

/** Put an old conversation on the desk. */
export async function open(id) {
  stop();
  const found = await json(`/api/conversations/${encodeURIComponent(id)}`);
  move(id);
  find("thread").replaceChildren();
  for (const one of found.turns) turn(one.question).finish(one.answer, found.thumbs[one.answer.answer_id]);
  find("thread").focus({ preventScroll: true });
}

function take(spot, kind, data) {
  if (kind === "status") spot.status(data.text);
  if (kind === "step") spot.status(`asking ${data.step.tool}`);
  if (kind === "sentence") spot.sentence(data.sentence, data.citations);
  if (kind === "answer") {
    spot.finish(data.answer);
    move(data.answer.conversation || conversation);
    listeners.changed();
  }
}

function refuse(spot, error, question) {
  const again = () => { spot.node.closest(".turn").remove(); ask(question); };
  if (error.name === "AbortError") spot.fail("Stopped.", "", again);
  else if (error instanceof Lost) spot.fail("The connection was lost before the answer was whole.", "", again);
  else spot.fail(error.message, error.hint, again);
}

function turn(question) {
  const spot = answer.place();
  const node = el("article", { class: "turn" }, el("h2", { class: "asked", dir: "auto" }, question), spot.node);
  find("thread").append(node);
  node.scrollIntoView({ block: "start", behavior: motion() });
  return spot;
}

const motion = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

function move(id) {
  conversation = id;
  sessionStorage.setItem("icelos-conversation", id);
  listeners.changed();
}

const welcome = () =>
  el("div", { class: "welcome" },
    el("h2", {}, "What do you want to know?"),
    el("p", {}, "Every sentence comes from your sources and opens the passage it rests on. What is not there is not answered."),
    el("ul", { class: "examples" }, EXAMPLES.map((text) =>
      el("li", {}, el("button", { type: "button", onclick: () => ask(text) }, text)))));
