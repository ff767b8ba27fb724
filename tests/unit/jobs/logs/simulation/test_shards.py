from __future__ import annotations

import os
import signal
from dataclasses import replace
from itertools import islice

import pytest

from icelos.errors import RunError
from icelos.jobs.logs.simulation.kinds import KINDS
from icelos.jobs.logs.simulation.shards import Plan, _merged, steps

PLAN = Plan(users=5, seed=3, kinds=tuple(KINDS))


def test_rows_do_not_depend_on_the_number_of_processes() -> None:
    taken = []
    for workers in (1, 2):
        with steps(PLAN, workers) as stream:
            taken.append(list(islice(stream, 40)))
    assert [[[row.data for row in rows] for rows in step] for step in taken[0]] == [
        [[row.data for row in rows] for rows in step] for step in taken[1]
    ]
    assert sum(len(step[0]) for step in taken[0]) > 100


def test_a_process_that_ends_is_an_error() -> None:
    read, write = os.pipe()
    os.close(write)
    from multiprocessing.connection import Connection

    with Connection(read) as connection, pytest.raises(RunError, match="ended early"):
        next(_merged([connection]))
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


@pytest.mark.parametrize("workers", [1, 2])
def test_the_last_day_is_an_end(workers: int) -> None:
    with steps(replace(PLAN, days=1), workers) as stream:
        assert len(list(stream)) == 24


def test_rows_come_in_order_of_arrival_and_steps_do_not_overlap() -> None:
    before = -1
    with steps(PLAN, 1) as stream:
        for step in islice(stream, 60):
            arrivals = [row.arrival for row in step[0]]
            assert arrivals == sorted(arrivals)
            if arrivals:
                assert before <= arrivals[0]
                before = arrivals[-1]


def test_without_dirt_rows_are_whole_once_and_on_time() -> None:
    with steps(Plan(users=30, seed=3, kinds=("entra-signin",), dirt=False), 1) as stream:
        rows = [row for step in islice(stream, 24 * 5) for row in step[0]]
    assert not any(row.flaw for row in rows)
    assert len({row.data for row in rows}) == len(rows)
