"""Rows under way to a file, so that a run that was killed goes on where it stood.

    .NAME.generating/plan.json      what was asked for; another command must not go on with it
    .NAME.generating/rows           the rows so far, one a line
    .NAME.generating/position.json  how many rows and bytes of that are certain
    .NAME.generating/lock           held by the run that is under way

A block of rows counts once position.json has been replaced; what stands behind it is cut off.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write, full_disk_named, open_alone
from icelos.errors import InputError


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is certain: rows, bytes of the rows file, rows that are JSON, and rows that met the end of the
    context."""

    rows: int = 0
    bytes: int = 0
    json_rows: int = 0
    unfinished: int = 0


class Staging:
    """The folder of one run."""

    def __init__(self, target: Path, plan: dict[str, object]) -> None:
        """Begin, or go on with a run of the same plan.

        Raises InputError for a run of another plan, one that is under way, and one whose files are broken;
        OSError.
        """
        self.folder = target.with_name(f".{target.name}.generating")
        self.rows_path = self.folder / "rows"
        self.position = Position()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = open_alone(self.folder / "lock")
        except BlockingIOError as error:
            raise InputError("another run is writing this file", source=str(target)) from error
        try:
            self._begin(plan)
        except BaseException:
            self._lock.close()
            raise

    def _begin(self, plan: dict[str, object]) -> None:
        encoded = msgspec.json.encode(plan, order="deterministic")
        saved = self.folder / "plan.json"
        if saved.is_file():
            if saved.read_bytes() != encoded:
                raise InputError(
                    "a run with other options has not ended", source=str(self.folder),
                    hint="give the same options, or remove this folder",
                )  # fmt: skip
            self.position = self._last()
        else:
            with atomic_write(saved) as file:
                file.write(encoded)
        self._file = self.rows_path.open("ab")
        if self._file.tell() < self.position.bytes:
            self._file.close()
            raise InputError(
                "rows of an earlier run are gone", source=str(self.rows_path), hint="remove its folder"
            )
        self._file.truncate(self.position.bytes)

    def _last(self) -> Position:
        path = self.folder / "position.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Position)
        except FileNotFoundError:
            return Position()
        except msgspec.MsgspecError as error:
            raise InputError(
                f"not a position: {error}", source=str(path), hint="remove its folder"
            ) from error

    def add(self, rows: Sequence[bytes], *, json_rows: int, unfinished: int) -> None:
        """Add a block of rows, for certain once this returns. Raises OSError."""
        data = b"".join(row + b"\n" for row in rows)
        with full_disk_named(self.rows_path):
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
        at = self.position
        self.position = Position(
            at.rows + len(rows), at.bytes + len(data), at.json_rows + json_rows, at.unfinished + unfinished
        )
        with atomic_write(self.folder / "position.json") as file:
            file.write(msgspec.json.encode(self.position))

    def __iter__(self) -> Iterator[bytes]:
        """The rows so far, without line ends."""
        with self.rows_path.open("rb") as file:
            for line in file:
                yield line[:-1]

    def close(self) -> None:
        """Leave the folder as it is. Raises OSError where the disk is full."""
        try:
            with full_disk_named(self.rows_path):
                self._file.close()
        finally:
            self._lock.close()

    def remove(self) -> None:
        """The run has ended."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
