"""Rows into columns: fast and slow ways say the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.flat import flat_fields
from icelos.jobs.logs.detect.columns import NOTHING, Layout, Reader, code_of

LAYOUT = Layout(
    user="user.name", time="at", facets=("address", "a\\.b", "user.kind", "deep.er.est"), session="session",
    latitude="place.lat", longitude="place.lon",
)  # fmt: skip
ROW: dict[str, Any] = {
    "at": "2025-01-06T08:00:01.5Z", "user": {"name": "ada", "kind": 3}, "address": "192.0.2.1", "a.b": True,
    "deep": {"er": {"est": "x"}}, "session": "s", "place": {"lat": 53.5, "lon": 10},
}  # fmt: skip


def test_values_become_codes() -> None:
    reader = Reader(LAYOUT)
    row = reader.decoded(json.dumps(ROW).encode())
    assert row is not None
    columns = reader.columns([row])
    assert columns.moments.tolist() == [1736150401.5]
    assert columns.users.tolist() == [code_of("ada")]
    assert columns.facets.tolist() == [[code_of("192.0.2.1"), code_of("1"), code_of("3"), code_of("x")]]
    assert columns.sources.tolist() == [NOTHING]
    assert (columns.latitudes[0], columns.longitudes[0]) == (53.5, 10.0)


TEXTS = st.text(max_size=4)
PLACES = st.dictionaries(st.sampled_from(["lat", "lon"]), st.integers(-90, 90))
NESTED = st.recursive(
    st.none() | st.integers(), lambda one: st.dictionaries(st.sampled_from(["er", "est"]), one, min_size=1)
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "at": st.one_of(st.none(), st.text(max_size=25), st.integers(), st.datetimes().map(str)),
        "user": st.one_of(st.none(), TEXTS, st.dictionaries(st.sampled_from(["name", "kind"]), TEXTS)),
        "address": st.one_of(st.none(), TEXTS, st.floats(allow_nan=False), st.booleans()),
        "a.b": st.integers() | TEXTS,
        "place": st.none() | PLACES,
        "deep": NESTED,
    },
)


@given(ROWS)
def test_the_fast_way_and_the_slow_one_agree(row: dict[str, Any]) -> None:
    reader = Reader(LAYOUT)
    fast, slow = reader.decoded(json.dumps(row)), reader.values(flat_fields(row))
    if fast is not None:
        one, other = reader.columns([fast]), reader.columns([slow])
        for name in ("users", "sessions", "sources", "moments", "latitudes"):
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name[0] in "ml"), name
        assert np.array_equal(one.facets[:, :3], other.facets[:, :3])


@pytest.mark.parametrize("line", [b"", b"[]", b"nothing", b'{"user": 3}', b'{"user": null}', b"\xff"])
def test_what_does_not_fit_is_left_to_the_slow_way(line: bytes) -> None:
    assert Reader(LAYOUT).decoded(line) is None


def test_a_row_with_nothing_in_it() -> None:
    reader = Reader(LAYOUT)
    row = reader.decoded(b"{}")
    assert row is not None
    columns = reader.columns([row, row])
    assert len(columns) == 2
    assert not columns.users.any()
    assert np.isnan(columns.moments).all()
    assert len(reader.columns([])) == 0


def test_a_row_that_does_not_fit_the_type_is_read_all_the_same() -> None:
    """As audit rows of services: the object that would name a user is null."""
    reader = Reader(LAYOUT)
    line = json.dumps({**ROW, "user": None}).encode()
    assert reader.decoded(line) is None
    row = reader.row(line)
    assert row is not None
    assert dict(zip(LAYOUT.paths, row, strict=True))["address"] == "192.0.2.1"
    assert reader.row(json.dumps(ROW).encode()) == reader.decoded(json.dumps(ROW).encode())
    assert reader.row(b"nothing") is None
