"""Which parts of a module two versions of it have otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.vulns.fixes.units import changed, units

BEFORE = '''
"""A kit."""
import json
from xml import sax
LIMIT = 10
__version__ = "1.0"

class Reader(Base):
    """Reads."""
    strict = False
    def read(self, text):
        # without a limit
        return json.loads(text)
    def close(self):
        return None

def load(text):
    return Reader().read(text)

if LIMIT:
    def spare():
        return 1
'''


def differing(old: str, new: str) -> list[str]:
    found = changed(units(BEFORE.encode(), "kit"), units(BEFORE.replace(old, new, 1).encode(), "kit"))
    assert BEFORE.replace(old, new, 1) != BEFORE
    return found


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("json.loads(text)", "json.loads(text[:9])", ["kit.Reader.read"]),
        ("strict = False", "strict = True", ["kit.Reader"]),
        ("Reader(Base)", "Reader(Safe)", ["kit.Reader"]),
        ("LIMIT = 10", "LIMIT = 11", ["kit.LIMIT"]),
        ("from xml import sax", "from defused import sax", ["kit.sax"]),
        ("return 1", "return 2", ["kit.spare"]),
        ("    def close", "    def check(self):\n        return 2\n    def close", ["kit.Reader"]),
        ("    def close(self):\n        return None\n", "", ["kit.Reader.close", "kit.Reader"]),
        ("def load", "def loads", ["kit.load"]),
    ],
)
def test_what_a_fix_changed(old: str, new: str, parts: list[str]) -> None:
    assert sorted(differing(old, new)) == sorted(parts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# without a limit", "# bounded elsewhere"),
        ('"""Reads."""', '"""Reads text."""'),
        ('__version__ = "1.0"', '__version__ = "1.1"'),
        ("def load(text):", "\n\ndef load(text):"),
        ("def load(text)", "def extra():\n    return 0\n\ndef load(text)"),
    ],
)
def test_what_is_no_fix(old: str, new: str) -> None:
    assert differing(old, new) == []


def test_source_of_another_python_is_said() -> None:
    with pytest.raises(ValueError, match="no Python"):
        units(b"print 'x'", "kit")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = units(data, "m")
    except ValueError:
        return
    assert changed(found, found) == []
