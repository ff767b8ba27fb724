"""A target's files for those who look into them: read-only, and with no way out of the target.

Paths are relative to the target's root and written with "/". Links are followed inside of the tree only, as
a container would: an absolute one begins at its root, and ".." ends there. A folder is read where it is; an
image is laid out once below a work folder (see `icelos.data.flatten`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from icelos.data.parse.manifests import ImageConfig
from icelos.data.patterns import compiled, matches
from icelos.data.reading import files_below
from icelos.errors import InputError

MAX_LINKS = 40
MAX_FILES = 1_000_000
MAX_READ = 64 * 1024 * 1024


class FileTree:
    """The files below `root`. `config` says how a container of it is started, where the target is an image.

    `problems` are what could not be laid out of an image.
    """

    def __init__(
        self,
        root: Path,
        *,
        links: Mapping[str, str] | None = None,
        config: ImageConfig | None = None,
        problems: tuple[str, ...] = (),
    ) -> None:
        """`links` are those of a laid-out image, whose folder holds none; None reads them from the disk."""
        self.root = root
        self.config = config or ImageConfig()
        self.problems = problems
        self._links = links

    @property
    def links(self) -> Mapping[str, str]:
        """The links of a laid-out image by their place; none where they are on the disk."""
        return self._links or {}

    def files(self, pattern: str = "**") -> Iterator[str]:
        """The regular files that match, in a stable order; links are not listed.

        A pattern without "/" matches names in every folder ("*.py"); one with "/" the whole path, in which
        "**" stands for any number of folders. Folders that cannot be listed are passed over.
        """
        parts = compiled(pattern)
        for number, file in enumerate(files_below(self.root, unreadable=lambda *_: None)):
            if number >= MAX_FILES:
                return
            path = file.relative_to(self.root).as_posix()
            if matches(parts, path):
                yield path

    def resolve(self, path: str) -> str | None:
        """The path of the file or folder that this one leads to, "" for the root; None where nothing is."""
        found: list[str] = []
        waiting = path.split("/")[::-1]
        followed = 0
        while waiting:
            part = waiting.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                found = found[:-1]
                continue
            here = "/".join([*found, part])
            target = self._link(here)
            if target is None:
                found.append(part)
                continue
            followed += 1
            if followed > MAX_LINKS or len(target) > 4096:
                return None
            if target.startswith("/"):
                found = []
            waiting.extend(target.split("/")[::-1])
        whole = "/".join(found)
        return whole if self._mode(whole) is not None else None

    def local(self, path: str) -> Path | None:
        """Where a file or folder of the tree lies on this machine's disk; None where there is none."""
        found = self.resolve(path)
        return None if found is None else self.root / found

    def exists(self, path: str) -> bool:
        """Whether the path leads to a regular file or a folder."""
        return self.resolve(path) is not None

    def size(self, path: str) -> int:
        """Bytes of a regular file. Raises InputError where there is none."""
        return self._file(path).lstat().st_size

    def read(self, path: str, limit: int = MAX_READ) -> bytes:
        """The first `limit` bytes of a regular file. Raises InputError where there is none."""
        place = self._file(path)
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                return file.read(limit)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", source=path[:200]) from error

    def _file(self, path: str) -> Path:
        found = self.resolve(path)
        if not found or not stat.S_ISREG(self._mode(found) or 0):
            raise InputError("no such file in the target", source=path[:200])
        return self.root / found

    def _link(self, path: str) -> str | None:
        """Where the link at this path points to; None where it is none."""
        if self._links is not None:
            return self._links.get(path)
        try:
            return str((self.root / path).readlink())
        except (OSError, ValueError):  # no link, nothing there, or no name at all
            return None

    def _mode(self, path: str) -> int | None:
        """The type of what is there, None for neither a regular file nor a folder."""
        try:
            mode = (self.root / path).lstat().st_mode
        except (OSError, ValueError):
            return None
        return mode if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else None
