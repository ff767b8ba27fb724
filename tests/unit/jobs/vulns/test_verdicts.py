"""Every label has its verdict and its status, and doubt is never turned into "not affected"."""

from __future__ import annotations

from icelos.findings import Verdict
from icelos.jobs.vulns.verdicts import STATUSES, VERDICTS, Label


def test_every_label_is_mapped() -> None:
    assert set(VERDICTS) == set(STATUSES) == set(Label)


def test_clear_and_settled_are_the_same() -> None:
    for label in Label:
        assert (VERDICTS[label] is Verdict.CLEAR) == (STATUSES[label] in {"fixed", "not_affected"})
    assert (VERDICTS[Label.UNCERTAIN], STATUSES[Label.UNCERTAIN]) == (Verdict.UNKNOWN, "under_investigation")
