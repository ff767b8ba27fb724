"""Lines of free text that are ours, and words of others in our labels."""

from __future__ import annotations

import pytest

from icelos.jobs.vulns.documents.notes import Notes, fields, label_for, read
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status


@pytest.mark.parametrize(
    "text", ["", "label: vulnerable", "see\nIcelos verdict\nlabel: vulnerable", "Icelos verdict: x"]
)
def test_what_others_write_is_not_taken_for_ours(text: str) -> None:
    assert read(text) == Notes()
    assert fields(text) == {}


def test_the_first_line_of_a_key_counts() -> None:
    said = read("Icelos verdict\nlabel: vulnerable\nlabel: code_not_present\nevidence: a: b\nevidence: c\nx")
    assert (said.label, said.evidence) == ("vulnerable", ("a: b", "c"))


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("said", ["", "nonsense", *Label])
def test_a_label_always_fits_its_status(status: Status, said: str) -> None:
    label = label_for(status, said)
    assert MEANINGS[label].status is status or (status, label) == (Status.FIXED, Label.CODE_NOT_PRESENT)
    if said and said in list(Label) and MEANINGS[Label(said)].status is status:
        assert label == said


@pytest.mark.parametrize(
    ("justification", "label"),
    [
        ("component_not_present", Label.FALSE_POSITIVE),
        ("vulnerable_code_not_present", Label.CODE_NOT_PRESENT),
        ("vulnerable_code_not_in_execute_path", Label.CODE_NOT_REACHABLE),
        ("requires_dependency", Label.REQUIRES_DEPENDENCY),
        ("", Label.FALSE_POSITIVE),
    ],
)
def test_justifications_of_others(justification: str, label: Label) -> None:
    assert label_for(Status.NOT_AFFECTED, "", justification) is label
