// Handles in the text and the list of sources under it: both open the passage.

import { el } from "./dom.js";
import * as passage from "./passage.js";
import { day, since } from "./time.js";

const MOST_SHOWN = 8;

/** [K7f2] as a button that opens its passage; a fact that a tool found shows its line instead. */
export function handle(citation, owner) {
  if (!citation.chunk_id) {
    return el("span", { class: "cite fact", title: citation.quote, tabindex: "0",
      "aria-label": `Fact ${citation.handle}: ${citation.quote}` }, citation.handle);
  }
  return el("button", {
    class: "cite", type: "button",
    onclick: () => passage.show({ ...citation, ...owner, quotes: [citation.quote] }),
    "aria-label": `Source ${citation.handle}: ${citation.title}${citation.place ? `, ${citation.place}` : ""}`,
  }, citation.handle);
}

/** The cited passages with their freshness; several sentences may rest on one passage. */
export function list(citations, answer_id = "") {
  if (!citations.length) return null;
  const chunks = new Map();
  for (const one of citations) {
    const key = one.chunk_id || one.ref;
    chunks.set(key, [...(chunks.get(key) ?? []), one]);
  }
  const items = [...chunks.values()].map((some) => item(some, answer_id));
  const more = items.length > MOST_SHOWN ? items.splice(MOST_SHOWN) : [];
  return el("section", { class: "cited", "aria-label": "Sources of this answer" },
    el("h3", {}, "Sources"), el("ol", {}, items),
    more.length ? el("details", {}, el("summary", {}, `${more.length} more sources`), el("ol", {}, more)) : null);
}

function item(citations, answer_id) {
  const [citation] = citations;
  if (!citation.chunk_id) return fact(citation);
  const all = { ...citation, answer_id, quotes: citations.map((one) => one.quote), handle: citations.map((one) => one.handle).join(" ") };
  return el("li", {},
    el("button", { class: "card-button", type: "button", onclick: () => passage.show(all) },
      el("span", { class: "handles" }, citations.slice(0, 3).map((one) => el("span", { class: "handle" }, one.handle)),
        citations.length > 3 ? el("span", { class: "meta" }, `and ${citations.length - 3}`) : null),
      el("span", { class: "cited-text" },
        el("span", { class: "cited-title" }, citation.title),
        el("span", { class: "meta" },
          [citation.heading, citation.place, citation.collection].filter(Boolean).join(" · ")),
        el("span", { class: "meta" }, ...freshness(citation)))));
}

function fact({ handle: name, title, quote, source, tier, modified }) {
  return el("li", { class: "fact" },
    el("span", { class: "handles" }, el("span", { class: "handle" }, name)),
    el("span", { class: "cited-text" },
      el("span", { class: "cited-title" }, quote),
      el("span", { class: "meta" }, [title, source, tier].filter(Boolean).join(" · ")),
      modified ? el("span", { class: "meta" }, day(modified), ", ", since(modified)) : null));
}

const FLAGS = { "speaks-to-assistant": "addresses an assistant", "hidden-text": "hid text" };

function freshness({ modified, indexed, old, truncated, flags = [] }) {
  return [
    ...(modified ? ["Changed ", day(modified), ", ", since(modified)] : ["Indexed ", day(indexed)]),
    old ? el("span", { class: "tag old" }, "old") : null,
    truncated ? el("span", { class: "tag" }, "cut short") : null,
    ...flags.filter((flag) => flag in FLAGS).map((flag) => el("span", { class: "tag old" }, FLAGS[flag])),
  ];
}

/** Sources near to a question that has no answer. */
export function nearest(sources, answer_id = "") {
  if (!sources.length) return null;
  return el("div", { class: "cited" },
    el("h3", {}, "Nearest sources"),
    el("ul", {}, sources.map((source) =>
      el("li", {}, el("button", { class: "card-button", type: "button", onclick: () => passage.show({ ...source, answer_id }) },
        el("span", { class: "cited-text" },
          el("span", { class: "cited-title" }, source.title),
          el("span", { class: "meta" }, [source.source, source.place].filter(Boolean).join(" · "))))))));
}
