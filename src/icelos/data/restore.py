"""A backup looked through, and put back in place of a workspace.

A backup may come from anywhere, so it is unpacked under bounds (no links, no path that leads outside, no
bomb) into the workspace's folder .restore/, and every file must have the size and checksum that the manifest
gives. Then what is there moves aside, and the new files take its place: two steps, each of which the next
restore goes on with where one was killed. Until the first of them, the workspace is as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

import msgspec

from icelos.data.atomic import sync_folder
from icelos.data.backup import ASIDE, MANIFEST, WORK, Manifest
from icelos.data.parse.tar_streams import Budget, Member, members, pieces, plain_stream
from icelos.data.reading import stream_errors
from icelos.data.schedule import LOCK, alone
from icelos.data.zstd_stream import ZstdStream
from icelos.errors import IcelosError, InputError, StoreError

MANIFEST_LIMIT = 256 << 20
_NEW, _READY, _MOVING = "new", "ready-", "moving-"


class Restored(NamedTuple):
    """What was put back, and the folder where what was there before lies; None where there was nothing."""

    manifest: Manifest
    aside: Path | None


def verify(backup: Path) -> Manifest:
    """The manifest of a backup whose every file has its checksum and whose databases are sound.

    Raises InputError for one that is not. Needs room for a copy in the folder for temporary files.
    """
    with TemporaryDirectory(prefix="icelos-verify-") as folder:
        return _unpacked(backup, Path(folder))


def restore(backup: Path, home: Path, *, force: bool = False) -> Restored:
    """Put a backup in place of a workspace that is empty or, with `force`, moved aside.

    Raises InputError for a backup that is none, or a workspace that holds something; RunError where Icelos
    keeps it up to date at this moment; StoreError. What was there stays in every case.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(home):
        try:
            _finish(home)
            if not force and _there(home):
                hint = "restore elsewhere, or --force: what is there is moved aside"
                raise InputError("the workspace is not empty", source=str(home), hint=hint)
            work = home / WORK
            shutil.rmtree(work, ignore_errors=True)
            (work / _NEW).mkdir(mode=0o700, parents=True)
            manifest = _unpacked(backup, work / _NEW)
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
            (work / _NEW).rename(work / f"{_READY}{stamp}")  # from here on, the restore comes to its end
            sync_folder(work)
            return Restored(manifest, _finish(home))
        except OSError as error:
            where = str(error.filename or home)
            raise StoreError(f"cannot restore: {error.strerror or error}", source=where) from error


def _there(home: Path) -> list[Path]:
    """What a workspace holds beside what restores leave."""
    return [p for p in home.iterdir() if p.name not in {WORK, LOCK} and not p.name.startswith(ASIDE)]


def is_unfinished(home: Path) -> bool:
    """Whether a restore was killed between its two steps: `icelos backup restore` goes on with it."""
    return any((home / WORK).glob(f"{_READY}*")) or any((home / WORK).glob(f"{_MOVING}*"))


def _finish(home: Path) -> Path | None:
    """Both steps, from wherever an earlier call was stopped; where what was there before lies now."""
    work, aside = home / WORK, None
    for ready in sorted(work.glob(f"{_READY}*")):
        stamp = ready.name.removeprefix(_READY)
        aside = home / f"{ASIDE}{stamp}"
        for path in _there(home):
            aside.mkdir(mode=0o700, exist_ok=True)
            path.rename(aside / path.name)
        ready.rename(work / f"{_MOVING}{stamp}")
        sync_folder(home)
    for moving in sorted(work.glob(f"{_MOVING}*")):
        aside = home / f"{ASIDE}{moving.name.removeprefix(_MOVING)}"
        for path in moving.iterdir():
            place = home / path.name
            if place.exists():  # made meanwhile, by somebody who did not know of the restore
                aside.mkdir(mode=0o700, exist_ok=True)
                place.rename(aside / f"{path.name}.{os.getpid()}")
            path.rename(place)
        sync_folder(home)
    shutil.rmtree(work, ignore_errors=True)
    return aside if aside is not None and aside.is_dir() else None


# ---- unpacking


def _unpacked(backup: Path, folder: Path) -> Manifest:
    """Unpack and check; the manifest. Raises InputError."""
    if not backup.exists():
        raise InputError("no such file or folder", source=str(backup))
    try:
        found = _from_folder(backup, folder) if backup.is_dir() else _from_archive(backup, folder)
        _check_databases(folder, found.manifest)
    except InputError as error:
        raise InputError(error.message, source=error.source or str(backup), hint=error.hint) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError("a path in it is a file and a folder", source=str(backup)) from error
    except OSError as error:
        raise StoreError(f"cannot unpack: {error.strerror or error}", source=str(backup)) from error
    return found.manifest


