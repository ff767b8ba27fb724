"""Tar archives read as streams, hostile ones too: nothing is extracted, and every byte is paid for.

Bounds: entries, bytes out, size of extended headers. Names are cleaned as text: a name with ".." is outside
of the tree; links are never followed.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, NamedTuple, Self, cast

from icelos.data.reading import stream_errors
from icelos.errors import InputError

MAX_ENTRIES = 4_000_000
MAX_ALL_KEPT = 512 * 1024 * 1024
MAX_HEADER = 1024 * 1024
BYTES_FREE, BYTES_CAP, GROWTH = 2**30, 32 * 2**30, 200
"""An archive may grow to 1 GiB, or 200 times its size on disk up to 32 GiB; four times its size always."""


class Budget:
    """Entries and bytes that one target may still cost, over all its nested streams."""

    def __init__(self, size: int, *, cap: int = BYTES_CAP) -> None:
        self._entries = MAX_ENTRIES
        self._bytes = max(BYTES_FREE, 4 * size, min(cap, GROWTH * size))
        self._kept = MAX_ALL_KEPT

    def entry(self) -> None:
        """Pay for one entry. Raises InputError."""
        self._entries -= 1
        if self._entries < 0:
            raise InputError(f"archive has more than {MAX_ENTRIES:,} entries")

    def pay(self, size: int) -> None:
        """Pay for bytes that came out of a decompressor. Raises InputError."""
        self._bytes -= size
        if self._bytes < 0:
            raise InputError("archive decompresses to far more than its size: taken for a bomb")

    def keep(self, size: int) -> None:
        """Pay for bytes that stay in memory. Raises InputError."""
        if size > self._kept:
            raise InputError(f"package files of more than {MAX_ALL_KEPT >> 20} MiB")
        self._kept -= size


class _Metered(io.RawIOBase):
    """A stream whose every byte is paid for."""

    def __init__(self, inner: IO[bytes], budget: Budget) -> None:
        self._inner = inner
        self._budget = budget

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size if size >= 0 else 1 << 20)
        self._budget.pay(len(data))
        return data


class _Entry(tarfile.TarInfo):
    """Refuses extended headers that would be read into memory whole, and broken headers.

    Left to itself, `tarfile` takes a broken header for the end, and what follows would be passed over.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise InputError(f"broken archive: {error}") from error

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _HEADER_TYPES and self.size > MAX_HEADER:
            raise InputError("archive has an extended header over 1 MiB")
        found: _Entry = super()._proc_member(archive)  # type: ignore[misc]
        return found


_HEADER_TYPES = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME}
    | {tarfile.GNUTYPE_LONGLINK}
)


def plain_stream(stream: IO[bytes], budget: Budget) -> IO[bytes]:
    """The stream with gzip or zstd undone, by content, every byte metered."""
    buffered = stream if hasattr(stream, "peek") else io.BufferedReader(cast("io.RawIOBase", stream))
    magic = cast("io.BufferedReader", buffered).peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        import gzip

        return cast("IO[bytes]", _Metered(cast("IO[bytes]", gzip.GzipFile(fileobj=buffered)), budget))
    if magic == b"\x28\xb5\x2f\xfd":
        import zstandard

        engine = zstandard.ZstdDecompressor(max_window_size=2**27)
        return cast("IO[bytes]", _Metered(engine.stream_reader(buffered, read_across_frames=True), budget))
    return cast("IO[bytes]", _Metered(buffered, budget))


def _archive_errors() -> tuple[type[Exception], ...]:
    return (tarfile.TarError, RecursionError, *stream_errors())


class Member(NamedTuple):
    """One entry: its clean path (None where it leads outside), its header, and how to read it."""

    path: str | None
    info: tarfile.TarInfo
    open: Callable[[], IO[bytes] | None]


def members(stream: IO[bytes], budget: Budget) -> Iterator[Member]:
    """The entries of a plain tar stream, in order; each must be read before the next is asked for.

    Raises InputError for a broken or hostile archive.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 18, tarinfo=_Entry) as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it keeps every header otherwise
                budget.entry()
                yield Member(clean_path(info.name), info, partial(archive.extractfile, info))
    except InputError:
        raise
    except _archive_errors() as error:
        raise InputError(f"broken archive: {error}") from error


def clean_path(name: str) -> str | None:
    """A name without leading slashes and "." parts; None where ".." or a zero byte is in it."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    return None if ".." in parts or "\0" in name else "/".join(parts)


def pieces(member: Member, first: int = 1 << 20) -> Iterator[bytes]:
    """The content of an entry: `first` bytes, then 1 MiB at a time. Raises InputError where it breaks off."""
    try:
        content = member.open()
        size = first
        while content is not None and (piece := content.read(size)):
            yield piece
            size = 1 << 20
    except InputError:
        raise
    except _archive_errors() as error:
        raise InputError(f"broken archive: {error}") from error
