"""CVSS of every version by its vector, words where there is none, and rubbish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.vulns.severity import severity_of

TWO, THREE = "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
OLD, LOW = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
FOUR = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("vectors", "score", "word", "version"),
    [
        ([TWO], 0.75, "high", "2.0"),
        ([THREE], 0.98, "critical", "3.1"),
        ([FOUR], 0.93, "critical", "4.0"),
        ([TWO, THREE, FOUR], 0.93, "critical", "4.0"),
        ([LOW, THREE, LOW], 0.98, "critical", "3.1"),
        ([OLD, LOW], 0.18, "low", "3.1"),
        (["CVSS:3.1/AV:N", "x" * 10_000, "", THREE], 0.98, "critical", "3.1"),
    ],
)
def test_the_newest_version_and_the_highest_of_it(
    vectors: list[str], score: float, word: str, version: str
) -> None:
    found = severity_of(vectors)
    assert found is not None
    assert (round(found.score, 4), found.word, found.version) == (score, word, version)
    assert found.vector in vectors


def test_a_word_where_there_is_no_vector() -> None:
    found = severity_of(["junk"], "High ")
    assert found is not None
    assert (found.score, found.word, found.vector, str(found)) == (
        0.795,
        "high",
        "",
        "the publisher's word, high",
    )
    assert severity_of([], "severe") is None
    assert severity_of([]) is None


_METRICS = st.sampled_from(
    ["AV:N", "AC:L", "PR:N", "UI:N", "S:U", "C:H", "I:H", "A:H", "AV:", ":", "/", "E:X"]
)


@given(st.lists(st.one_of(st.text(max_size=40), st.lists(_METRICS, max_size=12).map("/".join)), max_size=3))
def test_no_vector_breaks_it(vectors: list[str]) -> None:
    for prefix in ("", "CVSS:3.1/", "CVSS:3.0/", "CVSS:4.0/"):
        found = severity_of([prefix + vector for vector in vectors])
        assert found is None or 0 <= found.score <= 1
