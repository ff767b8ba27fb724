"""CycloneDX VEX, read: 1.4 to 1.7 in JSON, alone or inside a bill of materials, ours or of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from icelos.data.parse.fields import Object, dict_of, dicts_of, list_of, moment, text_of
from icelos.errors import InputError
from icelos.jobs.vulns.documents import notes
from icelos.jobs.vulns.documents.cyclonedx import PREFIX
from icelos.jobs.vulns.documents.model import MAX_EVIDENCE, Statement, VexDocument
from icelos.jobs.vulns.documents.products import is_purl, parts_of, with_version
from icelos.jobs.vulns.verdicts import Label, Status

MAX_COMPONENTS = 500_000
MAX_AFFECTED = 100_000
"""Components of one vulnerability."""
_STATUSES = {
    "exploitable": Status.AFFECTED, "in_triage": Status.UNDER_INVESTIGATION, "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED, "not_affected": Status.NOT_AFFECTED,
    "false_positive": Status.NOT_AFFECTED,
}  # fmt: skip
_PREFIXES = {"CVSSv3": "CVSS:3.0/", "CVSSv31": "CVSS:3.1/", "CVSSv4": "CVSS:4.0/"}
"""Of vectors, which some write without it."""
_RULED_OUT = (Status.NOT_AFFECTED, Status.FIXED)


class _Part(NamedTuple):
    purl: str
    name: str
    version: str


class _Whole(NamedTuple):
    parts: dict[str, _Part]
    described: str
    issued: datetime | None


class _Affected(NamedTuple):
    subject: str
    part: _Part
    version_range: str = ""


def read(row: Object) -> VexDocument:
    """A document of anybody's; an entry without an analysis says nothing, a broken one is a problem."""
    metadata = dict_of(row, "metadata")
    described = text_of(dict_of(metadata, "component"), "purl")
    whole = _Whole(_parts(row), described, moment(metadata.get("timestamp")))
    found: list[Statement] = []
    problems: list[str] = []
    for number, item in enumerate(list_of(row, "vulnerabilities")):
        try:
            found.extend(_read(item, whole, f"vulnerabilities[{number}]"))
        except InputError as error:
            problems.append(f"vulnerabilities[{number}]: {error.message}")
    return VexDocument(
        id=text_of(row, "serialNumber"), author=_author(metadata), version=_version(row),
        timestamp=whole.issued or datetime.fromtimestamp(0, UTC), statements=tuple(found),
        problems=tuple(problems),
    )  # fmt: skip


def _parts(row: Object) -> dict[str, _Part]:
    """bom-ref -> the component, nested ones too."""
    waiting = [*dicts_of(row, "components"), dict(dict_of(row, "metadata", "component"))]
    found: dict[str, _Part] = {}
    while waiting and len(found) < MAX_COMPONENTS:
        item = waiting.pop()
        waiting.extend(dicts_of(item, "components"))
        part = _Part(text_of(item, "purl"), text_of(item, "name"), text_of(item, "version"))
        found.setdefault(text_of(item, "bom-ref") or part.purl, part)
    return found


def _read(item: object, whole: _Whole, place: str) -> Iterator[Statement]:
    if not isinstance(item, dict):
        raise InputError("not an object")
    analysis = dict_of(item, "analysis")
    name, state = text_of(item, "id"), text_of(analysis, "state")
    if not analysis:
        return
    if not name or state not in _STATUSES:
        raise InputError(f"no state {state[:60]!r} in CycloneDX" if name else "without an id")
    status, said = _STATUSES[state], _properties(item)
    affected = _affected(item, status, whole)
    if not affected:
        raise InputError("affects no component that can be identified")
    label = notes.label_for(status, said.get("label", [""])[0], _justified(state, analysis))
    aliases = tuple(text_of(other, "id") for other in dicts_of(item, "references"))
    for one in affected.values():
        yield Statement(
            vulnerability=name, subject=one.subject, status=status, label=label,
            products=_products(said, one, whole), version_range=one.version_range,
            name=one.part.name, version=one.part.version, aliases=tuple(filter(None, aliases)),
            description=text_of(item, "description"), justification=_justification(said, status, label),
            impact=text_of(analysis, "detail"),
            action=text_of(item, "recommendation") if status is Status.AFFECTED else "",
            fixes=tuple(said.get("fixed in", [""])[0].split()),
            evidence=tuple(said.get("evidence", ())[:MAX_EVIDENCE]), severity=_severity(item, said),
            **_scores(item, said),
            timestamp=moment(analysis.get("firstIssued")) or whole.issued,
            updated=moment(analysis.get("lastUpdated")) or None, source=place,
        )  # fmt: skip


