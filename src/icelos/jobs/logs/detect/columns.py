"""Rows as columns: for each row a moment, a user, and a 64-bit code for each facet's value.

A *facet* is a field whose values come again. Only the fields that are asked for are decoded: JSON into a type
that is made for them, and any row that does not fit it, or is no JSON, by the parsers of `profile.rows`.
"""

from __future__ import annotations

import codecs
import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.data.parse.flat import Value, escaped, flat_fields, text_of
from icelos.errors import InputError
from icelos.jobs.logs.profile.formats import seconds_of

Codes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_REMEMBERED = 500_000
"""Texts whose codes, and minutes whose times, are remembered."""
NOTHING = 0
"""The code of a value that is not there."""
_NO_KEY = "\u2060"
"""A key that rows do not have: what the empty path is read from."""
_NO_ROW = (msgspec.MsgspecError, AttributeError, UnicodeError, RecursionError)
"""What a line raises that is no row of the type."""
_PLAIN_NUMBERS = frozenset({int, float, type(None)})
_UNTYPED = re.compile(r'["\\\x00-\x1f]')
"""What keys that msgspec can give to a type do not hold."""


@dataclass(frozen=True)
class Layout:
    """Which fields are read: paths, "" where there is none. Users with the same value of the facet `peers`
    are alike."""

    user: str
    time: str
    facets: tuple[str, ...]
    session: str = ""
    source: str = ""
    result: str = ""
    latitude: str = ""
    longitude: str = ""
    id: str = ""
    peers: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """All of them, user and time first, the row's own name last."""
        roles = (self.session, self.source, self.result, self.latitude, self.longitude, self.id)
        return (self.user, self.time, *self.facets, *roles)

    @property
    def coded(self) -> frozenset[str]:
        """Those whose values become codes."""
        return frozenset((self.user, *self.facets, self.session, self.source, self.result))


