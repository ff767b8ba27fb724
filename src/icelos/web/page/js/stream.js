// An answer as it is made: server-sent events over a POST, which EventSource cannot do.

import { Problem, broken, request } from "./api.js";

/** Calls handle(kind, data) for every event until the stream ends; rejects with Problem or Lost. */
export async function ask(body, handle, signal) {
  const response = await request("/api/ask/stream", { method: "POST", body, signal });
  let ended = false;
  for await (const { kind, data } of events(response.body, signal)) {
    if (kind === "problem") throw new Problem(data);
    handle(kind, data);
    ended ||= kind === "answer";
  }
  if (!ended) throw broken();
}

async function* events(stream, signal) {
  let rest = "";
  for await (const piece of texts(stream, signal)) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

async function* texts(stream, signal) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let whole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      whole = done;
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw signal?.aborted || error.name === "AbortError" ? error : broken();
  } finally {
    if (!whole) reader.cancel().catch(() => {});
  }
}

/** One block of lines as {kind, data}; null for a comment that keeps the line open. */
function parse(block) {
  const fields = block.split("\n").map((line) => line.match(/^(event|data): ?(.*)$/)).filter(Boolean);
  const value = (name) => fields.filter((field) => field[1] === name).map((field) => field[2]).join("\n");
  const data = value("data");
  return data ? { kind: value("event") || "message", data: JSON.parse(data) } : null;
}
