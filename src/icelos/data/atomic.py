"""Writes that are whole or absent: to a temporary file beside the target, synced, then renamed.

A file that several steps write has a name of its own and a lock, which the system drops when its holder dies.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends well; else `path` stays as it was.

    The temporary file has a name of its own, so that two writers never share one. What is no regular file
    (/dev/null, a pipe), and what is one by the system's own links alone (/dev/stdout), is written into,
    never replaced. Raises OSError.
    """
    if is_special(path):
        with full_disk_named(path), path.open("wb") as special:
            yield special
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with full_disk_named(path), os.fdopen(descriptor, "wb") as file:
            _lock(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def remove_abandoned(path: Path) -> None:
    """Remove the temporary files that writers of `path` left when they were killed; none has a writer."""
    if is_special(path) or not path.parent.is_dir():
        return
    for left in path.parent.glob(f".{escape(path.name)}.{'[0-9a-f]' * 12}.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime < _FRESH:  # its writer may not have locked it yet
                continue
            with left.open("rb") as file:
                _lock(file)
                left.unlink()


_FRESH = 10.0


def is_special(path: Path) -> bool:
    """Whether a path is there and is no file that can be replaced: a device, a pipe, a folder, an open file.

    /dev/stdout is a link to /proc/self/fd/1, and that one to whatever standard output is: even where this is
    a regular file, a rename would replace the link, for everybody on the machine.
    """
    if not path.exists():
        return False
    if not path.is_file():
        return True
    places = [path.parent.resolve()]
    if path.is_symlink():
        places.append((path.parent / path.readlink()).parent.resolve())
    return any(place == _DEVICES or _PROCESSES in (place, *place.parents) for place in places)


_DEVICES, _PROCESSES = Path("/dev"), Path("/proc")
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """An error of a full disk that names no file names this one."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            error.filename = str(path)
        raise


def open_alone(path: Path, *, keep: bool = False) -> IO[bytes]:
    """An empty file that this process alone writes until it closes it, even by kill -9.

    What an earlier writer left there goes, unless it is to be kept. Raises BlockingIOError where another one
    is writing it, OSError.
    """
    while True:
        file = path.open("ab")  # what another one is writing must not be cut before its lock is ours
        try:
            _lock(file)
            if _is(path, file):
                if not keep:
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