@dataclass
class Columns:
    """Some rows. `facets` (rows, facets); codes are `NOTHING` and numbers NaN where a row has no value."""

    moments: Floats
    users: Codes
    facets: Codes
    sessions: Codes
    sources: Codes
    results: Codes
    latitudes: Floats
    longitudes: Floats

    def __len__(self) -> int:
        return int(self.moments.size)

    def take(self, rows: npt.NDArray[np.int64] | slice) -> Columns:
        """Some of the rows."""
        return Columns(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @classmethod
    def joined(cls, parts: Sequence[Columns]) -> Columns:
        """One after the other."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def code_of(text: str) -> int:
    """64 bits that depend on the text alone, never `NOTHING`."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


def value_code(value: Value) -> int:
    """The code of a value; true is 1 here, as it is for Python's dictionaries."""
    if value is None or value == "":
        return NOTHING
    return code_of(text_of(int(value) if isinstance(value, bool) else value))


class _Numbers(dict[Any, int]):
    """Value -> its number, and the codes by number; made anew when there are too many."""

    def __init__(self) -> None:
        super().__init__()
        self._forget()

    def _forget(self) -> None:
        self.clear()
        self.codes: Codes = np.zeros(1024, np.uint64)
        self._next = 0

    def __missing__(self, value: Value) -> int:
        number = self._next
        if number == self.codes.size:
            self.codes = np.concatenate((self.codes, np.zeros_like(self.codes)))
        self.codes[number] = value_code(value)
        self[value] = number
        self._next += 1
        return number

    def coded(self, values: Sequence[Any]) -> Codes:
        """The codes of values, which have to be hashable."""
        if self._next > _REMEMBERED:
            self._forget()
        numbers = np.fromiter(map(self.__getitem__, values), np.int64, len(values))
        return self.codes[numbers]


class _Moments(dict[str, float]):
    """The minutes of ISO times -> their seconds since the epoch, UTC."""

    def __missing__(self, minute: str) -> float:
        if len(self) > _REMEMBERED:
            self.clear()
        found = seconds_of(minute)
        self[minute] = seconds = float("nan") if found is None else found
        return seconds


class Reader:
    """Turns rows into columns."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._codes, self._minutes = _Numbers(), _Moments()
        typed = not any(_UNTYPED.search(key) for path in layout.paths for key in _keys(path))
        self._decode: Callable[[bytes | str], Any] = _refused
        self._get: Callable[[Any], tuple[Any, ...]] = tuple
        if typed:
            self._decode, self._get = _typed(layout.paths)

    def decoded(self, line: bytes | str) -> tuple[Any, ...] | None:
        """The values of a row of JSON, None where it is no such row: `values` reads it from its fields."""
        try:
            return self._get(self._decode(line))
        except _NO_ROW:
            return None

    def all_decoded(self, lines: Sequence[bytes | str]) -> list[tuple[Any, ...]] | None:
        """The values of rows of JSON, None where one of them is no such row: faster than one by one."""
        try:
            return list(map(self._get, map(self._decode, lines)))
        except _NO_ROW:
            return None

    def row(self, line: bytes) -> tuple[Any, ...] | None:
        """The values of a JSON object, by its fields where it does not fit the type; None for other lines."""
        line = line.removeprefix(codecs.BOM_UTF8)
        found = self.decoded(line)
        if found is not None:
            return found
        try:
            return self.values(flat_fields(msgspec.json.decode(line, type=dict[str, Any])))
        except (msgspec.MsgspecError, InputError, UnicodeDecodeError, RecursionError):
            return None

    def values(self, fields: Mapping[str, Value]) -> tuple[Any, ...]:
        """The values of a row by its flat fields."""
        return tuple(fields.get(path) for path in self.layout.paths)

    def columns(self, rows: Sequence[tuple[Any, ...]]) -> Columns:
        """Rows of values as columns. A time that is none is NaN."""
        layout, count = self.layout, len(rows)
        fields: dict[str, Sequence[Any]] = dict.fromkeys(layout.paths, ())
        if rows:
            fields |= zip(layout.paths, zip(*rows, strict=True), strict=True)
        codes = {path: self._coded(fields[path]) for path in layout.coded if path}
        codes[""] = np.zeros(count, np.uint64)
        facets = np.empty((count, len(layout.facets)), np.uint64)
        for number, path in enumerate(layout.facets):
            facets[:, number] = codes[path]
        return Columns(
            moments=self._moments(fields[layout.time]), users=codes[layout.user], facets=facets,
            sessions=codes[layout.session], sources=codes[layout.source], results=codes[layout.result],
            latitudes=_numbers(fields[layout.latitude]), longitudes=_numbers(fields[layout.longitude]),
        )  # fmt: skip

    def _coded(self, values: Sequence[Any]) -> Codes:
        try:
            return self._codes.coded(values)
        except TypeError:  # a list or an object where others have a plain value
            return self._codes.coded([_plain(value) for value in values])

    def _moments(self, values: Sequence[Any]) -> Floats:
        """2025-01-06T08:00:01.5Z by its minute; other forms by the slower way."""
        minutes, found = self._minutes, []
        for value in values:
            if isinstance(value, str) and len(value) > 18 and value[16] == ":" and value[-1] == "Z":
                try:
                    found.append(minutes[value[:16]] + float(value[17:-1]))
                    continue
                except ValueError:
                    pass
            seconds = seconds_of(value, numbers=True)
            found.append(math.nan if seconds is None else seconds)
        return np.array(found, np.float64)


def _plain(value: Any) -> Value:
    return value if value is None or isinstance(value, str | int | float) else str(value)[:200]


def _numbers(values: Sequence[Any]) -> Floats:
    """NaN for what is no number."""
    try:
        if set(map(type, values)) <= _PLAIN_NUMBERS:
            return np.array(values, np.float64)
    except OverflowError:
        pass
    return np.array([_number(value) for value in values], np.float64)


def _number(value: Any) -> float:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:  # an integer that is no float64
        return math.nan


@dataclass
class _Node:
    inner: dict[str, _Node] = field(default_factory=dict)


def _typed(paths: Sequence[str]) -> tuple[Callable[[bytes | str], Any], Callable[[Any], tuple[Any, ...]]]:
    """A decoder of just these paths, and what gets their values in order, None for the empty path."""
    root = _Node()
    for path in paths:
        node = root
        for key in _keys(path) if path else ():
            node = node.inner.setdefault(key, _Node())
    names: dict[tuple[str, ...], str] = {}
    made = _struct(root, (), names)
    wanted = [names[tuple(_keys(path))] if path else "none_" for path in paths]
    return msgspec.json.Decoder(made).decode, attrgetter(*wanted)


def _struct(node: _Node, above: tuple[str, ...], names: dict[tuple[str, ...], str]) -> type[msgspec.Struct]:
    """A type with the fields of a node; of a field that is asked for and has fields within, those are
    read."""
    fields: list[tuple[str, Any, Any]] = [("none_", Any, None)]
    renames = {"none_": _NO_KEY}
    for number, (key, inner) in enumerate(node.inner.items()):
        name = f"f{number}"
        path = (*above, key)
        prefix = names.get(above, "")
        names[path] = f"{prefix}.{name}" if prefix else name
        renames[name] = key
        if inner.inner:
            type_ = _struct(inner, path, names)
            fields.append((name, type_, msgspec.field(default_factory=type_)))
        else:
            fields.append((name, Any, None))
    return msgspec.defstruct("Row", fields, rename=renames, gc=False)


def _refused(_: bytes | str) -> Any:
    raise msgspec.ValidationError("has a key that no type can have")


def _keys(path: str) -> Iterator[str]:
    """The keys of a path: a dot or a backslash within one is escaped."""
    key, escapes = "", False
    for character in path:
        if escapes:
            key, escapes = key + character, False
        elif character == "\\":
            escapes = True
        elif character == ".":
            yield key
            key = ""
        else:
            key += character
    yield key


def path_of(keys: Sequence[str]) -> str:
    """The path of some keys."""
    return ".".join(map(escaped, keys))
