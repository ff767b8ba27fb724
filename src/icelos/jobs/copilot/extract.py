"""Ranked sentences of passages for a free question, each exactly as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.sentences import Span, split
from icelos.jobs.copilot.words import content_stems

Encode = Callable[[Sequence[str]], Sequence[Sequence[float]]]

CONTEXT = 0.5
"""What a question's word counts where only the title or heading holds it."""
SEARCH = 0.35
POSITION = 0.05
KIND = 0.15
SAME = 0.7
SHORTEST = 4
"""Words below which a sentence says too little to answer by itself."""


class Quote(msgspec.Struct, frozen=True):
    """A slice of a passage: hit.text[start:end]."""

    hit: Hit
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.hit.text[self.start : self.end]


class Draft(msgspec.Struct, frozen=True):
    """A sentence of an answer before it has handles. `quotes` carry it; `facet` is what it answers."""

    text: str
    quotes: tuple[Quote, ...]
    facet: str = ""
    score: float = 0.0
    coverage: float = 0.0


def ranked(
    hits: Sequence[Hit],
    weights: Mapping[str, float],
    *,
    most: int,
    kinds: Collection[str] = (),
    spread: bool = False,
) -> list[Draft]:
    """The best sentences over all passages, the best first, no two alike.

    Sentences of documents of the `kinds` that are asked for are preferred; `spread` takes one of each.
    """
    top = max((hit.score for hit in hits), default=0.0) or 1.0
    drafts = [
        draft
        for order, hit in enumerate(hits)
        for draft in _scored(hit, weights, share=hit.score / top, order=order, wanted=hit.kind in kinds)
    ]
    drafts.sort(key=lambda draft: -draft.score)
    if spread:
        drafts = list({draft.quotes[0].hit.document_id: draft for draft in reversed(drafts)}.values())
        drafts.sort(key=lambda draft: -draft.score)
    return diverse(drafts, most=most)


def _scored(hit: Hit, weights: Mapping[str, float], *, share: float, order: int, wanted: bool) -> list[Draft]:
    context = set(content_stems(f"{hit.title} {hit.heading}"))
    spans = split(hit.text)
    found: list[Draft] = []
    for index, span in enumerate(spans):
        words = content_stems(span.text)
        if len(words) < SHORTEST and len(spans) > 1:
            continue
        if weights and not covered(set(words), set(), weights) and found:
            continue  # says nothing of what is asked: whatever it says, it is no answer
        coverage = covered(set(words), context, weights)
        score = coverage + SEARCH * share - POSITION * min(index, 6) / 6 - 0.01 * order + KIND * wanted
        found.append(_draft(hit, span, score, coverage))
    return found


def covered(words: set[str], context: set[str], weights: Mapping[str, float]) -> float:
    """The share of the question's words, by weight, that stand here; those of the context count less."""
    total = sum(weights.values())
    if not total:
        return 0.0
    own = sum(weight for stem, weight in weights.items() if stem in words)
    around = sum(weight for stem, weight in weights.items() if stem in context and stem not in words)
    return (own + CONTEXT * around) / total


def _draft(hit: Hit, span: Span, score: float, coverage: float) -> Draft:
    return Draft(plain(span.text), (Quote(hit, span.start, span.end),), "", score, coverage)


def diverse(drafts: Sequence[Draft], *, most: int) -> list[Draft]:
    """The first of each group of sentences that say nearly the same."""
    chosen: list[tuple[Draft, set[str]]] = []
    for draft in drafts:
        words = set(content_stems(draft.text))
        if all(_overlap(words, other) < SAME for _, other in chosen):
            chosen.append((draft, words))
        if len(chosen) >= most:
            break
    return [draft for draft, _ in chosen]


def _overlap(left: set[str], right: set[str]) -> float:
    return len(left & right) / max(1, min(len(left), len(right)))


_IMAGE = re.compile(r"!\[([^\[\]]{0,500})\]\([^()]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]]{0,500})\]\((?:[^()]|\([^()]{0,500}\)){0,2000}\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<!--.*?-->", re.DOTALL)
_LEAD = re.compile(r"^(\*\*|__)(?=[^\s*])([^*_]{1,80}\w)\1[ \t]+(?=[A-Z])")
_EMPHASIS = re.compile(r"(?<![\w*-])(\*\*|__|`)(?=[^\s*)])(.{1,500}?)(?<=[^\s*(])\1(?![\w*])", re.DOTALL)
_SLANTED = re.compile(r"(?<![\w*/.\\])([*_])(?=[^\s*_])([^*_\n]{1,200}?)(?<=[^\s*_])\1(?![\w*/\\])")
_HALF = re.compile(r"^\*\*(?=[^\s*])|(?<=[^\s*])\*\*$")


def plain(text: str) -> str:
    """One line without images, links, tags or emphasis; what they showed as text stays.

    A sentence may hold one half of a pair of marks; bold words that lead it in get a colon.
    """
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub("", text)
    text = _SLANTED.sub(r"\2", _EMPHASIS.sub(r"\2", _LEAD.sub(r"\2: ", text)))
    return " ".join(_HALF.sub("", text.strip()).split())
