from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse import json_arrays
from icelos.data.parse.json_arrays import begins_array, elements
from icelos.errors import InputError


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'[{"a": 1}', True),
        (b'\xef\xbb\xbf { "Records": [ {', True),
        (b'{"@odata.context":"https://x","value":[{"id"', True),
        (b'{"records":[{', True),
        (b'{"a": [{', False),
        (b"[1, 2]", False),
        (b"[Sun Dec 04 04:47:44 2005] [notice]", False),
        (b"", False),
    ],
)
def test_how_an_array_begins(head: bytes, expected: bool) -> None:
    assert begins_array(head) is expected


_ROWS = st.lists(
    st.dictionaries(
        st.text(max_size=6),
        st.recursive(
            st.text(max_size=20) | st.integers() | st.none(),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=6,
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=6,
)


@given(_ROWS, st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
def test_elements_come_out_whole_whatever_the_pieces(
    rows: list[dict[str, Any]], piece: int, wrapped: bool, indent: int | None
) -> None:
    data = json.dumps({"Records": rows} if wrapped else rows, indent=indent).encode()
    before = json_arrays.PIECE
    json_arrays.PIECE = piece
    try:
        found = list(elements(io.BytesIO(data), 10_000))
    finally:
        json_arrays.PIECE = before
    assert [json.loads(element or b"") for element in found] == rows


def test_an_element_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_arrays, "PIECE", 64)
    rows = [{"a": 1}, {"b": 'x"\\]}' * 500, "c": [{}]}, {"d": 2}]
    found = list(elements(io.BytesIO(json.dumps(rows).encode()), 1000))
    assert found == [b'{"a": 1}', None, b'{"d": 2}']


def test_arrays_one_after_another() -> None:
    data = b'{"Records":[{"a":1}]}\n{"Records":[{"a":2},{"a":3}]}\n'
    assert list(elements(io.BytesIO(data), 100)) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']


@pytest.mark.parametrize("data", [b'[{"a": 1}', b'[{"a": 1}, {"b', b'[{"a": "x'])
def test_an_array_that_does_not_end_is_an_error_after_its_rows(data: bytes) -> None:
    with pytest.raises(InputError, match="does not end"):
        list(elements(io.BytesIO(data), 100))


@given(st.binary(max_size=200))
def test_any_bytes_end(data: bytes) -> None:
    with suppress(InputError):
        list(elements(io.BytesIO(b"[" + data), 50))
