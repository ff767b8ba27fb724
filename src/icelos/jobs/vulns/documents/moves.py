"""What to do about the findings: for each package the smallest version in which all of them are fixed.

Computed from findings alone. Packages of a distribution move together, by a newer base image; those of one
source package are one move, as the distribution fixes them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from typing import NamedTuple

from icelos.data.parse.osv_advisories import Affected
from icelos.data.parse.purls import DISTRIBUTIONS, Place, place_of
from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.jobs.vulns import cpe
from icelos.jobs.vulns.affected import ranges_of
from icelos.jobs.vulns.documents.exceptions import is_excepted
from icelos.jobs.vulns.documents.ignoring import is_ignored
from icelos.jobs.vulns.ranges import Standing, read
from icelos.jobs.vulns.versions import compare

MAX_TRIED = 32
"""Versions that are tried for one package."""
_DISTRIBUTIONS = frozenset(DISTRIBUTIONS.values())


class Move(NamedTuple):
    """A package and the version to move it to, "" where no version fixes any of it.

    `closes` and `leaves` are vulnerabilities; `components` are the packages of one source package.
    """

    name: str
    version: str
    to: str
    closes: tuple[str, ...]
    leaves: tuple[str, ...]
    components: tuple[str, ...]
    layers: tuple[str, ...]
    risk: float


class Rebuild(NamedTuple):
    """The packages that a distribution brought into one target, and the layers that list them."""

    target: str
    system: str
    layers: tuple[str, ...]
    moves: tuple[Move, ...]


class Advice(NamedTuple):
    """Base images to renew, and single packages to move; what concerns most comes first."""

    rebuilds: tuple[Rebuild, ...]
    moves: tuple[Move, ...]


class _Key(NamedTuple):
    target: str
    system: str
    name: str
    version: str


def advice_on(findings: Iterable[Finding]) -> Advice:
    """The moves that close what is exploitable or undecided, and neither excepted nor ignored."""
    groups: dict[_Key, list[Finding]] = {}
    for finding in findings:
        if finding.verdict is not Verdict.CLEAR and not is_excepted(finding) and not is_ignored(finding):
            groups.setdefault(_key(finding), []).append(finding)
    moves = [(key, _move(key, found)) for key, found in groups.items()]
    moves.sort(key=lambda pair: (-pair[1].risk, pair[1].name))
    systems: dict[tuple[str, str], list[Move]] = {}
    for key, move in moves:
        if key.system:
            systems.setdefault((key.target, key.system), []).append(move)
    rebuilds = (
        Rebuild(target, system, _once(layer for move in found for layer in move.layers), tuple(found))
        for (target, system), found in systems.items()
    )
    return Advice(tuple(rebuilds), tuple(move for key, move in moves if not key.system))


def _key(finding: Finding) -> _Key:
    facts, place = finding.attributes, _place(finding)
    target = facts.get("target", "")
    if place is not None and place.ecosystem in _DISTRIBUTIONS:
        return _Key(target, f"{place.ecosystem} {place.release}".strip(), place.name, place.version)
    return _Key(target, "", facts.get("name") or facts.get("purl", ""), facts.get("version", ""))


def _place(finding: Finding) -> Place | None:
    try:
        return place_of(finding.attributes.get("purl", ""))
    except InputError:
        return None


def _move(key: _Key, findings: Sequence[Finding]) -> Move:
    place = _place(findings[0])
    ecosystem = place.ecosystem if place else ""
    to = _target(ecosystem, key.version, findings)
    fixed = [bool(to) and _is_fixed(one, ecosystem, to) for one in findings]
    leaves = _once(_title(one) for one, closed in zip(findings, fixed, strict=True) if not closed)
    closes = _once(_title(one) for one, closed in zip(findings, fixed, strict=True) if closed)
    return Move(
        key.name, key.version, to, tuple(name for name in closes if name not in leaves), leaves,
        _once(one.attributes.get("name", "") for one in findings) if key.system else (),
        _once(one.attributes.get("layer", "") for one in findings),
        max((one.score or 0.0 for one in findings), default=0.0),
    )  # fmt: skip


def _target(ecosystem: str, version: str, findings: Sequence[Finding]) -> str:
    """The smallest version in which most of them are fixed, "" where there is none.

    It is not before the nearest fix of any of them.
    """

    def order(one: str, other: str) -> int:
        return _compare(ecosystem, one, other)

    newer = [_newer(ecosystem, version, _fixes(one)) for one in findings]
    versions = sorted({fix for fixes in newer for fix in fixes}, key=cmp_to_key(order))
    if not versions:
        return ""
    places = {one: number for number, one in enumerate(versions)}
    first = max(min(places[fix] for fix in fixes) for fixes in newer if fixes)
    with_fix, best, most = sum(map(bool, newer)), "", 0
    for one in versions[first : first + MAX_TRIED]:
        fixed = sum(_is_fixed(finding, ecosystem, one) for finding in findings)
        if fixed > most:
            best, most = one, fixed
        if fixed >= with_fix:
            break
    return best


def _newer(ecosystem: str, version: str, fixes: Sequence[str]) -> list[str]:
    """Those of the fixed versions that can be compared, and are newer."""
    found = []
    for fix in fixes:
        try:
            if _compare(ecosystem, fix, fix) == 0 and (not version or _compare(ecosystem, fix, version) > 0):
                found.append(fix)
        except ValueError:
            continue
    return found


def _is_fixed(finding: Finding, ecosystem: str, version: str) -> bool:
    """By the advisory's ranges; without them, by being one of its fixed versions or after the last one."""
    text, fixes = finding.attributes.get("affected", ""), _fixes(finding)
    if text and not ecosystem:
        return all(cpe.is_after(one, version) for one in ranges_of(text))
    if text:
        affected = Affected(ecosystem, "", finding.attributes.get("name", ""), tuple(ranges_of(text)), ())
        return read([affected], ecosystem, version).standing in {Standing.FIXED, Standing.OUTSIDE}
    try:
        return version in fixes or (bool(fixes) and _compare(ecosystem, version, fixes[-1]) >= 0)
    except ValueError:
        return False


def _compare(ecosystem: str, one: str, other: str) -> int:
    return compare(ecosystem, one, other) if ecosystem else cpe.compare(one, other)


def _fixes(finding: Finding) -> list[str]:
    return finding.attributes.get("fixed_in", "").split()


def _title(finding: Finding) -> str:
    return finding.attributes.get("vulnerability") or finding.attributes.get("advisory", "")


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, names)))
