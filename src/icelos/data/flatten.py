"""The layers of an image as one folder on disk: what a container of it would see, regular files only.

Layers are laid down from the top: the first to name a path wins, so that every file is written once. Links
are recorded, not made; devices, pipes and sockets are passed over; modes and owners are not kept. Nothing is
written outside of the folder: names are cleaned as text, and no link is ever on the way.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO

from icelos.data.parse.layers import (
    OPAQUE,
    WHITEOUT,
    Budget,
    Member,
    clean_path,
    members,
    pieces,
    plain_stream,
)
from icelos.errors import InputError

MAX_ENTRIES = 1_000_000
MAX_FILE = 4 * 2**30
MAX_TREE = 32 * 2**30
MAX_PROBLEMS = 200
SPARE = 2**30
"""Bytes that stay free on the disk."""

Layers = Iterable[tuple[str, Callable[[], AbstractContextManager[IO[bytes]]]]]
"""Name and opener of each layer's stream, packed or not."""


class Flattener:
    """Lays layers into the folder `root`, which must be empty."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.links: dict[str, str] = {}
        self.problems: list[str] = []
        self._room = min(MAX_TREE, max(0, shutil.disk_usage(root).free - SPARE))
        self._entries = 0
        self._left_out = 0
        self._hard: list[tuple[str, str]] = []
        # Of the layers above: every path they name, and those below which nothing of a lower layer shows.
        self._taken: set[str] = set()
        self._closed: set[str] = set()
        self._own_taken: set[str] = set()
        self._own_closed: set[str] = set()

    def lay(self, layers: Layers, budget: Budget) -> None:
        """Lay all layers, the uppermost first. A broken one is a problem, and the rest goes on.

        Raises InputError for an archive of more entries or bytes than the bounds allow.
        """
        for name, opened in layers:
            try:
                with opened() as stream:
                    self._layer(stream, budget)
            except _TooMuchError:
                raise
            except InputError as error:
                self._problem(f"layer {name[:200]}: {error.message}")
            self._taken |= self._own_taken
            self._closed |= self._own_closed
            self._own_taken, self._own_closed = set(), set()
        for path, target in self._hard:
            self._link_hard(path, target)
        if self._left_out:
            self.problems.append(f"{self._left_out} more of these")

    def _layer(self, stream: IO[bytes], budget: Budget) -> None:
        for member in members(plain_stream(stream, budget), budget):
            self._entries += 1
            if self._entries > MAX_ENTRIES:
                raise _TooMuchError(f"image has more than {MAX_ENTRIES:,} entries")
            path = member.path
            if path is None or not _is_text(path):
                self._problem(f"{member.info.name[:200]!r} leads outside of the tree or is no text")
            elif path:
                self._entry(member, path)

    def _entry(self, member: Member, path: str) -> None:
        folder, _, name = path.rpartition("/")
        if name == OPAQUE:
            self._own_closed.add(folder)
        elif name.startswith(WHITEOUT):
            hidden = f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/")
            self._own_taken.add(hidden)
            self._own_closed.add(hidden)
        elif not self._is_hidden(path):
            self._place(member, path)

    def _is_hidden(self, path: str) -> bool:
        """Whether a layer above names this path, or closes a folder that it is in."""
        if path in self._taken or "" in self._closed:
            return True
        place = path.rfind("/")
        while place > 0:
            if path[:place] in self._closed:
                return True
            place = path.rfind("/", 0, place)
        return False

    def _place(self, member: Member, path: str) -> None:
        if member.info.isdir():
            self._note_folders(f"{path}/")
            return
        self._note_folders(path)
        self._remove(path)
        self._own_taken.add(path)
        self._own_closed.add(path)
        if member.info.issym():
            self.links[path] = member.info.linkname
        elif member.info.islnk():
            self._hard_link(path, clean_path(member.info.linkname))
        elif member.info.isreg():
            self._write(member, path)

    def _note_folders(self, path: str) -> None:
        place = path.rfind("/")
        while place > 0 and path[:place] not in self._own_taken:
            self._own_taken.add(path[:place])
            place = path.rfind("/", 0, place)

    def _remove(self, path: str) -> None:
        """What the same layer has put there before: the last entry of a name is the one that counts."""
        if path in self._own_taken:
            self.links.pop(path, None)
            with suppress(OSError):
                (self.root / path).unlink()

    def _write(self, member: Member, path: str) -> None:
        size = member.info.size
        if size > MAX_FILE:
            self._problem(f"{path[:200]}: larger than {MAX_FILE >> 30} GiB")
            return
        self._room -= size
        if self._room < 0:
            raise _TooMuchError("image is larger than the work folder has room for")
        place = self.root / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(place, flags, 0o600), "wb") as file:
                file.writelines(pieces(member))
        except OSError as error:
            self._problem(f"{path[:200]}: cannot be written: {error.strerror or error}")

    def _hard_link(self, path: str, target: str | None) -> None:
        if target is None or not _is_text(target):
            self._problem(f"{path[:200]}: a hard link that leads outside of the tree")
        elif target in self._own_taken:
            self._link_hard(path, target)
        elif self._is_hidden(target):
            self._problem(f"{path[:200]}: a hard link to {target[:200]}, which an upper layer replaced")
        else:
            self._hard.append((path, target))

    def _link_hard(self, path: str, target: str) -> None:
        if target in self.links:
            self.links[path] = f"/{target}"
            return
        try:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(self.root / target, self.root / path, follow_symlinks=False)
        except OSError as error:
            self._problem(f"{path[:200]}: a hard link to {target[:200]}: {error.strerror or error}")

    def _problem(self, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(text)
        else:
            self._left_out += 1


class _TooMuchError(InputError):
    """A bound of the whole tree, where going on with the next layer would not help."""


def _is_text(path: str) -> bool:
    """Whether a name is Unicode: others cannot be written into the index."""
    return "\0" not in path and not any("\ud800" <= character <= "\udfff" for character in path)
