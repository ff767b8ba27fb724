"""Cursors say nothing of numbers, and are understood again."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from icelos.data import cursors


@given(st.integers(0, 2**62 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_shown_is_understood(number: int, key: bytes) -> None:
    shown = cursors.shown(key, number)
    assert 0 <= shown < 2**62
    assert cursors.meant(key, shown) == number


def test_neighbours_are_far_apart_and_keys_differ() -> None:
    shown = [cursors.shown(b"k" * 32, number) for number in range(1000)]
    assert len(set(shown)) == 1000
    assert sum(one > 2**50 for one in shown) > 990
    assert sorted(shown) != shown
    assert shown[1] != cursors.shown(b"l" * 32, 1)


def test_a_store_keeps_its_key() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript(cursors.SCHEMA)
    assert cursors.key_of(database) == cursors.key_of(database)
    assert len(cursors.key_of(database)) == 32
    database.close()
