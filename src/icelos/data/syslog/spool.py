"""Messages on disk between their receipt and the checkpoint behind them: files of frames, oldest first.

00000001.spool   frames: length, CRC-32 of what follows, time (ms), kind, sender, message
identity         a random word, so that no two spools give a message the same place
lock             held by the one process that writes here

What `append` has written is the kernel's: it survives kill -9 of this process. It is synced to the disk once
a second, so that a power cut costs what came in the last one. A writer begins a file of its own, never going
on behind what a killed one left half written. Files are removed by `forget` alone, the newest never.
"""

from __future__ import annotations

import os
import re
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write, open_alone, sync_folder
from icelos.errors import InputError, StoreError

MESSAGE, PROBLEM = 0, 1
SYNCED_EVERY = 1.0
"""Seconds."""
SEGMENT = 1 << 26
_HEAD = struct.Struct(">II")
_BODY = struct.Struct(">QBB")
_NAME = re.compile(r"(\d{8,})\.spool")
_BLOCK = 1 << 20
MAX_FRAME = 1 << 26


class Place(msgspec.Struct, frozen=True):
    """A byte of a file. Behind a frame is where the next one begins."""

    segment: int = 0
    offset: int = 0


class Entry(msgspec.Struct, frozen=True):
    """What came, from whom, when (milliseconds since 1970); `kind` is MESSAGE or PROBLEM."""

    data: bytes
    sender: str
    time: int
    kind: int = MESSAGE


class Spool:
    """One folder, where one thread appends and one reads. `limit` is bytes, from which on it is full.

    Raises InputError where another process writes there, StoreError where the folder cannot be written.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._segment_size = max(1, min(SEGMENT, limit // 4))
        self._more = threading.Condition()
        self._synced = time.monotonic()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = open_alone(folder / "lock")
        except BlockingIOError as error:
            raise InputError("another run keeps its messages there", source=str(folder)) from error
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error
        try:
            self.identity = _identity(folder)
            self._sizes = _segments(folder)
            self._begin(max(self._sizes, default=0) + 1)
            self._remove([number for number, size in self._sizes.items() if not size])
        except OSError as error:
            self._lock.close()
            raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error

    def _begin(self, number: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._writer = os.fdopen(os.open(self._path(number), flags, 0o600), "wb", buffering=0)
        sync_folder(self.folder)
        self._current = number
        self._sizes[number] = 0

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08}.spool"

    # ---- writing

    @property
    def used(self) -> int:
        """Bytes of all that is not forgotten."""
        return sum(list(self._sizes.values()))

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be taken in."""
        return self.used >= self.limit

    def append(self, entries: Sequence[Entry]) -> None:
        """All of them or none. Raises OSError (disk full)."""
        data = memoryview(b"".join(map(_framed, entries)))
        with self._more:
            size = self._sizes[self._current]
            if size >= self._segment_size:
                os.fdatasync(self._writer.fileno())
                before = self._writer
                self._begin(self._current + 1)
                before.close()
                size = 0
            written = 0
            try:
                while written < len(data):
                    written += self._writer.write(data[written:]) or 0
            except OSError:
                os.ftruncate(self._writer.fileno(), size)
                raise
            self._sizes[self._current] = size + written
            self._more.notify_all()

    def sync(self) -> None:
        """To the disk, where the last time is `SYNCED_EVERY` ago. Raises OSError."""
        if time.monotonic() - self._synced >= SYNCED_EVERY:
            os.fdatasync(self._writer.fileno())
            self._synced = time.monotonic()

    def close(self) -> None:
        """Sync, and let another process write here."""
        with self._more:
            if self._writer.closed:
                return
            try:
                os.fdatasync(self._writer.fileno())
            finally:
                self._writer.close()
                self._lock.close()
                self._more.notify_all()

    # ---- reading

    def behind(self, place: Place) -> int:
        """Bytes behind a place."""
        sizes = sorted(self._sizes.items())
        return sum(
            size - (place.offset if number == place.segment else 0)
            for number, size in sizes
            if number >= place.segment
        )

    def wait(self, place: Place, seconds: float) -> None:
        """Until there is more behind a place, or the time is over."""
        with self._more:
            if not self.behind(place):
                self._more.wait(seconds)

    def read(self, place: Place) -> Iterator[tuple[Place, Entry | None]]:
        """The frames from a place to the end of what is written now, each with the place behind it.

        None stands for the rest of a file that cannot be read. Raises OSError.
        """
        for number in sorted(self._sizes):
            if number >= place.segment:
                yield from self._read_file(number, place.offset if number == place.segment else 0)

    def _read_file(self, number: int, offset: int) -> Iterator[tuple[Place, Entry | None]]:
        end = self._sizes[number]
        if offset >= end:
            return
        with self._path(number).open("rb") as file:
            file.seek(offset)
            data, at = b"", 0
            while offset < end:
                need = _HEAD.size
                if len(data) - at >= need:
                    need += _HEAD.unpack_from(data, at)[0]
                if len(data) - at < need:
                    left = end - offset - (len(data) - at)
                    block = file.read(min(max(_BLOCK, need), left)) if need <= MAX_FRAME else b""
                    if not block:
                        break
                    data, at = data[at:] + block, 0
                    continue
                entry = _unframed(data[at : at + need])
                if entry is None:
                    break
                at, offset = at + need, offset + need
                yield Place(number, offset), entry
        if offset < end:
            yield Place(number, end), None

    def forget(self, place: Place) -> None:
        """Remove the files that lie before a place. Raises OSError."""
        self._remove([number for number in list(self._sizes) if number < place.segment])

    def _remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number == self._current:
                continue
            self._path(number).unlink(missing_ok=True)
            with self._more:
                del self._sizes[number]


def _framed(entry: Entry) -> bytes:
    sender = entry.sender.encode()[:255]
    body = _BODY.pack(entry.time, entry.kind, len(sender)) + sender + entry.data
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _unframed(frame: bytes) -> Entry | None:
    body = frame[_HEAD.size :]
    if len(body) < _BODY.size or zlib.crc32(body) != _HEAD.unpack_from(frame)[1]:
        return None
    moment, kind, length = _BODY.unpack_from(body)
    begin = _BODY.size + length
    return Entry(body[begin:], body[_BODY.size : begin].decode("utf-8", "replace"), moment, kind)


def _segments(folder: Path) -> dict[int, int]:
    """Their sizes by number."""
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path.stat().st_size for match, path in found if match is not None}


def _identity(folder: Path) -> str:
    path = folder / "identity"
    if not path.exists():
        with atomic_write(path, mode=0o600) as file:
            file.write(secrets.token_hex(16).encode())
    return path.read_text("ascii", "replace").strip()[:64]
