"""Questions that mean the same: what is taught, what is judged, and what must stay as it is.

Several procedure examples of one technique, descriptions of several vulnerabilities of one weakness, and
several rules for one technique are paraphrases of one need, written by different people. Needs are split into
halves: numbers were chosen on "tune", and "test" is only measured. Of the needs of a half, two thirds are
taught: half of their questions are asked by the analysts, the other half are held out. What belongs to the
last third, and known items of all kinds, is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from icelos.evaluate import corpora
from icelos.evaluate.cases import Case, Half, half, of_half
from icelos.records import Document, record_id

SETS = ("attack-procedures", "cve-to-cwe", "sigma-to-technique")
ELSEWHERE = ("known-item", "half-remembered")


class Split(msgspec.Struct, frozen=True):
    """`taught` are asked by analysts; `held_out` (by set) and `elsewhere` (by set) are judged."""

    documents: list[Document]
    taught: list[Case]
    held_out: dict[str, list[Case]]
    elsewhere: dict[str, list[Case]]


def split(root: Path, wanted: Half, *, most: int) -> Split:
    """The cases of one half of the needs, at most `most` of each set that is judged."""
    documents = {d.id: d for d in corpora.known_items(root).documents if d.kind != "advisory"}
    documents |= {d.id: d for d in corpora.weaknesses(root)}
    documents |= {d.id: d for d in corpora.procedures(root).documents}
    taught: list[Case] = []
    held_out: dict[str, list[Case]] = {}
    elsewhere: dict[str, list[Case]] = {}
    for name in SETS:
        mine = [case for case in corpora.SETS[name](root).cases if half(_need(case), salt="need") == wanted]
        of_taught_needs = [case for case in mine if _is_taught(case)]
        taught += [case for case in of_taught_needs if half(case.id, salt="taught") == "tune"]
        held_out[name] = _some((c for c in of_taught_needs if half(c.id, salt="taught") == "test"), most)
        elsewhere[f"{name}, other needs"] = _some((c for c in mine if not _is_taught(c)), most)
    for name in ELSEWHERE:
        known = [case for case in corpora.SETS[name](root).cases if case.gold <= documents.keys()]
        elsewhere[name] = of_half(known, wanted, most=most)
    return Split(list(documents.values()), taught, held_out, elsewhere)


def _need(case: Case) -> str:
    return min(case.gold)


def _is_taught(case: Case) -> bool:
    return int(record_id("taught", _need(case)), 16) % 3 > 0


def _some(cases: Iterable[Case], most: int) -> list[Case]:
    return sorted(cases, key=lambda case: record_id("order", case.id))[:most]
