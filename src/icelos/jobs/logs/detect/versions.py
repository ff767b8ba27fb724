"""The versions of a detector: one is in force, those before it are kept, each of them a command away.

    history.jsonl   what became of it, a line each; the last one says which version is in force
    versions/N/     the files of version N; those of the first stand in the folder itself

The files of a version are whole before the line that puts it in force, and that line is one rename: after
kill -9 the old version is in force or the new one, never parts of both.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from icelos import __version__
from icelos.data.atomic import atomic_write, open_alone, remove_abandoned, sync_folder
from icelos.data.parse.limits import read_bounded
from icelos.errors import InputError

if TYPE_CHECKING:
    from icelos.jobs.logs.detect.model import Detector

FIRST = 1
KEPT = 5
"""Versions that are kept, the one in force included."""
FILES = ("detector.json", "trees.txt", "state.npz")
_HISTORY, _FOLDER = "history.jsonl", "versions"
_LINES = 10_000
"""Kept of the history."""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A line of history.jsonl: what was done and why; the version in force after it, and the one before.

    `detector` is the digest of the trees in force, `at` the clock's time, `until` that of the log's latest
    row, `seed` that of the training; `champion` and `challenger` are what was measured, where it was.
    """

    what: Literal["trained", "replaced", "kept", "rolled-back"]
    in_force: int
    before: int
    detector: str
    why: str
    at: str = msgspec.field(default_factory=_now)
    until: str = ""
    seed: int | None = None
    champion: dict[str, float] | None = None
    challenger: dict[str, float] | None = None
    version: str = __version__


def home_of(folder: Path) -> Path:
    """Where the files of the version in force stand. Raises InputError for a history that is none."""
    return _place(folder, in_force(folder))


def in_force(folder: Path) -> int:
    """The number of the version in force. Raises InputError."""
    changes = history(folder)
    return changes[-1].in_force if changes else FIRST


def history(folder: Path) -> list[Change]:
    """What became of a detector, oldest first. Raises InputError."""
    path = folder / _HISTORY
    if not path.is_file():
        return []
    try:
        return [msgspec.json.decode(line, type=Change) for line in read_bounded(path).splitlines()]
    except msgspec.MsgspecError as error:
        raise InputError(
            f"not a history: {error}", source=str(path), hint="its last line says which version is in force"
        ) from error


def kept(folder: Path) -> list[int]:
    """The versions that can be put in force, oldest first. Raises InputError where there is none."""
    found = sorted(one for one in _recent(history(folder)) if (_place(folder, one) / FILES[0]).is_file())
    if not found:
        raise InputError(
            "no detector", source=str(folder), hint="a folder that `icelos logs detect train` wrote"
        )
    return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One at a time changes which version is in force. Raises InputError where another one is at it."""
    (folder / _FOLDER).mkdir(parents=True, exist_ok=True)
    try:
        lock = open_alone(folder / _FOLDER / "lock")
    except BlockingIOError as error:
        raise InputError("another run is changing this detector", source=str(folder)) from error
    with lock:
        yield


def put(folder: Path, detector: Detector, change: Change) -> Change:
    """A new version in force, `change` saying why; its numbers are filled in. To be called `alone`."""
    changes = history(folder)
    before = changes[-1].in_force if changes else FIRST
    number = 1 + max([FIRST, *_recent(changes, len(changes)), *_numbers(folder)])
    detector.save(_place(folder, number))
    sync_folder(folder / _FOLDER)
    sync_folder(folder)
    return _add(folder, changes, msgspec.structs.replace(change, in_force=number, before=before))


def put_trained(folder: Path, detector: Detector, seed: int) -> None:
    """A detector that was trained anew: the first version of its folder, or another one, taken as it is."""
    if not history(folder) and not (folder / FILES[0]).exists():
        detector.save(folder)
        return
    with alone(folder):
        change = Change(
            what="trained", in_force=0, before=0, detector=detector.version, why="trained anew", seed=seed
        )
        put(folder, detector, change)


def keep(folder: Path, change: Change) -> Change:
    """A line that says why all stays as it is. To be called `alone`."""
    changes = history(folder)
    now = changes[-1].in_force if changes else FIRST
    return _add(folder, changes, msgspec.structs.replace(change, in_force=now, before=now))


def roll_back(folder: Path, to: int | None = None) -> Change:
    """Put an earlier version in force as it was when it was replaced; what analysts said stays.

    Without a number the one that was in force before this one came. Raises InputError where there is none,
    where it is not kept, or cannot be read; MissingExtra.
    """
    from icelos.jobs.logs.detect.model import load_files

    kept(folder)
    with alone(folder):
        changes, there = history(folder), kept(folder)
        now = changes[-1].in_force if changes else FIRST
        wanted = _replaced_by(changes, now, folder) if to is None else to
        if wanted == now:
            raise InputError(f"version {now} is in force", source=str(folder))
        if wanted not in there:
            raise InputError(
                f"version {wanted} is not kept",
                source=str(folder),
                hint=f"kept: {', '.join(map(str, there))}",
            )
        detector = load_files(_place(folder, wanted))
        change = Change(
            what="rolled-back", in_force=wanted, before=now, detector=detector.version,
            why=f"version {wanted} instead of {now}",
        )  # fmt: skip
        return _add(folder, changes, change)


def _replaced_by(changes: Sequence[Change], now: int, folder: Path) -> int:
    came = [one for one in changes if one.in_force == now and one.what in ("trained", "replaced")]
    if not came:
        raise InputError(f"version {now} is the first one, there is none before it", source=str(folder))
    return came[-1].before


def _add(folder: Path, changes: Sequence[Change], change: Change) -> Change:
    """The line that makes it so; then what nobody needs any more goes."""
    lines = [*changes, change][-_LINES:]
    with atomic_write(folder / _HISTORY) as file:
        file.write(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))
    remove_abandoned(folder / _HISTORY)
    wanted = _recent(lines)
    for number in _numbers(folder):
        if number not in wanted:
            shutil.rmtree(_place(folder, number), ignore_errors=True)
    for name in FILES if FIRST not in wanted else ():
        with suppress(OSError):
            (folder / name).unlink()
    return change


def _recent(changes: Sequence[Change], most: int = KEPT) -> list[int]:
    """The versions that were in force last, the latest first."""
    order = [FIRST if not changes else changes[0].before, *(one.in_force for one in changes)]
    return list(dict.fromkeys(reversed(order)))[:most]


def _numbers(folder: Path) -> list[int]:
    """Of the versions that have a folder, of unfinished ones too."""
    there = folder / _FOLDER
    names = [path.name for path in there.iterdir()] if there.is_dir() else []
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def _place(folder: Path, number: int) -> Path:
    return folder if number == FIRST else folder / _FOLDER / str(number)
