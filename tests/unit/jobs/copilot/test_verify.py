from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.contracts import Principal
from icelos.jobs.copilot import sentences
from icelos.jobs.copilot.verify import Passage, as_passage, check
from icelos.knowledge.store import KnowledgeStore

HINGE = Passage(
    "k",
    "ICSA-24-900-01 Bolt Works Hinge",
    "The affected hinge is vulnerable to a stack-based overflow while reading project files, which may allow"
    " an attacker to execute arbitrary code. CVE-2024-90333 has been assigned to this vulnerability."
    " A CVSS v3 base score of 7.8 has been assigned. Exploits are not known to target this vulnerability.\n\n"
    "Fix: Hinge Version 5.0.29.2\nDue date: 2025-09-15\nRansomware use: Unknown\n\n"
    "Quiet Otter used LockSnail against 3 embassies with multi-factor authentication.",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "CVE-2024-90333 has a CVSS score of 7.8.",
        "Bolt Works Hinge has a stack-based overflow that lets attackers run arbitrary code.",
        "Attackers could craft project files to overflow a stack, and the CVSS v3 base score is 7.8.",
        "It must be fixed by 15 September 2025; ransomware use is unknown.",
        "The fix is Hinge 5.0.29.2.",
        "According to the source, exploits are not known to target it.",
        "Quiet Otter used LockSnail against three embassies.",
        "Quiet Otter attacked 3 embassies that had MFA.",
    ],
)
def test_true_sentences_stand(sentence: str) -> None:
    support = check(sentence, [HINGE])
    assert support.ok, support.reason
    assert support.lines


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("CVE-2024-90334 has a CVSS score of 7.8.", "CVE-2024-90334"),
        ("CVE-2024-90333 has a CVSS score of 9.8.", "9.8"),
        ("The fix is Hinge 5.0.30.", "5.0.30"),
        ("Siemens Hinge has a stack-based overflow.", "Siemens"),
        ("Emotet is known to target this vulnerability.", "Emotet"),
        ("Quiet Otter used LockSnail against four embassies.", "four"),
        ("It must be fixed by 16 September 2025.", "16 September 2025"),
        ("Exploits are known to target this vulnerability.", "denial"),
        ("The hinge is not vulnerable to an overflow.", "denies"),
        ("The moon orbits the earth quickly.", "words"),
        ("See https://attacker.example/x for the CVSS score of 7.8.", "attacker.example"),
    ],
)
def test_false_sentences_fall_and_say_why(sentence: str, reason: str) -> None:
    support = check(sentence, [HINGE])
    assert not support.ok
    assert reason in support.reason


def test_a_date_of_another_line_is_refused_beside_its_rival() -> None:
    entry = Passage("k", "CVE-2024-90210 Gate", "Date added: 2024-06-24\nDue date: 2024-07-15")
    assert check("The due date is 2024-07-15.", [entry]).ok
    assert not check("The due date is 2024-06-24.", [entry]).ok


def test_a_name_written_small_is_known_by_the_sources() -> None:
    sentence = "The hinge is vulnerable to certutil overflow while reading project files."
    assert check(sentence, [HINGE]).ok
    assert not check(sentence, [HINGE], is_name=lambda phrase: phrase == "certutil").ok


def test_lines_are_where_the_sentence_stands() -> None:
    line = check("The fix is Hinge 5.0.29.2.", [HINGE]).lines[0]
    assert "5.0.29.2" in HINGE.text[line.start : line.end]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([s.text for s in sentences.split(HINGE.text)]))
def test_every_sentence_carries_itself(sentence: str) -> None:
    assert check(sentence, [HINGE]).ok


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=400))
def test_any_text_is_judged(sentence: str, passage: str) -> None:
    support = check(sentence, [Passage("k", "", passage)])
    assert support.ok == (not support.reason)


def test_as_passage_has_title_heading_and_identifiers(store: KnowledgeStore) -> None:
    hit = store.lookup("CVE-2024-90210", principal=Principal("ann"))[0]
    assert "CVE-2024-90210" in as_passage(hit).context
