"""Bounded reading of files that may be hostile: decompression, lines, limits.

Everything is streamed: memory does not depend on the size of the input.
"""

from __future__ import annotations

import gzip
import io
import os
import select
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from icelos.errors import IcelosError, InputError

LINE_LIMIT = 8 * 1024 * 1024
"""Bytes in one line; a longer one is a Failure and is skipped without being held in memory."""
_SHOWN = 4096
"""Bytes that are kept of a longer one."""
_BLOCK = 1 << 18


class Line(msgspec.Struct, frozen=True):
    """One line without its ending; `number` counts from 1. `overlong` lines carry their beginning only."""

    number: int
    data: bytes
    overlong: bool = False


class Lines(NamedTuple):
    """Lines that follow each other, without their endings; `number` is that of the first."""

    number: int
    data: list[bytes]


@contextmanager
def open_input(path: Path | None) -> Iterator[IO[bytes]]:
    """A binary stream of a file, or of standard input for None; gzip and zstd are undone by content.

    Raises InputError where the file cannot be opened.
    """
    if path is None:
        with _undone(sys.stdin.buffer) as stream:
            yield stream
        return
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot open: {error.strerror}", source=str(path)) from error
    with raw, _undone(raw) as stream:
        yield stream


@contextmanager
def _undone(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """The stream with gzip or zstd undone; one that cannot be peeked into is taken as it is."""
    magic = raw.peek(4)[:4] if isinstance(raw, io.BufferedReader) else b""
    if magic[:2] == b"\x1f\x8b":
        with gzip.open(raw, "rb") as inner:
            yield cast("IO[bytes]", inner)
    elif magic == b"\x28\xb5\x2f\xfd":
        from icelos.data.zstd_stream import ZstdStream

        yield io.BufferedReader(ZstdStream(raw), 1 << 16)
    else:
        yield raw


def stream_errors() -> tuple[type[Exception], ...]:
    """What an unreadable, truncated or corrupt stream raises; zstandard only where it is in use."""
    module = sys.modules.get("zstandard")
    found: list[type[Exception]] = [module.ZstdError] if module is not None else []
    return (IcelosError, OSError, EOFError, zlib.error, ValueError, *found)


def read_lines(stream: IO[bytes], *, limit: int = LINE_LIMIT, number: int = 0) -> Iterator[Line]:
    """The lines of a stream, the first of which follows that of `number`. An overlong one is passed over in
    pieces and marked."""
    while data := stream.readline(limit + 1):
        number += 1
        if len(data) > limit and not data.endswith(b"\n"):
            _skip_line(stream)
            yield Line(number, data[:_SHOWN], overlong=True)
        else:
            yield Line(number, data.rstrip(b"\r\n"))


def lines_as_they_come(stream: IO[bytes]) -> Iterator[Line | None] | None:
    """The lines of a pipe or terminal, and None every so often while there are none.

    Other streams have none of these: None for all of them.
    """
    try:
        descriptor = stream.fileno()
        waits = stream is sys.stdin.buffer and not stat.S_ISREG(os.fstat(descriptor).st_mode)
    except (OSError, ValueError, AttributeError):  # no stream of the system
        return None
    return _as_they_come(cast("io.BufferedReader", stream), descriptor) if waits else None


_PATIENCE = 0.5
"""Seconds between two looks whether anything has come."""


def _as_they_come(stream: io.BufferedReader, descriptor: int) -> Iterator[Line | None]:
    """What was peeked into before stands in the stream's buffer, and comes first."""
    number, rest, skipping = 0, bytearray(), False
    data = stream.read1(len(stream.peek(1)))
    while True:
        if not data:
            if not _is_ready(descriptor):
                yield None
                continue
            if not (data := os.read(descriptor, _BLOCK)):
                break
        *lines, last = data.split(b"\n")
        data = b""
        for line in lines:
            number += 1
            if not skipping:
                rest += line
                yield (
                    Line(number, bytes(rest).rstrip(b"\r"))
                    if len(rest) <= LINE_LIMIT
                    else _overlong(number, rest)
                )
            rest, skipping = bytearray(), False
        if not skipping:
            rest += last
        if len(rest) > LINE_LIMIT:
            yield _overlong(number + 1, rest)
            rest, skipping = bytearray(), True
    if rest:
        yield Line(number + 1, bytes(rest).rstrip(b"\r"))


def _overlong(number: int, data: bytearray) -> Line:
    return Line(number, bytes(data[:_SHOWN]), overlong=True)


def _is_ready(descriptor: int) -> bool:
    """Whether reading would not wait: there is something, or the end."""
    return bool(select.select([descriptor], [], [], _PATIENCE)[0])


def read_blocks(stream: IO[bytes], *, limit: int = LINE_LIMIT) -> Iterator[Lines | Line]:
    """The lines of `read_lines`, many at a time, which is faster; an overlong one comes by itself."""
    read = cast("io.BufferedReader", stream).read1
    number, rest, skipping = 1, b"", False
    while data := read(_BLOCK):
        if skipping:
            _, end, data = data.partition(b"\n")
            skipping = not end
        whole = rest + data
        *lines, rest = whole.split(b"\n")
        yield from _within(lines, number, limit, strip=b"\r" in whole)
        number += len(lines)
        if len(rest) > limit:
            yield Line(number, rest[: limit + 1][:_SHOWN], overlong=True)
            number, rest, skipping = number + 1, b"", True
    if rest:
        yield Lines(number, [rest.rstrip(b"\r")])


def _within(lines: list[bytes], number: int, limit: int, *, strip: bool) -> Iterator[Lines | Line]:
    """Lines that are within the limit, together, and each other one."""
    begin = 0
    if lines and max(map(len, lines)) > limit:
        for place, line in enumerate(lines):
            if len(line) > limit:
                yield from _within(lines[begin:place], number + begin, limit, strip=strip)
                yield Line(number + place, line[: limit + 1][:_SHOWN], overlong=True)
                begin = place + 1
    if lines[begin:]:
        yield Lines(
            number + begin, [line.rstrip(b"\r") for line in lines[begin:]] if strip else lines[begin:]
        )


def lines_within(stream: IO[bytes], begin: int, end: int, *, limit: int = LINE_LIMIT) -> Iterator[Line]:
    """The lines of a plain file that begin at the byte `begin` or later, and before `end`.

    So neighbouring spans have each line once. Numbers count from the first line of the span.
    """
    if begin:
        stream.seek(begin - 1)
        _skip_line(stream)
    lines = read_lines(stream, limit=limit)
    while stream.tell() < end and (line := next(lines, None)) is not None:
        yield line


def _skip_line(stream: IO[bytes]) -> None:
    while piece := stream.readline(1 << 20):
        if piece.endswith(b"\n"):
            return


Unreadable = Callable[[Path, OSError], None]


def files_below(path: Path, *, unreadable: Unreadable | None = None) -> Iterator[Path]:
    """The regular files of a folder in a stable order, links not followed; a file gives itself.

    A folder that cannot be listed is told to `unreadable`, and the rest goes on. Raises InputError where
    nothing is there, and where such a folder has nobody to be told to.
    """
    if path.is_dir():
        yield from _walk(path, unreadable)
    elif path.exists():
        yield path
    else:
        raise InputError("no such file or folder", source=str(path))


def _walk(root: Path, unreadable: Unreadable | None) -> Iterator[Path]:
    """Without recursion: folders may be nested deeper than Python's stack."""
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            if path.is_symlink() and path != root:
                continue
            if not path.is_dir():
                if path.is_file():
                    yield path
                continue
            waiting.extend(sorted(path.iterdir(), reverse=True))
        except OSError as error:
            if unreadable is None:
                raise InputError(f"cannot list: {error.strerror}", source=str(path)) from error
            unreadable(path, error)
