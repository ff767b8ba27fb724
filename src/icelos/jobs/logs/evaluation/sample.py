"""Rows of a file for measuring: a uniform sample of rows, and all rows of a sample of users."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, islice

from icelos.data.parse.flat import Value, text_of
from icelos.errors import InputError
from icelos.evaluate.rouge import MAX_CHARACTERS
from icelos.findings import Failure
from icelos.jobs.logs.profile.profile import Profiler
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who

LIMIT = 10_000
"""Rows of a file that are measured; above that a sample stands for it."""
HELD = 1 << 28
"""Bytes of rows that are held at once; where rows are so long that more would be, fewer are measured."""
TEXT = MAX_CHARACTERS
"""Bytes of a row that are kept as text."""
_FIELD = 100
"""Bytes that a field takes beyond its text."""
_LOOKED_AT = 5000
_LOOKED_AT_BYTES = 1 << 25
MAX_CANARIES = 1000
SHORTEST_CANARY = 8


@dataclass
class Sample:
    """What was read. `people` are all rows of the users that were drawn, `share` the share of users;
    of `long` rows only the beginning is kept as text, and all fields."""

    name: str
    rows: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    share: float = 1.0
    total: int = 0
    long: int = 0
    failures: int = 0
    first_failures: list[str] = field(default_factory=list)
    canaries: set[str] = field(default_factory=set)

    @property
    def is_whole(self) -> bool:
        """Whether it holds every row."""
        return self.total == len(self.rows)


def look(rows: Iterable[Row | Failure]) -> tuple[Who, Iterator[Row | Failure]]:
    """A log's kind, user and time by its first rows; and all rows, those included."""
    stream, profiler = iter(rows), Profiler()
    first: list[Row | Failure] = []
    held = 0
    for item in islice(stream, _LOOKED_AT):
        first.append(item)
        profiler.add(item)
        held += len(item.raw) if isinstance(item, Row) else 0
        if held > _LOOKED_AT_BYTES:
            break
    return profiler.who(), chain(first, stream)


def draw(
    rows: Iterable[Row | Failure],
    name: str,
    user: str,
    *,
    limit: int = LIMIT,
    seed: int = 0,
    canaries: Sequence[str] = (),
) -> Sample:
    """A sample of at most `limit` rows, and of whole users with at most `limit` rows in all.

    Rows: reservoir sampling (Vitter's algorithm R). Users: those whose hash is below a bound that is halved
    whenever they have too many rows, so that the same users are drawn from every file. Raises InputError
    where no row can be read.
    """
    sample, people, reservoir = Sample(name), _People(user, limit), _Reservoir(limit, seed)
    for item in rows:
        if isinstance(item, Failure):
            sample.failures += 1
            if len(sample.first_failures) < 5:
                sample.first_failures.append(f"{item.source}: {item.error}")
            continue
        sample.total += 1
        if canaries:
            _find(item, canaries, sample.canaries)
        if len(item.raw) > TEXT:
            sample.long += 1
            item = item._replace(raw=item.raw[:TEXT])
        reservoir.add(item)
        people.add(item)
    sample.rows, sample.people, sample.share = reservoir.rows, people.rows, people.share
    if not sample.rows:
        why = f", {sample.failures} unreadable, such as {sample.first_failures[0]}" if sample.failures else ""
        raise InputError(f"no rows{why}", source=name)
    return sample


def _size(row: Row) -> int:
    """About how many bytes a row takes."""
    texts = sum([len(value) for value in row.fields.values() if isinstance(value, str)])
    return len(row.raw) + texts + _FIELD * len(row.fields)


class _Reservoir:
    """A uniform sample. A random half of one is one, too: it shrinks where rows are too long to be held."""

    def __init__(self, limit: int, seed: int) -> None:
        self._limit, self._held, self._seen = limit, 0, 0
        self._random = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        self._seen += 1
        if len(self.rows) < self._limit:
            self.rows.append(row)
            self._held += _size(row)
        elif (place := self._random.randrange(self._seen)) < self._limit:
            self._held += _size(row) - _size(self.rows[place])
            self.rows[place] = row
        while self._held > HELD and len(self.rows) > 1:
            self._limit = len(self.rows) // 2
            self.rows = self._random.sample(self.rows, self._limit)
            self._held = sum(map(_size, self.rows))


class _People:
    """All rows of those users whose place is below `share`, which is halved where they are too many."""

    def __init__(self, user: str, limit: int) -> None:
        self._user, self._limit, self._held = user, limit, 0
        self._hashes: list[float] = []
        self.rows: list[Row] = []
        self.share = 1.0

    def add(self, row: Row) -> None:
        value = row.fields.get(self._user)
        if value is None:
            return
        place = user_place(value)
        if place >= self.share:
            return
        self.rows.append(row)
        self._hashes.append(place)
        self._held += _size(row)
        while (len(self.rows) > self._limit or self._held > HELD) and self.share > 1e-6:
            self.share /= 2
            kept = [n for n, found in enumerate(self._hashes) if found < self.share]
            self.rows = [self.rows[n] for n in kept]
            self._hashes = [self._hashes[n] for n in kept]
            self._held = sum(map(_size, self.rows))


def user_place(user: Value) -> float:
    """A place from 0 to 1 that is always the same for a user."""
    digest = blake2b(text_of(user).encode("utf-8", "replace"), digest_size=8, person=b"evaluate").digest()
    return int.from_bytes(digest, "big") / 2**64


def _find(row: Row, canaries: Sequence[str], found: set[str]) -> None:
    """Canaries in the row as it stands, or in one of its values (JSON may write a character otherwise)."""
    text = row.raw.decode("utf-8", "replace")
    values = [value for value in row.fields.values() if isinstance(value, str)]
    for canary in canaries:
        if canary not in found and (canary in text or any(canary in value for value in values)):
            found.add(canary)


def read_canaries(data: bytes, source: str) -> list[str]:
    """Planted texts, one a line. Raises InputError for too many, too short ones, and for none."""
    lines = list(dict.fromkeys(line.strip() for line in data.decode("utf-8", "replace").splitlines()))
    found = [line for line in lines if line]
    if not found or len(found) > MAX_CANARIES:
        raise InputError(f"{len(found)} canaries, of 1 to {MAX_CANARIES}", source=source)
    short = next((line for line in found if len(line) < SHORTEST_CANARY), None)
    if short is not None:
        raise InputError(f"canary {short!r} is shorter than {SHORTEST_CANARY} characters", source=source)
    return found
