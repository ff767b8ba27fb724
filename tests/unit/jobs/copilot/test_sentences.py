from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.jobs.copilot.sentences import split


def texts(text: str) -> list[str]:
    return [span.text for span in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use e.g. net.exe first. Then stop.", ["Use e.g. net.exe first.", "Then stop."]),
        ("Version 4.60 and prior fail. See U.S. law.", ["Version 4.60 and prior fail.", "See U.S. law."]),
        ("J. Smith agreed. He left.", ["J. Smith agreed.", "He left."]),
        ("It runs code.CVE-2024-1 is open.", ["It runs code.", "CVE-2024-1 is open."]),
        ("TEMP.Veles moved on. It ended.", ["TEMP.Veles moved on.", "It ended."]),
        ("* Close it\n* Open it\n1. Lock it", ["Close it", "Open it", "Lock it"]),
        ("Due date: 2025-09-15\nVendor: Acme", ["Due date: 2025-09-15", "Vendor: Acme"]),
        ("# Head\nText here.", ["Head", "Text here."]),
        ("First [K7f2]. second one [K7f3].", ["First [K7f2].", "second one [K7f3]."]),
        ("  \n\n---\n", []),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="aB1. !?\n-*#:|[]()e.g", max_size=300))
def test_spans_are_slices_in_order_without_overlap(text: str) -> None:
    end = 0
    for span in split(text):
        assert text[span.start : span.end] == span.text
        assert span.start >= end
        assert any(c.isalnum() for c in span.text)
        end = span.end


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abC. \n*-", max_size=200))
def test_no_word_is_lost(text: str) -> None:
    kept = "".join(c for span in split(text) for c in span.text if c.isalpha())
    # List markers ("a. ") may be letters; nothing else goes.
    assert len(kept) >= sum(c.isalpha() for c in text) - text.count(". ") - text.count(".\n")
