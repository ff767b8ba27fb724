from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.knowledge.identifiers import candidates, fold, known_families


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is T1110.003?", ["T1110.003"]),
        ("T1110. And then", ["T1110"]),
        ("CVE-2025-62168 is not CVE-2025-6216", ["CVE-2025-62168", "CVE-2025-6216"]),
        ("cwe-79/CWE-89, (CAPEC-66)", ["cwe-79", "CWE-89", "CAPEC-66"]),
        ("ICSA-22-006-01 and ICSMA-21-187-01", ["ICSA-22-006-01", "ICSMA-21-187-01"]),
        ("rule 0e95725d-7320-415d-80f7-004da920fc11.", ["0e95725d-7320-415d-80f7-004da920fc11"]),
        ("TA0001 S0154 G0016 M1036", ["TA0001", "S0154", "G0016", "M1036"]),
        ("GHSA-jfh8-c2jp-5v3q", ["GHSA-jfh8-c2jp-5v3q"]),
        ("CVE-2025-6216-draft XT1110 T11100 T1110.0031", []),
        ("nothing here, version 1.2.3", []),
    ],
)  # fmt: skip
def test_families_are_read_whole(text: str, found: list[str]) -> None:
    assert known_families(text) == found


def test_anything_with_a_digit_or_inner_mark_may_be_a_name() -> None:
    assert candidates("see TICKET-123, lsass.exe and plain words (INC0042)") == [
        "ticket-123", "lsass.exe", "inc0042",
    ]  # fmt: skip


def test_candidates_are_bounded() -> None:
    assert len(candidates(" ".join(f"id-{n}" for n in range(1000)), limit=50)) == 50


@given(st.text(max_size=200))
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert isinstance(candidates(text), list)
