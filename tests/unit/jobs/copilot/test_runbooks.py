from __future__ import annotations

from icelos.jobs.copilot import retrieve, runbooks
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import understand


def steps(question: str, reader: Reader) -> list[str]:
    query = understand(question, lookup=reader.lookup)
    evidence = retrieve.gather(query, reader, passages=8)
    return [draft.text for draft in runbooks.steps(query, evidence.weights, reader, most=5)]


def test_the_phase_that_is_asked_for(reader: Reader) -> None:
    first = steps("What do we do first when the cellar is flooded?", reader)
    assert first[0].endswith("Find out how high the water stands.")
    assert not any("TODO" in text for text in first)
    contain = steps("How do we contain a flooded cellar?", reader)
    assert [text.rsplit(": ", 1)[-1] for text in contain] == [
        "Close the main valve.",
        "Move the servers upstairs.",
    ]


def test_no_runbook_for_something_else(reader: Reader) -> None:
    assert steps("How do we respond to a stolen bicycle?", reader) == []
