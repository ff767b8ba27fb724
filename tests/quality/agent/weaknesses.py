"""Findings of the job "vulns", drawn from a seed: CVEs over hosts and images. All ids are invented."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tests.quality.agent.rows import NOW, Weakness
from tests.quality.agent.staff import TARGETS

COUNT = 400
TRAPS = (
    ("CVE-2025-6216", "CVE-2025-62168"), ("CVE-2024-3094", "CVE-2024-30940"), ("CVE-2026-1187",
        "CVE-2026-11870"),
)  # fmt: skip
"""Ids of which one begins as the other: both are in use, with different facts."""
UNDECIDED = 17
"""The number of a CVE in KEV that is under investigation wherever it is: who takes KEV for exploitable counts
it."""
_UNDECIDED_ON = (
    "srv-db-1", "srv-build-1", "srv-fin-2", "srv-fin-1", "srv-vpn-1", "srv-file-1", "srv-mail-1", "srv-web-2",
    "srv-dc-1", "srv-web-10", "img-login", "img-cart", "img-metrics",
)  # fmt: skip
_PACKAGES = (
    "corvid-ssl", "tidewater-http", "libarken", "mastlog", "rigging-xml", "holdfast", "quay-json",
    "fathom-db",
    "bollard-auth", "keelzip", "capstan", "sextant-core", "drift-cache", "halyard", "lantern-ui", "plimsoll",
)  # fmt: skip
_RULED_OUT = (
    ("code_not_present", "{version} is outside of every range that the advisory names"),
    ("code_not_reachable", "no code of {target} calls {package}'s parser"),
    ("requires_configuration", "the option legacy_mode, which it needs, is off"),
    ("requires_environment", "it concerns 32-bit builds only"),
    ("protected_at_perimeter", "the port is blocked by the gateway"),
    ("false_positive", "{package} on {target} is a stub without code"),
)
_STATUSES = ("affected",) * 45 + ("not_affected",) * 30 + ("fixed",) * 14 + ("under_investigation",) * 11


class _Cve:
    """What is known of one CVE, wherever it is found."""

    def __init__(self, draw: random.Random, name: str, number: int) -> None:
        self.name, self.package = name, _PACKAGES[number % len(_PACKAGES)]
        self.advisory = f"HSA-2026-{1000 + number * 7}"
        self.version = f"{1 + number % 4}.{draw.randrange(10)}.{draw.randrange(10)}"
        self.fixed_in = f"{1 + number % 4}.{10 + draw.randrange(5)}.0"
        self.severity = draw.choice(("low", "medium", "medium", "high", "high", "critical"))
        added = NOW - timedelta(days=draw.choice((3, 5, 9, 16, 24, 40, 75, 160, 320)))
        self.kev = added.date().isoformat() if number % 5 == 2 else ""
        self.epss = round(draw.uniform(0.3, 0.97) if self.kev else draw.betavariate(0.6, 6), 5)


def weaknesses(seed: int) -> list[Weakness]:
    """All of them, in the order of scanning."""
    draw = random.Random(seed)
    cves = [_Cve(draw, name, number) for number, name in enumerate(_names(draw))]
    undecided = cves[UNDECIDED]
    pairs = [(cve, target.name) for cve in cves for target in TARGETS if cve is not undecided]
    chosen = draw.sample(pairs, COUNT - 2 * len(TRAPS) * 2 - len(_UNDECIDED_ON))
    chosen += [(undecided, target) for target in _UNDECIDED_ON]
    # Each id of a trap is on two targets at least, so that questions about it have an answer.
    for name in (one for pair in TRAPS for one in pair):
        cve = next(one for one in cves if one.name == name)
        free = [target.name for target in TARGETS if (cve, target.name) not in chosen]
        chosen += [(cve, target) for target in draw.sample(free, 2)]
    found = [
        _finding(draw, cve, target, "under_investigation" if cve is undecided else draw.choice(_STATUSES))
        for cve, target in chosen
    ]
    return sorted(found, key=lambda one: (one.seen, one.record))


def _names(draw: random.Random) -> list[str]:
    names = [name for pair in TRAPS for name in pair]
    while len(names) < 72:
        name = f"CVE-{draw.choice((2024, 2025, 2025, 2026))}-{draw.randrange(70000, 99999)}"
        if name not in names:
            names.append(name)
    return names


def _finding(draw: random.Random, cve: _Cve, target: str, status: str) -> Weakness:
    verdict, label, why = _judged(draw, cve, target, status)
    concerns = verdict != "clear"  # what is ruled out has no risk, and so no facts of it
    return Weakness(
        record=f"{target}:pkg:generic/{cve.package}@{cve.version}:{cve.name}",
        vulnerability=cve.name, advisory=cve.advisory, package=cve.package, version=cve.version,
        fixed_in=cve.fixed_in, target=target, status=status, verdict=verdict, label=label, why=why,
        severity=cve.severity if concerns else "", kev=cve.kev if concerns else "",
        epss=cve.epss if concerns else None, seen=_seen(draw),
    )  # fmt: skip


def _judged(draw: random.Random, cve: _Cve, target: str, status: str) -> tuple[str, str, str]:
    if status == "affected":
        return "alert", "vulnerable", f"{cve.version} is older than {cve.fixed_in}"
    if status == "under_investigation":
        return "unknown", "uncertain", "the advisory gives no range for this build"
    if status == "fixed":
        return "clear", "code_not_present", f"the build of {target} has the fix"
    label, why = draw.choice(_RULED_OUT)
    return "clear", label, why.format(version=cve.version, target=target, package=cve.package)


def _seen(draw: random.Random) -> datetime:
    days = draw.choice((1, 2, 3, 4, 6, 7, 10, 13, 17, 21, 26))
    return (NOW - timedelta(days=days)).replace(hour=10 + draw.randrange(9), minute=draw.randrange(60))