class _Seen(NamedTuple):
    manifest: Manifest
    digests: dict[str, tuple[int, str]]


def _from_archive(backup: Path, folder: Path) -> _Seen:
    size, free = backup.stat().st_size, shutil.disk_usage(folder).free
    budget = Budget(size, cap=free)
    with backup.open("rb") as file:
        try:
            stream = plain_stream(io.BufferedReader(_undone(file)), budget)
            seen = _received(members(stream, budget), folder)
            while stream.read(1 << 20):  # to its end, which a cut-off archive does not have
                pass
        except (IcelosError, OSError):
            raise
        except stream_errors() as error:
            raise InputError(f"broken archive: {error}") from error
        return seen


def _undone(file: BinaryIO) -> io.RawIOBase:
    """Raises InputError for what is not packed by zstd."""
    if file.read(4) != b"\x28\xb5\x2f\xfd":
        raise InputError("neither a backup's folder nor its archive")
    file.seek(0)
    return ZstdStream(file)


def _received(stream: Iterable[Member], folder: Path) -> _Seen:
    digests: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    for member in stream:
        name = _checked_name(member)
        if manifest is not None or name in digests:
            raise InputError(f"not as a backup is written: {name!r} is there twice, or behind the manifest")
        if name == MANIFEST:
            manifest = _manifest(_all(pieces(member), MANIFEST_LIMIT))
        else:
            digests[name] = _store(pieces(member), folder / name)
    return _compared(manifest, digests)


def _from_folder(backup: Path, folder: Path) -> _Seen:
    digests: dict[str, tuple[int, str]] = {}
    manifest = None
    for place, folders, names in os.walk(backup):
        for name in [*folders, *names]:
            path = Path(place) / name
            if path.is_symlink():
                raise InputError("there is a link in it", source=str(path))
        for name in names:
            path = Path(place) / name
            relative = path.relative_to(backup).as_posix()
            if not path.is_file():
                raise InputError("not a plain file", source=str(path))
            with path.open("rb") as file:
                if relative == MANIFEST:
                    manifest = _manifest(_all(_pieces(file), MANIFEST_LIMIT))
                else:
                    digests[relative] = _store(_pieces(file), folder / relative)
    return _compared(manifest, digests)


def _checked_name(member: Member) -> str:
    if not member.info.isreg():
        raise InputError(
            f"not a plain file: {member.info.name[:200]!r}", hint="no backup holds links or devices"
        )
    name = member.path
    if not name or name != member.info.name or name.startswith("/") or PurePosixPath(name).parts[0] == WORK:
        raise InputError(f"a path that leads elsewhere: {member.info.name[:200]!r}")
    return name


def _store(content: Iterator[bytes], place: Path) -> tuple[int, str]:
    """Size and SHA-256 of what was written; never over a file that is there, never through a link."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in content:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(1 << 20):
        yield piece


def _all(content: Iterator[bytes], limit: int) -> bytes:
    whole = bytearray()
    for piece in content:
        whole += piece
        if len(whole) > limit:
            raise InputError(f"its manifest is larger than {limit >> 20} MiB")
    return bytes(whole)


def _manifest(data: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError(f"its manifest cannot be read: {error}") from error
    if found.format != 1:
        raise InputError(f"a backup of format {found.format}, which this Icelos does not read")
    return found


def _compared(manifest: Manifest | None, digests: dict[str, tuple[int, str]]) -> _Seen:
    if manifest is None:
        raise InputError(f"not a whole backup: it has no {MANIFEST}", hint="it was cut short, or is none")
    wanted = {file.path: (file.size, file.sha256) for file in manifest.files}
    for name in sorted(wanted.keys() | digests.keys()):
        if name not in digests:
            raise InputError(f"a file is missing: {name}")
        if name not in wanted:
            raise InputError(f"a file that its manifest does not name: {name}")
        if wanted[name] != digests[name]:
            raise InputError(f"a file is not as it was saved: {name}")
    return _Seen(manifest, digests)


def _check_databases(folder: Path, manifest: Manifest) -> None:
    """Every database must be opened and be sound to its last page."""
    for file in manifest.files:
        if not file.path.endswith(".sqlite") or not file.size:
            continue
        place = f"{(folder / file.path).absolute().as_uri()}?mode=ro&immutable=1"
        try:
            with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
                database.execute("PRAGMA trusted_schema = OFF")
                (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            raise InputError(f"a database is broken: {error}", source=file.path) from error
        if found != "ok":
            raise InputError(f"a database is broken: {found}", source=file.path)
