"""An image archive whose parts can be read in any order: places of its blobs in the plain tar."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from icelos.data.parse.images import MAX_JSON, MAX_JSON_FILES, is_blob, link_target
from icelos.data.parse.tar_streams import Budget, members, plain_stream
from icelos.errors import InputError


class ImageArchive:
    """A tar file, unpacked to `scratch` where it is gzip or zstd. Close it after use."""

    def __init__(self, path: Path, scratch: Path, budget: Budget) -> None:
        """Raises InputError for a broken or hostile archive."""
        self._file = _plain(path, scratch, budget)
        self._places: dict[str, tuple[int, int]] = {}
        self._documents: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        try:
            self._index(budget)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def document(self, path: str) -> bytes | None:
        """A small JSON document of the archive."""
        return self._documents.get(path)

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """One blob. Raises InputError where it is not there."""
        for _ in range(4):
            path = self._links.get(path, path)
        if path not in self._places:
            raise InputError("is not in the archive")
        yield cast("IO[bytes]", io.BufferedReader(_Section(self._file, *self._places[path])))

    @contextmanager
    def whole(self) -> Iterator[IO[bytes]]:
        """The tar itself, for one that is a root file system."""
        self._file.seek(0)
        yield self._file

    def _index(self, budget: Budget) -> None:
        for member in members(self._file, budget):
            path, info = member.path, member.info
            if path is None:
                continue
            if info.issym() or info.islnk():
                folder = path.rpartition("/")[0] if info.issym() else ""
                self._links[path] = link_target(folder, info.linkname)
            elif info.isreg() and is_blob(path):
                self._places[path] = (info.offset_data, info.size)
                if info.size <= MAX_JSON and len(self._documents) < MAX_JSON_FILES:
                    self._keep(path, member.open())

    def _keep(self, path: str, content: IO[bytes] | None) -> None:
        data = content.read(MAX_JSON) if content is not None else b""
        if data[:1] in {b"{", b"["}:
            self._documents[path] = data


def _plain(path: Path, scratch: Path, budget: Budget) -> IO[bytes]:
    """The tar as a file that can be sought in."""
    raw = path.open("rb")
    if raw.peek(4)[:2] != b"\x1f\x8b" and raw.peek(4)[:4] != b"\x28\xb5\x2f\xfd":
        return raw
    with raw, scratch.open("xb") as file:
        shutil.copyfileobj(plain_stream(raw, budget), file, 1 << 20)
    return scratch.open("rb")


class _Section(io.RawIOBase):
    """Bytes of a file from one place on, at most `size` of them."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._place, self._end = file, start, start + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        self._file.seek(self._place)
        data = self._file.read(min(len(view), self._end - self._place))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)
