"""Rows within one large JSON array, streamed: `[{...}, ...]` or `{"Records": [{...}, ...]}`.

So CloudTrail writes its files (one line of any length), so Graph, Okta and Office 365 answer. Memory is one
element and one piece of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from icelos.errors import InputError

WRAPPERS = ("Records", "records", "value")
"""CloudTrail; Azure's diagnostic settings; Microsoft Graph."""
_MEMBER = rb'\s*"[^"\\]{1,100}"\s*:\s*"[^"\\]{0,1000}"\s*,'
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:\{(?:%b){0,8}\s*\"(?:%b)\"\s*:\s*)?\[\s*\{"
    % (_MEMBER, "|".join(WRAPPERS).encode())
)
_RUN = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')
_OPENING = b"{["
PIECE = 1 << 18


def begins_array(head: bytes) -> bool:
    """Whether a file that begins so holds its rows in an array of objects."""
    return _HEAD.match(head) is not None


def elements(stream: IO[bytes], limit: int) -> Iterator[bytes | None]:
    """The objects of an array as they stand, None in place of one of more than `limit` bytes.

    What stands around the array is passed over. Raises InputError where the array does not end.
    """
    scanner = _Scanner(stream, limit)
    while scanner.find_array():
        while (element := scanner.element()) is not _END:
            yield element if isinstance(element, bytes) else None


_END = object()


class _Scanner:
    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._limit = stream, limit
        self._data, self._place = b"", 0

    def _more(self) -> bool:
        piece = self._stream.read(PIECE)
        self._data = self._data[self._place :] + piece
        self._place = 0
        return bool(piece)

    def find_array(self) -> bool:
        """Go to behind the next "[" that an object follows."""
        while True:
            opened = self._data.find(b"[", self._place)
            if opened >= 0:
                self._place = opened + 1
                return True
            self._place = len(self._data)
            if not self._more():
                return False

    def element(self) -> bytes | object | None:
        """The next object, None for one that is too long, `_END` at the end of the array."""
        if not self._find_start():
            return _END
        depth, at = 0, self._place
        while True:
            at = _end_of_run(self._data, at)
            if at < len(self._data) and self._data[at] != 0x22:
                depth += 1 if self._data[at] in _OPENING else -1
                at += 1
                if depth == 0:
                    element = self._data[self._place : at]
                    self._place = at
                    return element if len(element) <= self._limit else None
                continue
            if len(self._data) - self._place > self._limit:
                self._pass_over()
                return None
            at -= self._place
            if not self._more():
                raise InputError("the JSON array does not end")

    def _find_start(self) -> bool:
        while True:
            found = re.compile(rb"[{\]]").search(self._data, self._place)
            if found:
                self._place = found.start() if found[0] == b"{" else found.end()
                return found[0] == b"{"
            self._place = len(self._data)
            if not self._more():
                raise InputError("the JSON array does not end")

    def _pass_over(self) -> None:
        """Leave an element that is too long behind, without holding it."""
        depth, quoted = 0, False
        while True:
            found = (_INSIDE if quoted else _OUTSIDE).search(self._data, self._place)
            if found is None:
                self._place = len(self._data)
                if not self._more():
                    raise InputError("the JSON array does not end")
                continue
            self._place = found.end()
            sign = found[0]
            if sign == b'"':
                quoted = not quoted
            elif sign == b"\\":
                self._skip_one()
            else:
                depth += 1 if sign in (b"{", b"[") else -1
                if depth == 0:
                    return

    def _skip_one(self) -> None:
        if self._place >= len(self._data):
            self._more()
        self._place += 1


def _end_of_run(data: bytes, place: int) -> int:
    """Where the next bracket stands, or the opening quote of a string that does not end in `data`."""
    found = _RUN.match(data, place)
    return found.end() if found else place
