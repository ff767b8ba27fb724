"""What sources of files share: which ones, their names, where one stands, what a broken one becomes."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos.data.globs import expand, has_wildcards, split_pattern
from icelos.data.reading import files_below, stream_errors
from icelos.errors import IcelosError, InputError
from icelos.findings import Failure, failure
from icelos.records import Record, record_id


class Spot(msgspec.Struct, frozen=True):
    """Where a file was left: behind the line, message or row of this number, which ends at the byte `offset`
    of its content (-1: not known). `ids` are those of its rows so far, packed."""

    number: int = 0
    offset: int = -1
    ids: bytes = b""


class _Place(msgspec.Struct, frozen=True):
    """Where a source was left: `done` are the names of files that were read to their end, 8 bytes of a hash
    each; `head` is a hash of the first `sized` bytes of the file that was being read."""

    done: bytes = b""
    file: str = ""
    sized: int = 0
    head: str = ""
    spot: Spot = Spot()


_HEAD = 4096


class FileSource(ABC):
    """Shared by file sources: which files, what each is called, and what a broken one becomes."""

    def __init__(self, location: str | Path) -> None:
        self.location = None if str(location) == "-" else Path(location)
        self._pattern = ""
        if self.location is not None and is_pattern(self.location):
            folder, self._pattern = split_pattern(str(location))
            self.location = Path(folder)
        self.blocking = self.location is None
        self._begin = _Place()
        self._done: dict[bytes, None] = {}
        self._reading: tuple[Path, str] | None = None
        self._number, self._stream = 0, cast("IO[bytes] | None", None)

    def __iter__(self) -> Iterator[Record | Failure | None]:
        if self.location is None:
            yield from self._guarded(None, "stdin", Spot())
            return
        begin, self._begin = self._begin, _Place()
        self._done = dict.fromkeys(begin.done[i : i + 8] for i in range(0, len(begin.done), 8))
        if begin.file:  # before files that came meanwhile, wherever they stand
            path = self.location / begin.file if self.location.is_dir() else self.location
            yield from self._whole(path, begin.file, _checked(path, begin))
        unlisted: list[tuple[Path, OSError]] = []
        for path in self._paths(self.location, unlisted):
            name = self._name(path)
            if self._is_wanted(path) and _hashed(name) not in self._done:
                yield from self._whole(path, name, Spot())
        for path, error in unlisted:
            name = self._name(path)
            reason = f"cannot list the folder: {error.strerror}"
            yield failure(record_id=record_id(name, "folder"), job="", error=reason, source=name)

    def _paths(self, location: Path, unlisted: list[tuple[Path, OSError]]) -> Iterator[Path]:
        """The files in a stable order; folders that cannot be listed are added to `unlisted`."""
        for top in expand(str(location / self._pattern)) if self._pattern else [location]:
            yield from files_below(top, unreadable=lambda *what: unlisted.append(what))

    def _whole(self, path: Path, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        """A file from a spot on to its end."""
        self._reading = (path, name)
        yield from self._guarded(path, name, begin)
        self._done[_hashed(name)] = None
        self._reading = None

    def position(self) -> bytes | None:
        """Behind the item that came last; None for standard input."""
        if self.location is None:
            return None
        done = b"".join(self._done)
        if self._reading is None:
            return msgspec.msgpack.encode(msgspec.structs.replace(self._begin, done=done or self._begin.done))
        path, name = self._reading
        sized = min(_HEAD, path.stat().st_size) if path.exists() else 0
        return msgspec.msgpack.encode(_Place(done, name, sized, _head(path, sized), self._spot()))

    def resume(self, position: bytes) -> None:
        """Go on behind it. Files that came meanwhile are read, too. Raises InputError for what is none."""
        try:
            self._begin = msgspec.msgpack.decode(position, type=_Place)
        except msgspec.MsgspecError as error:
            raise InputError("no position of this source", source=str(self.location), hint=ANEW) from error
        self._reading = None
        self._done.clear()

    def _spot(self) -> Spot:
        """Where the file that is being read stands."""
        try:
            offset = self._stream.tell() if self._stream is not None else -1
        except (OSError, ValueError):  # a stream that does not know, or that broke and is closed
            offset = -1
        return Spot(self._number, offset)

    def _is_wanted(self, path: Path) -> bool:  # noqa: ARG002 - for those who know their folders
        """Whether a file below the folder is one of those to be read."""
        return True

    def _name(self, path: Path) -> str:
        root = self.location
        name = path.relative_to(root).as_posix() if root is not None and root.is_dir() else path.name
        return name.encode("utf-8", "replace").decode("utf-8")  # file names may be any bytes

    def _guarded(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        self._number, self._stream = begin.number, None
        try:
            yield from self._read(path, name, begin)
        except stream_errors() as error:
            reason = error if isinstance(error, IcelosError) else f"broken stream: {error}"
            yield failure(record_id=record_id(name, "stream"), job="", error=reason, source=name)
        finally:
            self._stream = None

    @abstractmethod
    def _read(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        """The records of one file (None: standard input), called `name` in their sources, from a spot on."""


def is_pattern(path: Path) -> bool:
    """Whether it names files by a pattern ("logs/**/*.jsonl.gz") and not one that is there."""
    return has_wildcards(str(path)) and not path.exists()


ANEW = "begin anew with --fresh"
"""What to do where a run cannot be gone on with."""


def _hashed(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _head(path: Path, sized: int) -> str:
    """Of the first bytes of a file: another one has others."""
    if not sized:
        return ""
    with path.open("rb") as file:
        return hashlib.blake2b(file.read(sized), digest_size=8).hexdigest()


def _checked(path: Path, begin: _Place) -> Spot:
    """Where to go on in a file, if it is still the same. Raises InputError."""
    try:
        same = _head(path, begin.sized) == begin.head
    except OSError as error:
        raise InputError(f"cannot open: {error.strerror}", source=str(path)) from error
    if not same:
        raise InputError("has changed since the run was stopped", source=str(path), hint=ANEW)
    return begin.spot
