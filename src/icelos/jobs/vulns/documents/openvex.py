"""OpenVEX 0.2.0, written and read; 0.0.1 is read as well.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md. The component is a subcomponent of the image, or
the product itself where there is no image. `@id` is its whole package URL; `identifiers.purl` is without
qualifiers, which grype and trivy match both. The label and the evidence are lines of `status_notes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from icelos import __version__
from icelos.data.parse.fields import Object, dict_of, dicts_of, list_of, moment, text_of, texts_of
from icelos.errors import InputError
from icelos.jobs.vulns.documents import notes
from icelos.jobs.vulns.documents.model import Statement, VexDocument, latest
from icelos.jobs.vulns.documents.products import is_purl, parts_of, plain, split_range, with_range
from icelos.jobs.vulns.verdicts import Status

CONTEXT = "https://openvex.dev/ns/v0.2.0"
MAX_STATEMENTS = 1_000_000


def render(document: VexDocument) -> dict[str, Any]:
    """The document as JSON. Raises InputError where it would say nothing: the format has no empty ones."""
    if not document.statements:
        raise InputError("nothing was found, and an OpenVEX document needs a statement", hint="--format json")
    return {
        "@context": CONTEXT, "@id": document.id, "author": document.author,
        "timestamp": document.timestamp.isoformat(), "version": document.version,
        "tooling": f"Icelos {__version__}",
        "statements": [_rendered(one) for one in latest(document.statements)],
    }  # fmt: skip


def _rendered(statement: Statement) -> dict[str, Any]:
    vulnerability = {
        "name": statement.vulnerability, "description": statement.description,
        "aliases": list(statement.aliases),
    }  # fmt: skip
    row: dict[str, Any] = {
        "vulnerability": {key: value for key, value in vulnerability.items() if value},
        "timestamp": statement.timestamp.isoformat() if statement.timestamp else "",
        "last_updated": statement.updated.isoformat() if statement.updated else "",
        "products": _products(statement), "status": statement.status.value,
        "status_notes": notes.written(statement),
    }  # fmt: skip
    if statement.status is Status.NOT_AFFECTED:
        row["justification"] = statement.justification
        row["impact_statement"] = statement.impact or ("" if statement.justification else "not affected")
    if statement.status is Status.AFFECTED:
        row["action_statement"] = statement.action or "No action is known"
    return {key: value for key, value in row.items() if value}


def _products(statement: Statement) -> list[dict[str, Any]]:
    part = _component(with_range(statement.subject, statement.version_range))
    if not statement.products:
        return [part]
    return [{**_component(product), "subcomponents": [part]} for product in statement.products]


def _component(identity: str) -> dict[str, Any]:
    if not is_purl(identity):
        return {"@id": identity}
    is_image = identity.startswith("pkg:oci/")  # its tag is its identity
    return {"@id": identity, "identifiers": {"purl": identity if is_image else plain(identity)}}


def read(row: Object) -> VexDocument:
    """A document of anybody's; a statement that is broken is one of `problems`. Raises InputError."""
    if "statements" not in row:
        raise InputError("not an OpenVEX document: it has no statements")
    issued = moment(row.get("timestamp"))
    found: list[Statement] = []
    problems: list[str] = []
    for number, item in enumerate(list_of(row, "statements")[:MAX_STATEMENTS]):
        try:
            found.extend(_read(item, issued, f"statements[{number}]"))
        except InputError as error:
            problems.append(f"statements[{number}]: {error.message}")
    return VexDocument(
        id=text_of(row, "@id"), author=text_of(row, "author"), version=_version(row),
        timestamp=issued or datetime.fromtimestamp(0, UTC), statements=tuple(found), problems=tuple(problems),
    )  # fmt: skip


def _read(item: object, issued: datetime | None, place: str) -> Iterator[Statement]:
    if not isinstance(item, dict):
        raise InputError("not an object")
    name, aliases = _vulnerability(item)
    status = read_status(text_of(item, "status"))
    said = notes.read(text_of(item, "status_notes"))
    label = notes.label_for(status, said.label, text_of(item, "justification"))
    subjects = _subjects(item)
    if not name or not subjects:
        raise InputError("without a vulnerability" if not name else "without a product")
    for identity, products in subjects.items():
        subject, version_range = split_range(identity)
        part_name, version = parts_of(subject)
        yield Statement(
            vulnerability=name, subject=subject, version_range=version_range, aliases=aliases,
            products=tuple(products), status=status, label=label,
            description=text_of(dict_of(item, "vulnerability"), "description"),
            name=said.name or part_name, version=said.version or version, fixes=said.fixes,
            justification=_justification(item, status),
            impact=said.impact or text_of(item, "impact_statement"),
            action=text_of(item, "action_statement") if status is Status.AFFECTED else "",
            evidence=said.evidence, source=place,
            severity=said.severity, cvss=said.cvss, cvss_score=said.cvss_score,
            timestamp=moment(item.get("timestamp")) or issued, updated=moment(item.get("last_updated")),
        )  # fmt: skip


def _justification(item: Object, status: Status) -> str:
    """Only what is not affected has one."""
    return text_of(item, "justification") if status is Status.NOT_AFFECTED else ""


def _vulnerability(item: Object) -> tuple[str, tuple[str, ...]]:
    """0.0.1 has a text, 0.2.0 an object; some name it by `@id` alone."""
    whole = dict_of(item, "vulnerability")
    name = text_of(whole, "name", "@id") or text_of(item, "vulnerability")
    return name, tuple(texts_of(whole, "aliases"))


def read_status(text: str) -> Status:
    """Raises InputError for a status that VEX does not have."""
    try:
        return Status(text)
    except ValueError as error:
        raise InputError(f"no status {text[:60]!r} in VEX") from error


def _subjects(item: Object) -> dict[str, list[str]]:
    """Component -> the products that it is part of; a product without parts is meant itself."""
    found: dict[str, list[str]] = {}
    for product in list_of(item, "products"):
        identity = _identity(product)
        if not identity:
            continue
        parts = dicts_of(product, "subcomponents") if isinstance(product, dict) else []
        for part in filter(None, map(_identity, parts)):
            found.setdefault(part, []).append(identity)
        if not parts:
            found.setdefault(identity, [])
    return found


def _identity(component: object) -> str:
    """The package URL wherever it stands, else any identifier."""
    if isinstance(component, str):
        return component.strip()
    if not isinstance(component, dict):
        return ""
    own = text_of(component, "@id")
    identifiers = dict_of(component, "identifiers")
    purl = own if is_purl(own) else text_of(identifiers, "purl")
    return purl or own or text_of(identifiers, "cpe23", "cpe22") or _hash(component)


def _hash(component: Object) -> str:
    digest = text_of(dict_of(component, "hashes"), "sha-256")
    return f"sha256:{digest}" if digest else ""


def _version(row: Object) -> int:
    text = text_of(row, "version")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) else 1
