"""Patterns of paths, and that none of them takes long."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.patterns import compiled, matches
from icelos.errors import InputError


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a.py", True), ("*.py", "x/y/a.py", True), ("/a.py", "x/a.py", False),
        ("/a.py", "a.py", True),
        ("x/*.py", "x/a.py", True), ("x/*.py", "x/y/a.py", False), ("x/**/*.py", "x/a.py", True),
        ("x/**/*.py", "x/y/z/a.py", True), ("**", "a/b", True), ("x/**", "x/a/b", True),
        ("x/**", "y/a", False),
        ("**/b/**", "a/b/c", True), ("a?c", "abc", True), ("a[!b]c", "abc", False), ("x/", "x", True),
        ("./x/a", "x/a", True), ("a", "A", False), ("[", "[", True),
    ],
)  # fmt: skip
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert matches(compiled(pattern), path) is fits


@pytest.mark.parametrize("pattern", ["", "/", ".", "x" * 600, "a/" * 40])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(InputError, match="not a pattern"):
        compiled(pattern)


def test_a_trap_for_matchers_ends() -> None:
    start = time.monotonic()
    assert not matches(compiled("*a" * 200), "a" * 250 + "b")
    assert not matches(compiled("**/a/" * 15 + "b"), "a/" * 1000 + "c")
    assert time.monotonic() - start < 1


@given(st.text(max_size=20), st.text(alphabet="ab/*", min_size=1, max_size=20))
def test_any_pattern_matches_or_is_refused(pattern: str, path: str) -> None:
    with suppress(InputError):
        assert matches(compiled(pattern), path) in {True, False}
