"""What runs where a job is sent to: answers, and never an error that is not ours.

Knows nothing of what brings the calls; each answer is a packed Reply.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence

import icelos
from icelos.contracts import Scored
from icelos.engine.ray.parcels import Unsendable, pack_reply, sendable, unpack, unpack_records, unsendable
from icelos.engine.ray.parts import PartReader, Readings
from icelos.engine.workers import Host, JobSpec, few_searches
from icelos.errors import IcelosError, RunError
from icelos.records import Record


class Actor:
    """A worker's own side: a `Host` for each seat at it, and the reader of what it is to read itself."""

    def __init__(self, spec: JobSpec, readings: Readings | None) -> None:
        few_searches()
        self._spec = spec
        self._hosts: dict[int, Host] = {}
        self._reader = None if readings is None else PartReader(Host(spec), readings)

    def ready(self) -> bytes:
        """The versions here, and the number of this process."""
        return pack_reply((versions(), os.getpid()))

    def score(self, seat: int, partition: int, parcel: bytes) -> bytes:
        return _answer(lambda: self._score(self._host(seat), partition, unpack_records(parcel)))

    def snapshot(self, seat: int) -> bytes:
        return _answer(lambda: self._host(seat).snapshot())

    def restore(self, seat: int, states: Mapping[int, bytes]) -> bytes:
        return _answer(lambda: self._host(seat).restore(states))

    def read(self, parcel: bytes) -> bytes:
        assert self._reader is not None  # noqa: S101 - it was started for that
        reader = self._reader
        return _answer(lambda: reader.read(unpack(parcel)))

    def more(self) -> bytes:
        assert self._reader is not None  # noqa: S101
        return _answer(self._reader.more)

    def _host(self, seat: int) -> Host:
        if seat not in self._hosts:
            self._hosts[seat] = Host(self._spec)
        return self._hosts[seat]

    def _score(self, host: Host, partition: int, batch: Sequence[Record]) -> list[Scored]:
        job = host.job(partition).name
        good = [record for record in batch if not isinstance(record, Unsendable)]
        scored = iter(sendable(host.score(partition, good), good, job))
        return [unsendable(one, job) if isinstance(one, Unsendable) else next(scored) for one in batch]


def versions() -> tuple[str, str]:
    """Of icelos and of Python, here."""
    return icelos.__version__, platform.python_version()


def check_versions(theirs: tuple[str, str]) -> None:
    """Raises RunError where what runs there is not what runs here: answers might differ."""
    ours = versions()
    if theirs[0] != ours[0] or theirs[1].split(".")[:2] != ours[1].split(".")[:2]:
        raise RunError(
            "a node has icelos {} on Python {}, and here it is {} on {}".format(*theirs, *ours),
            hint="install the same on every node",
        )


def _answer(call: Callable[[], object]) -> bytes:
    try:
        return pack_reply(call())
    except Exception as error:  # noqa: BLE001 - nothing of a job reaches Ray as an error of a task
        if isinstance(error, IcelosError | ValueError):
            return pack_reply(error=error)
        return pack_reply(error=RunError(f"a worker failed: {type(error).__name__}: {error}"))
