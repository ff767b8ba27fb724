"""Layers of an image as they stream by: wanted files are kept, others are looked into or passed over."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import IO

import msgspec

from icelos.data.parse.listed import Listed
from icelos.data.parse.looking import HEAD, packages_in
from icelos.data.parse.tar_streams import Budget, Member, members, pieces
from icelos.errors import InputError

MAX_KEPT = 64 * 1024 * 1024
MAX_DATABASE = 256 * 1024 * 1024
"""rpm's database holds every changelog: hundreds of packages are more than other kept files may be."""
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
"""https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts"""


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
