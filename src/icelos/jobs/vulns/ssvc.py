"""What to do about a vulnerability, by CISA's Stakeholder-Specific Vulnerability Categorization.

The guide is https://www.cisa.gov/ssvc. Four points decide: exploitation, whether an attack can be automated,
its technical impact (CISA's analysts give these three), and what the system means for mission and well-being,
which only its owner knows (setting `vulns.mission_impact`). A point that is not known is not guessed: all of
its values are tried, and the decision is given from the least to the most urgent that they lead to.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import product

import msgspec

from icelos.data.intelligence import Intel


class Decision(IntEnum):
    """From the least to the most urgent."""

    TRACK = 0
    TRACK_CLOSELY = 1
    ATTEND = 2
    ACT = 3

    def __str__(self) -> str:
        return {1: "track*"}.get(self.value, self.name.lower())


EXPLOITATION = ("none", "poc", "active")
AUTOMATABLE = ("no", "yes")
TECHNICAL_IMPACT = ("partial", "total")
MISSION_IMPACT = ("low", "medium", "high")
_T, _C, _N, _A = Decision.TRACK, Decision.TRACK_CLOSELY, Decision.ATTEND, Decision.ACT
TABLE: dict[tuple[str, str, str], tuple[Decision, Decision, Decision]] = {
    ("none", "no", "partial"): (_T, _T, _T),
    ("none", "no", "total"): (_T, _T, _C),
    ("none", "yes", "partial"): (_T, _T, _N),
    ("none", "yes", "total"): (_T, _T, _N),
    ("poc", "no", "partial"): (_T, _T, _C),
    ("poc", "no", "total"): (_T, _C, _N),
    ("poc", "yes", "partial"): (_T, _T, _N),
    ("poc", "yes", "total"): (_T, _C, _N),
    ("active", "no", "partial"): (_T, _T, _N),
    ("active", "no", "total"): (_T, _N, _A),
    ("active", "yes", "partial"): (_N, _N, _A),
    ("active", "yes", "total"): (_N, _A, _A),
}
"""Exploitation, automatable, technical impact -> the decision at low, medium and high mission impact."""


class Advice(msgspec.Struct, frozen=True):
    """The decision, or the range that it lies in; `unknown` names the points that nobody has told."""

    least: Decision
    most: Decision
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        decision = str(self.most) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{decision} ({', '.join(self.unknown)} unknown)" if self.unknown else decision


def decide(
    exploitation: str = "", automatable: str = "", technical_impact: str = "", mission_impact: str = ""
) -> Advice:
    """The decision for these points; one that is empty, or none of its values, is unknown."""
    points = (
        ("exploitation", exploitation, EXPLOITATION), ("automatable", automatable, AUTOMATABLE),
        ("technical impact", technical_impact, TECHNICAL_IMPACT),
        ("mission impact", mission_impact, MISSION_IMPACT),
    )  # fmt: skip
    tried: list[Sequence[str]] = [(value,) if value in values else values for _, value, values in points]
    found = [TABLE[e, a, t][MISSION_IMPACT.index(m)] for e, a, t, m in product(*tried)]
    unknown = tuple(name for name, value, values in points if value not in values)
    return Advice(min(found), max(found), unknown)


def advice_on(intel: Intel, mission_impact: str = "") -> Advice | None:
    """The decision on what is known of a vulnerability; None where nothing of it is.

    What is in KEV is exploited, whatever an older analysis says.
    """
    exploitation = "active" if intel.in_kev else intel.exploitation
    if not (exploitation or intel.automatable or intel.technical_impact):
        return None
    return decide(exploitation, intel.automatable, intel.technical_impact, mission_impact)
