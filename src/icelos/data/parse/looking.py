"""Looking into files that are not kept: executables and Java archives, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from icelos.data.parse import executables, java_archives
from icelos.data.parse.listed import Listed
from icelos.errors import InputError

MAX_INSPECTED = 256 * 1024 * 1024
"""Bytes of one file, which is held while it is looked into."""
HEAD = 64
"""Bytes that say what a file is; a shorter one holds no packages."""


def packages_in(path: str, size: int, head: bytes, rest: Iterator[bytes]) -> tuple[Listed | InputError, ...]:
    """The packages in a file of which the first `HEAD` bytes and the pieces after them are given.

    Pieces are only asked for where they are needed. Raises InputError for a file over the bound; an
    executable is only one where it has what would have been looked for.
    """
    if len(head) < HEAD:
        return ()
    if java_archives.NAMES.search(path):
        _check(size)
        return tuple(java_archives.java_archive(path, b"".join([head, *rest])))
    if not head.startswith(executables.HEADS):
        return ()
    if size > MAX_INSPECTED and not executables.is_marked(chain([head], rest)):
        return ()
    _check(size)
    return tuple(executables.executable(b"".join([head, *rest])))


def _check(size: int) -> None:
    if size > MAX_INSPECTED:
        raise InputError(f"larger than {MAX_INSPECTED >> 20} MiB: not looked into")
