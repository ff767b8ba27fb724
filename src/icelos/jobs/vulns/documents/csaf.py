"""CSAF 2.0 in the profile VEX, written.

https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html, profile 4.5 and the mandatory tests 6.1. A
component of an image is a relationship "default_component_of"; both the component and the relationship
carry its package URL, because grype looks at the latter only and trivy follows the relationship. The label
and the evidence are a note for each product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from icelos import __version__
from icelos.errors import InputError
from icelos.jobs.vulns.documents import notes
from icelos.jobs.vulns.documents.cyclonedx import score_of
from icelos.jobs.vulns.documents.model import Statement, VexDocument, latest
from icelos.jobs.vulns.documents.products import is_purl
from icelos.jobs.vulns.verdicts import Status

NAMESPACE = "https://github.com/package-url/purl-spec"
"""Of further identifiers of a product, which has room for one package URL."""
HOME = "https://github.com/icelos/icelos"
MAX_REVISIONS = 1000
GROUPS = {
    Status.AFFECTED: "known_affected", Status.NOT_AFFECTED: "known_not_affected", Status.FIXED: "fixed",
    Status.UNDER_INVESTIGATION: "under_investigation",
}  # fmt: skip
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_URL = re.compile(r"https?://[^\s<>()]+")
_EMAIL = re.compile(r"[^\s<>()]+@[^\s<>()]+")


def render(document: VexDocument) -> dict[str, Any]:
    """The document as JSON. Raises InputError where it would say nothing: the profile has no empty ones."""
    if not document.statements:
        raise InputError("nothing was found, and a CSAF VEX document needs a product", hint="--format json")
    statements = latest(document.statements)
    groups: dict[str, list[Statement]] = {}
    for one in statements:
        groups.setdefault(one.vulnerability.upper(), []).append(one)
    row = {
        "document": _head(document), "product_tree": _tree(statements),
        "vulnerabilities": [_vulnerability(group) for group in groups.values()],
    }  # fmt: skip
    return cast("dict[str, Any]", _sorted(row))


def _sorted(value: object) -> object:
    """Keys in the order of the alphabet (6.2.13)."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _head(document: VexDocument) -> dict[str, Any]:
    moment, last = document.timestamp.isoformat(), min(document.version, MAX_REVISIONS)
    name = document.author.strip() or "unknown"
    return {
        "category": "csaf_vex", "csaf_version": "2.0", "lang": "en",
        "publisher": {"category": "other", "name": name, "namespace": _namespace(name)},
        "title": "Vulnerabilities and whether they can be exploited",
        "tracking": {
            "current_release_date": moment, "initial_release_date": moment,
            "generator": {"engine": {"name": "Icelos", "version": __version__}},
            "id": document.id.strip() or "unknown", "status": "final", "version": str(last),
            "revision_history": [
                {"date": moment, "number": str(n), "summary": f"Version {n}"} for n in range(1, last + 1)
            ],
        },
    }  # fmt: skip


def _namespace(author: str) -> str:
    """A URL that is the publisher's, as far as the author says one."""
    url, address = _URL.search(author), _EMAIL.search(author)
    return url.group() if url else f"mailto:{address.group()}" if address else HOME


# ---- products


def part_id(one: Statement) -> str:
    """The component's id in the product tree."""
    return f"{one.subject} {one.version_range}".strip()


def _whole_id(products: Sequence[str]) -> str:
    return " | ".join(products)


def product_id(one: Statement) -> str:
    """The id that the vulnerabilities name: of the component, or of it as a part of its whole."""
    return f"{part_id(one)} in {_whole_id(one.products)}" if one.products else part_id(one)


def _tree(statements: Iterable[Statement]) -> dict[str, Any]:
    parts: dict[str, dict[str, Any]] = {}
    branches: dict[str, dict[str, Any]] = {}
    relationships: dict[str, dict[str, Any]] = {}
    for one in statements:
        product = _product(part_id(one), _name(one), one.subject)
        if one.version_range:
            kind = {"category": "product_version_range", "name": one.version_range, "product": product}
            branches.setdefault(part_id(one), kind)
        else:
            parts.setdefault(part_id(one), product)
        if one.products:
            parts.setdefault(_whole_id(one.products), _whole(one.products))
            relationships.setdefault(product_id(one), _relationship(one))
    tree = {
        "branches": list(branches.values()), "full_product_names": list(parts.values()),
        "relationships": list(relationships.values()),
    }  # fmt: skip
    return {key: value for key, value in tree.items() if value}


