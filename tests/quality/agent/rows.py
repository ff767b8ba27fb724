"""The rows of the simulated organisation, as plain tuples: what gold answers are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""A Friday. Everything in the organisation happened before it."""
DOMAIN = "halmsund.example"
SOC = ("soc",)


class Person(NamedTuple):
    """Somebody who works there. `address` is also the name that they sign in with."""

    name: str
    address: str
    department: str
    groups: tuple[str, ...]


class Target(NamedTuple):
    """A host or an image that is scanned. Nobody signs in to an image."""

    name: str
    is_host: bool
    purpose: str
    owner: str
    team: str


class Case(NamedTuple):
    """What people did with a finding. `reason` is "" while it is open."""

    state: str = "open"
    assignee: str = ""
    reason: str = ""


class Weakness(NamedTuple):
    """One finding of the job "vulns". What is ruled out has neither `kev` nor `epss`, as in the job."""

    record: str
    vulnerability: str
    advisory: str
    package: str
    version: str
    fixed_in: str
    target: str
    status: str
    verdict: str
    label: str
    why: str
    severity: str
    kev: str
    epss: float | None
    seen: datetime
    case: Case = Case()
    groups: tuple[str, ...] = ()


class Message(NamedTuple):
    """One finding of the job "mail"."""

    record: str
    verdict: str
    intent: str
    intents: tuple[str, ...]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    time: datetime
    score: float
    symbols: tuple[tuple[str, float, str], ...]
    case: Case = Case()
    groups: tuple[str, ...] = ()


class Alert(NamedTuple):
    """One finding of the job "logs". `incident` and `resembles` are those of the detector, "" for rules."""

    record: str
    label: str
    rule: str
    technique: str
    entity: str
    time: datetime
    score: float
    summary: str
    incident: str
    resembles: str
    case: Case = Case()
    groups: tuple[str, ...] = ()


class Event(NamedTuple):
    """One row of a log: "signins" (Entra ID) or "hosts" (logins to hosts)."""

    log: str
    time: datetime
    user: str
    source_ip: str
    host: str
    application: str
    action: str
    outcome: str
    code: int = 0


class Broken(NamedTuple):
    """A record that a job failed at."""

    job: str
    record: str
    error: str
    source: str


class Paper(NamedTuple):
    """A document of the organisation's own. `sections` are (heading, text); `facts` what golds ask about."""

    id: str
    title: str
    kind: str
    sections: tuple[tuple[str, str], ...]
    groups: tuple[str, ...] = ()
    facts: Mapping[str, str] = {}
