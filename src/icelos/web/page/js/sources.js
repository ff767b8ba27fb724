// Everything that answers may come from, with its freshness; and the short form of it in the bar.

import { json } from "./api.js";
import { count, el, find } from "./dom.js";
import * as drawer from "./drawer.js";
import { day, minute, since } from "./time.js";

const POLL = 1500;

export function bind() {
  find("open-sources").addEventListener("click", () => drawer.open("Sources", load));
}

/** Keep the bar's line true until the knowledge is ready. */
export async function follow() {
  const list = await json("/api/sources").catch(() => null);
  if (!list) return;
  find("knowledge-state").textContent = line(list);
  find("open-sources").dataset.phase = list.preparation.phase;
  if (["starting", "indexing"].includes(list.preparation.phase)) setTimeout(follow, POLL);
}

function line({ documents, preparation: { phase, done, total } }) {
  if (phase === "failed") return "Indexing failed";
  if (phase === "ready") return count(documents, "document");
  return total ? `Indexing ${done.toLocaleString()} of ${total.toLocaleString()}` : "Getting ready";
}

async function load() {
  const list = await json("/api/sources");
  const { phase, detail, done, total } = list.preparation;
  return [
    phase === "failed" ? el("p", { class: "card error" }, `The bundled knowledge could not be indexed: ${detail}`) : null,
    phase === "indexing" ? progress(done, total) : null,
    list.sources.length ? el("p", { class: "lead" }, lead(list)) : nothing(phase),
    el("ul", { class: "sources" }, list.sources.map(source)),
  ].filter(Boolean);
}

const lead = ({ documents, sources, stale_days }) =>
  `${count(documents, "document")} in ${count(sources.length, "source")}. ` +
  `What has not changed for ${stale_days} days is marked as old.`;

const nothing = (phase) =>
  el("p", { class: "lead" },
    phase === "ready" ? "Nothing is indexed yet. Add documents with: " : "The first documents are on their way.",
    phase === "ready" ? el("code", {}, "icelos kb add FOLDER") : null);

const progress = (done, total) =>
  el("div", { class: "progress" },
    el("label", { for: "indexing" }, "Indexing the bundled knowledge"),
    el("progress", { id: "indexing", value: total ? done : null, max: total || null }));

function source(one) {
  return el("li", { class: "source" },
    el("div", { class: "source-name" },
      el("span", {}, one.path || one.collection), one.old ? el("span", { class: "tag old" }, "old") : null),
    el("p", { class: "meta" }, `${one.collection} · ${count(one.documents, "document")} · ${one.kinds.join(", ")}`),
    el("p", { class: "meta" },
      one.modified ? ["Last changed ", day(one.modified), ", ", since(one.modified), ". "] : "No date of change. ",
      "Indexed ", minute(one.indexed), "."),
    one.truncated ? el("p", { class: "meta" }, `${count(one.truncated, "document")} cut short by the publisher.`) : null,
    one.licence ? el("p", { class: "meta" }, `Licence: ${one.licence}`) : null);
}
