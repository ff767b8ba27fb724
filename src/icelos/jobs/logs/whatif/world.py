"""What a log says of its organisation: who there is, when they are awake, from where they come.

One pass, in memory that depends on the number of people and not on the number of rows.
"""

from __future__ import annotations

import codecs
import json
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from icelos.data.parse.flat import flat_fields
from icelos.data.reading import files_below, open_input, stream_errors
from icelos.errors import IcelosError, InputError
from icelos.jobs.logs.profile.formats import seconds_of
from icelos.jobs.logs.roles import kind_of
from icelos.jobs.logs.whatif.footholds import Network
from icelos.jobs.logs.whatif.forms import FORMS, LOGS, Fields, Form, Log
from icelos.jobs.logs.whatif.scenario import Stage

LINE = 1 << 20
"""Bytes of a row; a longer line is no row, and is written as it is."""
MOST_PEOPLE = 100_000
_HEAD = 200
"""Rows by which a file's kind is told."""
_NETWORKS = 256
"""Kept of a country."""
_ADDRESSES = 1_000_000
_SIDES = (".meta.json", ".labels.jsonl")
_OF_ONE = 8
"""Networks kept of a person."""
_ORDERED = 0.95
_HOURS = 168
_EXAMPLES = 4
"""Rows kept of each description."""


@dataclass
class Person:
    """Someone who acts: rows by hour of the week (UTC), networks by how often."""

    user: str
    id: object = ""
    name: object = ""
    rows: int = 0
    interactive: int = 0
    admin: bool = False
    hours: array[int] = field(default_factory=lambda: array("L", [0] * _HOURS))
    networks: dict[str, Network] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)

    def awake(self, moment: float) -> bool:
        """Whether the person does as much in this hour of the week as in half of an average one."""
        return self.hours[hour_of(moment)] * 2 * _HOURS >= self.rows

    @property
    def home(self) -> Network | None:
        """The network that the person comes from most."""
        return self.networks[self.used.most_common(1)[0][0]] if self.used else None


@dataclass
class LogFile:
    """A file and what it is. `form` is None where it is no log that can be played into."""

    path: Path
    name: str
    form: Form | None
    rows: int = 0
    first: float = float("inf")
    last: float = float("-inf")
    rising: int = 0
    falling: int = 0

    @property
    def log(self) -> Log:
        """The fields of its log."""
        assert self.form is not None  # noqa: S101 - only asked of logs
        return LOGS[self.form.log]

    @property
    def descends(self) -> bool:
        """Whether the newest rows stand first."""
        return self.falling > self.rising

    @property
    def ordered(self) -> bool:
        """Whether the rows stand in the order of their time, but for some that are late."""
        return max(self.rising, self.falling) >= _ORDERED * (self.rising + self.falling)


class World:
    """Everything that is known of an organisation. `examples` are rows by what was looked for."""

    def __init__(self) -> None:
        self.files: list[LogFile] = []
        self.people: dict[str, Person] = {}
        self.networks: dict[str, list[Network]] = {}
        self.examples: dict[str, list[bytes]] = {}
        self._addresses: set[str] = set()
        self._places: dict[str, Fields] = {}
        self._seen: Counter[str] = Counter()
        self._rng = random.Random(0)  # noqa: S311 - which networks are kept of many

    @property
    def first(self) -> float:
        """Of all logs, in seconds since the epoch."""
        return min((file.first for file in self.files), default=float("inf"))

    @property
    def last(self) -> float:
        """Of all logs, in seconds since the epoch."""
        return max((file.last for file in self.files), default=float("-inf"))

    def used(self, address: str) -> bool:
        """Whether somebody in the log has this address."""
        return address in self._addresses

    def reserve(self, address: str) -> None:
        """Nobody else is to get this address."""
        self._addresses.add(address)

    def see(self, file: LogFile, row: Fields) -> None:
        """Take one row into account."""
        form, log = file.form, file.log
        assert form is not None  # noqa: S101 - by the caller
        moment = seconds_of(form.get(row, log.time), numbers=True)
        if moment is not None:
            _order(file, moment)
        user = form.get(row, log.user)
        if isinstance(user, str) and user and moment is not None:
            self._see_person(form, log, row, user, moment)

    def keep_examples(
        self, form: Form, row: Fields, line: bytes, looked_for: dict[str, dict[str, Any]]
    ) -> None:
        """The first rows that are as described; of whom enough are known, nothing is looked for any more."""
        for key, like in list(looked_for.items()):
            if matches(form, row, like):
                kept = self.examples.setdefault(key, [])
                kept.append(line)
                if len(kept) >= _EXAMPLES:
                    del looked_for[key]

    def _see_person(self, form: Form, log: Log, row: Fields, user: str, moment: float) -> None:
        person = self.people.get(user)
        if person is None:
            if len(self.people) >= MOST_PEOPLE:
                return
            person = self.people[user] = Person(user)
        person.rows += 1
        person.hours[hour_of(moment)] += 1
        for path, what in log.who.items():
            if what in ("id", "name") and (value := form.get(row, path)):
                setattr(person, what, value)
        if form.log == "entra-audit":
            person.admin = True
        if form.log != "entra-signin" or form.get(row, "isInteractive") is not False:
            person.interactive += 1
        self._see_network(form, log, row, person)

    def _see_network(self, form: Form, log: Log, row: Fields, person: Person) -> None:
        address = next((found for path in log.address if (found := form.get(row, path))), None)
        if not isinstance(address, str):
            return
        if len(self._addresses) < _ADDRESSES:
            self._addresses.add(address)
        location = form.get(row, log.place) if log.place else None
        if not isinstance(location, dict):
            return
        person.used[address] += 1
        if address in person.networks:
            return
        place = self._places.setdefault(f"{location}", location)
        network = Network(address, form.get(row, log.asn), place)
        if len(person.networks) < _OF_ONE:
            person.networks[address] = network
        else:
            del person.used[address]
        self._keep(network)

    def _keep(self, network: Network) -> None:
        """A sample of each country's networks."""
        kept = self.networks.setdefault(network.country, [])
        self._seen[network.country] += 1
        if len(kept) < _NETWORKS:
            kept.append(network)
        elif (place := self._rng.randrange(self._seen[network.country])) < _NETWORKS:
            kept[place] = network


