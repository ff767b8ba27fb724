"""Flaws that another operating system alone has, by the advisory's fields or its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from icelos.data.operating_system import system_of_package
from icelos.data.statement import Statement
from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.conditions import About, conditions_in
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.verdicts import Label
from icelos.records import Component

_NAMES = {"darwin": "macos"}


class Elsewhere(msgspec.Struct, frozen=True):
    """Why a flaw is not on the target's operating system, or not in its program, and what shows it."""

    why: str
    evidence: tuple[Evidence, ...]
    label: Label = Label.REQUIRES_ENVIRONMENT


class _Wanted(NamedTuple):
    systems: frozenset[str]
    quote: str
    source: str


def elsewhere(record: Component, statements: Sequence[Statement], reading: Reading) -> Elsewhere | None:
    """Why only other operating systems than the target's have the flaw; None where that is not certain."""
    system = record.system or system_of_package(record)
    if system is None or reading.standing not in {Standing.AFFECTED, Standing.UNDECIDED}:
        return None
    wanted = _by_fields(statements) or _by_words(statements)
    if wanted is None or system.name in wanted.systems:
        return None
    why = f"the flaw needs {' or '.join(sorted(wanted.systems))}, and this runs on {system.name}"
    said = Evidence(wanted.quote, wanted.source, How.RETRIEVAL)
    return Elsewhere(why, (said, Evidence(system.quote, system.source, How.TOOL)))


def _by_fields(statements: Sequence[Statement]) -> _Wanted | None:
    """By fields of the advisories; None where a database that has such fields names a part without them."""
    restricted = [one for one in statements if one.affected.systems]
    publishers = {_publisher(one) for one in restricted}
    if not restricted or any(not one.affected.systems for one in statements if _publisher(one) in publishers):
        return None
    named = dict.fromkeys(_NAMES.get(name, name) for one in restricted for name in one.affected.systems)
    return _Wanted(frozenset(named), f"systems: {', '.join(named)}", restricted[0].advisory.source)


def _publisher(statement: Statement) -> str:
    return statement.advisory.id.partition("-")[0]


def _by_words(statements: Sequence[Statement]) -> _Wanted | None:
    """By the texts of the advisories, of which others may contradict the first; not of bundles of flaws."""
    if any(len(one.advisory.cves) > 1 for one in statements):
        return None
    texts = {one.advisory.details: one.advisory.source for one in statements if one.advisory.details}
    for text, source in texts.items():
        whole = "\n\n".join((text, *(other for other in texts if other != text)))
        found = [one for one in conditions_in(whole) if one.about is About.SYSTEM]
        if found:
            return _Wanted(frozenset(one.name for one in found), found[0].sentence, source)
    return None
