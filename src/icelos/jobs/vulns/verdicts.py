"""The labels of a vulnerability verdict, and what each means on the common scale and in a VEX document."""

from __future__ import annotations

from enum import StrEnum

from icelos.findings import Verdict


class Label(StrEnum):
    """What was decided about one component and one advisory.

    More labels of why something is not affected (not reachable, needs a configuration …) come with the
    tools that can prove them; each maps to one status and justification, so that nothing is lost.
    """

    VULNERABLE = "vulnerable"
    FIXED = "fixed"
    CODE_NOT_PRESENT = "code_not_present"
    UNCERTAIN = "uncertain"


VERDICTS = {
    Label.VULNERABLE: Verdict.ALERT,
    Label.FIXED: Verdict.CLEAR,
    Label.CODE_NOT_PRESENT: Verdict.CLEAR,
    Label.UNCERTAIN: Verdict.UNKNOWN,
}
STATUSES = {
    Label.VULNERABLE: "affected",
    Label.FIXED: "fixed",
    Label.CODE_NOT_PRESENT: "not_affected",
    Label.UNCERTAIN: "under_investigation",
}
"""Statuses of VEX (https://github.com/openvex/spec); what is undecided is never "not_affected"."""
