"""Rows taken apart into keys and raw values, so that each can be put together again byte by byte.

JSON keeps what a parser loses: the text of keys, numbers and strings as it stood, and the spacing. CEF
(ArcSight Common Event Format: `CEF:0|vendor|…|severity|key=value key=value`, also behind a syslog header)
and columns become keys with the text between them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

DEPTH_LIMIT = 24
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\.)*)"')
_SCALAR = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_CEF_KEY = re.compile(r"(?:^|(?<=[^\\]) )([A-Za-z0-9_.\-]+)=")
_CEF_PIPE = re.compile(r"(?<!\\)\|")
DELIMITERS = ",\t;|"


@dataclass
class Object:
    """Keys in order: (name, text up to the value, value)."""

    keys: list[tuple[str, str, Value]] = field(default_factory=list)


@dataclass
class Array:
    items: list[Value] = field(default_factory=list)


Value = str | Object | Array
"""A scalar is its raw text, with quotes."""


class Unfit(ValueError):
    """A row is not of the kind, or nested too deeply."""


@dataclass
class JsonReader:
    """Takes JSON objects apart and counts how they were spaced."""

    styles: Counter[tuple[str, str]] = field(default_factory=Counter)

    def read(self, row: str) -> Object:
        """Raises Unfit for what is not one JSON object."""
        try:
            msgspec.json.decode(row, type=dict[str, object])
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
            raise Unfit("not a JSON object") from error
        value, _ = self._object(row, row.index("{"), DEPTH_LIMIT)
        return value

    def _value(self, row: str, at: int, depth: int) -> tuple[Value, int]:
        if not depth:
            raise Unfit("nested too deeply")
        if row[at] == "{":
            return self._object(row, at, depth - 1)
        if row[at] == "[":
            return self._array(row, at, depth - 1)
        match = (_STRING if row[at] == '"' else _SCALAR).match(row, at)
        if match is None:
            raise Unfit("not JSON as we know it")
        return match[0], match.end()

    def _object(self, row: str, at: int, depth: int) -> tuple[Object, int]:
        made = Object()
        at = _after_space(row, at + 1)
        while row[at] != "}":
            key = _STRING.match(row, at)
            if key is None:
                raise Unfit("not JSON as we know it")
            colon = _after_space(row, key.end())
            start = _after_space(row, colon + 1)
            value, end = self._value(row, start, depth)
            made.keys.append((key[1], row[at:start], value))
            at = self._next(row, end, "object")
        return made, at + 1

    def _array(self, row: str, at: int, depth: int) -> tuple[Array, int]:
        made = Array()
        at = _after_space(row, at + 1)
        while row[at] != "]":
            value, end = self._value(row, at, depth)
            made.items.append(value)
            at = self._next(row, end, "array")
        return made, at + 1

    def _next(self, row: str, end: int, where: str) -> int:
        """Where the next key or item begins, or the closing bracket stands."""
        comma = _after_space(row, end)
        if row[comma] != ",":
            return comma
        at = _after_space(row, comma + 1)
        self.styles[where, row[end:at]] += 1
        return at

    def between(self, where: str) -> str:
        """The most frequent text between the parts of objects or arrays."""
        found = [(count, text) for (place, text), count in self.styles.items() if place == where]
        return max(found)[1] if found else ","


def _after_space(row: str, at: int) -> int:
    if row[at] not in " \t\r\n":  # nearly always
        return at
    space = _SPACE.match(row, at)
    return space.end() if space else at


def read_cef(row: str) -> Object:
    """The syslog header by words, the seven fields of the CEF header, then the extension's keys."""
    start = row.find("CEF:")
    if start < 0:
        raise Unfit("not CEF")
    ends = [match.start() for match in _CEF_PIPE.finditer(row, start)][:7]
    if len(ends) < 7:
        raise Unfit("not CEF")
    made = _words(row[:start])
    at, text = start + 4, "CEF:"
    for i, end in enumerate(ends):
        made.keys.append((f"cef{i}", text, row[at:end]))
        at, text = end + 1, "|"
    return _extension(row[at:], made)


def _words(header: str) -> Object:
    made = Object()
    at = 0
    for i, match in enumerate(re.finditer(r"[^ ]+", header)):
        made.keys.append((f"syslog{i}", header[at : match.start()], match[0]))
        at = match.end()
    made.keys.append(("syslog", header[at:], ""))
    return made


def _extension(text: str, made: Object) -> Object:
    found = list(_CEF_KEY.finditer(text))
    if text and (not found or found[0].start()):
        raise Unfit("an extension without keys")
    made.keys.append(("extension", "|", ""))
    for match, following in zip(found, [*found[1:], None], strict=True):
        end = len(text) if following is None else following.start()
        made.keys.append((match[1], match[0], text[match.end() : end]))
    return made


def read_columns(row: str, delimiter: str) -> Object:
    """Columns of a delimited row, quotes kept. Raises Unfit where a quote is not closed."""
    made = Object()
    at, text = 0, ""
    pattern = re.compile(rf'"(?:[^"]|"")*"|[^"{re.escape(delimiter)}][^{re.escape(delimiter)}]*|')
    while True:
        match = pattern.match(row, at)
        end = match.end() if match else at
        if end < len(row) and row[end] != delimiter:
            raise Unfit("a quote that does not close")
        made.keys.append((str(len(made.keys)), text, row[at:end]))
        if end == len(row):
            return made
        at, text = end + 1, delimiter


def kind_of(rows: Sequence[str]) -> tuple[str, str]:
    """What nine of ten rows are: ("json" | "cef" | "columns" | "", delimiter of columns)."""
    enough = 0.9 * len(rows)
    if sum(row.lstrip().startswith("{") for row in rows) >= enough:
        return "json", ""
    if sum("CEF:" in row for row in rows) >= enough:
        return "cef", ""
    for delimiter in DELIMITERS:
        widths = Counter(_width(row, delimiter) for row in rows)
        width, count = widths.most_common(1)[0]
        if width > 2 and count >= enough:
            return "columns", delimiter
    return "", ""


def _width(row: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([row], delimiter=delimiter, strict=True)))
    except (csv.Error, StopIteration):
        return 0
