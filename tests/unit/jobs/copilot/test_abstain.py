from __future__ import annotations

import pytest

from icelos.jobs.copilot import abstain, compose, retrieve
from icelos.jobs.copilot.abstain import Verdict
from icelos.jobs.copilot.answers import Status
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import understand


def verdict(question: str, reader: Reader) -> Verdict:
    query = retrieve.with_mentions(understand(question, lookup=reader.lookup), reader)
    evidence = retrieve.gather(query, reader, passages=8)
    return abstain.judge(query, compose.compose(query, evidence, reader, most=5))


@pytest.mark.parametrize(
    "question",
    [
        "What is T9001.002?",
        "Which weakness means that a gate does not check who is knocking before it opens?",
    ],
)
def test_there(question: str, reader: Reader) -> None:
    assert verdict(question, reader).status is Status.ANSWERED


@pytest.mark.parametrize(
    "question",
    [
        "How do I bake rye bread?", "What is the CVSS score of CVE-2024-90210?",
        "Which platforms does the Frobnicator run on?", "Who uses the Frobnicator?",
        "Which malware steals cookies from browsers by drawing windows over banking applications?",
    ],
)  # fmt: skip
def test_not_there(question: str, reader: Reader) -> None:
    found = verdict(question, reader)
    assert found.status is Status.NOT_IN_SOURCES, found
    assert found.why


@pytest.mark.parametrize("name", ["T7777", "CVE-2031-12345", "CWE-77777", "G7777", "CAPEC-77777"])
def test_unknown_identifiers(name: str, reader: Reader) -> None:
    found = verdict(f"How do we detect {name}?", reader)
    assert (found.status, found.unknown) == (Status.UNKNOWN_IDENTIFIER, (name,))
