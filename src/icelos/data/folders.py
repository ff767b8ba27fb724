"""The wanted files of a folder: a root file system or a source tree. Links are not followed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from icelos.data.parse import catalog
from icelos.data.parse.images import WANTED, Image
from icelos.data.parse.layers import Kept, kept_limit
from icelos.data.parse.limits import read_bounded
from icelos.data.parse.looking import HEAD, packages_in
from icelos.data.parse.tar_streams import MAX_ALL_KEPT
from icelos.data.reading import files_below
from icelos.errors import InputError


def read_folder(root: Path) -> Image:
    """What names packages below a folder. Raises InputError where nothing does."""
    reader = _Reader(root)
    for file in files_below(root, unreadable=reader.unreadable):
        reader.take(file)
    if not reader.files and not reader.problems:
        raise InputError(
            "no packages found in it",
            source=str(root),
            hint="give an image archive, a root file system, a source tree with lock files, or an SBOM",
        )
    return Image(root.resolve().name or str(root), "", reader.files, tuple(reader.problems))


class _Reader:
    """Files kept so far, and how many bytes more may be."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._room = MAX_ALL_KEPT
        self.files: dict[str, Kept] = {}
        self.problems: list[str] = []

    def unreadable(self, path: Path, error: OSError) -> None:
        """Note a folder that cannot be listed."""
        self.problems.append(f"{path.relative_to(self._root)}: cannot list: {error.strerror}")

    def take(self, file: Path) -> None:
        """Keep a file, look into it, or pass it over."""
        name = file.relative_to(self._root).as_posix()
        try:
            if WANTED.mark(name):
                self.files[name] = Kept(b"", "")
            elif WANTED.file(name) or catalog.locked(name) is not None:
                self._keep(file, name)
            else:
                self._inspect(file, name)
        except InputError as error:
            self.problems.append(f"{name}: {error.message}")
        except OSError as error:
            self.problems.append(f"{name}: cannot read: {error.strerror or error}")

    def _keep(self, file: Path, name: str) -> None:
        data = read_bounded(file, min(kept_limit(name), self._room))
        self._room -= len(data)
        self.files[name] = Kept(data, "")

    def _inspect(self, file: Path, name: str) -> None:
        with file.open("rb") as stream:
            head = stream.read(HEAD)
            rest = iter(partial(stream.read, 1 << 20), b"")
            found = packages_in(name, file.stat().st_size, head, rest)
        if found:
            self.files[name] = Kept(b"", "", found)
