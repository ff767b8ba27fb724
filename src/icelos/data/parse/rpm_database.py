"""rpm's database in its SQLite form: the table Packages with one header in each row.

The database is the target's and so hostile: it is opened read-only out of a temporary copy, without
extensions, triggers or views, with bounds on what a row may hold and on SQLite's own steps. The older forms
(BerkeleyDB's "Packages", ndb's "Packages.db") are not read.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Set
from contextlib import closing
from pathlib import Path

import msgspec

from icelos.data.parse import rpm_headers
from icelos.data.parse.packages import Installed
from icelos.data.parse.rpm_headers import Header
from icelos.errors import InputError

MAX_PACKAGES = 200_000
MAX_HEADER = 64 * 1024 * 1024
MAX_STEPS = 2_000
"""Millions of SQLite's own instructions, after which a database is taken for a trap."""
_NAME = re.compile(r"[^\s/\0]{1,256}")


class RpmPackage(msgspec.Struct, frozen=True):
    """One installed package and its header, which lists its files."""

    installed: Installed
    header: Header


def rpm_packages(database: bytes, journal: bytes = b"") -> Iterator[RpmPackage | InputError]:
    """The packages of rpmdb.sqlite. `journal` is its write-ahead log, where one is beside it.

    Public keys, which rpm keeps among packages, are left out. A header that cannot be read is an InputError
    in its place. Raises InputError where it is no such database.
    """
    with tempfile.TemporaryDirectory(prefix="icelos-rpm-") as folder:
        path = Path(folder, "rpmdb.sqlite")
        path.write_bytes(database)
        if journal:
            path.with_name("rpmdb.sqlite-wal").write_bytes(journal)
        try:
            with closing(_opened(path, immutable=not journal)) as connection:
                yield from _packages(connection)
        except (sqlite3.Error, OverflowError, MemoryError) as error:
            raise InputError(f"rpm's database cannot be read: {error}") from error


def rpm_owners(packages: Iterable[RpmPackage], paths: Set[str]) -> dict[str, str]:
    """Owner ("rpm:python3-yaml") by path, for those of `paths` that a package lists."""
    owners: dict[str, str] = {}
    for package in packages:
        try:
            for path in package.header.owned(paths):
                owners.setdefault(path, f"rpm:{package.installed.name}")
        except InputError:
            continue  # a broken list of files costs the owners that it would have named
    return owners


def _opened(path: Path, *, immutable: bool) -> sqlite3.Connection:
    """A write-ahead log is folded in only by a connection that may lock; the copy is ours."""
    mode = "mode=ro&immutable=1" if immutable else "mode=ro"
    connection = sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_HEADER)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
        connection.execute(f"PRAGMA {pragma}")
    left = MAX_STEPS

    def stop() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    connection.set_progress_handler(stop, 1_000_000)
    return connection


def _packages(connection: sqlite3.Connection) -> Iterator[RpmPackage | InputError]:
    kind = connection.execute("SELECT type, sql FROM sqlite_master WHERE name = 'Packages'").fetchone()
    if kind is None or kind[0] != "table" or not re.match(r"CREATE\s+TABLE\s", str(kind[1]), re.IGNORECASE):
        raise InputError("rpm's database has no table of packages")
    rows = connection.execute("SELECT hnum, blob FROM Packages ORDER BY hnum LIMIT ?", (MAX_PACKAGES + 1,))
    for count, (number, blob) in enumerate(rows):
        if count == MAX_PACKAGES:
            yield InputError(f"more than {MAX_PACKAGES:,} packages; the rest is not read", source=str(number))
            return
        try:
            if not isinstance(blob, bytes) or not isinstance(number, int):
                raise InputError("a package without a header")
            package = _package(number, Header(blob))
        except InputError as error:
            yield InputError(error.message, source=str(number)[:20])
            continue
        if package.installed.name != "gpg-pubkey":
            yield package


def _package(number: int, header: Header) -> RpmPackage:
    name, version, release = (header.text(tag) for tag in _NEVRA)
    if not all(_NAME.fullmatch(part) for part in (name, version, release)):
        raise InputError(f"not a package: {name[:80]!r} {version[:80]!r} {release[:80]!r}")
    epoch = next(iter(header.numbers(rpm_headers.EPOCH)), 0)
    whole = f"{name}-{f'{epoch}:' if epoch else ''}{version}-{release}"
    architecture = header.text(rpm_headers.ARCHITECTURE)
    installed = Installed(
        kind="rpm", name=name, version=f"{version}-{release}", line=number,
        quote=f"{whole}.{architecture}" if architecture else whole, architecture=architecture,
        source=header.text(rpm_headers.SOURCE_RPM), epoch=epoch,
    )  # fmt: skip
    return RpmPackage(installed, header)


_NEVRA = (rpm_headers.NAME, rpm_headers.VERSION, rpm_headers.RELEASE)
