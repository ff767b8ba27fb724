"""Whether NVD's statements about a product hold for a component that has its name by CPE.

Names are compared as NISTIR 7696 has it (https://doi.org/10.6028/NIST.IR.7696): two values that differ
exclude each other, a value and "any" do not. CPE has no rules for versions: only what numbers decide counts,
and a match stays undecided, because a product's name is not yet the code in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

from icelos.data.parse.cpe import ANY, BOUNDS, CRITERIA, NEGATED, NONE, TOGETHER, Cpe, parse_cpe
from icelos.data.parse.osv_advisories import Range
from icelos.data.statement import Statement
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.versions import MAX_VERSION

MATCH = "CPE"
CONFIDENCE = "low"
_OTHER = ("update", "edition", "language", "sw_edition", "target_sw", "target_hw")
_VERSION = re.compile(r"v?(?P<numbers>\d{1,18}(?:\.\d{1,18})*)(?P<rest>[a-z._+~-].*)?", re.IGNORECASE)
_LETTERS = re.compile(r"[a-z]{1,2}")


class _Fit(IntEnum):
    """How a match fits; the most concerning of several counts."""

    NOT = 0
    MAYBE = 1
    YES = 2


def read(statements: Sequence[Statement], names: Sequence[str], version: str) -> Reading:
    """What NVD says of a version. `names` are the component's CPEs; a match is undecided at most."""
    own = [name for text in names if (name := parse_cpe(text)) is not None]
    doubts: list[tuple[int, Range]] = []
    ranges = [(number, found) for number, one in enumerate(statements) for found in one.affected.ranges]
    for number, found in ranges:
        if _fit(found, own, version) is not _Fit.NOT:
            doubts.append((number, found))
    if not doubts:
        why = f"{version} is outside of what NVD gives for {statements[0].affected.name}"
        words = "; ".join(map(_words, (found for _, found in ranges[:8])))
        return Reading(Standing.OUTSIDE, why, words)
    number, found = max(doubts, key=lambda one: _fit(one[1], own, version))
    sure = _fit(found, own, version) is _Fit.YES
    why = f"NVD names {statements[number].affected.name}, {'in' if sure else 'perhaps in'} this version"
    why += ", and a name by CPE alone does not show that it is the same code"
    if others := [value for kind, value in found.events if kind == TOGETHER]:
        why += f"; it needs {' or '.join(others)} too"
    fixes = dict.fromkeys(value for _, one in doubts for kind, value in one.events if kind == BOUNDS[3])
    return Reading(Standing.UNDECIDED, why, _words(found), tuple(fixes), number, tuple(fixes))


def ranges_of(found: Range) -> Range:
    """A match of NVD's by events of OSV, as near as they come: what begins after a version begins with it."""
    events = dict(found.events)
    begins = events.get(BOUNDS[0]) or events.get(BOUNDS[1]) or "0"
    ends = [(kind, events[name]) for kind, name in (("fixed", BOUNDS[3]), ("last_affected", BOUNDS[2])) if
            name in events]  # fmt: skip
    exact = parse_cpe(events.get(CRITERIA, ""))
    if not ends and exact is not None and exact.version not in {ANY, NONE}:
        begins, ends = exact.version, [("last_affected", exact.version)]
    return Range("ECOSYSTEM", (("introduced", begins), *ends[:1]))


def is_after(found: Range, version: str) -> bool:
    """Whether a version is past the end of such a range; not where numbers do not tell."""
    try:
        return any(
            (kind == "fixed" and compare(version, value) >= 0)
            or (kind == "last_affected" and compare(version, value) > 0)
            for kind, value in found.events
        )
    except ValueError:
        return False


def _words(found: Range) -> str:
    return f"{MATCH}: {', '.join(f'{kind} {value}' for kind, value in found.events)}"


def _fit(found: Range, own: Sequence[Cpe], version: str) -> _Fit:
    events = dict(found.events)
    criteria = parse_cpe(events.get(CRITERIA, ""))
    if criteria is None or NEGATED in events:
        return _Fit.MAYBE
    same = [name for name in own if name.name == criteria.name]
    others = max((_others(criteria, name) for name in same), default=_Fit.YES)
    bounded = [(kind, events[kind]) for kind in BOUNDS if kind in events]
    if bounded:
        return min(others, *(_bound(kind, value, version) for kind, value in bounded))
    return min(others, _exact(criteria.version, version))


def _others(criteria: Cpe, name: Cpe) -> _Fit:
    """The fields beside the version."""
    fit = _Fit.YES
    for field in _OTHER:
        wanted, given = getattr(criteria, field), getattr(name, field)
        if wanted in {ANY, given}:
            continue
        if given != ANY and field != "update":
            return _Fit.NOT
        fit = _Fit.MAYBE  # versions carry their update in many ways
    return fit


def _exact(wanted: str, version: str) -> _Fit:
    if wanted in {ANY, NONE}:
        return _Fit.YES if wanted == ANY else _Fit.MAYBE
    try:
        return _Fit.YES if compare(version, wanted) == 0 else _Fit.NOT
    except ValueError:
        return _Fit.YES if version.lower() == wanted else _Fit.MAYBE


def _bound(kind: str, value: str, version: str) -> _Fit:
    try:
        order = compare(version, value)
    except ValueError:
        return _Fit.MAYBE
    holds = order > 0 if "Start" in kind else order < 0
    return _Fit.YES if holds or (order == 0 and kind.endswith("Including")) else _Fit.NOT


def compare(one: str, other: str) -> int:
    """-1, 0 or 1 where the numbers at their beginnings decide, or letters behind equal ones (1.0.2k, 1.0.2t).

    Raises ValueError for versions that differ in anything else behind equal numbers, or have no numbers.
    """
    (first, rest), (second, more) = _parts(one), _parts(other)
    width = max(len(first), len(second))
    numbers, others = (tuple(n + (0,) * (width - len(n))) for n in (first, second))
    if numbers != others:
        return -1 if numbers < others else 1
    if rest == more:
        return 0
    if _LETTERS.fullmatch(rest) and _LETTERS.fullmatch(more):  # OpenSSL's: after z comes za
        return -1 if (len(rest), rest) < (len(more), more) else 1
    raise ValueError(f"versions do not tell which of {one[:80]!r} and {other[:80]!r} is older")


def _parts(version: str) -> tuple[tuple[int, ...], str]:
    found = _VERSION.fullmatch(version.strip()) if len(version) <= MAX_VERSION else None
    if found is None:
        raise ValueError(f"not a version of numbers: {version[:80]!r}")
    numbers = tuple(int(part) for part in found["numbers"].split("."))
    return numbers, (found["rest"] or "").lower()
