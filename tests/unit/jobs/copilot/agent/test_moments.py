from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.copilot.agent.moments import find

NOW = datetime(2026, 5, 6, 14, 30, tzinfo=UTC)  # a Wednesday

SAID = [
    ("since yesterday", "since 2026-05-05"),
    ("on 3 May", "on 2026-05-03"),
    ("on May 3rd", "on 2026-05-03"),
    ("on the 3rd of May 2025", "on 2025-05-03"),
    ("this week", "from 2026-05-04 to 2026-05-10"),
    ("last week", "from 2026-04-27 to 2026-05-03"),
    ("in the last week", "since 2026-04-29 14:30"),
    ("within 2 days", "since 2026-05-04 14:30"),
    ("over the past month", "since 2026-04-06 14:30"),
    ("last 24 hours", "since 2026-05-05 14:30"),
    ("between 1 and 3 May", "from 2026-05-01 to 2026-05-03"),
    ("from 2026-05-01 to 2026-05-03", "from 2026-05-01 to 2026-05-03"),
    ("between 3 May 10:00 and 3 May 12:00", "from 2026-05-03 10:00 to 2026-05-03 12:00"),
    ("on Monday", "on 2026-05-04"),
    ("since last Wednesday", "since 2026-04-29"),
    ("before 2 May 2026", "before 2026-05-02"),
    ("until 2 May 2026", "before 2026-05-03"),
    ("after 3 May", "since 2026-05-04"),
    ("in April", "from 2026-04-01 to 2026-04-30"),
    ("in December", "from 2025-12-01 to 2025-12-31"),
    ("three days ago", "on 2026-05-03"),
    ("last month", "from 2026-04-01 to 2026-04-30"),
]


@pytest.mark.parametrize(("text", "told"), SAID)
def test_times(text: str, told: str) -> None:
    assert [one.period.said for one in find(f"who signed in {text}?", NOW)] == [told]


@pytest.mark.parametrize(
    "text", ["who may sign in", "the last sign-in of ann", "on 31 February", "CVE-2024-3094", "at 25:00"]
)
def test_no_times(text: str) -> None:
    assert find(text, NOW) == []


@given(st.text(max_size=120))
def test_any_text(text: str) -> None:
    found = find(text, NOW)
    assert all(one.start < one.end <= len(text) for one in found)
    for before, after in itertools.pairwise(found):
        assert before.end <= after.start
