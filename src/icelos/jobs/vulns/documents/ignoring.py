"""Ignore rules: matches that somebody does not want to see counted. They are kept, and shown as ignored.

A TOML file of tables `[[ignore]]` with `reason`, `owner`, `expires` (a date) and at least one of
`vulnerability`, `purl` (with or without a version) and `match`, the way in which the match was made; what is
given must all fit. A rule says nothing of the flaw: status, label and verdict stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from icelos.findings import Evidence, Finding, How
from icelos.jobs.vulns.documents.exceptions import (
    Applied,
    Placed,
    Rule,
    apply_rules,
    marked,
    placed,
    read_toml,
)

WAYS = {
    "purl": "package URL and versions", "distribution": "advisory of the distribution", "cpe": "CPE",
    "report": "report of ",
}  # fmt: skip
"""Ways in which a match is made, and how the attribute `match` of a finding begins then."""


class IgnoreRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Matches to ignore, and why. `match` is one of `WAYS`."""

    match: str = ""

    @property
    def subject(self) -> str:
        """What it is about, for people."""
        return " ".join(filter(None, (super().subject, self.match and f"matched by {self.match}")))

    def is_about(self, finding: Finding) -> bool:
        """Whether it names the finding, and how it was matched."""
        way = WAYS.get(self.match, "")
        return super().is_about(finding) and finding.attributes.get("match", "").startswith(way)

    def problem(self) -> str:
        """A rule without anything to go by would ignore all."""
        if not self.vulnerability.strip() and not self.purl and not self.match:
            return "none of vulnerability, purl and match is given: it would ignore everything"
        if self.match and self.match not in WAYS:
            return f"match {self.match[:80]!r} is none of {', '.join(WAYS)}"
        return super().problem()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ignore: list[IgnoreRule]


_HINT = "[[ignore]] with reason, owner, expires = 2027-01-31, and vulnerability, purl or match"


def read_ignores(path: Path) -> list[Placed]:
    """Raises InputError for what is not such a file, or a rule that is not complete."""
    return placed(read_toml(path, _File, "ignore rules", _HINT).ignore, f"{path.name}:ignore")


def apply_ignores(findings: Sequence[Finding], ignores: Sequence[Placed], *, today: date) -> Applied:
    """Findings that are not ruled out, as ignored."""
    return apply_rules(findings, ignores, _ignored, today=today)


def is_ignored(finding: Finding, today: date | None = None) -> bool:
    """Whether a rule that is about it is in force; a stored one may have expired since."""
    until = finding.attributes.get("ignored_until", "")
    return bool(until) and until >= (today or datetime.now(UTC).date()).isoformat()


def _ignored(finding: Finding, placed: Placed) -> Finding:
    rule = placed.rule
    told = f"{rule.reason} (ignored by {rule.owner} until {rule.expires})"
    facts = {"ignored": told, "ignored_until": rule.expires.isoformat()}
    return marked(finding, facts, Evidence(f"ignore rule: {told}", placed.source, How.RULE))
