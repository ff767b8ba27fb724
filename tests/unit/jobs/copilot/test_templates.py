from __future__ import annotations

import pytest

from icelos.jobs.copilot import templates, verify
from icelos.jobs.copilot.facets import BY_NAME
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.subjects import subject
from icelos.jobs.copilot.understand import name_entities


def told(name: str, facet: str, reader: Reader) -> list[str]:
    thing = subject(name_entities(name, reader.lookup)[0], reader)
    drafts = templates.answer(thing, BY_NAME[facet], reader, most=5)
    for draft in drafts:
        hits = {quote.hit.chunk_id: quote.hit for quote in draft.quotes}.values()
        assert draft.quotes
        assert verify.check(draft.text, [verify.as_passage(hit) for hit in hits], lines=16).ok, draft.text
    return [draft.text for draft in drafts]


@pytest.mark.parametrize(
    ("name", "facet", "expected"),
    [
        ("T9001.002", "tactic", "Credential Access"),
        ("Slow Rattling", "platforms", "Windows, Linux"),
        ("T9001.002", "mitigations", "Lock every door after five tries"),
        ("T9001.002", "groups", "Quiet Otter"),
        ("LockSnail", "groups", "Quiet Otter (G9007)"),
        ("Quiet Otter", "aliases", "Hushed Weasel"),
        ("T9001.002", "rules", "Many Doors Tried By One Hand"),
        ("Many Doors Tried By One Hand", "level", "high"),
        ("Many Doors Tried By One Hand", "techniques", "T9001.002"),
        ("Many Doors Tried By One Hand", "false-positives", "Postmen"),
        ("CVE-2024-90210", "due", "2024-07-15"),
        ("CVE-2024-90210", "vendor", "Acme"),
        ("CVE-2024-90210", "ransomware", "Unknown"),
        ("CVE-2024-90333", "severity", "7.8"),
        ("CVE-2024-90334", "severity", "4.3"),
        ("CVE-2024-90333", "weakness", "CWE-9121"),
        ("CVE-2024-90334", "fix", "Oil the hinge"),
        ("ICSA-24-900-01", "affected", "4.60 and prior"),
        ("CAPEC-9087", "likelihood", "Medium"),
        ("Forceful Knocking", "prerequisites", "reachable from the street"),
        ("CWE-9287", "mitigations", "Ask for a name"),
        ("S9055", "definition", "slow lock picker"),
    ],
)
def test_a_facet_of_a_thing(name: str, facet: str, expected: str, reader: Reader) -> None:
    assert any(expected in text for text in told(name, facet, reader)), told(name, facet, reader)


@pytest.mark.parametrize(
    ("name", "facet"),
    [("LockSnail", "due"), ("CVE-2024-90210", "severity"), ("S9055", "mitigations"), ("G9007", "rules")],
)
def test_what_the_sources_do_not_say_is_not_told(name: str, facet: str, reader: Reader) -> None:
    assert told(name, facet, reader) == []


def test_labels_are_compared_without_marks() -> None:
    assert templates.label("**Due_date**:") == "due date"
