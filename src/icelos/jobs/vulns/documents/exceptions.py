"""Exceptions: what somebody accepts until a day, by name. The finding stays, and is shown as excepted.

A TOML file of tables `[[exception]]` with `vulnerability`, `reason`, `owner`, `expires` (a date) and, to
restrict it, `purl` (with or without a version). Read strictly: a misspelt key would except too much.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from icelos.data.parse.limits import read_bounded
from icelos.errors import InputError
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.vulns.documents.apply import names_of
from icelos.jobs.vulns.documents.products import covers, is_purl

MAX_FILE = 8 * 1024 * 1024
T = TypeVar("T")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of findings: why, who, and through which day."""

    reason: str
    owner: str
    expires: date
    vulnerability: str = ""
    purl: str = ""

    @property
    def subject(self) -> str:
        """What it is about, for people."""
        return " ".join(filter(None, (self.vulnerability, self.purl)))

    def is_about(self, finding: Finding) -> bool:
        """Whether it names the finding: by any id of the vulnerability, and by its component."""
        wanted = self.vulnerability.strip().upper()
        return (not wanted or wanted in names_of(finding)) and (
            not self.purl or covers(self.purl, finding.attributes.get("purl", ""))
        )

    def problem(self) -> str:
        """What is wrong with it; else empty."""
        empty = [name for name in ("reason", "owner") if not getattr(self, name).strip()]
        if empty:
            return f"{empty[0]} is empty"
        if self.purl and not is_purl(self.purl):
            return f"purl {self.purl[:200]!r} is not a package URL"
        return ""


class Exemption(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One exception: whose risk it is, why it is taken, and until when."""

    vulnerability: str

    def problem(self) -> str:
        """A risk is taken by name."""
        return super().problem() if self.vulnerability.strip() else "vulnerability is empty"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exception: list[Exemption]


class Placed(NamedTuple):
    """A rule and where it stands ("exceptions.toml:exception[2]")."""

    rule: Rule
    source: str


class Applied(NamedTuple):
    """All findings in their order, those that are new, and the rules that did nothing, with reasons."""

    findings: list[Finding]
    changed: list[Finding]
    unused: list[tuple[Placed, str]]


def read_exceptions(path: Path) -> list[Placed]:
    """Raises InputError for what is not such a file, or an exception that is not complete."""
    file = read_toml(path, _File, "exceptions", _HINT)
    return placed(file.exception, f"{path.name}:exception")


_HINT = "[[exception]] with vulnerability, reason, owner, expires = 2027-01-31, and purl where it restricts"


def read_toml(path: Path, shape: type[T], what: str, hint: str) -> T:
    """A file of rules in their shape. Raises InputError."""
    try:
        return msgspec.toml.decode(read_bounded(path, MAX_FILE), type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"not a file of {what}: {error}", source=str(path), hint=hint) from error
    except InputError as error:
        raise InputError(error.message, source=str(path)) from error


def placed(rules: Sequence[Rule], where: str) -> list[Placed]:
    """Each with its place. Raises InputError for one that is not complete."""
    found = [Placed(rule, f"{where}[{number}]") for number, rule in enumerate(rules)]
    for rule, source in found:
        if problem := rule.problem():
            raise InputError(problem, source=source)
    return found


class Mark(Protocol):
    """What a rule makes of a finding that it is about."""

    def __call__(self, finding: Finding, placed: Placed, /) -> Finding: ...


def apply_rules(
    findings: Sequence[Finding], rules: Sequence[Placed], mark: Mark, *, today: date,
    spared: Set[str] = frozenset(),
) -> Applied:  # fmt: skip
    """What is neither ruled out nor, by its id, `spared`, marked by the first rule in force that is about it.

    A rule holds through the day that it names. `label` and `verdict` stay.
    """
    result = Applied([], [], [])
    used: set[Placed] = set()
    for finding in findings:
        ruled_out = finding.verdict is Verdict.CLEAR or finding.id in spared
        about = [] if ruled_out else [one for one in rules if one.rule.is_about(finding)]
        used.update(about)
        valid = next((one for one in about if one.rule.expires >= today), None)
        result.findings.append(mark(finding, valid) if valid else finding)
        if valid:
            result.changed.append(result.findings[-1])
    for one in rules:
        rule = one.rule
        if rule.expires < today:
            reason = f"expired on {rule.expires}, and is not applied any more (owner: {rule.owner})"
            result.unused.append((one, reason))
        elif one not in used:
            result.unused.append((one, "matches no finding that is not ruled out"))
    return result


def apply_exceptions(
    findings: Sequence[Finding], exceptions: Sequence[Placed], *, today: date,
    spared: Set[str] = frozenset(),
) -> Applied:  # fmt: skip
    """Findings as excepted. `label` and `verdict` stay: the risk is taken, not gone."""
    return apply_rules(findings, exceptions, _excepted, today=today, spared=spared)


def is_excepted(finding: Finding, today: date | None = None) -> bool:
    """Whether an exception that is about it is in force; a stored one may have expired since."""
    until = finding.attributes.get("excepted_until", "")
    return bool(until) and until >= (today or datetime.now(UTC).date()).isoformat()


def _excepted(finding: Finding, placed: Placed) -> Finding:
    rule = placed.rule
    told = f"{rule.reason} (accepted by {rule.owner} until {rule.expires})"
    facts = {"excepted": told, "excepted_until": rule.expires.isoformat()}
    return marked(finding, facts, Evidence(f"exception: {told}", placed.source, How.RULE))


def marked(finding: Finding, facts: dict[str, str], piece: Evidence) -> Finding:
    """The finding with a rule's attributes and evidence, once."""
    return msgspec.structs.replace(
        finding,
        attributes={**finding.attributes, **facts},
        evidence=(*finding.evidence, *(() if piece in finding.evidence else (piece,))),
    )
