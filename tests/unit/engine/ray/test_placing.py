"""What a worker takes, how many fit, and how a pool grows and shrinks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.ray.placing import Needs, Policy
from icelos.errors import SettingsError


@pytest.mark.parametrize(
    "needs", [Needs(), Needs(2), Needs(0.5), Needs(1, 0.25), Needs(0, 2), Needs(1, 1, 4096), Needs(0, 1e-4)]
)
def test_what_a_node_can_give(needs: Needs) -> None:
    needs.check()


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        (Needs(-1), "from 0"),
        (Needs(math.nan), "from 0"),
        (Needs(1, math.inf), "from 0"),
        (Needs(1, 0, -5), "from 0"),
        (Needs(0, 0), "some of a CPU"),
        (Needs(1, 1.5), "1.5 GPUs"),
        (Needs(2.5), "2.5 CPUs"),
        (Needs(1, 1e-5), "0.0001"),
    ],
)
def test_what_no_node_can_give(needs: Needs, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        needs.check()


def test_room_is_what_fits_on_each_node() -> None:
    nodes = [{"CPU": 3.0, "memory": 4.0 * 2**30}, {"CPU": 1.0, "GPU": 1.0, "memory": 2.0**30}]
    assert Needs(1).room(nodes) == 4
    assert Needs(2).room(nodes) == 1  # 3 and 1, not 4
    assert Needs(1, 0.25).room(nodes) == 1
    assert Needs(0, 0.25).room(nodes) == 4
    assert Needs(0.1).room(nodes) == 40
    assert Needs(1, 0, 2048).room(nodes) == 2
    assert Needs(1).room([]) == 0


@pytest.mark.parametrize(("minimum", "maximum"), [(0, 0), (-1, 5), (3, 2)])
def test_bounds_that_make_no_sense(minimum: int, maximum: int) -> None:
    with pytest.raises(SettingsError, match="a pool of"):
        Policy(minimum, maximum, idle_s=1.0)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_grows_at_once_and_shrinks_slowly() -> None:
    clock = Clock()
    policy = Policy(2, 6, idle_s=60.0, clock=clock)

    def wanted(waiting: int, workers: int) -> int:
        return policy.wanted(waiting, workers, room=lambda: 100)

    assert wanted(0, 0) == 2
    assert wanted(1, 2) == 3
    assert wanted(4, 2) == 4
    assert wanted(100, 2) == 6
    clock.now = 50.0
    assert wanted(0, 6) == 6
    clock.now = 61.0
    assert wanted(0, 6) == 5
    assert wanted(0, 5) == 5  # not all at once
    clock.now = 130.0
    assert wanted(0, 5) == 4
    assert wanted(9, 4) == 6
    clock.now = 1000.0
    assert wanted(0, 2) == 2


def test_without_a_maximum_it_is_what_there_is_room_for() -> None:
    policy = Policy(1, 0, idle_s=60.0)
    assert policy.wanted(100, 1, room=lambda: 7) == 7
    assert policy.wanted(100, 1, room=lambda: 0) == 1


@given(st.integers(1, 20), st.integers(0, 20), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40))))
def test_never_out_of_bounds(minimum: int, more: int, calls: list[tuple[int, int]]) -> None:
    policy = Policy(minimum, minimum + more, idle_s=0.0)
    for waiting, workers in calls:
        wanted = policy.wanted(waiting, min(workers, minimum + more), room=lambda: 3)
        assert minimum <= wanted <= minimum + more