def _name(one: Statement) -> str:
    """What is no package URL is known by its name alone, which must then be the identifier."""
    return f"{one.name} {one.version}".strip() if is_purl(one.subject) and one.name else one.subject


def _product(identity: str, name: str, subject: str) -> dict[str, Any]:
    helper = {"product_identification_helper": {"purl": subject}} if is_purl(subject) else {}
    return {"name": name, "product_id": identity, **helper}


def _whole(products: Sequence[str]) -> dict[str, Any]:
    row = _product(_whole_id(products), products[0], products[0])
    if len(products) > 1:
        more = [{"namespace": NAMESPACE, "uri": other} for other in products[1:]]
        row.setdefault("product_identification_helper", {})["x_generic_uris"] = more
    return row


def _relationship(one: Statement) -> dict[str, Any]:
    name = f"{_name(one)} in {one.products[0]}"
    return {
        "category": "default_component_of", "product_reference": part_id(one),
        "relates_to_product_reference": _whole_id(one.products),
        "full_product_name": _product(product_id(one), name, one.subject),
    }  # fmt: skip


# ---- vulnerabilities


def _vulnerability(group: Sequence[Statement]) -> dict[str, Any]:
    statuses: dict[str, list[str]] = {}
    for one in group:
        statuses.setdefault(GROUPS[one.status], []).append(product_id(one))
    row: dict[str, Any] = {
        **_identity(group), "notes": _notes(group), "product_status": statuses, "flags": _flags(group),
        "threats": [_impact(one) for one in group if one.status is Status.NOT_AFFECTED],
        "scores": [score for one in group if (score := _score(one))],
        "remediations": [_remedy(one) for one in group if one.status is Status.AFFECTED],
    }  # fmt: skip
    return {key: value for key, value in row.items() if value}


def _identity(group: Sequence[Statement]) -> dict[str, Any]:
    name = group[0].vulnerability
    aliases = dict.fromkeys(alias for one in group for alias in one.aliases)
    if _CVE.fullmatch(name.upper()):
        return {"cve": name.upper(), "ids": [_id(alias) for alias in aliases]}
    return {"ids": [_id(one) for one in dict.fromkeys((name, *aliases))]}


def _id(identifier: str) -> dict[str, str]:
    return {"system_name": identifier.partition("-")[0].upper() or "unknown", "text": identifier}


def _notes(group: Sequence[Statement]) -> list[dict[str, str]]:
    words = dict.fromkeys(one.description for one in group if one.description)
    told = [{"category": "description", "title": "Description", "text": text} for text in words]
    own = ({"category": "other", "title": product_id(one), "text": _note(one)} for one in group)
    return [*told, *own]


def _note(one: Statement) -> str:
    """The description, too, where others of the same vulnerability have another one."""
    dates = (("said", one.timestamp), ("updated", one.updated))
    lines = [f"{name}: {moment.isoformat()}" for name, moment in dates if moment]
    return "\n".join([notes.written(one), *lines, *([f"about: {one.description}"] * bool(one.description))])


def _flags(group: Sequence[Statement]) -> list[dict[str, Any]]:
    """One justification for each product (6.1.33)."""
    found: dict[str, list[str]] = {}
    for one in group:
        if one.status is Status.NOT_AFFECTED and one.justification:
            found.setdefault(one.justification, []).append(product_id(one))
    return [{"label": label, "product_ids": ids} for label, ids in found.items()]


def _impact(one: Statement) -> dict[str, Any]:
    details = one.impact or "not affected"
    return {"category": "impact", "details": details, "product_ids": [product_id(one)]}


def _score(one: Statement) -> dict[str, Any] | None:
    """CVSS 3 of a product that is affected; there is no place for version 4, nor for a bare word."""
    score, version = score_of(one), one.cvss.partition("/")[0].removeprefix("CVSS:")
    if score is None or version not in {"3.0", "3.1"} or one.status is not Status.AFFECTED:
        return None
    return {
        "products": [product_id(one)],
        "cvss_v3": {
            "version": version, "vectorString": one.cvss, "baseScore": score, "baseSeverity": _word(score),
        },
    }  # fmt: skip


def _word(score: float) -> str:
    """CVSS 3.1, table 14."""
    steps = ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW"))
    return next((word for least, word in steps if score >= least), "NONE")


def _remedy(one: Statement) -> dict[str, Any]:
    category = "vendor_fix" if one.fixes else "none_available"
    details = one.action or "No action is known"
    return {"category": category, "details": details, "product_ids": [product_id(one)]}
