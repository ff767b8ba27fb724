from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.gpt.grammar.rows import (
    Array,
    JsonReader,
    Object,
    Unfit,
    Value,
    kind_of,
    read_cef,
    read_columns,
)

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
DOCUMENTS = st.dictionaries(
    st.text(),
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8),
)


def put_together(value: Value, reader: JsonReader) -> str:
    if isinstance(value, Object):
        parts = [text + put_together(inner, reader) for _, text, inner in value.keys]
        return "{" + reader.between("object").join(parts) + "}"
    if isinstance(value, Array):
        return "[" + reader.between("array").join(put_together(item, reader) for item in value.items) + "]"
    return value


@settings(max_examples=100, deadline=None)
@given(document=DOCUMENTS, separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :")]))
def test_json_comes_back_byte_by_byte(document: dict[str, object], separators: tuple[str, str]) -> None:
    row = json.dumps(document, separators=separators)
    reader = JsonReader()
    try:
        taken = reader.read(row)
    except Unfit:  # half a pair of surrogates, which is not JSON to the parser
        assert "\\ud" in row
        return
    assert json.loads(put_together(taken, reader)) == document
    if separators[0][0] == ",":
        assert put_together(taken, reader) == row


@settings(max_examples=100, deadline=None)
@given(row=st.text(max_size=60) | st.text(alphabet='{}[]":,\\ae1 ', max_size=20).map(lambda text: "{" + text))
def test_what_is_not_a_json_object_is_unfit(row: str) -> None:
    try:
        JsonReader().read(row)
    except Unfit:
        return
    assert isinstance(json.loads(row), dict)


def test_deep_nesting_is_unfit() -> None:
    with pytest.raises(Unfit):
        JsonReader().read('{"a":' + "[" * 200 + "]" * 200 + "}")


def test_cef_is_header_and_keys_with_the_text_between() -> None:
    row = r"Feb 1 10:00:01 fw CEF:0|A\|c|W|1|100|dropped it|3|src=10.0.0.1 msg=a \= b = c suser=ada"
    taken = read_cef(row)
    assert "".join(text + str(value) for _, text, value in taken.keys) == row
    values = {name: value for name, _, value in taken.keys}
    assert (values["syslog3"], values["cef1"], values["cef5"]) == ("fw", r"A\|c", "dropped it")
    assert (values["src"], values["msg"], values["suser"]) == ("10.0.0.1", r"a \= b = c", "ada")
    for broken in ("CEF:0|a|b", "none", "CEF:0|a|b|c|d|e|f|no keys"):
        with pytest.raises(Unfit):
            read_cef(broken)


@pytest.mark.parametrize("row", ['1,"a, ""b",,x', "", ",", "a;b,c"])
def test_columns_are_values_with_the_delimiter_between(row: str) -> None:
    taken = read_columns(row, ",")
    assert "".join(text + str(value) for _, text, value in taken.keys) == row


def test_a_quote_that_does_not_close_is_unfit() -> None:
    with pytest.raises(Unfit):
        read_columns('a,"b,c', ",")


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (['{"a":1}'] * 3, ("json", "")),
        (["Feb CEF:0|a|b|c|d|e|f|"] * 3, ("cef", "")),
        (['1,2,"3,4"', "5,6,7"], ("columns", ",")),
        (["a\tb\tc"], ("columns", "\t")),
        (["plain words, and more", "others"], ("", "")),
    ],
)
def test_kinds_are_told_apart(rows: list[str], kind: tuple[str, str]) -> None:
    assert kind_of(rows) == kind
