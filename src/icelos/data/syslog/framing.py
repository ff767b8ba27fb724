"""Messages out of a TCP stream, by RFC 6587: octet counting ("26 <13>…"), or a line each, decided by frame.

A frame that begins with a number and a blank is counted where "<" follows, as messages begin, or where the
connection has counted before; so a line that happens to begin with a number is a line.
"""

from __future__ import annotations

import re

import msgspec

_COUNT = re.compile(rb"([1-9]\d{0,8}) ")
_MAY_BE_COUNT = re.compile(rb"[1-9]\d{0,8} ?\Z")
SHOWN = 4096
"""Bytes that are kept of a message that is too long."""


class Frame(msgspec.Struct, frozen=True):
    """One message, or with `error` what came in its place."""

    data: bytes
    error: str = ""


class Decoder:
    """The frames of one connection. Memory: a message at most, and what is fed at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._counts = False
        self._passing = 0
        self._skipping = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete."""
        data = self._rest + data if self._rest else data
        frames: list[Frame] = []
        place = 0
        while place < len(data):
            after = self._next(data, place, frames)
            if after == place:
                break
            place = after
        self._rest = data[place:]
        return frames

    def end(self) -> list[Frame]:
        """What the connection left behind: a last line needs no ending, a counted message must be whole."""
        rest, self._rest = self._rest, b""
        if self._passing or self._skipping or not rest.strip(b"\r\n\0 "):
            return []
        counted = _COUNT.match(rest)
        if counted and self._is_counted(rest, counted.end()):
            return [Frame(rest[counted.end() :][:SHOWN], "the connection ended within the message")]
        return [Frame(rest.rstrip(b"\r\n\0"))]

    def _next(self, data: bytes, place: int, frames: list[Frame]) -> int:
        """Behind the next frame, or where it stood if more has to come."""
        if self._passing:
            step = min(self._passing, len(data) - place)
            self._passing -= step
            return place + step
        if self._skipping:
            end = data.find(b"\n", place)
            self._skipping = end < 0
            return len(data) if end < 0 else end + 1
        counted = _COUNT.match(data, place)
        if counted and counted.end() == len(data) and not self._counts:
            return place  # what follows tells
        if counted and self._is_counted(data, counted.end()):
            return self._counted(data, counted, frames)
        if not counted and _MAY_BE_COUNT.match(data, place):
            return place
        return self._line(data, place, frames)

    def _is_counted(self, data: bytes, place: int) -> bool:
        return self._counts or data[place : place + 1] == b"<"

    def _counted(self, data: bytes, found: re.Match[bytes], frames: list[Frame]) -> int:
        self._counts = True
        count, begin = int(found[1]), found.end()
        if count > self._limit:
            if len(data) - begin < min(count, SHOWN):
                return found.start()
            frames.append(Frame(data[begin : begin + min(count, SHOWN)], _too_long(self._limit)))
            self._passing = count
            return begin
        if len(data) - begin < count:
            return found.start()
        message = data[begin : begin + count].rstrip(b"\r\n\0")
        if message:
            frames.append(Frame(message))
        return begin + count

    def _line(self, data: bytes, place: int, frames: list[Frame]) -> int:
        end = data.find(b"\n", place)
        if (len(data) if end < 0 else end) - place > self._limit:
            shown = data[place : place + min(SHOWN, self._limit)]
            frames.append(Frame(shown, _too_long(self._limit)))
            self._skipping = end < 0
            return len(data) if end < 0 else end + 1
        if end < 0:
            return place
        line = data[place:end].rstrip(b"\r\0")
        if line:
            frames.append(Frame(line))
        return end + 1


def _too_long(limit: int) -> str:
    return f"message is longer than {limit} bytes"
