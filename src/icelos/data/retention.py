"""What may go after some time, by kind, and when: nothing goes unless the settings name it.

A kind is a name in the registry (group "retention"): `build(settings) -> Kind`. Each goes by itself: all of
what is due of a kind, or nothing. What must never go early has a floor, in days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from icelos.errors import SettingsError
from icelos.registry import names, resolve
from icelos.settings import Settings


class Kind(NamedTuple):
    """Something that is kept: what it is, how many are older than a moment, and how those go.

    `count` changes nothing; `expire` gives how many went, all of them or none. Both raise StoreError.
    """

    what: str
    count: Callable[[datetime], int]
    expire: Callable[[datetime], int]
    floor: int = 1


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """One kind: after how many days it goes (None: never), how many are due, and how many went."""

    kind: str
    what: str
    days: int | None
    floor: int
    due: int = 0
    gone: int = 0


def show(settings: Settings, *, now: datetime | None = None) -> list[Expiry]:
    """Every kind with what is due of it. Raises SettingsError, StoreError."""
    return [_look(name, settings, now or datetime.now(UTC)) for name in _kinds(settings)]


def apply(settings: Settings, *, only: Sequence[str] = (), now: datetime | None = None) -> list[Expiry]:
    """Let go what is due of every kind that the settings name. Raises SettingsError, StoreError."""
    done, moment = [], now or datetime.now(UTC)
    for name in _kinds(settings):
        days = settings.retention.days.get(name)
        if days is None or (only and name not in only):
            continue
        kind: Kind = resolve("retention", name)(settings)
        gone = kind.expire(moment - timedelta(days=days))
        done.append(Expiry(kind=name, what=kind.what, days=days, floor=kind.floor, due=gone, gone=gone))
    return done


def _look(name: str, settings: Settings, now: datetime) -> Expiry:
    kind: Kind = resolve("retention", name)(settings)
    days = settings.retention.days.get(name)
    due = kind.count(now - timedelta(days=days)) if days is not None else 0
    return Expiry(kind=name, what=kind.what, days=days, floor=kind.floor, due=due)


def _kinds(settings: Settings) -> list[str]:
    """All kinds by name. Raises SettingsError where the settings name another, or too few days."""
    known = sorted(names("retention"))
    for name, days in settings.retention.days.items():
        where = f"retention.days.{name}"
        if name not in known:
            raise SettingsError(
                f"nothing that is kept is called {name!r}", source=where, hint=", ".join(known)
            )
        floor = resolve("retention", name)(settings).floor
        if not floor <= days <= 36_500:
            raise SettingsError(f"{days} days, and at least {floor} are kept", source=where)
    return known
