from __future__ import annotations

import pytest

from icelos.jobs.copilot import compose, retrieve
from icelos.jobs.copilot.compose import Composed
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import understand


def composed(question: str, reader: Reader) -> Composed:
    query = retrieve.with_mentions(understand(question, lookup=reader.lookup), reader)
    return compose.compose(query, retrieve.gather(query, reader, passages=8), reader, most=5)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When is the Acme Gate Lock Bypass due?", "2024-07-15"),
        ("Does Quiet Otter use LockSnail?", "Quiet Otter"),
        ("Which weakness is it when a gate opens without checking who knocks?", "CWE-9287"),
        ("What is CWE-9121?", "CWE-9121"),
        ("How do we contain a flooded cellar?", "Close the main valve"),
    ],
)
def test_answers(question: str, expected: str, reader: Reader) -> None:
    found = composed(question, reader)
    assert expected in " ".join(draft.text for draft in found.drafts)


def test_a_gap_is_told_apart_from_the_rest(reader: Reader) -> None:
    found = composed("What is LockSnail and which rules detect it?", reader)
    assert "slow lock picker" in found.drafts[0].text
    assert found.gaps == ("detection rule for LockSnail",)


def test_a_word_in_passing_is_not_the_subject(reader: Reader) -> None:
    question = "Who painted Quiet Otter Sleeping Beneath Seven Crimson Willows?"
    query = understand(question, lookup=reader.lookup)
    assert query.entities
    assert compose.central(query, retrieve.gather(query, reader, passages=8)) == []


def test_first_sentences_name_their_documents(reader: Reader) -> None:
    found = composed("who listens at doors quietly since 2014?", reader)
    titles = {draft.quotes[0].hit.title for draft in found.drafts}
    said = " ".join(draft.text for draft in found.drafts)
    assert all(title in said or title.split()[-1] in said for title in titles)
