"""Files of a feed on disk: where each came from, and how a new one takes the place of the old.

A new file lies beside the old one until it is complete and has passed its check; then it is renamed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.atomic import sync_folder
from icelos.errors import InputError, RunError

LIMIT = 512 * 1024 * 1024
PIECE = 1 << 18

Check = Callable[[Path], None]
"""Looks at a complete file before it takes the old one's place; raises InputError to refuse it."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file came from. Times are ISO 8601 in UTC; `checked` is when it was last asked for."""

    url: str
    sha256: str
    size: int
    fetched: str
    checked: str
    etag: str = ""
    last_modified: str = ""


class Absent(RunError):
    """The server has no such file."""


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def any_content(path: Path) -> None:
    """The check that refuses nothing."""
    del path


def partial_of(target: Path) -> Path:
    """Where a file grows. It keeps the suffix, by which a reader may tell the format."""
    return target.with_name(f".part.{target.name}")


def publish(partial: Path, target: Path, check: Check) -> None:
    """Check, then take the old file's place. A refused file is thrown away."""
    try:
        check(partial)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(target)
    sync_folder(target.parent)


def copy(source: Path, target: Path, *, check: Check = any_content, limit: int = LIMIT) -> Provenance:
    """Bring a file from a mirror's folder. Raises InputError; the old file then stays as it was."""
    partial = partial_of(target)
    digest, size = hashlib.sha256(), 0
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as stream, partial.open("wb") as out:
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > limit:
                    raise too_large(str(source), limit)
                digest.update(piece)
                out.write(piece)
            os.fsync(out.fileno())
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot copy: {error.strerror}", source=str(source)) from error
    except InputError:
        partial.unlink(missing_ok=True)
        raise
    publish(partial, target, check)
    return Provenance(url=str(source), sha256=digest.hexdigest(), size=size, fetched=now(), checked=now())


def sha256_of(path: Path) -> str:
    """The checksum of a file, "" where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def too_large(source: str, limit: int) -> InputError:
    """The error for a file over `limit` bytes."""
    return InputError(f"larger than {limit / 2**20:g} MiB", source=source)
