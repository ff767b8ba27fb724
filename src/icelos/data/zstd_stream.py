"""A zstd file as a stream that says where it was cut off: the library's own reader takes that for the end."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 1024
"""Packed bytes undone at a time. A block takes at least four and gives at most 128 KiB (RFC 8878)."""
MAX_WINDOW = 2**27


class ZstdStream(io.RawIOBase):
    """The content of one frame after another. Memory: a window, and at most 32 MiB of what a piece gives."""

    def __init__(self, raw: IO[bytes]) -> None:
        import zstandard

        self._raw = raw
        self._engine = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Raises EOFError where a frame is cut off, ZstdError for what is none."""
        while not self._ready:
            if not self._packed and not self._more():
                return 0
            self._ready = memoryview(self._undone())
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _more(self) -> bool:
        self._packed = self._raw.read(PIECE)
        if not self._packed and self._frame is not None:
            raise EOFError("compressed file ended in the middle of a frame")
        return bool(self._packed)

    def _undone(self) -> bytes:
        if self._frame is None:
            self._frame = self._engine.decompressobj()
        data = self._frame.decompress(self._packed)
        self._packed = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame = None
        return data
