"""JSON out of model text: found, bounded, checked; hostile text is refused in good time."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import ModelError
from icelos.llm import schema
from icelos.llm.schema import NotJSON, candidates, check, parse, read, violations

ANY = {"type": "object"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(max_size=8), VALUES, max_size=4), st.text(alphabet="abc \n`'.,:!?", max_size=30)
)
def test_object_is_found_whatever_stands_around_it(value: dict[str, object], around: str) -> None:
    text = f"{around}```json\n{json.dumps(value)}\n```{around}"
    assert read(text, ANY) == (value, [])


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    value, problems = read(text, ANY)
    assert (value is None) == bool(problems)


def test_array_is_found_where_the_schema_wants_one() -> None:
    wanted = {"type": "array", "items": {"type": "integer"}}
    assert read("Here: [1, 2] and {}", wanted) == ([1, 2], [])
    assert read("[1, 2]", wanted) == ([1, 2], [])


def test_whole_json_of_the_wrong_form_is_not_searched_for_a_better_part() -> None:
    value, problems = read('{"inner": {"a": 1}}', {"type": "object", "required": ["a"]})
    assert value is None
    assert problems == ["the whole: 'a' is a required property"]


def test_problems_name_their_place_and_are_few_and_short() -> None:
    items = {"type": "array", "items": {"type": "integer"}}
    found = violations({"a": ["x" * 1000] * 50}, {"properties": {"a": items}})
    assert len(found) == 5
    assert found[0].startswith("a/0: ")
    assert all(len(line) < 220 for line in found)


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", '{"a": 1', "1e999", '"\\ud800"', "\ud800", "", "[" * 10_000]
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(NotJSON):
        parse(text)


def test_depth_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse("[" * 64 + "]" * 64)
    with pytest.raises(NotJSON, match="nested deeper than 64"):
        parse("[" * 66 + "]" * 66)
    monkeypatch.setattr(schema, "MAX_CHARS", 10)
    with pytest.raises(NotJSON, match="longer than"):
        parse("[1,2,3,4,5,6]")


@pytest.mark.parametrize(
    "piece", ["{", '{"a":', "}", '"', "\\", '{"', '\\"', '{"\\', "[{", "{}", '{"a": "}"}', "<think>"]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = "{" + piece * (200_000 // len(piece))
    started = time.perf_counter()
    read(text, {"type": "object", "required": ["never"]})
    assert time.perf_counter() - started < 5


def test_number_of_candidates_is_bounded() -> None:
    assert len(list(candidates("{} " * 1000, "{"))) == 16


def test_references_are_never_fetched() -> None:
    with pytest.raises(ModelError, match="refers to elsewhere"):
        violations({}, {"$ref": "http://127.0.0.1:9/schema.json"})
    local = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert violations({"a": 1}, local) == []
    assert violations({"a": "1"}, local)


def test_schema_itself_is_checked() -> None:
    check({"type": "object"})
    with pytest.raises(ModelError, match="not a JSON schema"):
        check({"type": 7})
