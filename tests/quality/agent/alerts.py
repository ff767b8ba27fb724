"""Findings of the job "logs", drawn from a seed, and those of two attacks that tell a story."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from tests.quality.agent.rows import NOW, Alert
from tests.quality.agent.staff import PEOPLE, address

COUNT = 200
SPRAY_SOURCE, FATIGUE_SOURCE = "203.0.113.77", "198.51.100.23"
SPRAYED, TIRED = "Mila Brandt", "Oskar Lind"
"""Whose account a spray opened, and who accepted one of many prompts."""
_RULES = {
    "T1110.003": ("password-spray", "Password spray from one address"),
    "T1110.001": ("password-guessing", "Many wrong passwords for one account"),
    "T1078.004": ("unusual-cloud-sign-in", "Sign-in from a new place"),
    "T1621": ("mfa-fatigue", "Many second-factor prompts"),
    "T1114.003": ("mail-forwarding", "Rule that forwards mail"),
    "T1021.001": ("rdp-first-time", "First remote desktop login to a server"),
    "T1021.004": ("ssh-first-time", "First SSH login to a server"),
    "T1059.001": ("encoded-powershell", "PowerShell with an encoded command"),
    "T1098": ("role-added", "Privileged role given"),
    "T1136.001": ("local-account", "Local account made"),
    "T1053.005": ("scheduled-task", "Scheduled task made from a user's folder"),
    "T1558.003": ("kerberoasting", "Tickets for many services asked for"),
    "T1562.001": ("defences-off", "Protection switched off"),
}
"""By technique: the rule's id and its title."""
_UNUSUAL = "ipAddress is new to this user, nobody has it; location is rare for this user"
NOT_SEEN = ("T1486", "T1003.001", "T1528")
"""Techniques that are in the runbooks or in ATT&CK, and of which there is no alert."""
_COMMON = (
    ("T1078.004",) * 7 + ("T1110.001",) * 6 + ("T1021.004",) * 5 + ("T1059.001",) * 4 + ("T1053.005",) * 3
)


def _at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


_STORY = (
    ("T1110.003", "Mila Brandt", _at(17, 21, 58)), ("T1110.003", "Peter Haas", _at(17, 21, 59)),
    ("T1110.003", "Rosa Iglesias", _at(17, 22, 1)), ("T1078.004", "Mila Brandt", _at(17, 22, 15)),
    ("T1114.003", "Mila Brandt", _at(17, 22, 31)), ("T1021.001", "Mila Brandt", _at(17, 22, 41)),
    ("T1059.001", "Mila Brandt", _at(17, 22, 52)),
    ("T1621", "Oskar Lind", _at(12, 20, 10)), ("T1078.004", "Oskar Lind", _at(12, 20, 33)),
    ("T1098", "Oskar Lind", _at(12, 20, 47)),
)  # fmt: skip


def alerts(seed: int) -> list[Alert]:
    """All of them, in the order of time."""
    draw = random.Random(seed)
    rows = [(technique, address(name), time, "") for technique, name, time in _STORY]
    while len(rows) < COUNT:
        technique = draw.choice(_COMMON) if draw.random() < 0.65 else draw.choice(sorted(_RULES))
        # Few people have most of the alerts, as everywhere.
        person = (
            PEOPLE[min(int(draw.expovariate(0.06)), len(PEOPLE) - 1)]
            if draw.random() < 0.6
            else draw.choice(PEOPLE)
        )
        rows.append((technique, person.address, _moment(draw), ""))
    rows.sort(key=lambda row: (row[2], row[1]))
    return [_alert(draw, number, *row[:3]) for number, row in enumerate(rows)]


def _moment(draw: random.Random) -> datetime:
    if draw.random() < 0.02:
        return NOW.replace(hour=draw.randrange(1, 8), minute=draw.randrange(60))
    day = NOW - timedelta(days=draw.randrange(1, 28))
    return day.replace(hour=9 + draw.randrange(14), minute=5 + draw.randrange(50))


def _alert(draw: random.Random, number: int, technique: str, entity: str, time: datetime) -> Alert:
    rule, title = _RULES[technique]
    learnt = technique == "T1078.004"  # found by the detector, the others by rules
    return Alert(
        record=f"alert-{number:04d}", label="unusual-behaviour" if learnt else title,
        rule="" if learnt else rule, technique=technique, entity=entity, time=time,
        score=round(draw.uniform(0.8, 0.999), 4),
        summary=_UNUSUAL if learnt else title,
        incident=f"inc{number:05d}" if learnt else "", resembles=technique if learnt else "",
    )  # fmt: skip
