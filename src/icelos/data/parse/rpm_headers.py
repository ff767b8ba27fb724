"""Headers of rpm packages, as rpm's database keeps them: tags and typed values in one blob.

A header is the number of entries, the size of its data (big-endian, 4 bytes each), the entries (tag, type,
offset into the data, count) and the data.
https://rpm-software-management.github.io/rpm/manual/format_header.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Set

from icelos.errors import InputError

NAME, VERSION, RELEASE, EPOCH, ARCHITECTURE, SOURCE_RPM = 1000, 1001, 1002, 1003, 1022, 1044
DIRECTORY_INDEXES, BASE_NAMES, DIRECTORY_NAMES = 1116, 1117, 1118
_INT32, _STRING, _STRING_ARRAY, _I18N_STRING = 4, 6, 8, 9
MAX_ENTRIES = 65_536
"""rpm itself takes at most 64 Ki entries for a header, and 256 MiB of data."""
MAX_FILES = 1_000_000
MAX_STRING = 4096

Entries = Mapping[int, tuple[int, int, int]]


class Header:
    """The entries of one header; values are read when asked for."""

    def __init__(self, blob: bytes) -> None:
        """Raises InputError where it is none."""
        if len(blob) < 8:
            raise InputError("a header of rpm is cut short")
        number, size = struct.unpack_from(">II", blob)
        start = 8 + 16 * number
        if number > MAX_ENTRIES or start + size > len(blob):
            raise InputError("a header of rpm does not fit its own sizes")
        self._data = blob[start : start + size]
        self._entries: dict[int, tuple[int, int, int]] = {}
        for tag, kind, offset, count in struct.iter_unpack(">IIiI", blob[8:start]):
            if 0 <= offset < size:  # the tags that mark regions have offsets of their own kind
                self._entries.setdefault(tag, (kind, offset, count))

    def text(self, tag: int) -> str:
        """A string; "" where there is none. Raises InputError for another type."""
        if tag not in self._entries:
            return ""
        kind, offset, _ = self._entries[tag]
        if kind not in {_STRING, _I18N_STRING}:
            raise InputError(f"tag {tag} of a header of rpm is no string")
        end = self._data.find(b"\0", offset, offset + MAX_STRING)
        if end < 0:
            raise InputError(f"tag {tag} of a header of rpm has no end")
        return self._data[offset:end].decode("utf-8", "replace")

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Numbers of 32 bits; none where the tag is absent. Raises InputError."""
        if tag not in self._entries:
            return ()
        kind, offset, count = self._entries[tag]
        if kind != _INT32 or count > MAX_FILES or offset + 4 * count > len(self._data):
            raise InputError(f"tag {tag} of a header of rpm is no list of numbers")
        return struct.unpack_from(f">{count}I", self._data, offset)

    def texts(self, tag: int) -> list[str]:
        """Strings; none where the tag is absent. Raises InputError."""
        if tag not in self._entries:
            return []
        kind, offset, count = self._entries[tag]
        if kind != _STRING_ARRAY or count > MAX_FILES:
            raise InputError(f"tag {tag} of a header of rpm is no list of strings")
        parts = self._data[offset:].split(b"\0", count)
        if len(parts) <= count:
            raise InputError(f"tag {tag} of a header of rpm is cut short")
        return [part.decode("utf-8", "replace") for part in parts[:count]]

    def owned(self, paths: Set[str]) -> Iterator[str]:
        """Those of `paths`, written without a leading slash, that are files of this package."""
        folders = [folder.strip("/") for folder in self.texts(DIRECTORY_NAMES)]
        for folder, name in zip(self.numbers(DIRECTORY_INDEXES), self.texts(BASE_NAMES), strict=False):
            if folder < len(folders):
                path = f"{folders[folder]}/{name}".lstrip("/")
                if path in paths:
                    yield path
