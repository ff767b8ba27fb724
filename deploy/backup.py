"""Copies a workspace while it is in use; needs Python only. As the user who owns it:

    /opt/icelos/bin/python backup.py /var/lib/icelos /backup/icelos-2026-01-31

Where runs stand is copied before the databases, so that a run that goes on after a restore does some records
again, which changes nothing, and leaves none out. Caches are not copied. The target appears when it is whole.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

RUNS, CACHES = "runs", frozenset({"cache", ".cache"})
SIDE_FILES = (".sqlite-wal", ".sqlite-shm", ".sqlite-journal")


def files(folder: Path) -> Iterator[Path]:
    """The plain files below a folder, relative to it, without links, caches and SQLite's side files."""
    for place, folders, names in os.walk(folder):
        if Path(place) == folder:
            folders[:] = [name for name in folders if name not in CACHES]
        for name in names:
            path = Path(place) / name
            if path.is_file() and not path.is_symlink() and not name.endswith(SIDE_FILES):
                yield path.relative_to(folder)


def copy_database(source: Path, target: Path) -> None:
    """A state of one moment, whoever writes meanwhile."""
    with contextlib.closing(sqlite3.connect(source, timeout=60)) as database:
        database.execute("VACUUM INTO ?", (str(target),))


def copy(source: Path, target: Path) -> None:
    """One file, durable. A file that has gone since it was listed is left out."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if source.suffix == ".sqlite":
            copy_database(source, target)
        else:
            shutil.copy2(source, target)
        with target.open("rb") as written:
            os.fsync(written.fileno())


def back_up(workspace: Path, target: Path) -> int:
    """Copy a workspace to a folder that is not there yet; how many files. Raises OSError, sqlite3.Error."""
    if not workspace.is_dir():
        raise FileNotFoundError(f"no such folder: {workspace}")
    if target.exists():
        raise FileExistsError(f"is there already: {target}")
    part = target.with_name(f"{target.name}.partial")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    count = 0
    for chosen in (
        _is_of_runs,
        _is_database,
        _is_other,
    ):  # listed anew each time: what came meanwhile is not missed
        for path in filter(chosen, files(workspace)):
            copy(workspace / path, part / path)
            count += 1
    part.rename(target)
    return count


def _is_of_runs(path: Path) -> bool:
    return path.parts[0] == RUNS


def _is_database(path: Path) -> bool:
    return not _is_of_runs(path) and path.suffix == ".sqlite"


def _is_other(path: Path) -> bool:
    return not _is_of_runs(path) and not _is_database(path)


def main(arguments: list[str]) -> int:
    """The exit code: 0, 2 where called wrongly, 3 where it failed."""
    if len(arguments) != 2:
        sys.stderr.write("usage: backup.py WORKSPACE TARGET\n")
        return 2
    os.umask(0o077)
    try:
        count = back_up(Path(arguments[0]), Path(arguments[1]))
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"backup: {error}\n")
        return 3
    sys.stdout.write(f"{count} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