def _justified(state: str, analysis: Object) -> str:
    """A false positive is a label of ours; else the justification is, word for word."""
    return "false_positive" if state == "false_positive" else text_of(analysis, "justification")


def _justification(said: dict[str, list[str]], status: Status, label: Label) -> str:
    if status is not Status.NOT_AFFECTED:
        return ""
    return said["justification"][0] if "justification" in said else notes.justification_of("", label)


def _affected(item: Object, status: Status, whole: _Whole) -> dict[tuple[str, str], _Affected]:
    found: dict[tuple[str, str], _Affected] = {}
    for entry in dicts_of(item, "affects")[:MAX_AFFECTED]:
        ref = text_of(entry, "ref")
        ref = unquote(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else ref
        part = whole.parts.get(ref) or _Part(ref if is_purl(ref) else "", *parts_of(ref))
        subject = part.purl or ref
        if subject:
            for one in _versions(entry, status, _Affected(subject, part)):
                found.setdefault((one.subject, one.version_range), one)
    return found


def _versions(entry: Object, status: Status, whole: _Affected) -> Iterator[_Affected]:
    """The entry's versions, where it names any; those that contradict the analysis are left out."""
    versions = dicts_of(entry, "versions")
    if not versions:
        yield whole
    for version in versions[:MAX_AFFECTED]:
        told = text_of(version, "status")
        exact, span = text_of(version, "version"), text_of(version, "range")
        if told and (told == "unaffected") is not (status in _RULED_OUT):
            continue
        if exact:
            part = whole.part._replace(version=exact)
            yield _Affected(with_version(whole.subject, exact), part)
        elif span:
            yield whole._replace(version_range=span)


def _products(said: dict[str, list[str]], one: _Affected, whole: _Whole) -> tuple[str, ...]:
    """Ours are properties; of others, the described whole is the product of what it is not itself."""
    if "label" in said:
        return tuple(said.get("product", ()))
    return (whole.described,) if whole.described and whole.described != one.subject else ()


def _properties(item: Object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in dicts_of(item, "properties"):
        name = text_of(one, "name")
        if name.startswith(PREFIX):
            found.setdefault(name.removeprefix(PREFIX), []).append(text_of(one, "value"))
    return found


def _scores(item: Object, said: dict[str, list[str]]) -> dict[str, str]:
    """Vector and base score of the first rating that has a vector."""
    rated = next((one for one in dicts_of(item, "ratings") if text_of(one, "vector")), {})
    own = said.get("CVSS score", [""])[0]
    vector, prefix = text_of(rated, "vector"), _PREFIXES.get(text_of(rated, "method"), "")
    whole = vector if vector.startswith("CVSS:") else f"{prefix}{vector}"
    return {"cvss": whole, "cvss_score": own or text_of(rated, "score")}


def _severity(item: Object, said: dict[str, list[str]]) -> str:
    rated = (text_of(rating, "severity") for rating in dicts_of(item, "ratings"))
    return said.get("severity", [""])[0] or next(filter(None, rated), "")


def _author(metadata: Object) -> str:
    people: list[Any] = [*dicts_of(metadata, "authors"), dict_of(metadata, "manufacturer")]
    people += [dict_of(metadata, "manufacture"), dict_of(metadata, "supplier")]
    return next(filter(None, (text_of(one, "name", "email") for one in people)), "")


def _version(row: Object) -> int:
    version = row.get("version")
    return version if isinstance(version, int) and 0 < version < 10**9 else 1
