from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.copilot.agent import documents
from icelos.jobs.copilot.agent.agent import read

NOW = datetime(2026, 5, 6, 14, 30, tzinfo=UTC)


def test_clauses_and_what_joins_them() -> None:
    question = (
        "which of our exploitable CVEs are in KEV, who logs in to those hosts, and what does the runbook say?"
    )
    first, second, third = (clause for clause, _ in read(question, NOW).clauses)
    assert (first.want, first.sought, first.atoms[0].view.name) == ("list", "cve", "vulnerabilities")
    assert (second.want, second.atoms[0].mode, second.atoms[0].refer[0].what) == ("who", "verb", "host")
    assert documents.is_runbook(third.text)


@pytest.mark.parametrize(
    ("question", "own"),
    [
        ("what is T1110.003?", False),
        ("who uses Mimikatz?", False),
        ("when is CVE-2024-8068 due?", False),
        ("which groups use password spraying?", False),
        ("how do we respond to phishing?", False),
        ("which of our rules detect T1110.003?", False),
        ("how many alerts are open?", True),
        ("who logged in to web-01 yesterday?", True),
        ("which of our CVEs are in KEV?", True),
        ("what changed since yesterday?", True),
        ("timeline of user ann", True),
    ],
)
def test_what_is_the_organisation_s_own(question: str, own: bool) -> None:
    assert read(question, NOW).is_own is own


def test_words_without_a_place_are_named() -> None:
    ((clause, _),) = read("which exploitable CVEs are only on web-01?", NOW).clauses
    assert clause.unclear == ["only"]


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    read(text, NOW)


WORDS = """which|who|hosts|users|exploitable|CVEs|in KEV|failed to sign in|not|and|,|those|per|most
|more than 3|yesterday|mail|alerts|for|web-01|CVE-2024-3094|assigned to|with|that|them
|since Monday|top 5|why|flagged|?"""


@given(st.lists(st.sampled_from(WORDS.replace("\n", "").split("|")), max_size=14))
def test_any_words_can_be_read(words: list[str]) -> None:
    read(" ".join(words), NOW)
