"""Every label has its meaning, and doubt is never turned into "not affected"."""

from __future__ import annotations

from icelos.findings import Verdict
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status


def test_every_label_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Label)


def test_clear_and_not_affected_are_the_same_and_have_a_justification() -> None:
    for meaning in MEANINGS.values():
        settled = meaning.status is Status.NOT_AFFECTED
        assert (meaning.verdict is Verdict.CLEAR) == settled
        assert bool(meaning.openvex) == settled


def test_doubt_stays_doubt() -> None:
    assert MEANINGS[Label.UNCERTAIN][:2] == (Verdict.UNKNOWN, Status.UNDER_INVESTIGATION)


def test_what_cyclonedx_calls_by_the_same_name() -> None:
    others = {Label.VULNERABLE, Label.FALSE_POSITIVE, Label.UNCERTAIN}
    for label, meaning in MEANINGS.items():
        assert meaning.cyclonedx == ("" if label in others else label.value)
