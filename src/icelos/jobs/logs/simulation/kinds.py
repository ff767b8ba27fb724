"""The logs that can be written, what goes into each, and how each is dirty.

Real logs are: some rows come late or twice, some lack a key, and one day a new key is there. `late` and
`twice` fall on events, so that they are the same in every log that has the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from icelos.jobs.logs.simulation.atlassian import Confluence, Jira
from icelos.jobs.logs.simulation.cef import Cef
from icelos.jobs.logs.simulation.directory import DirectoryAudits
from icelos.jobs.logs.simulation.events import SECOND, START_DAY, Event, SignIn
from icelos.jobs.logs.simulation.files import File
from icelos.jobs.logs.simulation.office365 import Office365
from icelos.jobs.logs.simulation.organisation import Organisation, stream
from icelos.jobs.logs.simulation.signins import SignIns

LATE, TWICE, LACKING = 0.004, 0.001, 0.002
"""Shares of rows; the latest are twelve hours late."""
_LATEST = 12 * 3600


class Writer(Protocol):
    """Events to rows."""

    def row(self, event: Event) -> bytes:
        """One row, without line end."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A log: its file's name, its writer, which events it keeps, keys that may lack, what drift adds.

    Rows of a `numbered` log begin with an id that counts up.
    """

    title: str
    file: str
    writer: Callable[[Organisation], Writer]
    keeps: Callable[[Event], bool]
    may_lack: tuple[str, ...] = ()
    added: bytes = b""
    numbered: bool = False


def _from(source: str) -> Callable[[Event], bool]:
    return lambda event: not isinstance(event, SignIn) and event.source == source


def _in_cef(event: Event) -> bool:
    return isinstance(event, SignIn) or isinstance(event.target, File)


KINDS: Mapping[str, Kind] = {
    "entra-signin": Kind(
        "Microsoft Graph signIn", "entra-signin.jsonl", SignIns, lambda event: isinstance(event, SignIn),
        ("userAgent", "autonomousSystemNumber", "location", "uniqueTokenIdentifier", "sessionId"),
        b'"isThroughGlobalSecureAccess":false',
    ),
    "entra-audit": Kind(
        "Microsoft Graph directoryAudit", "entra-audit.jsonl", DirectoryAudits, _from("entra-audit"),
        ("additionalDetails", "resultReason"),
    ),
    "office365": Kind(
        "Office 365 Management Activity", "office365.jsonl", Office365, _from("office365"),
        ("ClientIP", "UserAgent", "CorrelationId", "BrowserVersion"), b'"AssociatedAdminUnits":[]',
    ),
    "confluence": Kind(
        "Confluence audit", "confluence.jsonl", Confluence, _from("confluence"),
        ("remoteAddress", "description"),
    ),
    "jira": Kind(
        "Jira audit", "jira.jsonl", Jira, _from("jira"), ("remoteAddress", "eventSource"), numbered=True
    ),
    "cef": Kind("CEF over syslog", "cef.log", Cef, _in_cef),
}  # fmt: skip


def drift_day(seed: int) -> int:
    """The day from which on rows have the key that drift adds."""
    return START_DAY + 40 + stream(seed, "drift").randrange(40)


def arrivals(seed: int, name: str, day: int, events: list[Event]) -> list[tuple[int, bool, Event]]:
    """When each event of a stream's day reaches the log (microseconds), whether late; some do so twice."""
    rng = stream(seed, "dirt", name, day)
    out = []
    for event in events:
        chance = rng.random()
        if chance < LATE:
            delay = int(_LATEST ** (0.35 + 0.65 * rng.random())) * SECOND
            out.append((event.time + delay, True, event))
        else:
            out.append((event.time, False, event))
        if LATE <= chance < LATE + TWICE:
            out.append((event.time + SECOND + int(rng.random() * 600 * SECOND), False, event))
    return out


def lacks(kind: Kind, event: Event, row: bytes) -> str:
    """The key that the row of this event is to lack, or an empty name."""
    if not kind.may_lack:
        return ""
    at = _mixed(event.number * 31 + event.actor.number * 1_000_003) / 2**32
    if at >= LACKING:
        return ""
    key = kind.may_lack[int(at / LACKING * len(kind.may_lack))]
    return key if f'"{key}":'.encode() in row else ""


def _mixed(value: int) -> int:
    """32 bits that look random, from a number (a multiply-xorshift hash)."""
    value &= 0xFFFF_FFFF
    value = (value ^ value >> 15) * 0x2C1B_3C6D & 0xFFFF_FFFF
    value = (value ^ value >> 12) * 0x297A_2D39 & 0xFFFF_FFFF
    return value ^ value >> 15


def without(row: bytes, key: str) -> bytes:
    """The row without a key."""
    fields = msgspec.json.decode(row)
    fields.pop(key, None)
    return msgspec.json.encode(fields)
