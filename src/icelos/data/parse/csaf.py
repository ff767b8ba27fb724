"""CSAF 2.0 advisories, and the condensed lines that some collections keep of them.

Format: https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from icelos.data.parse.fields import (
    Object,
    day,
    dict_of,
    dicts_of,
    facts,
    labelled,
    moment,
    sections,
    text_of,
    texts_of,
    unique,
)
from icelos.errors import InputError
from icelos.records import Document, Relation

_PRODUCTS = 100
_LISTED = 10
_NAME = 300
_DEPTH = 12
_LEGAL = "legal_disclaimer"
_FIRST = ("summary", "description", "details")
"""Categories of notes that are about this advisory; the others say the same in all of a publisher's."""


class Note(msgspec.Struct, frozen=True):
    """A note of an advisory or of one of its vulnerabilities."""

    title: str
    category: str
    text: str


class Vulnerability(msgspec.Struct, frozen=True):
    """One vulnerability of an advisory."""

    cve: str
    title: str
    cwe: str
    cvss: str
    text: str
    fixes: tuple[str, ...]
    statuses: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """What both forms say."""

    id: str
    title: str
    publisher: str = ""
    released: str = ""
    initial: str = ""
    tlp: str = ""
    severity: str = ""
    status: str = ""
    products: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    references: tuple[str, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()


def is_csaf(row: Object) -> bool:
    """Whether an object is a CSAF document."""
    return "tracking" in dict_of(row, "document")


def is_condensed(row: Object) -> bool:
    """Whether an object is a condensed advisory: id, title, and lists of vulnerabilities and products."""
    return isinstance(row.get("vulns"), list) and "id" in row and "title" in row and "products" in row


def csaf_document(row: Object, name: str, place: str) -> Document:
    """An advisory as its publisher wrote it."""
    head = dict_of(row, "document")
    tracking = dict_of(head, "tracking")
    products = _product_names(dict_of(row, "product_tree"))
    advisory = Advisory(
        id=text_of(tracking, "id"),
        title=text_of(head, "title"),
        publisher=text_of(dict_of(head, "publisher"), "name"),
        released=text_of(tracking, "current_release_date"),
        initial=text_of(tracking, "initial_release_date"),
        tlp=text_of(dict_of(head, "distribution", "tlp"), "label"),
        severity=text_of(dict_of(head, "aggregate_severity"), "text"),
        status=text_of(tracking, "status"),
        products=tuple(unique(products.values())),
        notes=tuple(_note(note) for note in dicts_of(head, "notes")),
        references=tuple(text_of(r, "url") for r in dicts_of(head, "references")),
        vulnerabilities=tuple(_vulnerability(v, products) for v in dicts_of(row, "vulnerabilities")),
    )
    return _document(advisory, name, place)


def condensed_document(row: Object, name: str, place: str) -> Document:
    """An advisory out of a collection of condensed lines."""
    notes = (Note(text_of(n, "t"), text_of(n, "c"), text_of(n, "text")) for n in dicts_of(row, "notes"))
    advisory = Advisory(
        id=text_of(row, "id"),
        title=text_of(row, "title"),
        released=text_of(row, "date"),
        initial=text_of(row, "initial"),
        tlp=text_of(row, "tlp"),
        products=tuple(texts_of(row, "products")),
        notes=tuple(notes),
        references=tuple(texts_of(row, "refs")),
        vulnerabilities=tuple(_condensed(v) for v in dicts_of(row, "vulns")),
    )
    return _document(advisory, name, place)


def _document(advisory: Advisory, name: str, place: str) -> Document:
    if not advisory.id:
        raise InputError("an advisory without an id")
    cves = unique(v.cve for v in advisory.vulnerabilities)
    cwes = unique(v.cwe for v in advisory.vulnerabilities)
    return Document(
        id=f"csaf/{advisory.id}",
        source=f"{name}:{place}" if place else name,
        title=f"{advisory.id} {advisory.title}".strip(),
        kind="advisory",
        sections=sections(_parts(advisory), place or advisory.id),
        url=_url(advisory),
        identifiers=unique((advisory.id, *cves)),
        relations=(
            *(Relation("vulnerability", cve) for cve in cves),
            *(Relation("weakness", cwe) for cwe in cwes),
        ),
        tags=unique(("csaf", f"tlp:{advisory.tlp.lower()}" * bool(advisory.tlp))),
        modified=moment(advisory.released) or moment(advisory.initial),
        facts=facts(_facts(advisory)),
    )


def _url(advisory: Advisory) -> str:
    """The page for people, where there is one, else the first address."""
    urls = [url for url in advisory.references if url.startswith(("https://", "http://"))]
    return next((url for url in urls if not url.endswith(".json")), urls[0] if urls else "")


def _parts(advisory: Advisory) -> Iterator[tuple[str, str]]:
    for note in advisory.notes:
        if note.category in _FIRST:
            yield note.title or "Summary", note.text
    yield "Details", labelled(_details(advisory))
    products = advisory.products[:_PRODUCTS]
    more = [f"- and {len(advisory.products) - _PRODUCTS} more"] if len(advisory.products) > _PRODUCTS else []
    yield "Affected products", "\n".join([*(f"- {product}" for product in products), *more])
    for vulnerability in advisory.vulnerabilities:
        yield f"Vulnerability {vulnerability.cve or vulnerability.title}".strip(), _told(vulnerability)
    general: dict[str, list[str]] = {}
    for note in advisory.notes:
        if note.category not in (*_FIRST, _LEGAL):
            general.setdefault(note.title or "Notes", []).append(note.text)
    yield from ((title, "\n".join(texts)) for title, texts in general.items())


def _details(advisory: Advisory) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "Publisher", advisory.publisher
    yield "Severity", advisory.severity or _worst(advisory)
    yield "Released", day(advisory.released)
    yield "Initial release", day(advisory.initial) if advisory.initial != advisory.released else ""
    yield "Status", advisory.status
    yield "Vulnerabilities", unique(v.cve for v in advisory.vulnerabilities)


def _told(vulnerability: Vulnerability) -> str:
    head = labelled([
        ("Title", vulnerability.title), ("Weakness", vulnerability.cwe), ("CVSS", vulnerability.cvss),
        *vulnerability.statuses,
    ])  # fmt: skip
    fixes = "\n".join(f"Fix: {' '.join(fix.split())}" for fix in vulnerability.fixes)
    return "\n".join(part for part in (vulnerability.text, head, fixes) if part)


def _worst(advisory: Advisory) -> str:
    """The highest CVSS base score of the advisory's vulnerabilities."""
    scores = [score for v in advisory.vulnerabilities if (score := _number(v.cvss)) is not None]
    return f"CVSS {max(scores):.1f}" if scores else ""


def _number(text: str) -> float | None:
    try:
        return float(text.split(" ")[0])
    except ValueError:
        return None


def _facts(advisory: Advisory) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "publisher", advisory.publisher
    yield "severity", advisory.severity
    yield "cvss", _worst(advisory).removeprefix("CVSS ")
    yield "status", advisory.status
    yield "released", day(advisory.released)
    yield "products", advisory.products[:5]


# ---- reading the two forms


def _note(note: Object) -> Note:
    return Note(text_of(note, "title"), text_of(note, "category"), text_of(note, "text"))


def _condensed(row: Object) -> Vulnerability:
    return Vulnerability(
        cve=text_of(row, "cve").upper(),
        title=text_of(row, "title"),
        cwe=text_of(row, "cwe").upper(),
        cvss=text_of(row, "cvss"),
        text=text_of(row, "summary"),
        fixes=unique(texts_of(row, "fix")),
    )


def _vulnerability(row: Object, products: Mapping[str, str]) -> Vulnerability:
    notes = [_note(note) for note in dicts_of(row, "notes")]
    text = "\n\n".join(unique(n.text for n in notes if n.category in _FIRST) or unique(n.text for n in notes))
    return Vulnerability(
        cve=text_of(row, "cve").upper(),
        title=text_of(row, "title"),
        cwe=text_of(dict_of(row, "cwe"), "id").upper(),
        cvss=_cvss(row),
        text=text,
        fixes=unique(_fix(item, products) for item in dicts_of(row, "remediations")),
        statuses=tuple(_statuses(dict_of(row, "product_status"), products)),
    )


def _statuses(row: Object, products: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """ "Known affected": the products, the first few of many."""
    for field in row:
        names = unique(products.get(ref, ref) for ref in texts_of(row, field))
        more = (f"and {len(names) - _LISTED} more",) if len(names) > _LISTED else ()
        yield field.replace("_", " ").capitalize(), (*names[:_LISTED], *more)


def _cvss(row: Object) -> str:
    """The highest score among the products, newest CVSS first: "9.8 CRITICAL"."""
    found: list[tuple[float, str]] = []
    for score in dicts_of(row, "scores"):
        metric = next((m for key in ("cvss_v4", "cvss_v3", "cvss_v2") if (m := dict_of(score, key))), {})
        number = _number(text_of(metric, "baseScore"))
        if number is not None:
            found.append(
                (number, f"{text_of(metric, 'baseScore')} {text_of(metric, 'baseSeverity')}".strip())
            )
    return max(found, default=(0.0, ""))[1]


def _fix(item: Object, products: Mapping[str, str]) -> str:
    """What to do, by kind ("vendor fix"), for which products where they are few."""
    named = unique(products.get(ref, "") for ref in texts_of(item, "product_ids"))
    target = f" [{', '.join(named)}]" if 0 < len(named) <= 3 else ""
    kind = text_of(item, "category").replace("_", " ")
    details = text_of(item, "details") or text_of(item, "url")
    return f"{kind}: {details}{target}" if kind and details else details


def _product_names(tree: Object) -> dict[str, str]:
    """Product id -> name, of branches at any depth, plain lists and relationships."""
    found: dict[str, str] = {}
    stack: list[tuple[Mapping[str, Any], int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        products = [
            dict_of(node, "product"),
            dict_of(node, "full_product_name"),
            *dicts_of(node, "full_product_names"),
        ]
        found.update(
            {
                text_of(p, "product_id"): text_of(p, "name")[:_NAME]
                for p in products
                if text_of(p, "product_id")
            }
        )
        if depth < _DEPTH:
            inner = [*dicts_of(node, "branches"), *dicts_of(node, "relationships")]
            stack += [(child, depth + 1) for child in reversed(inner)]
    return found
