"""Techniques of ATT&CK as a matrix by tactic, and as a layer of the ATT&CK Navigator.

Format of layers: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from icelos.data.feeds.attack import bundled_tactics, bundled_techniques
from icelos.jobs.logs.whatif.scenario import Scenario

_LAYER, _NAVIGATOR = "4.5", "5.1.0"
_KILL_CHAIN = (
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence",
    "privilege-escalation", "stealth", "defense-evasion", "defense-impairment", "credential-access",
    "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
)  # fmt: skip
"""The order in which ATT&CK shows its tactics."""


class Covered(msgspec.Struct, frozen=True):
    """A technique of the matrix, and what plays it."""

    technique: str
    name: str
    tactics: tuple[str, ...]
    scenarios: tuple[str, ...]


def covered(scenarios: Sequence[Scenario]) -> list[Covered]:
    """The techniques of some scenarios, by id. Ids that ATT&CK does not have are named as they are."""
    known, playing = bundled_techniques(), dict[str, list[str]]()
    for scenario in scenarios:
        for technique in scenario.techniques:
            playing.setdefault(technique, []).append(scenario.name)
    found = []
    for technique, names in sorted(playing.items()):
        about = known.get(technique)
        found.append(
            Covered(
                technique, about.name if about else technique, about.tactics if about else (), tuple(names)
            )
        )
    return found


def by_tactic(techniques: Sequence[Covered]) -> list[tuple[str, list[Covered]]]:
    """The matrix: its tactics in their order with the techniques of each, tactics without any left out."""
    tactics = sorted(bundled_tactics(), key=lambda name: _place(name))
    rows = [(tactic, [one for one in techniques if tactic in one.tactics]) for tactic in tactics]
    return [(tactic, found) for tactic, found in rows if found]


def _place(tactic: str) -> int:
    return _KILL_CHAIN.index(tactic) if tactic in _KILL_CHAIN else len(_KILL_CHAIN)


def layer(name: str, description: str, scores: Mapping[str, tuple[float, str]]) -> dict[str, object]:
    """A layer of the Navigator: techniques with a score from 0 to 100 and a comment each."""
    return {
        "name": name,
        "versions": {"layer": _LAYER, "navigator": _NAVIGATOR},
        "domain": "enterprise-attack",
        "description": description,
        "techniques": [
            {"techniqueID": technique, "score": round(score), "comment": comment, "enabled": True,
             "showSubtechniques": True}
            for technique, (score, comment) in sorted(scores.items())
        ],
        "gradient": {"colors": ["#ff6666", "#ffe766", "#8ec843"], "minValue": 0, "maxValue": 100},
    }  # fmt: skip
