"""Ids for rows that say one themselves."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Mapping
from operator import attrgetter

import msgspec

from icelos.data.file_source import ANEW
from icelos.errors import InputError
from icelos.records import record_id

_WORDS = struct.Struct("<4I").unpack
ROW_ID_FIELDS = ("id", "Id", "eventID", "EventID_GUID", "uuid")
row_names = msgspec.json.Decoder(
    msgspec.defstruct("RowNames", [(name, object, None) for name in ROW_ID_FIELDS], gc=False)
).decode
"""A row as what it says that its id is. The rest of the row is checked, and not made into objects."""


class RowIds:
    """Ids for the rows of one file or table that say one themselves.

    A row's own id alone will not do: a field of that name may say the same in every row, and whoever can
    write to a log could give a row the id of another one, to hide it. The row's whole text, its id included,
    is the id of one event, in whatever file that stands. Where the same text comes again within a file, it
    tells no rows apart: the row then goes by its place, as one without an id.

    What has come is kept in a Bloom filter, for its bounded memory. A row that it takes for one that has come
    (1 of 200 among ten million) goes by its place, too.
    """

    SIZE = 1 << 24

    def __init__(self, packed: bytes = b"") -> None:
        """`packed` are those of an earlier run. Raises InputError where they are none."""
        self._bits: mmap.mmap | None = None
        if packed:
            import zstandard

            try:
                bits = zstandard.ZstdDecompressor().decompress(packed, max_output_size=self.SIZE)
            except zstandard.ZstdError as error:
                raise InputError(f"ids of an earlier run cannot be read: {error}", hint=ANEW) from error
            self._bits = mmap.mmap(-1, self.SIZE)
            self._bits[: len(bits)] = bits

    def packed(self) -> bytes:
        """What has come so far, to go on with; nothing where no row had an id."""
        if self._bits is None:
            return b""
        import zstandard

        return zstandard.ZstdCompressor(level=1).compress(memoryview(self._bits))

    def of(self, fields: Mapping[str, object], text: str) -> str:
        """The row's id, "" where it must go by its place."""
        return self.of_text(text) if names_itself(map(fields.get, ROW_ID_FIELDS)) else ""

    def of_text(self, text: str) -> str:
        """The same for a row that is known to say one."""
        identity = record_id("row", text)
        return "" if self._came(bytes.fromhex(identity)) else identity

    def _came(self, digest: bytes) -> bool:
        """Whether it has come before; from now on it has."""
        bits = self._bits
        if bits is None:
            bits = self._bits = mmap.mmap(-1, self.SIZE)  # pages that are not touched cost nothing
        came = True
        for word in _WORDS(digest):
            place, bit = (word >> 3) % self.SIZE, 1 << (word & 7)
            byte = bits[place]
            if not byte & bit:
                came = False
                bits[place] = byte | bit
        return came


names_of = attrgetter(*ROW_ID_FIELDS)


def names_itself(values: Iterable[object]) -> bool:
    """Whether a row says what its id is, by the values of `ROW_ID_FIELDS`."""
    return any(isinstance(value, str) and len(value) >= 8 for value in values)
