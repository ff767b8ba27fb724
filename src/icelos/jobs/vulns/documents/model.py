"""The neutral statement between findings and formats: one vulnerability, one component, one status.

Everything here says what was decided; nothing decides. What is undecided is under investigation in every
format, never "not affected".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from icelos.errors import InputError
from icelos.findings import Evidence, Finding
from icelos.jobs.vulns.documents.products import image_ids
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status

MAX_EVIDENCE = 64
MAX_LINE = 2000
CONCERN = {
    status: number
    for number, status in enumerate(
        (Status.AFFECTED, Status.UNDER_INVESTIGATION, Status.NOT_AFFECTED, Status.FIXED)
    )
}
"""Statuses in descending order of concern."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One vulnerability and one component: the status, the label, why, and what to do.

    `subject` identifies the component, by package URL wherever there is one. `products` are identifiers of
    the one whole that it is part of (an image by digest and by tag); empty where the component stands for
    itself. `version_range` restricts a subject without version ("vers:pypi/<2"). `justification` is one of
    OpenVEX's. `evidence` has one line for each piece. `cvss` is a vector, `cvss_score` its base score from 0
    to 10.
    """

    vulnerability: str
    subject: str
    status: Status
    label: Label
    products: tuple[str, ...] = ()
    name: str = ""
    version: str = ""
    version_range: str = ""
    aliases: tuple[str, ...] = ()
    description: str = ""
    justification: str = ""
    impact: str = ""
    action: str = ""
    fixes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    severity: str = ""
    cvss: str = ""
    cvss_score: str = ""
    timestamp: datetime | None = None
    updated: datetime | None = None
    source: str = ""

    @property
    def key(self) -> tuple[str, str, tuple[str, ...], str]:
        """What a document says one thing about."""
        return self.vulnerability.upper(), self.subject, self.products, self.version_range

    @property
    def names(self) -> frozenset[str]:
        """All ids of the vulnerability, in upper case."""
        return frozenset(name.upper() for name in (self.vulnerability, *self.aliases) if name)

    @property
    def when(self) -> datetime:
        """When it was last said; the beginning of time where that is unknown."""
        return self.updated or self.timestamp or datetime.min.replace(tzinfo=UTC)


class VexDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document: who says what, and when. `problems` tell what of it could not be read."""

    id: str
    author: str
    timestamp: datetime
    statements: tuple[Statement, ...]
    version: int = 1
    problems: tuple[str, ...] = ()


def document_of(
    findings: Iterable[Finding], *, author: str, products: Sequence[str] = (), now: datetime | None = None
) -> VexDocument:
    """The findings as a document; `products` names the whole where the target does not say it."""
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    return made(statements_of(findings, products=products, timestamp=moment), author=author, now=moment)


def made(statements: Sequence[Statement], *, author: str, now: datetime) -> VexDocument:
    """A first version, with an id that follows from its content."""
    content = msgspec.json.encode((author, now, statements)).decode()
    identity = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return VexDocument(id=identity, author=author, timestamp=now, statements=tuple(statements))


def statements_of(
    findings: Iterable[Finding], *, products: Sequence[str] = (), timestamp: datetime | None = None
) -> list[Statement]:
    """One for each vulnerability and component, in the order of the findings.

    Where several advisories tell of one vulnerability in one component, the verdict of most concern
    stands and the others are in its evidence. Raises InputError for findings of another job.
    """
    found: dict[object, Statement] = {}
    for finding in findings:
        statement = _statement(finding, tuple(products), timestamp)
        earlier = found.get(statement.key)
        found[statement.key] = _united(earlier, statement) if earlier else statement
    return list(found.values())


def status_of(finding: Finding) -> Status:
    """The status that its label allows: what is uncertain is under investigation, whatever else is said."""
    meant = MEANINGS[label_of(finding)].status
    if finding.attributes.get("status") == Status.FIXED and finding.label == Label.CODE_NOT_PRESENT:
        return Status.FIXED
    return meant


