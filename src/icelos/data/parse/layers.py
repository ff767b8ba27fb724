"""Tar archives read as streams, hostile ones too: nothing is extracted, only wanted files are kept.

Bounds: entries, bytes out, bytes of a kept file, size of extended headers. Names are cleaned as text:
a name with ".." is outside of the tree and passed over; links are never followed.
"""

from __future__ import annotations

import io
import tarfile
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, NamedTuple, Self, cast

import msgspec

from icelos.data.parse.listed import Listed
from icelos.data.parse.looking import HEAD, packages_in
from icelos.data.reading import stream_errors
from icelos.errors import InputError

MAX_ENTRIES = 4_000_000
MAX_KEPT = 64 * 1024 * 1024
MAX_DATABASE = 256 * 1024 * 1024
"""rpm's database holds every changelog: hundreds of packages are more than other kept files may be."""
MAX_ALL_KEPT = 512 * 1024 * 1024
MAX_HEADER = 1024 * 1024
BYTES_FREE, BYTES_CAP, GROWTH = 2**30, 32 * 2**30, 200
"""An archive may grow to 1 GiB, or 200 times its size on disk up to 32 GiB; four times its size always."""

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
"""https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts"""


class Budget:
    """Entries and bytes that one target may still cost, over all its nested streams."""

    def __init__(self, size: int) -> None:
        self._entries = MAX_ENTRIES
        self._bytes = max(BYTES_FREE, 4 * size, min(BYTES_CAP, GROWTH * size))
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


def kept_limit(path: str) -> int:
    """Bytes that a kept file of this name may have."""
    return MAX_DATABASE if path.endswith("/rpmdb.sqlite") else MAX_KEPT


def read_kept(member: Member) -> bytes:
    """The content of a regular file. Raises InputError where it is none, or over its `kept_limit`."""
    if not member.info.isreg():
        raise InputError(f"{member.info.name} is not a regular file")
    limit = kept_limit(member.info.name)
    if member.info.size > limit:
        raise InputError(f"{member.info.name} is larger than {limit >> 20} MiB")
    data = b"".join(pieces(member))
    if len(data) < member.info.size:
        raise InputError(f"{member.info.name} is cut short")
    return data


class Layer(msgspec.Struct):
    """What one layer does to the wanted files: those it hides in the layers below, and those it brings.

    `listed` are the packages in files that were looked into and not kept. `problems` are wanted files that
    could not be read; `outside` are names that lead out of the tree.
    """

    hidden: list[str] = []
    files: dict[str, bytes] = {}
    listed: dict[str, tuple[Listed | InputError, ...]] = {}
    problems: list[str] = []
    outside: list[str] = []
    entries: int = 0


class Wanted:
    """Paths to keep: exact ones, every file right below some folders, what matches, and marks, whose content
    is not kept. `inspects` says whether other files are looked into (`packages_in`).
    """

    def __init__(
        self,
        files: frozenset[str],
        folders: frozenset[str],
        marks: frozenset[str],
        matches: Callable[[str], bool] | None = None,
        *,
        inspects: bool = False,
    ) -> None:
        self._marks = marks
        self._matches = matches
        self.inspects = inspects
        self._files = files | marks
        self._folders = folders
        self._above = {
            "/".join(path.split("/")[:end])
            for path in self._files | folders
            for end in range(path.count("/") + 2)
        }

    def file(self, path: str) -> bool:
        """Whether to keep this file."""
        if path in self._files or path.rpartition("/")[0] in self._folders:
            return True
        return (self._matches is not None and self._matches(path)) or self.mark(path)

    def mark(self, path: str) -> bool:
        """Whether only the name of this file is kept."""
        return path in self._marks

    def concerns(self, path: str) -> bool:
        """Whether hiding this path may hide a wanted file."""
        return self._matches is not None or path in self._above or self.file(path)

    def replaced(self, path: str, *, link: bool) -> bool:
        """Whether a file or link at this path may hide a wanted file that was below it.

        A file where an installed package's folder was is as good as unheard of; a link is not. Any file may
        be where one was that had been looked into.
        """
        return self.inspects or path in self._above or self.file(path) or (link and self._matches is not None)


def read_layer(stream: IO[bytes], wanted: Wanted, budget: Budget) -> Layer:
    """One layer's tar stream. Raises InputError for a broken or hostile archive."""
    layer = Layer()
    for member in members(stream, budget):
        layer.entries += 1
        if member.path is None:
            layer.outside.append(member.info.name[:200])
        else:
            take(layer, member, member.path, wanted, budget)
    return layer


def take(layer: Layer, member: Member, path: str, wanted: Wanted, budget: Budget) -> None:
    """Note what one entry does to the wanted files."""
    folder, _, name = path.rpartition("/")
    if name == OPAQUE:
        if wanted.concerns(folder):
            layer.hidden.append(f"{folder}/")
    elif name.startswith(WHITEOUT):
        target = f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/")
        if wanted.concerns(target):
            layer.hidden.append(target)
    elif wanted.file(path):
        layer.hidden.append(path)
        layer.files.pop(path, None)
        layer.listed.pop(path, None)
        if wanted.mark(path):
            layer.files[path] = b""
        elif not member.info.isdir():
            _keep(layer, member, path, budget)
    elif not member.info.isdir() and wanted.replaced(path, link=member.info.issym()):
        layer.hidden.append(path)  # a file or link where a folder was hides what was in it
        layer.listed.pop(path, None)
        if wanted.inspects and member.info.isreg() and member.info.size >= HEAD:
            _inspect(layer, member, path)


def _inspect(layer: Layer, member: Member, path: str) -> None:
    try:
        content = pieces(member, first=HEAD)
        found = packages_in(path, member.info.size, next(content, b""), content)
    except InputError as error:
        layer.problems.append(f"{path}: {error.message}")
        return
    if found:
        layer.listed[path] = found


def _keep(layer: Layer, member: Member, path: str, budget: Budget) -> None:
    try:
        if member.info.isreg():
            budget.keep(member.info.size)
        layer.files[path] = read_kept(member)
    except InputError as error:
        if not member.info.issym():  # a link to another wanted path, such as os-release, needs no word
            layer.problems.append(error.message)
        elif "db/installed" in path or "dpkg" in path:
            layer.problems.append(
                f"{path} is a link to {member.info.linkname[:200]!r}; links are not followed"
            )


class Kept(msgspec.Struct, frozen=True):
    """One wanted file of the whole image and the layer that brought it.

    `listed` are the packages in it, where it was looked into and its data is not kept.
    """

    data: bytes
    layer: str
    listed: tuple[Listed | InputError, ...] = ()


def merged(layers: list[tuple[str, Layer]]) -> dict[str, Kept]:
    """The wanted files after all layers, bottom first, with whiteouts applied."""
    found: dict[str, Kept] = {}
    for name, layer in layers:
        ordered = sorted(found)
        for hidden in dict.fromkeys(layer.hidden):
            below = hidden if hidden.endswith("/") else f"{hidden}/"
            if below == "/":
                found.clear()
            elif not hidden.endswith("/"):
                found.pop(hidden, None)
            place = bisect_left(ordered, below)
            while place < len(ordered) and ordered[place].startswith(below):
                found.pop(ordered[place], None)
                place += 1
        found.update({path: Kept(data, name) for path, data in layer.files.items()})
        found.update({path: Kept(b"", name, listed) for path, listed in layer.listed.items()})
    return found
