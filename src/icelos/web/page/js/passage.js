// A passage at its place in its document.

import { json } from "./api.js";
import { el } from "./dom.js";
import * as drawer from "./drawer.js";
import { marks, opened } from "./feedback.js";
import { day, minute, since } from "./time.js";

/** Open the passage of a citation or of a near source; `quotes` are marked inside it. */
export function show({ chunk_id, title, handle = "", quotes = [], answer_id = "" }) {
  if (answer_id) opened(answer_id, chunk_id);
  return drawer.open(title, async () => {
    const view = await json(`/api/passages/${encodeURIComponent(chunk_id)}`);
    const own = answer_id && handle ? [marks(answer_id, chunk_id)] : [];
    return [facts(view, handle), ...own, ...warnings(view), text(view, quotes)];
  });
}

function facts({ passage, path, licence, current }, handle) {
  const rows = [
    ["Heading", passage.heading],
    ["Place", [passage.source, passage.place].filter(Boolean).join(", ")],
    ["Collection", `${passage.collection} · ${passage.kind}`],
    ["Identifiers", passage.identifiers.join(", ")],
    ["Version", `${passage.version}${current ? ", in force" : ", replaced since"}`],
    ["Changed", passage.modified && [day(passage.modified), ", ", since(passage.modified)]],
    ["Indexed", minute(passage.indexed)],
    ["From", path !== passage.source && path],
    ["Licence", licence],
    ["Link", passage.url && el("span", { class: "address" }, passage.url)],
    ["Cited as", handle && el("span", { class: "handle" }, handle)],
  ];
  return el("dl", { class: "facts" },
    rows.filter(([, value]) => value && value.length !== 0)
      .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat());
}

function warnings({ old, current, passage }) {
  return [
    old && "This source is old.",
    !current && "A newer version of this document is in force; this is what was cited.",
    passage.truncated && "The publisher's text is cut short.",
  ].filter(Boolean).map((line) => el("p", { class: "notice" }, line));
}

function text({ parts, more_before, more_after }, quotes) {
  return el("div", { class: "document", dir: "auto" },
    more_before ? el("p", { class: "gap" }, "Earlier text is left out.") : null,
    parts.map((part) => section(part, quotes)),
    more_after ? el("p", { class: "gap" }, "Later text is left out.") : null);
}

function section({ heading, place, before, passage, after }, quotes) {
  return el("section", {},
    heading || place ? el("h3", {}, heading, place ? el("span", { class: "place" }, place) : null) : null,
    el("p", { class: "running" },
      before, passage ? el("mark", { class: "passage", "data-here": true }, marked(passage, quotes)) : null, after));
}

/** The passage with what was quoted in marks of its own. */
function marked(passage, quotes) {
  const spans = quotes.map((quote) => [passage.indexOf(quote), quote.length])
    .filter(([start, length]) => start >= 0 && length > 0).sort((a, b) => a[0] - b[0]);
  const pieces = [];
  let done = 0;
  for (const [start, length] of spans) {
    if (start < done) continue;
    pieces.push(passage.slice(done, start), el("mark", { class: "quote" }, passage.slice(start, start + length)));
    done = start + length;
  }
  return [...pieces, passage.slice(done)];
}
