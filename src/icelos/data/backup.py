"""Backups of a workspace, taken while it is in use: a folder, or one archive (tar, zstd).

    create(home, Path("/backup/icelos.tar.zst"), version=__version__)
    verify(Path("/backup/icelos.tar.zst"))

Where runs stand is copied before the databases, so that a run that goes on after a restore does some records
again, which changes nothing, and leaves none out. A database is copied as SQLite gives it, in a state of one
moment. Caches, locks and half-fetched files are not copied. icelos-backup.json, written last, has the
checksum of every file: without it, it is no backup. How one is put back is in `icelos.data.restore`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import msgspec

from icelos.data.atomic import atomic_write, sync_folder
from icelos.errors import InputError, StoreError

MANIFEST = "icelos-backup.json"
ARCHIVE_SUFFIX = ".tar.zst"
ASIDE = "before-restore-"
"""Folders in a workspace that hold what was there before a restore; they are in no backup."""
WORK = ".restore"
_CACHES = frozenset({"cache", ".cache", WORK})
_SIDE_FILES = (".sqlite-wal", ".sqlite-shm", ".sqlite-journal", ".lock")
_SECRET_FILES = frozenset({"console.sqlite", "people.sqlite"})
_SECRET_SUFFIXES = (".key", ".key.new")
_POINTERS = frozenset({"about.json", "metadata.json"})
"""They name other files of their folder: copied after those."""
ROUNDS = 3


class Kept(msgspec.Struct, frozen=True):
    """One file of a backup: its path in the workspace, its size in bytes, and its SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `secrets` says whether sign-ins and keys are in it; `version` is Icelos's."""

    format: int = 1
    version: str
    created: str
    secrets: bool
    files: tuple[Kept, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class _Target(Protocol):
    """Where files go: a folder or an archive."""

    def add(self, path: str, content: Path) -> None: ...
    def finish(self, manifest: bytes) -> None: ...


def create(home: Path, target: Path, *, version: str, with_secrets: bool = True) -> Manifest:
    """Back a workspace up to a folder, or to an archive where the name ends in .tar.zst; it must be new.

    Raises InputError for a target that is there or inside of the workspace, StoreError where something cannot
    be read or written; then nothing has that name.
    """
    _check_places(home, target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        if target.name.endswith(ARCHIVE_SUFFIX):
            with atomic_write(target, mode=0o600) as file:
                return _into_archive(home, target, file, version, with_secrets=with_secrets)
        return _into_folder(home, target, version, with_secrets=with_secrets)
    except sqlite3.Error as error:
        raise StoreError(f"cannot copy a database: {error}", source=str(home)) from error
    except OSError as error:
        where = str(error.filename or target)
        raise StoreError(f"cannot back up: {error.strerror or error}", source=where) from error


def _check_places(home: Path, target: Path) -> None:
    if not home.is_dir():
        raise InputError("no such workspace", source=str(home))
    if target.exists() or target.is_symlink():
        raise InputError("is there already", source=str(target), hint="name another one")
    if target.absolute().is_relative_to(home.absolute()):
        raise InputError("a backup cannot be in the workspace itself", source=str(target))


def _into_archive(home: Path, target: Path, file: IO[bytes], version: str, *, with_secrets: bool) -> Manifest:
    import zstandard

    packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
    with (
        _scratch(target) as scratch,
        packer.stream_writer(file, closefd=False) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        return _fill(home, _Archive(archive), scratch, version, with_secrets=with_secrets)


def _into_folder(home: Path, target: Path, version: str, *, with_secrets: bool) -> Manifest:
    with _scratch(target) as scratch:
        whole = scratch / "whole"
        whole.mkdir(mode=0o700)
        done = _fill(home, _Folder(whole), scratch, version, with_secrets=with_secrets)
        whole.rename(target)
        sync_folder(target.parent)
    return done


@contextlib.contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A folder beside the target, which goes in any case."""
    folder = target.with_name(f".{target.name}.{secrets.token_hex(6)}.partial")
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(target: Path) -> None:
    """What an earlier backup to the same name left when it was killed."""
    for left in target.parent.glob(f".{glob_safe(target.name)}.{'[0-9a-f]' * 12}.part*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def glob_safe(name: str) -> str:
    """A name in which wildcards stand for themselves."""
    from glob import escape

    return escape(name)


class _Archive:
    """Files appended to a tar stream."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def add(self, path: str, content: Path) -> None:
        """The owner is nobody's business: who restores owns the files."""
        with content.open("rb") as stream:
            self._put(path, content.stat().st_size, stream)

    def finish(self, manifest: bytes) -> None:
        self._put(MANIFEST, len(manifest), io.BytesIO(manifest))

    def _put(self, path: str, size: int, stream: IO[bytes]) -> None:
        info = tarfile.TarInfo(path)
        info.size, info.mode, info.mtime = size, 0o600, int(datetime.now(UTC).timestamp())
        self._archive.addfile(info, stream)


class _Folder:
    """Files moved into a folder, each durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, path: str, content: Path) -> None:
        place = self._folder / path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content.rename(place)
        with place.open("rb") as written:
            os.fsync(written.fileno())

    def finish(self, manifest: bytes) -> None:
        with atomic_write(self._folder / MANIFEST, mode=0o600) as file:
            file.write(manifest)


def _fill(home: Path, target: _Target, scratch: Path, version: str, *, with_secrets: bool) -> Manifest:
    kept: dict[str, Kept] = {}
    for chosen in (_is_of_runs, _is_database, *(_is_other,) * ROUNDS):
        # Listed anew each time; what appeared while other files were copied comes in the next round.
        for path in sorted(filter(chosen, files(home, with_secrets=with_secrets)), key=_order):
            name = path.as_posix()
            if name in kept:
                continue
            copied = _copied(home / path, scratch / "file")
            if copied is None:
                continue
            kept[name] = Kept(name, *copied)
            target.add(name, scratch / "file")
            (scratch / "file").unlink(missing_ok=True)
    manifest = Manifest(
        version=version, created=datetime.now(UTC).isoformat(timespec="seconds"), secrets=with_secrets,
        files=tuple(kept[name] for name in sorted(kept)),
    )  # fmt: skip
    target.finish(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return manifest


def files(home: Path, *, with_secrets: bool = True) -> Iterator[PurePosixPath]:
    """The plain files of a workspace that belong into a backup, relative to it; no links."""
    for place, folders, names in os.walk(home):
        if Path(place) == home:
            folders[:] = [name for name in folders if name not in _CACHES and not name.startswith(ASIDE)]
        for name in names:
            path = Path(place) / name
            relative = PurePosixPath(path.relative_to(home).as_posix())
            if not path.is_file() or path.is_symlink() or _is_passing(name):
                continue
            if with_secrets or not is_secret(relative):
                yield relative


def is_secret(path: PurePosixPath) -> bool:
    """Whether a file of a workspace holds sign-ins or keys."""
    return path.as_posix() in _SECRET_FILES or path.name.endswith(_SECRET_SUFFIXES)


def _is_passing(name: str) -> bool:
    return name.endswith((*_SIDE_FILES, ".part")) or name.startswith(".part.") or name == MANIFEST


def _order(path: PurePosixPath) -> tuple[bool, str]:
    return path.name in _POINTERS, path.as_posix()


def _is_of_runs(path: PurePosixPath) -> bool:
    return path.parts[0] == "runs"


def _is_database(path: PurePosixPath) -> bool:
    return not _is_of_runs(path) and path.suffix == ".sqlite"


def _is_other(path: PurePosixPath) -> bool:
    return not _is_of_runs(path) and not _is_database(path)


def _copied(source: Path, target: Path) -> tuple[int, str] | None:
    """Size and SHA-256 of a copy; None where the file has gone since it was listed."""
    target.unlink(missing_ok=True)
    try:
        if source.suffix == ".sqlite":
            _copy_database(source, target)
        else:
            shutil.copyfile(source, target)
    except FileNotFoundError:
        return None
    target.chmod(0o600)
    with target.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return target.stat().st_size, digest


def _copy_database(source: Path, target: Path) -> None:
    """A state of one moment, whoever writes meanwhile."""
    if not source.stat().st_size:
        target.touch()
        return
    with contextlib.closing(
        sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=60)
    ) as one:
        one.execute("VACUUM INTO ?", (str(target),))