def hour_of(moment: float) -> int:
    """The hour of the week, UTC, from Thursday's midnight."""
    return int(moment // 3600) % _HOURS


def _order(file: LogFile, moment: float) -> None:
    if file.rows:
        if moment > file.last:
            file.rising += 1
        elif moment < file.first:
            file.falling += 1
    file.rows += 1
    file.first, file.last = min(file.first, moment), max(file.last, moment)


Likes = Mapping[str, Mapping[str, dict[str, Any]]]
"""By log, descriptions of rows under their keys."""


def like_key(stage: Stage) -> str:
    """Names what a stage's rows are made after."""
    return f"{stage.log} {json.dumps(stage.like, sort_keys=True)}"


def any_key(log: str) -> str:
    """Names any rows of a log."""
    return f"{log} any"


def matches(form: Form, row: Fields, like: dict[str, Any]) -> bool:
    """Whether a row is as described: each field has the value, or one of the values."""
    return all(
        form.get(row, path) in value if isinstance(value, list) else form.get(row, path) == value
        for path, value in like.items()
    )


def read_world(
    source: str, *, likes: Likes | None = None, progress: Callable[[int], None] = lambda _: None
) -> World:
    """Everything that the logs at a place tell, with examples of the rows that `likes` describe.

    Raises InputError where no log can be played into.
    """
    world, root, rows = World(), Path(source), 0
    for path in files_below(root):
        if _stands_beside(path):
            continue
        name = path.relative_to(root).as_posix() if root.is_dir() else path.name
        file = LogFile(path, name, form_of_file(path))
        world.files.append(file)
        if file.form is None:
            continue
        looked_for = {any_key(file.form.log): {}, **(likes or {}).get(file.form.log, {})}
        for line, row in lines_of(path):
            if row is not None:
                world.see(file, row)
                world.keep_examples(file.form, row, line, looked_for)
                rows += 1
                if not rows % 5000:
                    progress(rows)
    if not any(file.rows for file in world.files):
        raise InputError(
            "no log that attacks can be played into", source=source,
            hint=f"JSON lines, of: {', '.join(FORMS)}",
        )  # fmt: skip
    return world


def _stands_beside(path: Path) -> bool:
    """Whether it is the side file of a log that is there."""
    bases = [path.name.removesuffix(end) for end in _SIDES if path.name.endswith(end)]
    return any(path.with_name(base).is_file() for base in bases)


def form_of_file(path: Path) -> Form | None:
    """The form of most of a file's first rows."""
    kinds: Counter[str] = Counter()
    for _, row in lines_of(path):
        if row is not None:
            kinds[kind_of(_paths(row))] += 1
        if kinds.total() >= _HEAD:
            break
    return FORMS.get(kinds.most_common(1)[0][0]) if kinds else None


def _paths(row: Fields) -> Mapping[str, object]:
    try:
        return flat_fields(row)
    except InputError:
        return {}


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def lines_of(path: Path) -> Iterator[tuple[bytes, Fields | None]]:
    """Each line with its end, and the row that it is, None for what is no row. A line that is longer than
    `LINE` comes in pieces. Raises InputError for a broken stream."""
    try:
        with open_input(path) as stream:
            yield from _lines(stream)
    except stream_errors() as error:
        if isinstance(error, IcelosError):
            raise
        raise InputError(f"broken stream: {error}", source=str(path)) from error


def _lines(stream: IO[bytes]) -> Iterator[tuple[bytes, Fields | None]]:
    whole = True
    while piece := stream.readline(LINE):
        begins, whole = whole, piece.endswith(b"\n")
        yield piece, read_row(piece) if begins and (whole or len(piece) < LINE) else None


def read_row(line: bytes) -> Fields | None:
    """The JSON object of a line, None for what is none."""
    try:
        return _decode(line.removeprefix(codecs.BOM_UTF8))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
