from __future__ import annotations

from datetime import UTC, datetime

import pytest

from icelos.contracts import Where
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import Focus, clean, focus_of, understand

NOW = datetime(2025, 11, 1, tzinfo=UTC)


def names(text: str, reader: Reader) -> list[str]:
    return [entity.text for entity in understand(text, lookup=reader.lookup).entities]


def facets(text: str, reader: Reader) -> list[str]:
    return [facet.name for facet in understand(text, lookup=reader.lookup).facets]


def test_identifiers_names_and_the_unknown(reader: Reader) -> None:
    query = understand("does hushed weasel use T9001.002 or T7777?", lookup=reader.lookup)
    assert [e.text for e in query.entities] == ["hushed weasel", "T9001.002"]
    assert query.unknown == ("T7777",)


def test_possessives_are_not_part_of_a_name(reader: Reader) -> None:
    query = understand("T9001.002's mitigations and LockSnail's users", lookup=reader.lookup)
    assert [(e.text, e.is_identifier) for e in query.entities] == [("T9001.002", True), ("LockSnail", False)]


def test_a_title_that_holds_an_identifier_is_one_name(reader: Reader) -> None:
    question = "how bad is CVE-2024-90210 Acme Gate Lock Bypass Vulnerability?"
    assert names(question, reader) == ["CVE-2024-90210 Acme Gate Lock Bypass Vulnerability"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what is T9001.002 and which of our rules see it?", ["definition", "rules"]),
        ("How can I mitigate Slow Rattling?", "mitigations"),
        ("When is CVE-2024-90210 due?", "due"),
        ("Which tactic does T9001.002 serve?", "tactic"),
        ("How severe is CVE-2024-90333?", "severity"),
        ("Who uses LockSnail?", "groups"),
    ],
)
def test_facets(question: str, expected: list[str] | str, reader: Reader) -> None:
    found = facets(question, reader)
    assert found == expected if isinstance(expected, list) else expected in found


@pytest.mark.parametrize(
    ("question", "resolved"),
    [
        ("and its mitigations?", "and T9001.002's mitigations?"),
        ("which groups use it?", "which groups use T9001.002?"),
        ("mitigations?", "mitigations of T9001.002?"),
        ("What about S9055?", "What is S9055?"),
        ("How is bread baked?", "How is bread baked?"),
        ("how do we contain a ransomware attack?", "how do we contain a ransomware attack?"),
        ("ransomware?", "ransomware of T9001.002?"),
        ("what does a worm do once it spreads?", "what does a worm do once it spreads?"),
        ("which servers are affected by it?", "which servers are affected by T9001.002?"),
        ("how do we find a host that is infected?", "how do we find a host that is infected?"),
        ("who does that?", "who does T9001.002?"),
        ("how is that mitigated?", "how is T9001.002 mitigated?"),
        ("which rules see this technique?", "which rules see T9001.002?"),
        ("what does our IT team do?", "what does our IT team do?"),
        ("is it possible to bake bread?", "is it possible to bake bread?"),
    ],
)
def test_follow_ups(question: str, resolved: str, reader: Reader) -> None:
    focus = Focus("What is T9001.002?", "T9001.002")
    assert understand(question, lookup=reader.lookup, focus=focus).text == resolved


def test_focus_is_what_was_named(reader: Reader) -> None:
    query = understand("what is LockSnail?", lookup=reader.lookup)
    assert focus_of(query).name == "LockSnail"


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("rules as of 2024-03", Where(as_of=datetime(2024, 3, 31, 23, 59, 59, tzinfo=UTC))),
        ("advisories published since March 2024", Where(modified_after=datetime(2024, 3, 1, tzinfo=UTC))),
        ("what was added in the last 7 days?", Where(modified_after=datetime(2025, 10, 25, tzinfo=UTC))),
        ("which groups are active since 2014?", Where()),
        ("as of the end of days", Where()),
    ],
)
def test_time(question: str, where: Where) -> None:
    assert understand(question, lookup=lambda _: [], now=NOW).where == where


def test_what_the_caller_asked_for_wins() -> None:
    asked = Where(as_of=NOW)
    assert understand("rules as of 2024", lookup=lambda _: [], where=asked).where.as_of == NOW


def test_hidden_characters_and_endless_questions() -> None:
    assert clean("a\u200b\U000e0041b\u202e") == "ab"
    assert len(understand("x " * 50_000, lookup=lambda _: []).text) <= 2000


def test_asking_words_are_not_what_it_is_about(reader: Reader) -> None:
    query = understand("Which tactic does Frobnication serve?", lookup=reader.lookup)
    assert "tactic" in query.asking
    assert not query.asking & {"frobnic"}
