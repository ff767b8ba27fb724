// One answer: its sentences as they come, then what it rests on, or why there is none.

import { json } from "./api.js";
import * as citation from "./citation.js";
import { count, el, icon, shown } from "./dom.js";
import { correct } from "./feedback.js";

const PHASES = { understanding: "Reading the question", searching: "Searching the sources" };

/** A place for an answer. `sentence` adds one, `finish` completes it, `fail` says what went wrong. */
export function place() {
  const phase = el("p", { class: "phase", role: "status" }, PHASES.understanding);
  const text = el("div", { class: "text", dir: "auto", "aria-live": "polite", "aria-atomic": "false" });
  const rest = el("div", { class: "rest" });
  const node = el("div", { class: "answer", "aria-busy": "true" }, text, phase, rest);
  const done = () => { phase.remove(); node.setAttribute("aria-busy", "false"); };
  const owner = { answer_id: "" }; // known when the answer is whole; streamed handles ask for it when pressed
  let streamed = 0;
  return {
    node,
    status: (line) => { phase.textContent = PHASES[line] ?? shown(line.charAt(0).toUpperCase() + line.slice(1)); },
    sentence: (one, citations) => { streamed += 1; text.append(sentence(one, citations, owner)); },
    finish(answer, thumb = "") {
      done();
      owner.answer_id = answer.answer_id;
      if (streamed !== answer.sentences.length) {
        text.replaceChildren(...answer.sentences.map((one) => sentence(one, answer.citations, owner)));
      }
      rest.replaceChildren(...after(answer, thumb).filter(Boolean));
    },
    fail(message, hint, again) {
      done();
      rest.replaceChildren(failed(message, hint, again));
    },
  };
}

function sentence(one, citations, owner) {
  const known = one.handles.map((name) => citations.find((cited) => cited.handle === name)).filter(Boolean);
  return el("span", { class: one.supported ? "sentence" : "sentence unsupported" },
    one.text, known.map((cited) => citation.handle(cited, owner)),
    one.supported ? null : el("span", { class: "tag old" }, "not carried by a source"), " ");
}

function after(answer, thumb) {
  return [
    answer.sentences.length ? notices(answer.notices) : missing(answer),
    citation.list(answer.citations, answer.answer_id),
    dropped(answer.dropped),
    steps(answer),
    foot(answer, thumb),
  ];
}

const TITLES = { not_in_sources: "Not in your sources", unknown_identifier: "Unknown to your sources" };

function missing(answer) {
  const failed = answer.status === "failed";
  return el("div", { class: failed ? "card error" : "card none" },
    el("h3", {}, TITLES[answer.status] ?? "No answer"),
    answer.notices.map((line) => el("p", {}, line)),
    failed ? null : el("p", {}, "Icelos does not answer from memory. Ask in other words, or add a source that holds it."),
    citation.nearest(answer.nearest, answer.answer_id));
}

const notices = (lines) =>
  lines.length ? el("ul", { class: "notices" }, lines.map((line) => el("li", {}, line))) : null;

const dropped = (lines) =>
  lines.length
    ? el("details", { class: "dropped" },
      el("summary", {}, `${count(lines.length, "sentence")} left out: no passage carries it`),
      el("ul", {}, lines.map((line) => el("li", {}, line))))
    : null;

/** What was asked of which tool on the way, collapsed. */
function steps({ steps: made = [], tokens = 0 }) {
  if (!made.length) return null;
  const line = (step) => el("li", { class: step.outcome === "ok" || step.outcome === "again" ? "" : "failed" },
    el("code", {}, step.tool), " ",
    el("span", { class: "meta" }, [
      step.tool === "model" ? count(step.tokens, "token") : found(step),
      `${step.seconds.toFixed(2)} s`, step.outcome === "ok" ? "" : step.outcome, step.note,
    ].filter(Boolean).join(" · ")),
    Object.keys(step.arguments).length ? el("pre", {}, JSON.stringify(step.arguments)) : null);
  return el("details", { class: "steps" },
    el("summary", {}, [count(made.length, "step"), tokens ? count(tokens, "token") : ""].filter(Boolean).join(" · ")),
    el("ol", {}, made.map(line)));
}

const found = ({ facts, total }) =>
  total === null || total === undefined || total === facts ? count(facts, "fact") : `${count(facts, "fact")} of ${total.toLocaleString()}`;

function failed(message, hint, again) {
  return el("div", { class: "card error", role: "alert" },
    el("p", {}, message), hint ? el("p", { class: "meta" }, hint) : null,
    again ? el("button", { class: "secondary", type: "button", onclick: again }, "Ask again") : null);
}

function foot(answer, thumb) {
  const made = answer.made_by.answerer ?? answer.made_by.model ?? "";
  return el("footer", { class: "foot" },
    el("span", { class: "meta" }, [made, `${answer.seconds.toFixed(2)} s`].filter(Boolean).join(" · ")),
    el("span", { class: "grow" }),
    answer.sentences.length ? copy(answer) : null,
    answer.answer_id ? thumbs(answer.answer_id, thumb) : null,
    answer.answer_id ? correct(answer.answer_id) : null);
}

function copy(answer) {
  const text = answer.sentences.map((one) => `${one.text} ${one.handles.map((h) => `[${h}]`).join("")}`).join(" ");
  const button = el("button", { class: "icon small", type: "button", "aria-label": "Copy the answer", title: "Copy" }, icon("copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.setAttribute("aria-label", "Copied");
    button.classList.add("done");
  });
  return button;
}

function thumbs(answer_id, given) {
  const group = el("span", { class: "thumbs", role: "group", "aria-label": "Was this answer good?" });
  const button = (thumb, label) =>
    el("button", {
      class: "icon small", type: "button", "aria-label": label, title: label,
      "aria-pressed": String(given === thumb), onclick: (event) => give(event.currentTarget, thumb),
    }, icon(thumb));
  async function give(pressed, thumb) {
    await json("/api/feedback", { method: "POST", body: { answer_id, thumb } });
    for (const one of group.children) one.setAttribute("aria-pressed", String(one === pressed));
  }
  group.append(button("up", "Good answer"), button("down", "Bad answer"));
  return group;
}
