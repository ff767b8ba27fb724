// Handles in the text and the list of sources under it: both open the passage.

import { el } from "./dom.js";
import * as passage from "./passage.js";
import { day, since } from "./time.js";

const MOST_SHOWN = 8;

/** [K7f2] as a button that opens its passage. */
export function handle(citation) {
  return el("button", {
    class: "cite", type: "button", onclick: () => passage.show({ ...citation, quotes: [citation.quote] }),
    "aria-label": `Source ${citation.handle}: ${citation.title}${citation.place ? `, ${citation.place}` : ""}`,
  }, citation.handle);
}

/** The cited passages with their freshness; several sentences may rest on one passage. */
export function list(citations) {
  if (!citations.length) return null;
  const chunks = new Map();
  for (const one of citations) chunks.set(one.chunk_id, [...(chunks.get(one.chunk_id) ?? []), one]);
  const items = [...chunks.values()].map(item);
  const more = items.length > MOST_SHOWN ? items.splice(MOST_SHOWN) : [];
  return el("section", { class: "cited", "aria-label": "Sources of this answer" },
    el("h3", {}, "Sources"), el("ol", {}, items),
    more.length ? el("details", {}, el("summary", {}, `${more.length} more sources`), el("ol", {}, more)) : null);
}

function item(citations) {
  const [citation] = citations;
  const all = { ...citation, quotes: citations.map((one) => one.quote), handle: citations.map((one) => one.handle).join(" ") };
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

function freshness({ modified, indexed, old, truncated }) {
  return [
    ...(modified ? ["Changed ", day(modified), ", ", since(modified)] : ["Indexed ", day(indexed)]),
    old ? el("span", { class: "tag old" }, "old") : null,
    truncated ? el("span", { class: "tag" }, "cut short") : null,
  ];
}

/** Sources near to a question that has no answer. */
export function nearest(sources) {
  if (!sources.length) return null;
  return el("div", { class: "cited" },
    el("h3", {}, "Nearest sources"),
    el("ul", {}, sources.map((source) =>
      el("li", {}, el("button", { class: "card-button", type: "button", onclick: () => passage.show(source) },
        el("span", { class: "cited-text" },
          el("span", { class: "cited-title" }, source.title),
          el("span", { class: "meta" }, [source.source, source.place].filter(Boolean).join(" · "))))))));
}