def label_of(finding: Finding) -> Label:
    """Raises InputError for a finding that is not about a vulnerability."""
    try:
        return Label(finding.label)
    except ValueError as error:
        raise InputError(
            f"no verdict about a vulnerability: {finding.label!r}", source=finding.source
        ) from error


def products_of(finding: Finding, products: Sequence[str] = ()) -> tuple[str, ...]:
    """The identifiers of the whole that a finding's component is part of: those given, else the image's."""
    facts = finding.attributes
    return tuple(products) or image_ids(facts.get("target", ""), facts.get("target_id", ""))


def _statement(finding: Finding, products: tuple[str, ...], timestamp: datetime | None) -> Statement:
    facts, label, status = finding.attributes, label_of(finding), status_of(finding)
    fixes = tuple(facts.get("fixed_in", "").split())
    return Statement(
        vulnerability=facts.get("vulnerability") or facts.get("advisory", ""),
        subject=facts.get("purl") or facts.get("name", ""),
        status=status, label=label, products=products_of(finding, products),
        name=facts.get("name", ""), version=facts.get("version", ""),
        aliases=tuple(facts.get("aliases", "").split()), description=one_line(facts.get("description", "")),
        justification=_justification(facts, label) if status is Status.NOT_AFFECTED else "",
        impact=one_line(facts.get("why") or finding.summary),
        action=_action(facts.get("name", ""), fixes) if status is Status.AFFECTED else "",
        fixes=fixes, evidence=tuple(_lines(finding)), severity=facts.get("severity", "").lower(),
        cvss=one_line(facts.get("cvss", "")), cvss_score=facts.get("cvss_score", ""),
        timestamp=timestamp,
    )  # fmt: skip


def _justification(facts: Mapping[str, str], label: Label) -> str:
    """A false positive may be one of the version, where the component itself is there."""
    own = facts.get("justification", "") if label is Label.FALSE_POSITIVE else ""
    return own or MEANINGS[label].openvex


def _action(name: str, fixes: Sequence[str]) -> str:
    if fixes:
        return f"Move {name} to {' or '.join(fixes)}"
    return f"No fixed version of {name} is known; restrict its use, or watch for one"


def _lines(finding: Finding) -> Iterable[str]:
    layer = finding.attributes.get("layer", "")
    for piece in finding.evidence[:MAX_EVIDENCE]:
        yield evidence_line(piece)
    if layer:
        yield one_line(f"image layer: {layer}")


def evidence_line(piece: Evidence) -> str:
    """ "tool lib/apk/db/installed:2: P:musl V:1.1.22-r3"."""
    return one_line(f"{piece.how.value} {piece.source}: {piece.quote}")


def one_line(text: str) -> str:
    """Blanks made one, and cut to `MAX_LINE` characters."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"


def _united(one: Statement, other: Statement) -> Statement:
    first, second = sorted((one, other), key=lambda statement: CONCERN[statement.status])
    unlike = (first.status, first.label) != (second.status, second.label)
    told = (
        (f"another advisory: {second.status.value} ({second.label.value}): {second.impact}",)
        if unlike
        else ()
    )
    return msgspec.structs.replace(
        first,
        aliases=_once(first.aliases, second.aliases),
        fixes=_once(first.fixes, second.fixes),
        evidence=_once(first.evidence, second.evidence, tuple(map(one_line, told)))[:MAX_EVIDENCE],
    )


def latest(statements: Iterable[Statement]) -> list[Statement]:
    """One statement for each vulnerability and component: the latest, of most concern at the same time."""
    found: dict[object, Statement] = {}
    for one in statements:
        earlier = found.setdefault(one.key, one)
        if (one.when, -CONCERN[one.status]) > (earlier.when, -CONCERN[earlier.status]):
            found[one.key] = one
    return list(found.values())


def _once(*lists: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))
