"""A model's answer, sentence by sentence, each verified before it is let through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from icelos.contracts import LLM, Hit, Message
from icelos.jobs.copilot import prompts, sentences, suspicion, verify
from icelos.jobs.copilot.cite import Citing
from icelos.jobs.copilot.extract import Draft, Quote, plain
from icelos.jobs.copilot.handles import cited
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import Query
from icelos.jobs.copilot.verify import IsName, Support, as_passage

LONGEST = 20_000
"""Characters of a reply that are read; a model that goes on is cut off."""


class Verified(msgspec.Struct, frozen=True):
    """One sentence of a model: the draft that may be said, or the reason why it was dropped.

    `raw` is the sentence as the model wrote it, to look for markers in; it is never shown.
    """

    text: str
    draft: Draft | None
    reason: str = ""
    raw: str = ""


def answer(
    llm: LLM, query: Query, hits: Sequence[Hit], citing: Citing, reader: Reader, *, most: int,
    about: str = "",
) -> Iterator[Verified]:  # fmt: skip
    """The model's sentences, at most `most` that hold; `about` tells it of the reader. Raises ModelError."""
    passages = {citing.handles.of(hit.chunk_id): hit for hit in hits}
    held = 0
    for text in spoken(llm, prompts.messages(query.text, passages, sentences=most, about=about)):
        if says_nothing(text):
            return
        one = msgspec.structs.replace(verified(text, passages, citing, is_name=reader.is_name), raw=text)
        held += one.draft is not None
        yield one
        if held >= most:
            return


def choose(drafts: Sequence[Draft], hits: Sequence[Hit], *, most: int = 12) -> list[Hit]:
    """The passages to show a model: those of the extractive answer first, then those found."""
    quoted = [quote.hit for draft in drafts for quote in draft.quotes]
    return list({hit.chunk_id: hit for hit in (*quoted, *hits)}.values())[:most]


_OPEN_BRACKET = re.compile(r"\s*[\[【][^\]】]{0,60}$")
_NAME = r"(?:[A-Za-z]\d[A-Za-z]\d|\d{1,2})"
_AFTER_STOP = re.compile(rf"([.!?])((?:\s*[\[【]{_NAME}(?:[,; ]{{1,3}}{_NAME}){{0,12}}[\]】])+)\s*")


def spoken(llm: LLM, messages: Sequence[Message]) -> Iterator[str]:
    """The reply's sentences as soon as each is whole. Raises ModelError."""
    text, said = "", 0
    for piece in llm.stream(messages):
        text += piece
        spans = sentences.split(_handles_inside(text))
        for span in spans[said:-1]:
            yield span.text
        said = max(said, len(spans) - 1)
        if len(text) > LONGEST:
            break
    for span in sentences.split(_handles_inside(text))[said:]:
        yield span.text


def sentences_of(text: str) -> list[str]:
    """The sentences of a whole reply, each with its handles."""
    return [span.text for span in sentences.split(_handles_inside(text))]


def _handles_inside(text: str) -> str:
    """Handles that follow a full stop moved before it; a bracket that is not closed yet left out."""
    return _AFTER_STOP.sub(lambda m: f" {m.group(2).strip()}{m.group(1)} ", _OPEN_BRACKET.sub("", text))


def verified(text: str, passages: Mapping[str, Hit], citing: Citing, *, is_name: IsName) -> Verified:
    """A sentence with its handles resolved: by the passages it cites, else by the one that fits best.

    `passages` are by the handle that the model was given.
    """
    bare, handles = cited(text, citing.handles)
    bare = plain(bare)
    mine = [passages[handle] for handle in handles if handle in passages]
    support = _support(bare, mine, is_name) if mine else Support(False, "cites nothing")
    if not support.ok:
        support = _elsewhere(bare, list(passages.values()), is_name) or support
    if not support.ok:
        return Verified(bare, None, support.reason)
    hits = {hit.chunk_id: hit for hit in passages.values()}
    draft = Draft(bare, quotes(support, hits), "model", 1.0, support.coverage)
    if suspicion.is_order(draft):
        return Verified(bare, None, "what it rests on speaks to an assistant")
    if bare.rstrip().endswith("?"):
        return Verified(bare, None, "asks instead of telling")
    return Verified(bare, draft)


def _elsewhere(text: str, hits: Sequence[Hit], is_name: IsName) -> Support | None:
    """The support of the one passage that carries a sentence best; None where none does."""
    found = [_support(text, [hit], is_name) for hit in hits]
    return max((one for one in found if one.ok), key=lambda one: one.coverage, default=None)


def _support(text: str, hits: Sequence[Hit], is_name: IsName) -> Support:
    return verify.check(text, [as_passage(hit) for hit in hits], is_name=is_name)


def quotes(support: Support, hits: Mapping[str, Hit]) -> tuple[Quote, ...]:
    """One quote a passage: from the first to the last of the lines that carry the sentence."""
    spans: dict[str, tuple[int, int]] = {}
    for line in support.lines:
        start, end = spans.get(line.passage, (line.start, line.end))
        spans[line.passage] = (min(start, line.start), max(end, line.end))
    return tuple(Quote(hits[key], start, end) for key, (start, end) in spans.items())


def says_nothing(text: str) -> bool:
    """Did the model say that the passages do not answer?"""
    return prompts.NOT_IN_SOURCES.lower() in text.lower()
