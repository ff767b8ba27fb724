"""Writes that are whole or absent: to a temporary file beside the target, synced, then renamed.

A file that several steps write has a name of its own and a lock, which the system drops when its holder dies.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends well; else `path` stays as it was.

    The temporary file has a name of its own, so that two writers never share one. What is no regular file
    (/dev/null, a pipe) is written into, never replaced. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as special:
            yield special
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def open_alone(path: Path) -> IO[bytes]:
    """An empty file that this process alone writes until it closes it, even by kill -9.

    What an earlier writer left there goes. Raises BlockingIOError where another one is writing it, OSError.
    """
    while True:
        file = path.open("ab")  # what another one is writing must not be cut before its lock is ours
        try:
            _lock(file)
            if _is(path, file):
                file.truncate(0)
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # it was renamed or removed between opening and locking


def _lock(file: IO[bytes]) -> None:
    """Raises BlockingIOError where another one holds it. Where there are no locks, it goes without."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
            raise


def _is(path: Path, file: IO[bytes]) -> bool:
    """Whether an open file still has this name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the platform can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
