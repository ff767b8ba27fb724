"""The layers of an image as one folder on disk: what a container of it would see, regular files only.

Layers are laid down from the top: the first to name a path wins, so that every file is written once. Links
are recorded, not made; devices, pipes and sockets are passed over; modes and owners are not kept. Nothing is
written outside of the folder: names are cleaned as text, and no link is ever on the way.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO

from icelos.data.parse.images import link_target
from icelos.data.parse.layers import OPAQUE, WHITEOUT
from icelos.data.parse.tar_streams import Budget, Member, clean_path, members, pieces, plain_stream
from icelos.data.reading import files_below
from icelos.errors import InputError

MAX_ENTRIES = 1_000_000
MAX_FILE = 4 * 2**30
MAX_TREE = 32 * 2**30
MAX_PROBLEMS = 200
MAX_LINKS = 40
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
        self._hard: dict[str, str] = {}
        # Of the layers above: every path they name, and those below which nothing of a lower layer shows.
        self._taken: set[str] = set()
        self._closed: set[str] = set()
        self._own_taken: set[str] = set()
        self._own_closed: set[str] = set()
        self._own_links: dict[str, str] = {}
        # Folders that have entries of their own, and links where upper layers only have something below.
        self._folders: set[str] = set()
        self._replaced_links: dict[str, str] = {}

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
            self._own_taken, self._own_closed, self._own_links = set(), set(), {}
        for path, target in self._hard.items():
            if followed(path, self.links) == path:  # else what was there has been replaced by a link
                self._link_hard(path, target)
        for path, target in self._replaced_links.items():
            self._move_through(path, target)
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
            elif path and (place := followed(path, self._own_links)) is not None:
                self._entry(member, place)
            elif path:
                self._problem(f"{path[:200]}: is below a link that leads to itself")

    def _entry(self, member: Member, path: str) -> None:
        self._note_folders(path)
        folder, _, name = path.rpartition("/")
        if name == OPAQUE:
            self._own_closed.add(folder)
        elif name.startswith(WHITEOUT):
            hidden = f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/")
            self._own_taken.add(hidden)
            self._own_closed.add(hidden)
        elif not self._is_hidden(path):
            self._place(member, path)
        elif not member.info.isdir():
            self._own_closed.add(path)  # it still hides what lower layers have below it
            if member.info.issym() and self._is_only_passed(path):
                self._replaced_links.setdefault(path, member.info.linkname)

    def _is_only_passed(self, path: str) -> bool:
        """Whether layers above have nothing at this path but something below it, as after usr-merge.

        What unpacks layers from the bottom follows the link there, and so do we.
        """
        return path not in self._folders and path not in self._closed and not self._is_closed(path)

    def _is_hidden(self, path: str) -> bool:
        """Whether a layer above names this path, or closes a folder that it is in."""
        return path in self._taken or self._is_closed(path)

    def _is_closed(self, path: str) -> bool:
        if "" in self._closed:
            return True
        place = path.rfind("/")
        while place > 0:
            if path[:place] in self._closed:
                return True
            place = path.rfind("/", 0, place)
        return False

    def _place(self, member: Member, path: str) -> None:
        if member.info.isdir():
            self._folders.add(path)
            self._note_folders(f"{path}/")
            return
        self._remove(path)
        self._own_taken.add(path)
        self._own_closed.add(path)
        if member.info.issym() and not _is_text(member.info.linkname):
            self._problem(f"{path[:200]}: a link to what is no text")
        elif member.info.issym():
            self.links[path] = self._own_links[path] = member.info.linkname
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
            self._own_links.pop(path, None)
            self._hard.pop(path, None)
            place = self.root / path
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
                for link in [link for link in self.links if link.startswith(f"{path}/")]:
                    del self.links[link]
            with suppress(OSError):
                place.unlink()

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
            self._hard[path] = target

    def _link_hard(self, path: str, target: str) -> None:
        if target in self.links and not (self.root / path).is_dir():
            self.links[path] = self._own_links[path] = f"/{target}"
            return
        try:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(self.root / target, self.root / path, follow_symlinks=False)
        except OSError as error:
            self._problem(f"{path[:200]}: a hard link to {target[:200]}: {error.strerror or error}")

    def _move_through(self, path: str, target: str) -> None:
        """Put what upper layers have below a link to where it leads."""
        if path in self.links:
            return
        self.links[path] = target
        for link in [link for link in self.links if link.startswith(f"{path}/")]:
            moved = self.links.pop(link)
            new = followed(link, self.links)
            if new is not None and not (self.root / new).exists():
                self.links.setdefault(new, moved)
        if (self.root / path).is_dir():
            for file in list(files_below(self.root / path, unreadable=lambda *_: None)):
                self._move(file)
            shutil.rmtree(self.root / path, ignore_errors=True)

    def _move(self, file: Path) -> None:
        name = file.relative_to(self.root).as_posix()
        new = followed(name, self.links)
        try:
            if new is None or new in self.links:
                raise OSError("another link is there, or it leads to itself")
            (self.root / new).parent.mkdir(parents=True, exist_ok=True)
            file.replace(self.root / new)
        except OSError as error:
            self._problem(f"{name[:200]}: cannot be put where a link leads: {error.strerror or error}")

    def _problem(self, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(text)
        else:
            self._left_out += 1


class _TooMuchError(InputError):
    """A bound of the whole tree, where going on with the next layer would not help."""


def followed(path: str, links: Mapping[str, str]) -> str | None:
    """A path with the links among its folders followed, as text and inside of the tree.

    None where there are more than `MAX_LINKS` of them, as in a ring.
    """
    for _ in range(MAX_LINKS):
        place = path.find("/")
        while place > 0 and path[:place] not in links:
            place = path.find("/", place + 1)
        if place < 0:
            return path
        folder = path[:place].rpartition("/")[0]
        target = link_target(folder, links[path[:place]])
        path = f"{target}{path[place:]}".lstrip("/")
    return None


def _is_text(path: str) -> bool:
    """Whether a name is Unicode: others cannot be written into the index."""
    return "\0" not in path and not any("\ud800" <= character <= "\udfff" for character in path)
