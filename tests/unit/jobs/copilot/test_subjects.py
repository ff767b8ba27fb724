from __future__ import annotations

from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.subjects import Subject, called, subject
from icelos.jobs.copilot.understand import name_entities


def thing(name: str, reader: Reader) -> Subject:
    return subject(name_entities(name, reader.lookup)[0], reader)


def test_an_advisory_holds_a_vulnerability_and_is_not_it(reader: Reader) -> None:
    found = thing("CVE-2024-90333", reader)
    assert found.own == ()
    assert [hit.identifiers[0] for hit in found.holding] == ["ICSA-24-900-01"]
    assert found.called(found.holding[0]) == "CVE-2024-90333 (ICSA-24-900-01 Bolt Works Hinge)"


def test_only_the_parts_under_its_own_heading_speak_of_it(reader: Reader) -> None:
    for name, fix, other in (("CVE-2024-90333", "5.0.29", "Oil"), ("CVE-2024-90334", "Oil", "5.0.29")):
        found = thing(name, reader)
        text = "\n".join(part.text for part in found.parts(found.holding[0], reader))
        assert fix in text
        assert other not in text
        general = "\n".join(part.text for part in found.general(found.holding[0], reader))
        assert "4.60 and prior" in general
        assert fix not in general


def test_parts_are_slices_with_their_headings(reader: Reader) -> None:
    found = thing("Slow Rattling", reader)
    parts = list(found.parts(found.own[0], reader))
    assert {"Description", "Details", "Mitigations"} <= {part.heading for part in parts}
    assert all(part.text in part.passage.text for part in parts)


def test_called_by_title_and_identifier_once(reader: Reader) -> None:
    assert called(reader.lookup("LockSnail")[0]) == "S9055 LockSnail"
    assert called(reader.lookup("Many Doors Tried By One Hand")[0]) == "Many Doors Tried By One Hand"
