"""A log that is read by a process of its own while earlier rows are scored: batches come through a pipe.

What goes through it is text and arrays: nothing of a log is unpickled. The other process is a few batches
ahead at most, and ends when the pipe closes or whoever started it is gone.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Generator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import Queue

import msgspec
import numpy as np

from icelos.data.reading import files_below
from icelos.errors import InputError, RunError
from icelos.findings import Failure
from icelos.jobs.logs.detect.columns import Columns, Layout, Reader
from icelos.jobs.logs.detect.reading import BATCH, Batch, read_batches
from icelos.jobs.logs.processes import deaf_to_interrupts

_LEAST = 1 << 25
"""Bytes of rows from which on a second process saves more than its start takes."""
_AHEAD = 2
"""Batches that wait to be sent."""
_OBJECTS = 1 << 17
"""New objects between two searches for cycles in the other process: rows are many, and in none."""
_PIPE = 1 << 20
"""Bytes in the pipe."""
_PACKED = 8
"""How much larger rows are than a file of them that is packed."""
_BESIDE_FACETS = 9
"""Lines of numbers of a batch beside those of facets."""


class _Head(msgspec.Struct, frozen=True, tag="batch"):
    """Of a batch: what is no array of its rows. `odd` is JSON that has every number as it was."""

    rows: int
    names: tuple[tuple[int, str], ...]
    failures: tuple[tuple[int, Failure], ...]
    odd: str


class _Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """An InputError."""

    message: str
    hint: str | None
    source: str | None


class _End(msgspec.Struct, frozen=True, tag="end"):
    """No more batches."""


_heads = msgspec.json.Decoder(_Head | _Refusal | _End)


def saves_time(source: str) -> bool:
    """Whether a second process does, for rows of this file or folder."""
    cores = os.cpu_count() or 1
    if source == "-" or cores == 1 or multiprocessing.current_process().daemon:
        return False
    size = 0
    try:
        for path in files_below(Path(source), unreadable=lambda *_: None):
            size += path.stat().st_size * (_PACKED if path.suffix in (".gz", ".zst") else 1)
            if size >= _LEAST:
                return True
    except (InputError, OSError):  # reading it tells of it
        return False
    return False


def read_apart(source: str, layout: Layout, *, size: int = BATCH, skipped: int = 0) -> Generator[Batch]:
    """The batches of `read_batches`, read by another process. To be closed, if it is not read to its end.

    Raises InputError as that does, RunError where the process ended early.
    """
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(other_end, source, layout, size, skipped), daemon=True)
    with deaf_to_interrupts():
        process.start()
    other_end.close()
    _widened(pipe)
    try:
        while (batch := _received(pipe, len(layout.facets))) is not None:
            yield batch
    except (EOFError, OSError) as error:  # between two messages, or within one
        raise RunError(
            "the process that reads the rows ended early", source=source, hint="the same command goes on"
        ) from error
    finally:
        pipe.close()
        process.terminate()
        process.join()


def _widened(pipe: Connection) -> None:
    """Fewer switches between the processes, on Linux."""
    try:
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):
        return


def _read(pipe: Connection, source: str, layout: Layout, size: int, skipped: int) -> None:
    """The other process."""
    threading.excepthook = _end
    gc.set_threshold(_OBJECTS)
    waiting = Queue[Batch | _Refusal | _End](_AHEAD)
    sender = threading.Thread(target=_send_all, args=(pipe, waiting), daemon=True)
    for thread in (threading.Thread(target=_end_with_parent, daemon=True), sender):
        thread.start()
    try:
        for batch in read_batches(source, Reader(layout), size=size, skipped=skipped):
            waiting.put(batch)
        waiting.put(_End())
    except InputError as error:
        waiting.put(_Refusal(error.message, error.hint, error.source))
    sender.join()


def _send_all(pipe: Connection, waiting: Queue[Batch | _Refusal | _End]) -> None:
    """What is there to send, to its end."""
    while isinstance(one := waiting.get(), Batch):
        _send(pipe, one)
    pipe.send_bytes(msgspec.json.encode(one))


def _end(failed: threading.ExceptHookArgs) -> None:
    """Without its threads the process would wait for ever; a pipe that was closed is no failure."""
    if failed.exc_type is not BrokenPipeError:
        threading.__excepthook__(failed)
        sys.stderr.flush()
    os._exit(1)


def _end_with_parent() -> None:
    """Rows that are skipped are not sent, so that a closed pipe would show late."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _send(pipe: Connection, batch: Batch) -> None:
    columns = batch.columns
    head = _Head(len(columns), tuple(batch.names), tuple(batch.failures), json.dumps(batch.odd))
    numbers = np.empty((_BESIDE_FACETS + columns.facets.shape[1], len(columns)), np.uint64)
    floats, wholes = numbers.view(np.float64), numbers.view(np.int64)
    floats[0], floats[1], floats[2] = columns.moments, columns.latitudes, columns.longitudes
    wholes[3], wholes[4] = batch.numbers, batch.ends
    numbers[5], numbers[6] = columns.users, columns.sessions
    numbers[7], numbers[8] = columns.sources, columns.results
    numbers[_BESIDE_FACETS:] = columns.facets.T
    pipe.send_bytes(msgspec.json.encode(head))
    pipe.send_bytes(numbers.data)
    pipe.send_bytes(batch.text)


def _received(pipe: Connection, facets: int) -> Batch | None:
    """The next batch, None at the end. Raises InputError, EOFError, OSError."""
    head = _heads.decode(pipe.recv_bytes())
    if isinstance(head, _Refusal):
        raise InputError(head.message, hint=head.hint, source=head.source)
    if isinstance(head, _End):
        return None
    numbers = np.frombuffer(pipe.recv_bytes(), np.uint64).reshape(_BESIDE_FACETS + facets, head.rows)
    floats, wholes = numbers.view(np.float64), numbers.view(np.int64)
    columns = Columns(
        moments=floats[0], latitudes=floats[1], longitudes=floats[2], users=numbers[5], sessions=numbers[6],
        sources=numbers[7], results=numbers[8], facets=numbers[_BESIDE_FACETS:].T,
    )  # fmt: skip
    odd = {int(row): tuple(values) for row, values in json.loads(head.odd).items()}
    return Batch(columns, pipe.recv_bytes(), wholes[4], wholes[3], head.names, odd, head.failures)
