"""Counts and last values in arrays, against the same in dictionaries, whatever the batches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.jobs.logs.detect.counters import Counters
from icelos.jobs.logs.detect.latest import Latest
from icelos.jobs.logs.detect.table import Table, marks_of

HALF_LIFE = 100.0
EVENTS = st.lists(st.tuples(st.integers(0, 12), st.floats(0, 5000), st.booleans()), min_size=1, max_size=60)
CUTS = st.lists(st.integers(0, 60), max_size=4)


def hashed(numbers: list[int]) -> np.ndarray:
    return (np.array(numbers, np.uint64) + np.uint64(1)) * np.uint64(0x9E37_79B9_7F4A_7C15)


def parts(length: int, cuts: list[int]) -> list[slice]:
    edges = sorted({0, length, *(cut for cut in cuts if cut < length)})
    return [slice(a, b) for a, b in pairwise(edges)]


@given(EVENTS, CUTS)
@settings(max_examples=60)
def test_counts_do_not_depend_on_batches(events: list[tuple[int, float, bool]], cuts: list[int]) -> None:
    keys = hashed([event[0] for event in events])[:, None]
    moments = np.array([event[1] for event in events])
    counted = np.array([[event[2]] for event in events])
    whole = Counters(HALF_LIFE).add(keys, moments, counted)
    other = Counters(HALF_LIFE)
    again = np.concatenate(
        [other.add(keys[part], moments[part], counted[part]) for part in parts(len(events), cuts)]
    )
    assert np.array_equal(whole, again)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 60)), min_size=1, max_size=60))
@settings(max_examples=60)
def test_counts_are_those_of_forward_decay(events: list[tuple[int, float]]) -> None:
    keys = hashed([event[0] for event in events])[:, None]
    moments = np.array([event[1] for event in events]) + 1e9 - 1e9 % (8 * HALF_LIFE)
    found = Counters(HALF_LIFE).add(keys, moments)[:, 0]
    for row, (key, _) in enumerate(events):
        earlier = [other for other in events[:row] if other[0] == key]
        now = max(other[1] for other in events[: row + 1])
        exact = sum(2 ** ((other[1] - now) / HALF_LIFE) for other in earlier)
        assert found[row] == pytest.approx(exact, rel=0.08, abs=0.05)


def test_what_is_long_ago_is_forgotten_and_makes_room() -> None:
    counters = Counters(HALF_LIFE)
    counters.add(hashed(list(range(5000)))[:, None], np.zeros(5000))
    assert len(counters) == 5000
    found = counters.add(hashed([1, 2])[:, None], np.full(2, 100 * HALF_LIFE))
    assert found.tolist() == [[0.0], [0.0]]
    assert len(counters) == 2


def test_counts_stop_at_the_most_they_can_hold() -> None:
    counters = Counters(1e9)
    counters._table.slots(marks_of(hashed([3])))
    counters._table.columns["counts"][:] = 2**32 - 5
    counters.add(hashed([3])[:, None], np.zeros(1))
    assert counters.add(hashed([3])[:, None], np.zeros(1))[0, 0] == (2**32 - 1) / 16


def test_a_snapshot_goes_on_where_it_was() -> None:
    first, second = Counters(HALF_LIFE), Counters(HALF_LIFE)
    keys, moments = hashed(list(range(3000)))[:, None], np.linspace(0, 300, 3000)
    first.add(keys, moments)
    second.restore(first.snapshot())
    assert np.array_equal(first.add(keys, moments + 300), second.add(keys, moments + 300))
    broken = first.snapshot()
    broken["marks"] = broken["marks"][:-1]
    with pytest.raises(ValueError, match="not a table"):
        second.restore(broken)
    broken = first.snapshot() | {"marks": np.ones(len(first), np.uint32)}
    with pytest.raises(ValueError, match="stand twice"):
        second.restore(broken)


@given(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=300), st.integers(1, 40))
@settings(max_examples=40)
def test_every_mark_has_its_own_slot(numbers: list[int], size: int) -> None:
    table = Table(values=np.int64)
    marks = np.unique(marks_of(np.array(numbers, np.uint64)))
    for begin in range(0, marks.size, size):
        slots = table.slots(marks[begin : begin + size])
        assert np.unique(slots).size == slots.size
        table.columns["values"][slots] = marks[begin : begin + size]
    assert table.used == marks.size
    assert np.array_equal(table.columns["values"][table.slots(marks)], marks)
    assert table.used == marks.size


@given(EVENTS, CUTS)
@settings(max_examples=60)
def test_what_was_last_is_that_of_a_dictionary(
    events: list[tuple[int, float, bool]], cuts: list[int]
) -> None:
    latest, known = Latest(time=np.float64, place=np.uint64), dict[int, tuple[float, int]]()
    keys = hashed([event[0] for event in events])
    values = {
        "time": np.array([event[1] for event in events]),
        "place": np.arange(1, len(events) + 1).astype(np.uint64),
    }
    kept = np.array([event[2] for event in events])
    for part in parts(len(events), cuts):
        found = latest.swap(keys[part], {name: column[part] for name, column in values.items()}, kept[part])
        for row in range(part.start, part.stop):
            key, moment, keeps = events[row]
            stood = known.get(key, (0.0, 0))
            assert (found["time"][row - part.start], found["place"][row - part.start]) == stood
            if keeps:
                known[key] = (moment, row + 1)
