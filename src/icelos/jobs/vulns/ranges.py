"""Whether a version is affected, by the words of an advisory: OSV's events, exact lists, Alpine's fixes.

The evaluation is the one of https://ossf.github.io/osv-schema/#evaluation: `introduced` includes its
version ("0" is before all), `fixed` excludes it, `last_affected` includes it. Ranges of commits decide
nothing about a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cmp_to_key

import msgspec

from icelos.data.parse.osv_advisories import Affected, Range
from icelos.jobs.vulns.versions import compare, go, is_branch


class Standing(StrEnum):
    """Where a version stands to what an advisory says of its package."""

    AFFECTED = "affected"
    FIXED = "fixed"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"


class Reading(msgspec.Struct, frozen=True):
    """What was read out of an advisory for one version.

    `why` is for people; `words` is the part of the advisory it rests on; `fixes` are versions to move to.
    `number` counts, from 0, the statement that it rests on. `fixed` are the fixed versions of all branches.
    """

    standing: Standing
    why: str
    words: str
    fixes: tuple[str, ...] = ()
    number: int = 0
    fixed: tuple[str, ...] = ()


def read(affected: Sequence[Affected], ecosystem: str, version: str) -> Reading:
    """The sum of several statements: affected by any is affected; undecided by any, else, is undecided."""
    readings = [
        msgspec.structs.replace(_read_one(item, ecosystem, version), number=number)
        for number, item in enumerate(affected)
    ]
    for standing in (Standing.AFFECTED, Standing.UNDECIDED, Standing.FIXED, Standing.OUTSIDE):
        found = [reading for reading in readings if reading.standing is standing]
        if found:
            fixes = dict.fromkeys(fix for reading in found for fix in reading.fixes)
            every = dict.fromkeys(fix for item in affected for fix in _all_fixes(item))
            return msgspec.structs.replace(found[0], fixes=_ascending(fixes, ecosystem), fixed=tuple(every))
    return Reading(Standing.UNDECIDED, "the advisory says nothing of this package", "")


def _ascending(versions: Iterable[str], ecosystem: str) -> tuple[str, ...]:
    """The nearest fix first."""

    def order(one: str, other: str) -> int:
        return compare(ecosystem, one, other)

    return tuple(sorted(versions, key=cmp_to_key(order)))


def _read_one(affected: Affected, ecosystem: str, version: str) -> Reading:
    if not version:
        return Reading(Standing.UNDECIDED, "the component has no version", "")
    if is_branch(ecosystem, version):
        return Reading(Standing.UNDECIDED, f"{version} is a branch, and no version tells its state", "")
    ranges = [found for found in affected.ranges if found.kind in {"ECOSYSTEM", "SEMVER"}]
    if not ranges:
        return _without_ranges(affected, ecosystem, version)
    if ecosystem == "Go" and version not in affected.versions:
        bounds = [value for found in ranges for _, value in found.events]
        if why := go.doubt(affected.name, version, bounds):
            words = "; ".join(map(_words, ranges))
            return Reading(Standing.UNDECIDED, why, words, _fixes(affected, ecosystem, version))
    readings = [_read_range(found, ecosystem, version) for found in ranges]
    if version in affected.versions:
        reason = f"{version} is in the advisory's list of versions"
        readings.append(Reading(Standing.AFFECTED, reason, f"versions: …, {version}, …"))
    if all(reading.standing is Standing.OUTSIDE for reading in readings):
        readings.extend(_doubts(affected, ecosystem, version))
    for standing in (Standing.AFFECTED, Standing.UNDECIDED, Standing.FIXED):
        found = next((reading for reading in readings if reading.standing is standing), None)
        if found is not None:
            return msgspec.structs.replace(found, fixes=_fixes(affected, ecosystem, version))
    return readings[0]


def _doubts(affected: Affected, ecosystem: str, version: str) -> Iterator[Reading]:
    """Where ranges that the publisher could not map may hold the version after all."""
    for found in affected.unmapped:
        if _read_range(found, ecosystem, version).standing in {Standing.AFFECTED, Standing.UNDECIDED}:
            why = f"{version} may be in a range that the advisory could not map to versions of {ecosystem}"
            yield Reading(Standing.UNDECIDED, why, _words(found))


def _without_ranges(affected: Affected, ecosystem: str, version: str) -> Reading:
    """An exact list decides for versions that it could hold; commits alone do not."""
    if not affected.versions:
        reason = "the advisory gives only commits" if affected.ranges else "the advisory gives no versions"
        return Reading(Standing.UNDECIDED, reason, "")
    try:
        same = [one for one in affected.versions if compare(ecosystem, version, one) == 0]
    except ValueError as error:
        return Reading(Standing.UNDECIDED, str(error), "")
    words = f"versions: {', '.join(affected.versions[:5])}{', …' if len(affected.versions) > 5 else ''}"
    if same:
        return Reading(Standing.AFFECTED, f"{version} is in the advisory's list of versions", words)
    return Reading(Standing.OUTSIDE, f"{version} is not in the advisory's list of versions", words)


def _read_range(found: Range, ecosystem: str, version: str) -> Reading:
    words = _words(found)
    try:
        return _walk(_sorted(found, ecosystem), ecosystem, version, words)
    except ValueError as error:
        return Reading(Standing.UNDECIDED, str(error), words)


def _words(found: Range) -> str:
    return f"{found.kind}: {', '.join(f'{kind} {value}' for kind, value in found.events)}"


def _walk(events: list[tuple[str, str]], ecosystem: str, version: str, words: str) -> Reading:
    if not any(kind == "introduced" for kind, _ in events):
        raise ValueError("the advisory's range has no beginning")
    reading = Reading(Standing.OUTSIDE, f"{version} is before the first affected version", words)
    for kind, value in events:
        order = 1 if value == "0" and kind == "introduced" else compare(ecosystem, version, value)
        if kind == "introduced" and order >= 0:
            reading = Reading(Standing.AFFECTED, f"{version} is affected since {value}", words)
        elif kind == "fixed" and value == "0":
            reading = Reading(Standing.OUTSIDE, "its publisher says that it never was affected", words)
        elif kind == "fixed" and order >= 0:
            reading = Reading(Standing.FIXED, f"{version} is at or after the fix, {value}", words)
        elif kind == "last_affected" and order > 0:
            reading = Reading(Standing.OUTSIDE, f"{version} is after the last affected, {value}", words)
        elif kind in {"fixed", "last_affected"} and reading.standing is Standing.AFFECTED:
            relation = "before the fix" if kind == "fixed" else "not after the last affected"
            return Reading(Standing.AFFECTED, f"{version} is {relation}, {value}", words)
    return reading


def _sorted(found: Range, ecosystem: str) -> list[tuple[str, str]]:
    """Events in the order of their versions; at one version, an end comes before a new beginning."""

    def order(one: tuple[str, str], other: tuple[str, str]) -> int:
        if one[1] == "0" and one[0] == "introduced":
            return -1
        if other[1] == "0" and other[0] == "introduced":
            return 1
        return compare(ecosystem, one[1], other[1]) or (one[0] == "introduced") - (other[0] == "introduced")

    known = [event for event in found.events if event[0] in {"introduced", "fixed", "last_affected"}]
    return sorted(known, key=cmp_to_key(order))


def _all_fixes(affected: Affected) -> Iterator[str]:
    return (v for r in affected.ranges if r.kind != "GIT" for k, v in r.events if k == "fixed")


def _fixes(affected: Affected, ecosystem: str, version: str) -> tuple[str, ...]:
    """The fixed versions that are newer than this one."""
    fixes = []
    for value in _all_fixes(affected):
        try:
            if compare(ecosystem, value, version) > 0:
                fixes.append(value)
        except ValueError:
            continue
    return tuple(dict.fromkeys(fixes))
