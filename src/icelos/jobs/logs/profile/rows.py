"""Rows of logs as they are: raw bytes and flat fields, of JSON, CEF, LEEF, syslog and CSV.

A bad row is a Failure in its place and the rest goes on. Memory is that of one row and one piece of a file,
whatever the size of the input.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from icelos.data.parse.cef import parse_cef
from icelos.data.parse.flat import Value, flat_fields
from icelos.data.parse.json_arrays import WRAPPERS, begins_array, elements
from icelos.data.parse.leef import parse_leef
from icelos.data.parse.syslog import parse_syslog
from icelos.data.reading import (
    Line,
    files_below,
    lines_within,
    open_input,
    read_blocks,
    read_lines,
    stream_errors,
)
from icelos.errors import IcelosError, InputError
from icelos.findings import Failure, failure
from icelos.jobs.logs.profile.formats import format_of
from icelos.records import record_id

FORMS = ("auto", "json", "cef", "leef", "syslog", "csv")
ROW_LIMIT = 1 << 20
"""Bytes in one row. Windows' events stay below 64 kB, CloudTrail's below 256 kB; what is longer is broken."""
CELLS = 1000
_PREFIX = 512
_NAME = re.compile(r"[^\W\d][\w .:/@()#-]{0,63}")


Parse = Callable[[bytes], Iterator[tuple[bytes, dict[str, object]]]]


class Row(NamedTuple):
    """One row: the bytes as they stood, path -> value, and its place ("signins.jsonl:17")."""

    raw: bytes
    fields: dict[str, Value]
    source: str


class Span(NamedTuple):
    """A file, or the lines of a plain one that begin within some bytes of it: their numbers count from the
    first of them. `name` is how its rows call it."""

    path: Path
    name: str
    begin: int = 0
    end: int | None = None


class Block(NamedTuple):
    """Lines that follow each other and are not parsed yet; a line may be no row, one or several. `number` is
    that of the first."""

    lines: list[bytes]
    number: int
    name: str
    parse: Parse

    def rows(self, place: int) -> Iterator[Row | Failure]:
        """What a line holds."""
        return _line_rows(Line(self.number + place, self.lines[place]), self.name, self.parse)

    def part(self, begin: int, end: int) -> Block:
        """Some of the lines."""
        return self._replace(lines=self.lines[begin:end], number=self.number + begin)


@dataclass(frozen=True)
class RowSource:
    """The rows of a file, folder or standard input ("-"). `form` is one of `FORMS`.

    `spans` are all that is read of the location, where there are any.
    """

    location: str
    form: str = "auto"
    limit: int = ROW_LIMIT
    spans: tuple[Span, ...] = ()

    def __iter__(self) -> Iterator[Row | Failure]:
        """Raises InputError where there is nothing to read at all, or the form is unknown."""
        for block in self.blocks():
            if isinstance(block, Block):
                for place in range(len(block.lines)):
                    yield from block.rows(place)
            else:
                yield block

    def blocks(self) -> Iterator[Block | Row | Failure]:
        """The lines before they are parsed, where a file is lines; else its rows. Raises as `__iter__`."""
        if self.form not in FORMS:
            raise InputError(f"no form {self.form!r}", hint=f"one of: {', '.join(FORMS)}")
        for span in self.spans:
            yield from self._guarded(span.path, span.name, span)
        if self.spans:
            return
        if self.location == "-":
            yield from self._guarded(None, "stdin")
            return
        root = Path(self.location)
        unlisted: list[tuple[Path, OSError]] = []
        for path in files_below(root, unreadable=lambda *what: unlisted.append(what)):
            yield from self._guarded(path, name_below(path, root))
        for path, error in unlisted:
            yield _failed(name_below(path, root), 0, f"cannot list the folder: {error.strerror}")

    def is_lines(self, path: Path) -> bool:
        """Whether a file is plain lines, each a row, so that its parts can be read by themselves."""
        with open_input(path) as stream:
            plain = isinstance(getattr(stream, "raw", None), io.FileIO)
            return plain and self._layout(_head(stream), path.name) == "lines"

    def _guarded(
        self, path: Path | None, name: str, span: Span | None = None
    ) -> Iterator[Block | Row | Failure]:
        try:
            with open_input(path) as stream:
                yield from self._read(stream, name, span)
        except stream_errors() as error:
            reason = str(error) if isinstance(error, IcelosError) else f"broken stream: {error}"
            yield _failed(name, 0, reason)

    def _read(self, stream: IO[bytes], name: str, span: Span | None) -> Iterator[Block | Row | Failure]:
        parse = _PARSERS.get(self.form, _any)
        if span is not None and span.end is not None:
            for line in lines_within(stream, span.begin, span.end, limit=self.limit):
                yield from _line_rows(line, name, parse)
            return
        layout = self._layout(_head(stream), name)
        if layout == "array":
            yield from _array_rows(stream, name, self.limit)
        elif layout == "table":
            yield from _Table(name, self.limit).rows(read_lines(stream, limit=self.limit))
        else:
            for lines in read_blocks(stream, limit=self.limit):
                if isinstance(lines, Line):
                    yield from _line_rows(lines, name, parse)
                else:
                    yield Block(lines.data, lines.number, name, parse)

    def _layout(self, head: bytes, name: str) -> str:
        """Whether a file is an array of rows, a table or lines. Raises InputError for UTF-16."""
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InputError("is UTF-16, of which no row can be read; convert it to UTF-8")
        if self.form in ("auto", "json") and begins_array(head):
            return "array"
        return "table" if self.form == "csv" or (self.form == "auto" and _is_table(head, name)) else "lines"


def _head(stream: IO[bytes]) -> bytes:
    peek = getattr(stream, "peek", None)
    return peek(4096)[:65536] if peek is not None else b""


def name_below(path: Path, root: Path) -> str:
    """How rows call their file."""
    name = path.relative_to(root).as_posix() if root.is_dir() else path.name
    return name.encode("utf-8", "replace").decode("utf-8")


def _failed(name: str, number: int, reason: str, raw: bytes = b"") -> Failure:
    where = f"{name}:{number}" if number else name
    return failure(
        record_id=record_id(name, str(number), raw[:4096]), job="logs", error=reason, source=where, raw=raw
    )


def _unusable(line: Line) -> str:
    """Why a line cannot be a row, "" where it can."""
    if line.overlong:
        return "row is too long"
    return "holds NUL bytes" if b"\0" in line.data else ""


def _line_rows(line: Line, name: str, parse: Parse) -> Iterator[Row | Failure]:
    data = line.data.removeprefix(b"\xef\xbb\xbf") if line.number == 1 else line.data
    if not data.strip():
        return
    reason = _unusable(line)
    if reason:
        yield _failed(name, line.number, reason, line.data)
        return
    try:
        for raw, fields in parse(data):
            yield Row(raw, flat_fields(fields), f"{name}:{line.number}")
    except (InputError, msgspec.MsgspecError, RecursionError, ValueError) as error:
        yield _failed(name, line.number, _reason(error), line.data)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, InputError):
        return str(error)
    return f"not a JSON object: {error}"


_decode = msgspec.json.Decoder().decode


def _json(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    value = _decode(data)
    if isinstance(value, dict):
        inner = next((value[name] for name in WRAPPERS if name in value), None) if len(value) <= 3 else None
        if not (isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner)):
            yield data, value
            return
        value = inner
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise InputError("not a JSON object")
    for row in value:
        yield msgspec.json.encode(row), row


def _cef(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    yield data, parse_cef(data.decode())


def _leef(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    yield data, parse_leef(data.decode())


def _syslog(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    yield data, parse_syslog(data.decode())


def _any(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    """Each line by its own look: formats share files where collectors write them."""
    if data.lstrip()[:1] in (b"{", b"["):
        yield from _json_or_text(data)
        return
    head = data[:_PREFIX]
    if b"CEF:" in head:
        yield from _cef(data)
    elif b"LEEF:" in head:
        yield from _leef(data)
    else:
        yield from _syslog(data)


def _json_or_text(data: bytes) -> Iterator[tuple[bytes, dict[str, object]]]:
    """ "[" begins many plain lines, too: "[Sun Dec 04 04:47:44 2005] [notice] ..."."""
    if data.lstrip()[:1] == b"[" and not re.match(rb"\s*\[\s*[\[{\"\]\dtfn-]", data):
        yield from _syslog(data)
    else:
        yield from _json(data)


_PARSERS: dict[str, Parse] = {"auto": _any, "json": _json, "cef": _cef, "leef": _leef, "syslog": _syslog}


def _array_rows(stream: IO[bytes], name: str, limit: int) -> Iterator[Row | Failure]:
    for number, element in enumerate(elements(stream, limit), 1):
        if element is None:
            yield _failed(name, number, "row is too long")
        else:
            yield from _line_rows(Line(number, element), name, _json)


def _is_table(head: bytes, name: str) -> bool:
    """By its name; else its first line is a header: two or more different names, and the next fits it."""
    base = name.lower().removesuffix(".gz").removesuffix(".zst")
    if base.endswith((".csv", ".tsv")):
        return True
    lines = head.decode("utf-8-sig", "replace").splitlines()
    if len(lines) < 2 or lines[0].lstrip()[:1] in ("{", "["):
        return False
    mark = _separator(lines[0])
    names = _cells(lines[0], mark)
    plain = len(names) >= 2 and all(_NAME.fullmatch(cell) and cell == cell.strip() for cell in names)
    return plain and len(set(names)) == len(names) and len(_cells(lines[1], mark)) == len(names)


def _separator(line: str) -> str:
    return max(",;\t|", key=lambda mark: (line.count(mark), mark == ","))


def _cells(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return []


def _is_row(cells: list[str]) -> bool:
    """Whether a first line is no header: names are no numbers, times, addresses or identifiers."""
    return any(format_of(cell.strip()) in _VALUES for cell in cells)


_VALUES = frozenset({"uuid", "number", "time", "ipv4", "ipv6", "mac", "email", "url", "sid", "arn"})


def _names(cells: list[str]) -> list[str]:
    """Names of columns, each another one: the numbers of the columns where they have none of their own."""
    given = [""] * len(cells) if _is_row(cells) else [cell.strip() for cell in cells]
    names = [name or f"column {number}" for number, name in enumerate(given, 1)]
    seen = set()
    for place, name in enumerate(names):
        if name in seen:
            names[place] = f"{name} (column {place + 1})"
        seen.add(names[place])
    return names


class _Table:
    """CSV, under a header line where it has one. A quoted cell may hold line ends; one that never closes
    costs a line."""

    def __init__(self, name: str, limit: int) -> None:
        self._name, self._limit = name, limit
        self._header: list[str] = []
        self._mark = ","

    def rows(self, lines: Iterator[Line]) -> Iterator[Row | Failure]:
        waiting: list[Line] = []
        for line in lines:
            waiting.append(line)
            while waiting and (taken := self._whole(waiting)):
                yield from self._row(waiting[:taken])
                del waiting[:taken]
        while waiting:
            yield _failed(self._name, waiting[0].number, "a quoted cell does not end", waiting[0].data)
            del waiting[0]
            while waiting and (taken := self._whole(waiting)):
                yield from self._row(waiting[:taken])
                del waiting[:taken]

    def _whole(self, lines: list[Line]) -> int:
        """How many of the lines are one row, 0 where more are needed."""
        quotes = size = 0
        for number, line in enumerate(lines, 1):
            quotes += line.data.count(b'"')
            size += len(line.data)
            if not quotes % 2 or line.overlong:
                return number
            if size > self._limit or number > CELLS:
                return 1
        return 0

    def _row(self, lines: list[Line]) -> Iterator[Row | Failure]:
        first = lines[0]
        data = b"\n".join(line.data for line in lines)
        if not data.strip():
            return
        reason = next((why for line in lines if (why := _unusable(line))), "")
        try:
            text = data.decode("utf-8-sig" if first.number == 1 else "utf-8")
            row = None if reason or not text else self._parsed(text)
        except (UnicodeDecodeError, InputError) as error:
            reason = _reason(error)
        if reason:
            yield _failed(self._name, first.number, reason, data)
        elif row is not None:
            yield Row(data, row, f"{self._name}:{first.number}")

    def _parsed(self, text: str) -> dict[str, Value] | None:
        """The cells by name or number, empty ones left out; None for the header itself."""
        if not self._header:
            self._mark = _separator(text.split("\n", 1)[0])
        try:
            cells = next(csv.reader(chain(text.splitlines(keepends=True)), delimiter=self._mark, strict=True))
        except csv.Error as error:
            raise InputError(f"broken CSV: {error}") from error
        if not self._header:
            self._header = _names(cells)
            if not _is_row(cells):
                return None
        if len(cells) > len(self._header):
            raise InputError(f"{len(cells)} cells under {len(self._header)} names")
        return {key: cell for key, cell in zip(self._header, cells, strict=False) if cell}
