"""How gold answers look at the rows: by conditions, each of which can be left out to see if it matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from tests.quality.agent.organisation import organisation
from tests.quality.agent.rows import NOW, Alert, Event, Message, Weakness
from tests.quality.agent.staff import address

Row = TypeVar("Row")
Condition = Callable[[Any], bool]


class Skipped(NamedTuple):
    """The condition that is left out: of which `pick`, and which of its conditions."""

    pick: int
    condition: int


class Look:
    """The organisation as members of some groups may see it."""

    def __init__(self, groups: Iterable[str], skipped: Skipped | None = None) -> None:
        self._groups, self._skipped = frozenset(groups), skipped
        self.used: list[int] = []
        """How many conditions each `pick` had, in order."""
        known = organisation()
        self.weaknesses: list[Weakness] = self._visible(known.weaknesses)
        self.messages: list[Message] = self._visible(known.messages)
        self.alerts: list[Alert] = self._visible(known.alerts)
        self.events: tuple[Event, ...] = known.events
        self.failures = known.failures

    def _visible(self, rows: Iterable[Any]) -> list[Any]:
        return [one for one in rows if not one.groups or self._groups & set(one.groups)]

    def pick(self, rows: Iterable[Row], *conditions: Condition) -> list[Row]:
        """The rows that meet all conditions."""
        number = len(self.used)
        self.used.append(len(conditions))
        kept = [c for place, c in enumerate(conditions) if self._skipped != Skipped(number, place)]
        return [row for row in rows if all(condition(row) for condition in kept)]


def has(**fields: object) -> Condition:
    """Fields that are equal to values."""
    return lambda row: all(getattr(row, name) == value for name, value in fields.items())


def any_of(field: str, *values: object) -> Condition:
    """A field that is one of some values."""
    return lambda row: getattr(row, field) in values


def starts(field: str, prefix: str) -> Condition:
    """A field that begins so."""
    return lambda row: str(getattr(row, field)).startswith(prefix)


def exploitable(row: Weakness) -> bool:
    """Affected, and of concern."""
    return row.status == "affected" and row.verdict in {"alert", "review"}


def in_kev(row: Weakness) -> bool:
    return bool(row.kev)


def epss_over(least: float) -> Condition:
    return lambda row: row.epss is not None and row.epss > least


def wants(intent: str) -> Condition:
    """A mail with this among its intents."""
    return lambda row: intent in row.intents


def to(name: str) -> Condition:
    """A mail to a person by name."""
    return lambda row: address(name) in row.recipients


def of(name: str) -> Condition:
    """An alert or an event of a person by name."""
    return lambda row: address(name) == (row.entity if isinstance(row, Alert) else row.user)


def state(value: str) -> Condition:
    return lambda row: row.case.state == value


def held_by(assignee: str) -> Condition:
    return lambda row: row.case.assignee == assignee


def closed_as(reason: str) -> Condition:
    return lambda row: row.case.reason == reason


def day(month: int, number: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of 2026, UTC."""
    return datetime(2026, month, number, hour, minute, tzinfo=UTC)


def ago(**span: float) -> datetime:
    """A moment before now."""
    return NOW - timedelta(**span)


def since(moment: datetime) -> Condition:
    """Happened, or for vulnerabilities was seen, at or after a moment."""
    return lambda row: _when(row) >= moment


def before(moment: datetime) -> Condition:
    return lambda row: _when(row) < moment


def _when(row: Any) -> datetime:
    return row.seen if isinstance(row, Weakness) else row.time


def distinct(rows: Iterable[Any], field: str) -> list[Any]:
    """The values of a field, once each, in the order of the rows."""
    return list(dict.fromkeys(getattr(row, field) for row in rows))


def tally(rows: Iterable[Any], field: str) -> Counter[Any]:
    """How many rows have each value."""
    return Counter(getattr(row, field) for row in rows)


class TieError(ValueError):
    """The question has no single answer."""


def top(counts: Counter[Any], number: int) -> list[tuple[Any, int]]:
    """The greatest, in order. Raises TieError where two of them, or the last and the next, are equal."""
    ranked: list[tuple[Hashable, int]] = counts.most_common(number + 1)
    values = [count for _, count in ranked]
    if len(set(values)) < len(values) or len(ranked) < number:
        raise TieError(ranked)
    return ranked[:number]


def cves(look: Look, *conditions: Condition) -> list[str]:
    """Distinct CVEs of vulnerability findings."""
    return distinct(look.pick(look.weaknesses, *conditions), "vulnerability")


def accounts_on(look: Look, *hosts: str) -> list[str]:
    """Who has logged in to hosts with success."""
    return distinct(look.pick(look.events, any_of("host", *hosts), has(outcome="success")), "user")
