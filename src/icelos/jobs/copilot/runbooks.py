"""What to do: the steps of the runbook that a question is about."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.extract import Draft, Quote, covered, plain
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.sentences import split
from icelos.jobs.copilot.telling import about, stopped
from icelos.jobs.copilot.understand import Query
from icelos.jobs.copilot.words import content_stems

KINDS = ("runbook",)
LEAST_TITLE = 0.2
_PLACEHOLDER = re.compile(r"\bTODO\b|<[A-Z][^>]*>")
_PHASES: Mapping[str, str] = {
    "first": "investigate identify identification detection analysis prepare preparation scope triage",
    "contain": "contain containment", "eradicate": "eradicate eradication remediate",
    "recover": "recover recovery", "communicate": "communicate communication notify",
    "after": "lessons post",
}  # fmt: skip


def steps(query: Query, weights: Mapping[str, float], reader: Reader, *, most: int) -> list[Draft]:
    """The steps under the heading that fits best, of the runbook that fits best, in their order."""
    kinds = query.where.kinds or KINDS
    where = msgspec.structs.replace(query.where, kinds=kinds)
    best: tuple[float, Hit] | None = None
    for hit in reader.search(query.text, k=8, per_document=1, where=where):
        fit = covered(set(content_stems(f"{hit.title} {hit.source}")), set(), weights)
        if best is None or fit > best[0] + 1e-6:
            best = (fit, hit)
    if best is None or best[0] < LEAST_TITLE:
        return []
    passages = [hit for hit in reader.passages(best[1]) if _items(hit)]
    if not passages:
        return []
    asked = _wanted(query)
    chosen = max(passages, key=lambda hit: _fit(hit, asked, weights))
    following = passages[passages.index(chosen) :]
    drafts = [_draft(quote, index) for index, quote in enumerate(q for hit in following for q in _items(hit))]
    return drafts[:most]


def _wanted(query: Query) -> set[str]:
    """Stems of the phase of the response that is asked for; its first where none is."""
    text = query.text.lower()
    phases = [words for phase, words in _PHASES.items() if phase in text] or [_PHASES["first"]]
    return {stem for words in phases for stem in content_stems(words)}


def _fit(hit: Hit, asked: set[str], weights: Mapping[str, float]) -> float:
    heading = set(content_stems(hit.heading))
    own = covered(set(content_stems(hit.text)), set(), weights)
    return 1.5 * bool(heading & asked) + own


def _items(hit: Hit) -> list[Quote]:
    """Lines that tell what to do: no placeholders, questions or links alone."""
    return [
        Quote(hit, span.start, span.end)
        for span in split(hit.text)
        if len(plain(span.text).split()) >= 3
        and not _PLACEHOLDER.search(span.text)
        and not plain(span.text).endswith((":", "?"))
    ]


def _draft(quote: Quote, index: int) -> Draft:
    text = plain(quote.text)
    return Draft(about(quote.hit, text) if index == 0 else stopped(text), (quote,), "steps", 1.0, 1.0)
