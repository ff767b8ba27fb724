"""Rows that another process reads are those that are read here; whatever ends it is said once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from icelos.errors import InputError, RunError
from icelos.jobs.logs.detect import apart
from icelos.jobs.logs.detect.apart import read_apart, saves_time
from icelos.jobs.logs.detect.columns import Layout, Reader
from icelos.jobs.logs.detect.reading import Batch, read_batches

LAYOUT = Layout(user="user", time="at", facets=("kind", "deep.er"), source="kind", latitude="lat")
ROW = '{"user": "u%d", "at": "2025-01-06T08:00:%02dZ", "kind": "k%d", "deep": {"er": %d}, "lat": 1.5}'


def children() -> list[multiprocessing.process.BaseProcess]:
    return multiprocessing.active_children()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Rows of JSON, some of them odd, and of a table whose columns are named once; lines that are none."""
    folder = tmp_path / "log"
    folder.mkdir()
    lines = [ROW % (number % 7, number % 60, number % 3, number) for number in range(300)]
    lines[5], lines[9], lines[11] = "nothing\0", ROW.replace('{"er": %d}', "null") % (1, 2, 3), "{"
    (folder / "a.jsonl").write_text("\n".join(lines))
    (folder / "b.csv").write_text("at,user,kind\n" + "2025-01-06T08:00:00Z,ada,k\n" * 9)
    (folder / "c.jsonl.gz").write_bytes(b"\x1f\x8b\x08 no")
    return folder


def same(one: Batch, other: Batch) -> bool:
    reader = Reader(LAYOUT)
    arrays = zip(vars(one.columns).values(), vars(other.columns).values(), strict=True)
    return (
        all(np.array_equal(a, b, equal_nan=a.dtype == np.float64) for a, b in arrays)
        and [one.read(row, reader) for row in range(len(one.columns))]
        == [other.read(row, reader) for row in range(len(other.columns))]
        and [*one.failures] == [*other.failures]
    )


@pytest.mark.parametrize(("size", "skipped"), [(1000, 0), (31, 0), (31, 17), (1000, 1000)])
def test_batches_are_those_that_are_read_here(log: Path, size: int, skipped: int) -> None:
    here = list(read_batches(str(log), Reader(LAYOUT), size=size, skipped=skipped))
    there = list(read_apart(str(log), LAYOUT, size=size, skipped=skipped))
    assert len(here) == len(there)
    assert all(map(same, here, there))
    assert not children()


def test_a_source_that_is_not_there_is_said_as_here(tmp_path: Path) -> None:
    source = str(tmp_path / "none")
    with pytest.raises(InputError, match="no such file or folder") as here:
        list(read_batches(source, Reader(LAYOUT)))
    with pytest.raises(InputError) as there:
        list(read_apart(source, LAYOUT))
    assert str(there.value) == str(here.value)
    assert not children()


def test_a_process_that_is_killed_is_one_clear_error(log: Path) -> None:
    batches = read_apart(str(log), LAYOUT, size=1)
    next(batches)
    (process,) = children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(RunError, match="ended early"):
        list(batches)
    assert not children()


def test_whoever_stops_listening_leaves_no_process(log: Path) -> None:
    batches = read_apart(str(log), LAYOUT, size=1)
    next(batches)
    assert children()
    batches.close()
    assert not children()


READS_APART = """
import sys, time, multiprocessing
from icelos.jobs.logs.detect.apart import read_apart
from icelos.jobs.logs.detect.columns import Layout
batches = read_apart(sys.argv[1], Layout("user", "at", ()), size=1)
next(batches)
print(multiprocessing.active_children()[0].pid, flush=True)
time.sleep(60)
"""


def test_kill_9_leaves_no_process(log: Path) -> None:
    command = [sys.executable, "-c", READS_APART, str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    other = int(process.stdout.readline())
    process.kill()
    process.communicate()
    until = time.monotonic() + 20
    while is_there(other):
        assert time.monotonic() < until
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    """Whether a process runs; one that only waits to be waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_small_logs_and_streams_need_no_other_process(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert not saves_time(str(log))
    monkeypatch.setattr(apart, "_LEAST", 1000)
    assert saves_time(str(log))
    assert saves_time(str(log / "a.jsonl"))
    assert not saves_time("-")
    assert not saves_time(str(log / "none"))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert not saves_time(str(log))
