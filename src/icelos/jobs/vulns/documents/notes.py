"""What a format has no place for, as lines of its free text: "key: value", readable for people.

The first line is `HEAD`; a text without it is somebody else's, and no line of it is taken for ours. Also
what labels and justifications of others mean in ours.
"""

from __future__ import annotations

from typing import NamedTuple

from icelos.jobs.vulns.documents.model import MAX_EVIDENCE, Statement, one_line
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status

HEAD = "Icelos verdict"
_JUSTIFIED = {
    "component_not_present": Label.FALSE_POSITIVE,
    "vulnerable_code_not_present": Label.CODE_NOT_PRESENT,
    "vulnerable_code_not_in_execute_path": Label.CODE_NOT_REACHABLE,
    "vulnerable_code_cannot_be_controlled_by_adversary": Label.REQUIRES_ENVIRONMENT,
    "inline_mitigations_already_exist": Label.PROTECTED_BY_MITIGATING_CONTROL,
}
"""OpenVEX and CSAF know five justifications where we have ten labels: the most general of each kind."""


_LABELS = {label.value: label for label in Label}


class Notes(NamedTuple):
    """What the lines say."""

    label: str = ""
    name: str = ""
    version: str = ""
    severity: str = ""
    cvss: str = ""
    cvss_score: str = ""
    impact: str = ""
    fixes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


def written(statement: Statement) -> str:
    """The lines of a statement."""
    lines = [
        HEAD, f"label: {statement.label.value}", f"name: {statement.name}", f"version: {statement.version}",
        f"severity: {statement.severity}", f"CVSS: {statement.cvss}", f"CVSS score: {statement.cvss_score}",
        f"why: {statement.impact}",
        f"fixed in: {' '.join(statement.fixes)}",
        *(f"evidence: {line}" for line in statement.evidence),
    ]  # fmt: skip
    return "\n".join(line for line in lines if not line.endswith(": "))


def read(text: str) -> Notes:
    """The lines of a text that begins with `HEAD`; nothing for any other."""
    single = fields(text)
    return Notes(
        single.get("label", ""), single.get("name", ""), single.get("version", ""),
        single.get("severity", ""), single.get("CVSS", ""), single.get("CVSS score", ""),
        single.get("why", ""), tuple(single.get("fixed in", "").split()),
        tuple(value for key, value in _pairs(text) if key == "evidence")[:MAX_EVIDENCE],
    )  # fmt: skip


def fields(text: str) -> dict[str, str]:
    """The first line of each key."""
    return dict(reversed(_pairs(text)))


def _pairs(text: str) -> list[tuple[str, str]]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != HEAD:
        return []
    return [(key, one_line(value)) for key, colon, value in (ln.partition(": ") for ln in lines[1:]) if colon]


def label_for(status: Status, said: str = "", justification: str = "") -> Label:
    """The label said, where it fits the status; else the most general that status and justification allow."""
    for name in (said, justification):
        label = _LABELS.get(name)
        if label is not None and _fits(status, label):
            return label
    if status is Status.NOT_AFFECTED:
        return _JUSTIFIED.get(justification, Label.FALSE_POSITIVE)
    return {
        Status.AFFECTED: Label.VULNERABLE, Status.FIXED: Label.CODE_NOT_PRESENT,
        Status.UNDER_INVESTIGATION: Label.UNCERTAIN,
    }[status]  # fmt: skip


def justification_of(said: str, label: Label) -> str:
    """One of OpenVEX's five: the one said, where it is one, else the label's."""
    return said if said in _JUSTIFIED else MEANINGS[label].openvex


def _fits(status: Status, label: Label) -> bool:
    if status is Status.FIXED:
        return label is Label.CODE_NOT_PRESENT
    return MEANINGS[label].status is status
