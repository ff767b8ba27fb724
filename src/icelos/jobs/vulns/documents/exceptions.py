"""Exceptions: what somebody accepts until a day, by name. The finding stays, and is shown as excepted.

A TOML file of tables `[[exception]]` with `vulnerability`, `reason`, `owner`, `expires` (a date) and, to
restrict it, `purl` (with or without a version). Read strictly: a misspelt key would except too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from icelos.data.parse.limits import read_bounded
from icelos.errors import InputError
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.vulns.documents.apply import names_of
from icelos.jobs.vulns.documents.products import covers, is_purl

MAX_FILE = 8 * 1024 * 1024


class Exemption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One exception: whose risk it is, why it is taken, and until when."""

    vulnerability: str
    reason: str
    owner: str
    expires: date
    purl: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exception: list[Exemption]


class Placed(NamedTuple):
    """An exception and where it stands ("exceptions.toml:exception[2]")."""

    exemption: Exemption
    source: str


class Excepted(NamedTuple):
    """All findings in their order, those that are new, and the exceptions that did nothing, with reasons."""

    findings: list[Finding]
    changed: list[Finding]
    unused: list[tuple[Placed, str]]


def read_exceptions(path: Path) -> list[Placed]:
    """Raises InputError for what is not such a file, or an exception that is not complete."""
    try:
        found = msgspec.toml.decode(read_bounded(path, MAX_FILE), type=_File).exception
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"not a file of exceptions: {error}", source=str(path), hint=_HINT) from error
    except InputError as error:
        raise InputError(error.message, source=str(path)) from error
    placed = [Placed(one, f"{path.name}:exception[{number}]") for number, one in enumerate(found)]
    for one in placed:
        _check(one)
    return placed


_HINT = "[[exception]] with vulnerability, reason, owner, expires = 2027-01-31, and purl where it restricts"


def _check(placed: Placed) -> None:
    one = placed.exemption
    empty = [name for name in ("vulnerability", "reason", "owner") if not getattr(one, name).strip()]
    if empty:
        raise InputError(f"{empty[0]} is empty", source=placed.source)
    if one.purl and not is_purl(one.purl):
        raise InputError(f"purl {one.purl[:200]!r} is not a package URL", source=placed.source)


def apply_exceptions(findings: Sequence[Finding], exceptions: Sequence[Placed], *, today: date) -> Excepted:
    """What is not ruled out, marked by the first exception in force that is about it.

    An exception holds through the day that it names. `label` and `verdict` stay: the risk is taken, not gone.
    """
    result = Excepted([], [], [])
    used: set[Placed] = set()
    for finding in findings:
        about = [] if finding.verdict is Verdict.CLEAR else [e for e in exceptions if _is_about(e, finding)]
        used.update(about)
        valid = next((one for one in about if one.exemption.expires >= today), None)
        result.findings.append(_marked(finding, valid) if valid else finding)
        if valid:
            result.changed.append(result.findings[-1])
    for placed in exceptions:
        one = placed.exemption
        if one.expires < today:
            reason = f"expired on {one.expires}, and is not applied any more (owner: {one.owner})"
            result.unused.append((placed, reason))
        elif placed not in used:
            result.unused.append((placed, "matches no finding that is not ruled out"))
    return result


def is_excepted(finding: Finding, today: date | None = None) -> bool:
    """Whether an exception that is about it is in force; a stored one may have expired since."""
    until = finding.attributes.get("excepted_until", "")
    return bool(until) and until >= (today or datetime.now(UTC).date()).isoformat()


def _is_about(placed: Placed, finding: Finding) -> bool:
    one = placed.exemption
    return one.vulnerability.strip().upper() in names_of(finding) and (
        not one.purl or covers(one.purl, finding.attributes.get("purl", ""))
    )


def _marked(finding: Finding, placed: Placed) -> Finding:
    one = placed.exemption
    told = f"{one.reason} (accepted by {one.owner} until {one.expires})"
    piece = Evidence(f"exception: {told}", placed.source, How.RULE)
    return msgspec.structs.replace(
        finding,
        attributes={**finding.attributes, "excepted": told, "excepted_until": one.expires.isoformat()},
        evidence=(*finding.evidence, *(() if piece in finding.evidence else (piece,))),
    )
