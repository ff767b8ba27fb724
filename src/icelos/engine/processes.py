"""Workers that are processes of this machine, for jobs that a single one of Python's threads cannot speed up.

What goes to and fro is pickled, between processes of our own; a process that dies says so by its result.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from typing import Any

from icelos.contracts import Scored
from icelos.engine.packing import pack, unpack
from icelos.engine.workers import Host, JobSpec, Pending, Worker, WorkerDied, few_searches
from icelos.records import Record


class ProcessWorkers:
    """Starts workers of one process each."""

    name = "processes"

    def __init__(self, spec: JobSpec) -> None:
        self._spec = spec

    def start(self) -> Worker:
        """A worker; its process starts with the first batch."""
        return ProcessWorker(self._spec)

    def close(self) -> None:
        """Nothing is left of them."""


class ProcessWorker:
    """One process with a `Host`."""

    def __init__(self, spec: JobSpec) -> None:
        self._pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(spec,)
        )

    def submit(self, partition: int, batch: Sequence[Record]) -> Pending:
        """Does not wait."""
        packed = pack(batch)
        if packed is not None:
            return _Pending(self._asked(_score_packed, partition, packed))
        return _Pending(self._asked(_score, partition, batch))

    def snapshot(self) -> dict[int, bytes]:
        """Raises WorkerDied."""
        states: dict[int, bytes] = _Pending(self._asked(_snapshot)).result()
        return states

    def restore(self, states: Mapping[int, bytes]) -> None:
        """Raises WorkerDied, ValueError."""
        _Pending(self._asked(_restore, dict(states))).result()

    def close(self) -> None:
        """The process ends at once."""
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _asked(self, call: Any, *given: Any) -> Future[Any]:
        try:
            return self._pool.submit(call, *given)
        except BrokenExecutor as error:
            failed: Future[Any] = Future()
            failed.set_exception(error)
            return failed


class _Pending:
    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def done(self) -> bool:
        return self._future.done()

    def result(self) -> Any:
        try:
            return self._future.result()
        except (BrokenExecutor, CancelledError) as error:
            raise WorkerDied("a worker's process ended") from error


_host: Host | None = None


def _begin(spec: JobSpec) -> None:
    """The process: Ctrl-C and SIGTERM are for the one who started it, without whom it does not stay."""
    global _host
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    few_searches()
    _host = Host(spec)


def _end_with_parent() -> None:
    import threading
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _score(partition: int, batch: Sequence[Record]) -> list[Scored]:
    return _hosted().score(partition, batch)


def _score_packed(partition: int, packed: bytes) -> list[Scored]:
    return _hosted().score(partition, unpack(packed))


def _snapshot() -> dict[int, bytes]:
    return _hosted().snapshot()


def _restore(states: Mapping[int, bytes]) -> None:
    _hosted().restore(states)


def _hosted() -> Host:
    if _host is None:
        raise RuntimeError("no job in this process")
    return _host
