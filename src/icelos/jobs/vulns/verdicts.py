"""The labels of a vulnerability verdict, and what each means on the common scale and in VEX documents.

The labels are those of NVIDIA's CVE workflow, which are CycloneDX's justifications and three more
(https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_analysis_justification). Statuses and
justifications of OpenVEX: https://github.com/openvex/spec.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from icelos.findings import Verdict


class Label(StrEnum):
    """What was decided about one component and one advisory."""

    CODE_NOT_PRESENT = "code_not_present"
    CODE_NOT_REACHABLE = "code_not_reachable"
    REQUIRES_CONFIGURATION = "requires_configuration"
    REQUIRES_DEPENDENCY = "requires_dependency"
    REQUIRES_ENVIRONMENT = "requires_environment"
    PROTECTED_BY_COMPILER = "protected_by_compiler"
    PROTECTED_AT_RUNTIME = "protected_at_runtime"
    PROTECTED_AT_PERIMETER = "protected_at_perimeter"
    PROTECTED_BY_MITIGATING_CONTROL = "protected_by_mitigating_control"
    VULNERABLE = "vulnerable"
    FALSE_POSITIVE = "false_positive"
    UNCERTAIN = "uncertain"


class Status(StrEnum):
    """Statuses of VEX. What is undecided is under investigation, never "not affected"."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class Meaning(NamedTuple):
    """A label elsewhere: on the common scale, in OpenVEX and in CycloneDX."""

    verdict: Verdict
    status: Status
    openvex: str = ""
    cyclonedx: str = ""


def _absent(openvex: str, cyclonedx: str) -> Meaning:
    return Meaning(Verdict.CLEAR, Status.NOT_AFFECTED, openvex, cyclonedx)


_UNREACHED, _UNCONTROLLED, _MITIGATED = (
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
MEANINGS: dict[Label, Meaning] = {
    Label.CODE_NOT_PRESENT: _absent("vulnerable_code_not_present", "code_not_present"),
    Label.CODE_NOT_REACHABLE: _absent(_UNREACHED, "code_not_reachable"),
    Label.REQUIRES_CONFIGURATION: _absent(_UNCONTROLLED, "requires_configuration"),
    Label.REQUIRES_DEPENDENCY: _absent(_UNREACHED, "requires_dependency"),
    Label.REQUIRES_ENVIRONMENT: _absent(_UNCONTROLLED, "requires_environment"),
    Label.PROTECTED_BY_COMPILER: _absent(_MITIGATED, "protected_by_compiler"),
    Label.PROTECTED_AT_RUNTIME: _absent(_MITIGATED, "protected_at_runtime"),
    Label.PROTECTED_AT_PERIMETER: _absent(_MITIGATED, "protected_at_perimeter"),
    Label.PROTECTED_BY_MITIGATING_CONTROL: _absent(_MITIGATED, "protected_by_mitigating_control"),
    Label.VULNERABLE: Meaning(Verdict.ALERT, Status.AFFECTED),
    Label.FALSE_POSITIVE: _absent("component_not_present", ""),
    Label.UNCERTAIN: Meaning(Verdict.UNKNOWN, Status.UNDER_INVESTIGATION),
}
"""Each label keeps its own name beside these ("label" in every document), so that nothing is lost."""
