"""One row of an attack, made after a row of the log: the victim's own where there is one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from icelos.jobs.logs.simulation.organisation import as_guid
from icelos.jobs.logs.whatif.footholds import Client, Network
from icelos.jobs.logs.whatif.forms import Fields, Form, Log, put_at, renewed, timed, value_at
from icelos.jobs.logs.whatif.planning import Episode, Planned
from icelos.jobs.logs.whatif.scenario import drops, valued
from icelos.jobs.logs.whatif.world import World, matches, read_row


@dataclass(frozen=True)
class Models:
    """Lines to make a row after, the latest last: the victim's own, as the stage describes, anybody's."""

    own: Sequence[bytes]
    like: Sequence[bytes]
    anyone: Sequence[bytes]


@dataclass(frozen=True)
class _Model:
    """The line that is taken; whether it is the victim's, and whether it is as described."""

    line: bytes
    row: Fields
    is_own: bool
    is_like: bool


class Maker:
    """Makes one row."""

    def __init__(
        self, world: World, form: Form, log: Log, episode: Episode, planned: Planned, moment: float
    ) -> None:
        self._world, self._form, self._log = world, form, log
        self._episode, self._planned, self._stage = episode, planned, planned.stage
        self._moment = moment
        self._rng = random.Random(f"{episode.id} {episode.session} {planned.after}")  # noqa: S311 - made up

    def made(self, models: Models) -> tuple[bytes, Fields] | None:
        """The line and its row; None where there is none to make it after."""
        own = [row for line in models.own if (row := read_row(line)) is not None]
        model = self._model(own, models)
        if model is None:
            return None
        row = model.row
        when = timed(self._form.get(row, self._log.time), self._moment, self._rng)
        if when is None:
            return None
        if not model.is_like:
            self._reduce(row)
        if not model.is_own:
            self._become(row, own)
        self._form.put(row, self._log.time, when)
        for path in self._log.own:
            if self._form.has(row, path):
                self._form.put(row, path, renewed(self._form.get(row, path), self._rng))
        self._session(row, own, is_own=model.is_own)
        foothold = self._episode.footholds[self._planned.foothold]
        if self._stage.by == "attacker":
            self._from(row, foothold, self._episode.client)
        self._set(row, foothold)
        return _written(row, model.line), row

    def _model(self, own: list[Fields], models: Models) -> _Model | None:
        for line, row in zip(reversed(models.own), reversed(own), strict=True):
            if matches(self._form, row, self._stage.like):
                return _Model(line, row, is_own=True, is_like=True)
        if models.like and (self._stage.by == "attacker" or not own):
            return self._other(models.like, is_like=True)
        if own:
            return _Model(models.own[-1], own[-1], is_own=True, is_like=False)
        return self._other(models.anyone, is_like=False) if models.anyone else None

    def _other(self, lines: Sequence[bytes], *, is_like: bool) -> _Model:
        line = self._rng.choice(lines)
        return _Model(line, read_row(line) or {}, is_own=False, is_like=is_like)

    def _reduce(self, row: Fields) -> None:
        """A row of another kind keeps what all kinds have, and gets what describes the one that is wanted."""
        form, keep = self._form, self._stage.keep
        if keep:
            kept = [(path, form.get(row, path)) for path in keep if form.has(row, path)]
            inner = value_at(row, form.prefix[:-1]) if form.prefix else row
            if isinstance(inner, dict):
                inner.clear()
            for path, value in kept:
                put_at(row, form.prefix + path, value)
        for path, value in self._stage.like.items():
            form.put(row, path, value[0] if isinstance(value, list) else value)

    def _become(self, row: Fields, own: list[Fields]) -> None:
        """Somebody else's row becomes one of the victim's: who, and unless an attacker's, from where."""
        form, log = self._form, self._log
        person = self._world.people.get(self._planned.victim)
        for path, what in log.who.items():
            value = getattr(person, what, "") if person else ""
            if value and form.has(row, path):
                form.put(row, path, value)
        for path in log.identity if own else ():
            if form.has(own[-1], path):
                form.put(row, path, form.get(own[-1], path))
        taken = log.surroundings if own else ()
        if self._stage.by == "attacker":  # what is not the attacker's own is to look like the victim's
            machine = (*log.agent, *log.browser, *log.system) if self._episode.client is None else ()
            taken = (*machine, *(log.unregistered if self._episode.own_device else ())) if own else ()
        for path in taken:
            if form.has(row, path) and form.has(own[-1], path):
                form.put(row, path, form.get(own[-1], path))

    def _session(self, row: Fields, own: list[Fields], *, is_own: bool) -> None:
        for path in self._log.session:
            before = self._form.get(row, path)
            if before is None or (is_own and self._stage.session == "kept"):
                continue
            self._form.put(row, path, self._session_like(before, path, own))

    def _session_like(self, before: object, path: str, own: list[Fields]) -> object:
        if self._stage.session == "new":
            return renewed(before, self._rng)
        if self._stage.session == "kept":
            last = next((found for row in reversed(own) if (found := self._form.get(row, path))), None)
            return renewed(before, self._rng) if last is None else last
        if isinstance(before, str) and len(before) == len(self._episode.session):
            return self._episode.session
        return renewed(before, random.Random(self._episode.session))  # noqa: S311 - made up

    def _from(self, row: Fields, network: Network, client: Client | None) -> None:
        """The row comes from the attacker."""
        form, log = self._form, self._log
        changes: dict[str, object] = dict.fromkeys(log.address, network.address)
        if not self._episode.own_device:
            changes |= log.unregistered
        if log.asn and network.asn is not None:
            changes[log.asn] = network.asn
        if log.place and network.location is not None and isinstance(form.get(row, log.place), dict):
            changes[log.place] = dict(network.location)
            changes[f"{log.place}.countryOrRegion"] = network.country
        if client is not None:
            changes |= dict.fromkeys(log.agent, client.agent) | dict.fromkeys(log.browser, client.browser)
            changes |= dict.fromkeys(log.system, client.system)
        for path, value in changes.items():
            before = form.get(row, path)
            if isinstance(before, str) and before.startswith("Client="):
                value = f"{before.partition(';')[0]};{value}"
            if form.has(row, path):
                form.put(row, path, value)

    def _set(self, row: Fields, network: Network) -> None:
        named = dict(self._named(network))
        for path, value in self._stage.set.items():
            if drops(value):
                self._form.take(row, path)
            else:
                self._form.put(row, path, valued(value, named, self._episode.difficulty, self._rng))

    def _named(self, network: Network) -> Iterator[tuple[str, object]]:
        """What `scenario.NAMES` stand for."""
        episode, client = self._episode, self._episode.client
        yield "attacker.address", network.address
        yield "attacker.asn", network.asn
        for what in ("agent", "browser", "system"):
            yield f"attacker.{what}", getattr(client, what, "")
        yield "episode.session", episode.session
        yield "episode.app", episode.app[0]
        yield "episode.app_id", episode.app[1]
        yield "episode.name", episode.id
        yield "new.guid", as_guid(f"{self._rng.getrandbits(128):032x}")
        yield "new.digits", f"{self._rng.randrange(10**9):09d}"
        for name, user in (("victim", self._planned.victim), ("target", episode.target)):
            person = self._world.people.get(user)
            yield f"{name}.user", user
            yield f"{name}.id", getattr(person, "id", "")
            yield f"{name}.name", getattr(person, "name", "")


def _written(row: Fields, like: bytes) -> bytes:
    """The row as a line, spaced as the one that it was made after."""
    if b'": ' not in like[:400]:
        return msgspec.json.encode(row) + b"\n"
    return json.dumps(row, ensure_ascii=like.isascii()).encode() + b"\n"
