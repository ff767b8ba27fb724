"""Results of earlier runs, so that a run that was ended goes on where it was: by all that they depend on.

A result holds only for the same files of the target, the same advisory, model and rules; it is looked up by
a digest of these, so that what has changed is simply not found.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from icelos import __version__
from icelos.data.bounded_cache import BoundedCache
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.investigation.target import Target

FORMAT = 1
MAX_BYTES = 256 * 2**20
MAX_ENTRIES = 2_000_000


class KeptInvestigations:
    """Investigations of one target by case. Safe to share between threads."""

    def __init__(self, path: Path, target: Target, *, max_bytes: int = MAX_BYTES) -> None:
        """The target's files are told apart now: what changes later makes another target."""
        self._cache = BoundedCache(path, max_bytes=max_bytes)
        self._target = identity(target)

    def place(self, case: Case, model: str) -> bytes:
        """The key of one case; `model` is the name of the model, "" for none."""
        parts = [self._target, rules(), model, case.component, case.vulnerability]
        return _digest([*parts, case.text, case.source, case.reading, case.fixes])

    def get(self, place: bytes) -> Investigation | None:
        """The result of an earlier run, marked as reused and free of charge."""
        data = self._cache.get(place)
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=Investigation)
        except (msgspec.MsgspecError, RecursionError, TypeError, UnicodeError):
            self._cache.drop(place)
            return None
        return msgspec.structs.replace(found, reused=True, calls=0, usage=type(found.usage)(), seconds=0.0)

    def put(self, place: bytes, found: Investigation) -> None:
        """Keep a result; one that cannot be written is not kept."""
        try:
            self._cache.put(place, msgspec.json.encode(found))
        except (TypeError, ValueError, RecursionError):
            return

    def close(self) -> None:
        self._cache.close()


def identity(target: Target) -> bytes:
    """Digest of what the system says of every file of the target, of its components and its configuration."""
    tree = target.tree
    digest = hashlib.sha256(str(tree.root.resolve()).encode("utf-8", "surrogateescape"))
    for number, line in enumerate(_entries(tree.root)):
        if number >= MAX_ENTRIES:
            digest.update(os.urandom(16))  # what is not looked at may change: nothing is used again
            break
        digest.update(line)
    named = sorted((one.purl, one.location, one.owner) for one in target.components)
    digest.update(_digest([named, tree.config, tree.problems]))
    return digest.digest()


@cache
def rules() -> bytes:
    """Digest of the version and of the code that decides, so that a change of it is noticed without one."""
    digest = hashlib.sha256(f"{FORMAT} {__version__}".encode())
    folder = Path(__file__).resolve().parent.parent
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.digest()


def _entries(root: Path) -> Iterator[bytes]:
    """A line for each file and link below a folder, in a stable order; links are not followed."""
    for folder, folders, names in os.walk(os.fsencode(root), followlinks=False):
        folders.sort()
        for name in sorted([*names, *folders]):
            path = os.path.join(folder, name)  # noqa: PTH118 - bytes, as names need not be text
            try:
                status = os.lstat(path)
            except OSError:
                continue
            times = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            yield path + b"\0" + repr(times).encode() + b"\n"


def _digest(parts: list[Any]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted", enc_hook=repr)).digest()
