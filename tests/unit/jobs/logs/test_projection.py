from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.logs.projection import Projection

PROJECTION = Projection(["a.b", "a.c.d", "e", "g"], ["who", "g"])


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ({}, {}),
        ({"z": 1, "a": {"z": 1}}, {"a": {}}),
        ({"a": {"b": 1, "c": {"d": [True], "x": 2}}}, {"a": {"b": 1, "c": {"d": [True]}}}),
        ({"e": None, "x": 1}, {"e": None}),
        ({"a": "x"}, {"a": "x"}),
        ({"a": {"c": 1.5}}, {"a": {"c": 1.5}}),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}),
        ({"who": "ana@b.example", "e": 2**70}, {"who": None, "e": 2**70}),
        ({"who": {"x": 1}, "g": "kept"}, {"who": None, "g": "kept"}),
    ],
)  # fmt: skip
def test_only_the_paths_are_left_and_what_is_no_object_stays(
    row: dict[str, object], left: dict[str, object]
) -> None:
    assert json.loads(PROJECTION.of(json.dumps(row))) == left


def test_values_that_only_look_equal_are_told_apart() -> None:
    values = ["1", "1.0", "true", '"1"', "-0.0", "0", "0.0", "false", "null", "[]", "{}", "[1]", "[true]"]
    assert len({PROJECTION.of(f'{{"e": {value}}}') for value in values}) == len(values)


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"a": tru}', '{"e": 1e999}', '{"e":' + "[" * 5000 + "]" * 5000 + "}"]
)
def test_what_cannot_be_decoded_is_refused(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        PROJECTION.of(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdez"), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(["a", "b", "e", "g", "who", "z"]), JSON))
def test_whatever_a_row_holds_its_paths_are_as_they_were(row: dict[str, object]) -> None:
    text = msgspec.json.encode(row).decode()
    row = msgspec.json.decode(text)
    left = msgspec.json.decode(PROJECTION.of(text))
    for path in ("a.b", "a.c.d", "e", "g"):
        one: object = row
        other: object = left
        for key in path.split("."):
            if not isinstance(one, dict):
                assert repr(one) == repr(other)
                break
            assert isinstance(other, dict)
            assert (key in one) == (key in other)
            one, other = one.get(key), other.get(key)
        else:
            assert repr(one) == repr(other)
    assert ("who" in row) == ("who" in left)
