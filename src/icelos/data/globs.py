"""Names with wildcards: those of files, and those of objects in a store.

`*` and `?` stand for characters within one name, `[ab]` for one of them, `**` for any folders. As in a
shell, what begins with a dot is meant only by a pattern that does, and links to folders are not followed
where `**` would have to.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from icelos.errors import InputError

States = frozenset[int]
"""How far into a pattern the parts of a name have come, in every way that they can be read."""
_WILD = re.compile(r"[*?\[]")


def has_wildcards(name: str) -> bool:
    """Whether a name is a pattern."""
    return _WILD.search(name) is not None


def split_pattern(name: str) -> tuple[str, str]:
    """The folder that a pattern starts in ("" is where one stands), and the pattern below it."""
    match = _WILD.search(name)
    if match is None:
        return name, ""
    folder, slash, _ = name[: match.start()].rpartition("/")
    return (folder + slash).rstrip("/") or slash, name[len(folder + slash) :]


class Pattern:
    """A pattern of names relative to a folder. Raises InputError for one that leads out of it."""

    def __init__(self, pattern: str) -> None:
        names = [part for part in pattern.split("/") if part not in ("", ".")]
        self.folders_only = pattern.endswith("/") or names[-1:] == ["**"]
        if ".." in names:
            raise InputError("'..' behind a wildcard", source=pattern, hint="write the folders out")
        self._parts = [None if name == "**" else _Part(name) for name in names]

    def start(self) -> States:
        """Where the names of the folder itself are looked at."""
        return self._closed({0})

    def step(self, states: States, name: str, *, through: bool = True) -> States:
        """Into one of them; none where nothing below it is meant. Without `through`, not by a `**`."""
        after = set()
        for state in states:
            if state == len(self._parts):
                continue
            part = self._parts[state]
            if part is None:
                if through and not name.startswith("."):
                    after.add(state)
            elif part.matches(name):
                after.add(state + 1)
        return self._closed(after)

    def accepts(self, states: States) -> bool:
        """Whether the name that led here is meant."""
        return len(self._parts) in states

    def follow(self, states: States, parts: Sequence[str], *, is_folder: bool) -> States:
        """By names below a folder to a name that is meant or, for a folder, may hold such; else none.

        Everything in a folder that is meant is meant as well.
        """
        for part in parts:
            if self.accepts(states):
                return states
            states = self.step(states, part)
        if is_folder:
            return states
        return states if self.accepts(states) and not self.folders_only else frozenset()

    def _closed(self, states: set[int]) -> States:
        """With what a `**` that stands for nothing leads to."""
        found = set(states)
        for state in sorted(states):
            while state < len(self._parts) and self._parts[state] is None:
                state += 1
                found.add(state)
        return frozenset(found)


class _Part:
    """The pattern of one name."""

    def __init__(self, pattern: str) -> None:
        self._hidden = pattern.startswith(".")
        self._matches = re.compile(fnmatch.translate(pattern)).match

    def matches(self, name: str) -> bool:
        return (self._hidden or not name.startswith(".")) and self._matches(name) is not None


def expand(location: str) -> list[Path]:
    """The files and folders that a location means, in a stable order; each once, a folder for all in it.

    A location that is there is meant as it stands, whatever is in its name. Raises InputError where nothing
    matches, and where a folder cannot be listed.
    """
    if "\0" in location:
        raise InputError("a name with a NUL", source=location.replace("\0", "\\0"))
    whole = Path(location)
    if not has_wildcards(location) or os.path.lexists(whole):
        if not whole.exists():
            raise InputError("no such file or folder", source=location)
        return [whole]
    base, below = split_pattern(location)
    root = Path(base)
    found = list(_walk(root, Pattern(below))) if root.is_dir() else []
    if not found:
        raise InputError("no file matches", source=location, hint="quote the pattern, and look at its folder")
    return found


def _walk(root: Path, pattern: Pattern) -> Iterator[Path]:
    waiting = [(root, pattern.start(), True)]
    while waiting:
        path, states, is_folder = waiting.pop()
        if pattern.accepts(states) and (is_folder or not pattern.folders_only):
            yield path
        elif is_folder:
            waiting.extend(_entries(path, pattern, states))


def _entries(folder: Path, pattern: Pattern, states: States) -> list[tuple[Path, States, bool]]:
    """What may match in a folder, last name first."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir()
                after = pattern.step(states, entry.name, through=not (is_folder and entry.is_symlink()))
                if after and (is_folder or entry.is_file()):
                    found.append((folder / entry.name, after, is_folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"cannot list: {error.strerror}", source=str(folder)) from error
    return sorted(found, key=lambda one: one[0].name, reverse=True)
