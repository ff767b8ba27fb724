from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.flat import FIRST, MAX_FIELDS, flat_fields
from icelos.errors import InputError


def test_paths() -> None:
    value = {"a": {"b": 1, "c.d": None}, "e": [], "f": [{"g": True}, "x"], "h": {}, "i": 1.5}
    assert flat_fields(value) == {
        "a.b": 1, "a.c\\.d": None, "e[]": 0, "f[]": 2, "f[0].g": True, "f[1]": "x", "h{}": 0, "i": 1.5,
    }  # fmt: skip


def test_only_the_first_elements_have_paths() -> None:
    assert len(flat_fields({"a": list(range(100))})) == FIRST + 1


def test_bounds() -> None:
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"a": deep, "b": 1}
    with pytest.raises(InputError, match="nested"):
        flat_fields(deep)
    with pytest.raises(InputError, match="fields"):
        flat_fields({str(n): n for n in range(MAX_FIELDS + 1)})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4))
def test_values_are_plain_and_none_is_lost(value: dict[str, Any]) -> None:
    def leaves(inner: object) -> int:
        if isinstance(inner, dict) and inner:
            return sum(map(leaves, inner.values()))
        return 1 + sum(map(leaves, inner[:FIRST])) if isinstance(inner, list) else 1

    flat = flat_fields(value)
    assert all(found is None or isinstance(found, str | int | float) for found in flat.values())
    if not any("[" in path or "{" in path for path in flat):
        assert len(flat) == (leaves(value) if value else 0)
