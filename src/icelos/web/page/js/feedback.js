// What people say of an answer or its sources, beyond the thumbs: good or wrong source, a correction, a look.

import { json } from "./api.js";
import { el } from "./dom.js";

const send = (answer_id, body) =>
  json(`/api/answers/${encodeURIComponent(answer_id)}/feedback`, { method: "POST", body });

/** A source was opened. It is only a hint: nobody is told where it cannot be kept. */
export const opened = (answer_id, citation) => send(answer_id, { kind: "opened", citation }).catch(() => {});

/** Is this the right source? */
export function marks(answer_id, citation) {
  const group = el("p", { class: "marks", role: "group", "aria-label": "Is this the right source?" });
  const button = (kind, label) =>
    el("button", { class: "secondary small", type: "button", onclick: () => give(kind) }, label);
  async function give(kind) {
    await settled(group, send(answer_id, { kind, citation }));
  }
  group.append(button("up", "Good source"), " ", button("wrong_citation", "Wrong citation"));
  return group;
}

/** A box for what the answer should have said; identifiers in it name the right sources. */
export function correct(answer_id) {
  const text = el("textarea", { rows: "2", maxlength: "4000", "aria-label": "What should it have said?" });
  const form = el("form", { class: "correct" }, text, el("button", { class: "secondary small", type: "submit" }, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value.trim()) settled(form, send(answer_id, { kind: "corrected", correction: text.value }));
  });
  return el("details", { class: "correction" }, el("summary", {}, "Correct this"), form);
}

async function settled(node, sent) {
  try {
    await sent;
    node.replaceChildren("Noted, thank you.");
  } catch (error) {
    node.append(el("span", { class: "meta", role: "alert" }, ` ${error.message}`));
  }
}
