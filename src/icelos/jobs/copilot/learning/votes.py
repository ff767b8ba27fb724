"""From the log to votes: who said of which document that it answers which question, and how surely.

A mark on one source counts in full. What is said of a whole answer is shared between its sources. Opening a
source counts a little, and more the lower it stood: people open what stands first because it stands first
(inverse propensity weighting; Joachims, Swaminathan and Schnabel, WSDM 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from icelos.jobs.copilot.learning.feedback import Feedback, Kind, Passage

OPENED = 0.15
"""What opening the first source of a list counts."""
EXAMINED = 0.7
"""How quickly attention falls with the rank: a source at rank r is looked at with probability r ^ -0.7."""
MOST_OPENED = 0.45
"""What opening counts at most: bounded, because rare looks make wild weights."""
WHOLE_DOWN = 0.5
"""What a bad mark on a whole answer counts, shared by its sources: it may be the answer, not they."""

Named = Callable[[str, Sequence[str]], Sequence[str]]
"""An identifier and the groups of who wrote it to the ids of the documents that are called so."""


class Vote(msgspec.Struct, frozen=True):
    """One person's word on one document for one question: `value` from -1 to 1.

    `rank` is where the document stood among the documents `shown`, 0 where it did not.
    """

    number: int
    person: str
    groups: tuple[str, ...]
    query: str
    document_id: str
    version: int
    value: float
    given: datetime
    explicit: bool
    rank: int = 0
    shown: tuple[str, ...] = ()


def votes(log: Iterable[Feedback], named: Named) -> list[Vote]:
    """The votes of those who teach; of one person's on a document and question the last, marks before looks.

    A vote for what a correction names has version 0: that of the time when it is learned from.
    """
    last: dict[tuple[str, tuple[str, ...], str, str], Vote] = {}
    for one in log:
        if not one.teaches or not one.query.strip():
            continue
        for document, version, value in _said(one, named):
            explicit = one.kind is not Kind.OPENED
            key = (one.person, one.groups, one.query, document)
            if key in last and last[key].explicit and not explicit:
                continue
            rank = next((p.rank for p in one.shown if p.document_id == document), 0)
            last[key] = Vote(
                one.number, one.person, one.groups, one.query, document, version, value, one.given, explicit,
                rank, tuple(dict.fromkeys(p.document_id for p in one.shown)),
            )  # fmt: skip
    return sorted(last.values(), key=lambda vote: (vote.number, vote.document_id))


def _said(one: Feedback, named: Named) -> Iterator[tuple[str, int, float]]:
    """Documents with their version and value."""
    if one.chunk_id:
        meant = next((p for p in one.shown if p.chunk_id == one.chunk_id), None)
        if meant is not None:
            yield meant.document_id, meant.version, _of_source(one.kind, meant)
        return
    right = [document for name in one.named for document in named(name, one.groups)]
    for document in dict.fromkeys(right):
        yield document, 0, 1.0
    cited = {p.document_id: p.version for p in one.shown if p.cited and p.document_id not in right}
    whole = 1.0 if one.kind is Kind.UP else -WHOLE_DOWN
    for document, version in cited.items():
        yield document, version, whole / len(cited)


def _of_source(kind: Kind, passage: Passage) -> float:
    if kind is Kind.OPENED:
        return min(OPENED * math.pow(passage.rank, EXAMINED), MOST_OPENED)
    return 1.0 if kind is Kind.UP else -1.0
