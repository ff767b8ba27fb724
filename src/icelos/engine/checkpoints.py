"""Where a run stands, on disk: source, sink, counts and states of the same moment, in one file.

    <folder>/<hash of the plan>/plan.json    what is run, for people
    <folder>/<hash of the plan>/checkpoint   where it stands
    <folder>/<hash of the plan>/lock         held while it runs

The file is replaced by a rename, so that kill -9 leaves the one before or the one after. A run that ended
well leaves nothing behind.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write, open_alone, remove_abandoned
from icelos.errors import InputError, StoreError
from icelos.records import record_id

FORMAT = 1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is run: another plan is another run. `shard` is "i/n"; `data` is what the job's model is, so that
    no state is given to a job of another one."""

    job: str
    locations: tuple[str, ...]
    sink: str
    source_format: str = ""
    options: dict[str, str] = {}
    partitions: int = 1
    shard: str = ""
    data: str = ""
    engine: str = "local"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands. `counts` are findings, clear, failures; `states` by partition."""

    format: int = FORMAT
    source: bytes
    sink: bytes | None
    counts: tuple[int, int, int]
    verdicts: dict[str, int]
    states: dict[int, bytes]


class Checkpoints:
    """The file of one run, which nobody else runs meanwhile. To be closed."""

    def __init__(self, folder: Path, plan: Plan, *, fresh: bool = False) -> None:
        """`fresh` forgets where an earlier run stopped. Raises InputError where the same run is under way,
        or a file is none of ours; StoreError where the folder cannot be written."""
        encoded = msgspec.json.encode(plan, order="sorted")
        self._folder = folder / record_id(encoded)
        self._file = self._folder / "checkpoint"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = open_alone(self._folder / "lock")
        except BlockingIOError as error:
            hint = "wait for it, or stop it"
            raise InputError("the same run is under way", source=plan.job, hint=hint) from error
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error
        try:
            remove_abandoned(self._file)
            if fresh:
                self._file.unlink(missing_ok=True)
            with atomic_write(self._folder / "plan.json", mode=0o600) as file:
                file.write(msgspec.json.format(encoded, indent=2))
            self.standing = self._read()
        except BaseException:
            self._lock.close()
            raise

    def _read(self) -> Standing | None:
        try:
            return msgspec.msgpack.decode(self._file.read_bytes(), type=Standing)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            hint = "begin anew with --fresh"
            raise InputError(
                f"no checkpoint of this version: {error}", source=str(self._file), hint=hint
            ) from error

    def save(self, standing: Standing) -> int:
        """Durable when it returns; its bytes. Raises OSError."""
        data = msgspec.msgpack.encode(standing)
        with atomic_write(self._file, mode=0o600) as file:
            file.write(data)
        self.standing = standing
        return len(data)

    def remove(self) -> None:
        """The run has ended well."""
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Leave it for the next run; where there is nothing to go on with, leave nothing."""
        if self.standing is None:
            self.remove()
        self._lock.close()
