"""Findings that say the same again: one CVE under two ids, one mail to many, one incident in many rows.

Two findings are the same where their job, label and these attributes are equal, and, for what happens in
time, where each is near enough to the one before it. A plug-in's job sets `KEY` itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from icelos.findings import Finding, Verdict

KEY = "duplicate_key"
"""The attribute by which any job can say what its finding is a repetition of."""
NEAR = timedelta(days=7)


class _Likeness(NamedTuple):
    attributes: tuple[str, ...]
    in_time: bool


LIKENESS: Mapping[str, Sequence[_Likeness]] = {
    "vulns": (_Likeness(("vulnerability", "purl", "target"), False),),
    "mail": (_Likeness(("sender", "subject"), True),),
    "logs": (_Likeness(("incident",), False), _Likeness(("entity", "rule"), True)),
}
"""By job, in order: the first whose attributes are all there counts."""


class Repeated(msgspec.Struct, frozen=True):
    """A finding, and those that repeat it, by id; in order of time, then as they came."""

    first: Finding
    others: tuple[Finding, ...]


def repeated(found: Iterable[tuple[Finding, datetime]], *, near: timedelta = NEAR) -> list[Repeated]:
    """The groups of findings that are the same; `found` has each with the time at which it was written.

    What is clear has no duplicates. The groups come in the order of their first finding.
    """
    groups: dict[tuple[str, ...], list[tuple[datetime, Finding]]] = {}
    timed: set[tuple[str, ...]] = set()
    for finding, written in found:
        if finding.verdict is Verdict.CLEAR:
            continue
        key, in_time = _key(finding)
        if not key:
            continue
        groups.setdefault(key, []).append((_when(finding, written), finding))
        if in_time:
            timed.add(key)
    together: list[Repeated] = []
    for key, members in groups.items():
        members.sort(key=lambda one: one[0])
        for run in _runs(members, near) if key in timed else [members]:
            if len(run) > 1:
                together.append(Repeated(run[0][1], tuple(finding for _, finding in run[1:])))
    return together


def _key(finding: Finding) -> tuple[tuple[str, ...], bool]:
    facts = finding.attributes
    if facts.get(KEY):
        return (finding.job, finding.label, facts[KEY]), False
    for likeness in LIKENESS.get(finding.job, ()):
        values = tuple(facts.get(name, "").strip().lower() for name in likeness.attributes)
        if all(values):
            return (finding.job, finding.label, *likeness.attributes, *values), likeness.in_time
    return (), False


def _when(finding: Finding, written: datetime) -> datetime:
    """When it happened, else when it was written."""
    try:
        moment = datetime.fromisoformat(finding.attributes.get("time", ""))
    except ValueError:
        return written
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _runs(
    members: Sequence[tuple[datetime, Finding]], near: timedelta
) -> list[list[tuple[datetime, Finding]]]:  # fmt: skip
    runs: list[list[tuple[datetime, Finding]]] = []
    for one in members:
        if runs and one[0] - runs[-1][-1][0] <= near:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs
