"""`icelos logs profile`: what each field of a log holds, in memory that does not depend on its size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from icelos.data.parse.flat import Value
from icelos.findings import Failure
from icelos.jobs.logs.profile.fields import Field, FieldProfile, Frequent
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who, kind_of, product_paths, title_of, who_and_when

BATCH = 1000
BATCH_BYTES = 1 << 24
"""A batch ends at whichever comes first: rows may be a mebibyte long."""
MAX_PATHS = 4000
"""Paths that are profiled; a log that makes its keys of data (ids as names) has no end of them."""
SHOWN_FAILURES = 20


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A log's profile. `left_out` counts values at paths beyond `MAX_PATHS`; times are ISO 8601, UTC."""

    kind: str
    kinds: dict[str, int]
    rows: int
    bytes: int
    failures: int
    first_failures: tuple[str, ...]
    user_field: str
    users: int | None
    time_field: str
    first: str | None
    last: str | None
    left_out: int
    fields: tuple[Field, ...]


class Profiler:
    """Gathers rows. `add` one at a time, then `told`."""

    def __init__(self) -> None:
        self._fields: dict[str, FieldProfile] = {}
        self._batch: dict[tuple[str, ...], list[tuple[Value, ...]]] = {}
        self._kinds: Counter[str] = Counter()
        self._titles = Frequent()
        self._waiting = self._held = self._rows = self._bytes = self._left_out = self._failures = 0
        self._first_failures: list[str] = []

    def add(self, item: Row | Failure) -> None:
        """One row, or one that could not be read."""
        if isinstance(item, Failure):
            self._failures += 1
            if len(self._first_failures) < SHOWN_FAILURES:
                self._first_failures.append(f"{item.source}: {item.error}")
            return
        paths = tuple(item.fields)
        rows = self._batch.get(paths)
        if rows is None:
            rows = self._batch[paths] = []
        rows.append(tuple(item.fields.values()))
        self._rows += 1
        self._bytes += len(item.raw) + 1
        self._waiting += 1
        self._held += len(item.raw)
        if self._waiting >= BATCH or self._held > BATCH_BYTES:
            self.flush()

    def merge(self, other: Profiler) -> None:
        """What another part of the log has, which comes after this one."""
        self.flush()
        other.flush()
        for path, field in other._fields.items():
            known = self._fields.get(path) or self._admitted(path)
            if known is None:
                self._left_out += field.rows
            else:
                known.merge(field)
        self._kinds.update(other._kinds)
        self._titles.merge(other._titles)
        self._rows += other._rows
        self._bytes += other._bytes
        self._left_out += other._left_out
        self._failures += other._failures
        self._first_failures = (self._first_failures + other._first_failures)[:SHOWN_FAILURES]

    def flush(self) -> None:
        """Look at the rows that wait: those with the same paths make columns at once."""
        titles: Counter[Value] = Counter()
        for paths, rows in self._batch.items():
            self._count_kind(paths, rows, titles)
            for path, values in zip(paths, zip(*rows, strict=True), strict=True):
                field = self._fields.get(path) or self._admitted(path)
                if field is None:
                    self._left_out += len(values)
                else:
                    field.waiting += values
        self._titles.add(titles)
        for field in self._fields.values():
            if field.waiting:
                field.add(field.waiting)
                field.waiting = []
        self._batch, self._waiting, self._held = {}, 0, 0

    def _count_kind(
        self, paths: tuple[str, ...], rows: list[tuple[Value, ...]], titles: Counter[Value]
    ) -> None:
        kind = kind_of(frozenset(paths))
        self._kinds[kind] += len(rows)
        places = [(path, paths.index(path)) for path in product_paths(kind) if path in paths]
        if places:
            titles.update(title_of(kind, {path: row[at] for path, at in places}) for row in rows)
        else:
            titles[kind] += len(rows)

    def _admitted(self, path: str) -> FieldProfile | None:
        if len(self._fields) >= MAX_PATHS:
            return None
        field = self._fields[path] = FieldProfile(path)
        return field

    def who(self) -> Who:
        """Kind, user and time of what has come so far."""
        self.flush()
        present = {path: field.rows for path, field in self._fields.items()}
        times = [path for path, field in self._fields.items() if field.times.bounds[0] is not None]
        who = who_and_when(present, times, self._kinds)
        return who._replace(kind=next((t for t in self._commonest() if t.startswith(who.kind)), who.kind))

    def _commonest(self) -> dict[str, int]:
        """Kinds of rows with their products, the commonest first."""
        return {str(title): n for title, n in self._titles.counts.most_common()}

    @property
    def rows(self) -> int:
        """Rows that came so far."""
        return self._rows

    def told(self) -> Profile:
        """The profile of all that came, fields in the order of their first row."""
        who = self.who()
        user, time = self._fields.get(who.user), self._fields.get(who.time)
        first, last = time.times.bounds if time else (None, None)
        return Profile(
            kind=who.kind,
            kinds=dict(list(self._commonest().items())[:10]),
            rows=self._rows,
            bytes=self._bytes,
            failures=self._failures,
            first_failures=tuple(self._first_failures),
            user_field=who.user,
            users=user.filled if user else None,
            time_field=who.time,
            first=iso(first),
            last=iso(last),
            left_out=self._left_out,
            fields=tuple(field.told(self._rows) for field in self._fields.values()),
        )


def iso(seconds: float | None) -> str | None:
    """A time for people and programs; None where there is none or no calendar has it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def profile_rows(rows: Iterable[Row | Failure], progress: Callable[[int], None] = lambda _: None) -> Profile:
    """The profile of all rows; `progress` is told how many were read, now and then."""
    profiler = Profiler()
    for number, item in enumerate(rows, 1):
        profiler.add(item)
        if number % 5000 == 0:
            progress(number)
    return profiler.told()
