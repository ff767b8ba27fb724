"""One number from 0 to 1 by which findings are sorted, and the terms that it is made of.

    risk = threat x severity x reachability x exposure

    threat        1 where the CVE is exploited: in CISA's KEV, or "active" by CISA's analysts; else its EPSS
                  score, the probability of exploitation within 30 days
    severity      the CVSS base score by 10, else the middle of the range that a publisher's word names
    reachability  1 reached; 0.1 not reached (a call graph can be wrong); 0.55 unknown
    exposure      (1 listens on the network; 0.5 does not; 0.75 unknown)
                  x (1 runs as root; 0.8 does not; 0.9 unknown)

grype's risk is threat x severity x kev (1.05, with ransomware 1.1), without reachability and exposure. Here
an unknown term is named as unknown, and a stand-in takes its place: the middle of its range, for threat the
mean of all EPSS scores. `low` and `high` are the risk with the unknown terms at the ends of their ranges: all
that finding them out could change.
"""

from __future__ import annotations

from enum import StrEnum
from math import prod

import msgspec

from icelos.data.intelligence import Intel
from icelos.jobs.vulns.severity import Severity

MEAN_EPSS = 0.03
"""Of the 360,142 scores of 2026-08-16 the mean is 0.0283."""
REACHED, NOT_REACHED = 1.0, 0.1
LISTENING, NOT_LISTENING = 1.0, 0.5
ROOT, NOT_ROOT = 1.0, 0.8


class Reach(StrEnum):
    """Whether the vulnerable code is reached from the application."""

    REACHED = "reached"
    NOT_REACHED = "not reached"
    UNKNOWN = "unknown"


class Exposure(msgspec.Struct, frozen=True):
    """Who could get at it, and with what power: None where it is not known."""

    listens: bool | None = None
    root: bool | None = None


class Term(msgspec.Struct, frozen=True):
    """One factor: its value, what it rests on, and its ends, which differ only where it is not known."""

    name: str
    value: float
    why: str
    low: float
    high: float

    @property
    def known(self) -> bool:
        return self.low == self.high

    def __str__(self) -> str:
        number = f"{self.value:.3g}"
        if self.known:
            return f"{self.name} {number} ({self.why})"
        return f"{self.name} unknown ({self.why}; {number} stands in)"


class Risk(msgspec.Struct, frozen=True):
    """The score, and what it could become between `low` and `high`; all from 0 to 1."""

    score: float
    low: float
    high: float
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.terms))


def risk(
    intel: Intel, severity: Severity | None, reach: Reach = Reach.UNKNOWN, exposure: Exposure | None = None
) -> Risk:
    """The risk of one vulnerability in one component."""
    exposure = exposure or Exposure()
    terms = (
        _threat(intel),
        _severity(severity),
        _reachability(reach),
        _either("network", exposure.listens, LISTENING, NOT_LISTENING, "listens", "does not listen"),
        _either("user", exposure.root, ROOT, NOT_ROOT, "root", "not root"),
    )
    return Risk(
        score=prod(term.value for term in terms),
        low=prod(term.low for term in terms),
        high=prod(term.high for term in terms),
        terms=terms,
    )


def _threat(intel: Intel) -> Term:
    if intel.in_kev:
        ransomware = ", used by ransomware" if intel.ransomware else ""
        return _known("threat", 1.0, f"in CISA's KEV since {intel.kev_added or 'a day not told'}{ransomware}")
    if intel.exploitation == "active":
        return _known("threat", 1.0, "exploited, by CISA's Vulnrichment")
    if intel.epss is not None:
        kev = "" if intel.in_kev is not None else "; KEV is not loaded"
        return _known("threat", intel.epss, f"EPSS{kev}")
    return Term("threat", MEAN_EPSS, "no EPSS score", 0.0, 1.0)


def _severity(severity: Severity | None) -> Term:
    if severity is None:
        return Term("severity", 0.5, "no CVSS vector", 0.0, 1.0)
    return _known("severity", severity.score, str(severity))


def _reachability(reach: Reach) -> Term:
    if reach is Reach.UNKNOWN:
        middle = (REACHED + NOT_REACHED) / 2
        return Term("reachability", middle, "not looked into, or not decided", NOT_REACHED, REACHED)
    return _known("reachability", REACHED if reach is Reach.REACHED else NOT_REACHED, reach.value)


def _either(name: str, fact: bool | None, yes: float, no: float, said: str, denied: str) -> Term:
    if fact is None:
        return Term(name, (yes + no) / 2, "the target does not say", no, yes)
    return _known(name, yes if fact else no, said if fact else denied)


def _known(name: str, value: float, why: str) -> Term:
    return Term(name, value, why, value, value)
