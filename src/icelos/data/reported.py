"""What a scanner reported, beside what the advisories say: which id is which, and what only the scanner saw.

An id that no advisory matches is not dropped: it stays, for the job to say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from icelos.records import Reported

_CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.IGNORECASE)


def united(reports: Iterable[Reported]) -> tuple[Reported, ...]:
    """One for each vulnerability, in their order.

    A report of several CVEs (an update of a distribution) is one for each of them; reports of the same one
    (of a package in several places, or under another id) are put together.
    """
    found: dict[str, Reported] = {}
    for one in reports:
        for title, names in _vulnerabilities(one):
            earlier = found.get(title)
            merged = tuple(dict.fromkeys((*earlier.names, *names))) if earlier else names
            first = earlier or one
            found[title] = Reported(
                one.scanner, merged, first.severity or one.severity, first.fixed_in or one.fixed_in
            )
    return tuple(found.values())


def _vulnerabilities(one: Reported) -> Iterator[tuple[str, tuple[str, ...]]]:
    cves = [name.upper() for name in one.names if _CVE.fullmatch(name)]
    if not cves:
        yield one.names[0].upper(), one.names
    elif len(set(cves)) == 1:
        yield cves[0], one.names
    elif _CVE.fullmatch(one.names[0]):  # the others are related to it, and not what is reported
        others = (name for name in one.names[1:] if not _CVE.fullmatch(name))
        yield cves[0], (one.names[0], *others)
    else:
        for cve in dict.fromkeys(cves):
            yield cve, (cve, one.names[0])


class Compared:
    """The reports of one component, as its advisories are gone through."""

    def __init__(self, scanner: str, reports: Iterable[Reported]) -> None:
        self._scanner = scanner
        self._all = united(reports)
        self._open = dict(enumerate(self._all))
        self._by_name: dict[str, list[int]] = {}
        for number, one in self._open.items():
            for name in one.names:
                self._by_name.setdefault(name.upper(), []).append(number)

    def of(self, names: Set[str]) -> Reported | None:
        """What is reported under one of an advisory's `names`, in upper case; None without a scanner."""
        if not self._scanner:
            return None
        same = sorted({number for name in names for number in self._by_name.get(name, ())})
        for number in same:
            self._open.pop(number, None)
        if not same:
            return Reported(self._scanner)
        first = self._all[same[0]]
        merged = tuple(dict.fromkeys(name for number in same for name in self._all[number].names))
        return Reported(self._scanner, merged, first.severity, first.fixed_in)

    def left(self, only: Set[str] = frozenset()) -> Iterator[Reported]:
        """What no advisory was about; with `only`, what has one of these names."""
        for one in self._open.values():
            if not only or only & {name.upper() for name in one.names}:
                yield one


def title_of(reported: Reported) -> str:
    """The CVE by which people call it, else the scanner's id."""
    return next((name for name in reported.names if _CVE.fullmatch(name)), reported.names[0])
