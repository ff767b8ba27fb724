"""CVE records in JSON 5, with what CISA and others add to them, and the records of NVD's API 2.0.

Formats: https://github.com/CVEProject/cve-schema and https://nvd.nist.gov/developers/vulnerabilities
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

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
    unique,
)
from icelos.errors import InputError
from icelos.records import Document, Relation

LICENCE = "CVE Terms of Use (https://www.cve.org/Legal/TermsOfUse)"
_CVE = re.compile(r"CVE-\d{4}-\d{4,19}$")
_CWE = re.compile(r"CWE-\d+")
_PRODUCTS = 100


def is_cve(row: Object) -> bool:
    """Whether an object is a CVE record of the list or of NVD."""
    return "cveMetadata" in row or _CVE.match(text_of(_nvd(row), "id")) is not None


def _nvd(row: Object) -> Object:
    """NVD wraps a record as {"cve": {...}}."""
    inner = dict_of(row, "cve")
    return (
        inner
        if "descriptions" in inner
        else (row if "descriptions" in row and "sourceIdentifier" in row else {})
    )


def record_of(row: Object) -> _Listed | _Nvd:
    """The record of the CVE list or of NVD in an object; its `id` is empty where there is none."""
    return _Nvd(_nvd(row)) if "cveMetadata" not in row else _Listed(row)


def cve_document(row: Object, name: str, place: str) -> Document:
    """One record."""
    read = record_of(row)
    if not _CVE.match(read.id):
        raise InputError("a CVE record without a CVE id")
    cvss = read.scores()
    weaknesses = read.weaknesses()
    details = [
        ("State", read.state),
        ("Severity", cvss),
        ("Weaknesses", weaknesses),
        ("Published", day(read.published)),
        ("Modified", day(read.modified)),
    ]
    affected = list(unique(read.affected()))
    more = [f"- and {len(affected) - _PRODUCTS} more"] if len(affected) > _PRODUCTS else []
    parts = [
        ("Description", read.description()),
        ("Details", labelled(details)),
        ("Affected", "\n".join([*affected[:_PRODUCTS], *more])),
        *read.advice(),
        ("References", "\n".join(read.references()[:50])),
    ]
    return Document(
        id=f"cve/{read.id}",
        source=f"{name}:{place}" if place else name,
        title=f"{read.id} {read.title()}".strip(),
        kind="vulnerability",
        sections=sections(parts, place or read.id),
        url=f"https://www.cve.org/CVERecord?id={read.id}",
        identifiers=(read.id,),
        relations=tuple(Relation("weakness", cwe) for cwe in weaknesses),
        tags=unique(("cve", "rejected" * (read.state.upper() == "REJECTED"))),
        modified=moment(read.modified) or moment(read.published),
        facts=facts([
            ("cvss", cvss[:1]), ("severity", read.severity()),
            ("status", read.state), ("published", day(read.published)),
        ]),
        licence=LICENCE,
    )  # fmt: skip


def _score(metric: Object) -> tuple[str, str]:
    """("9.8 CRITICAL (CVSS:3.1/AV:N/...)", "CRITICAL") of a CVSS object."""
    number, word, vector = (text_of(metric, f) for f in ("baseScore", "baseSeverity", "vectorString"))
    if not number:
        return "", ""
    return " ".join(filter(None, (number, word, f"({vector})" * bool(vector)))), word


class _Listed:
    """A record of the CVE list: the CNA's container first, then the added ones."""

    def __init__(self, row: Object) -> None:
        meta = dict_of(row, "cveMetadata")
        containers = dict_of(row, "containers")
        self._cna = dict_of(containers, "cna")
        self._all: Sequence[Object] = [self._cna, *dicts_of(containers, "adp")]
        self.id = text_of(meta, "cveId").upper()
        self.state = text_of(meta, "state")
        self.published = text_of(meta, "datePublished")
        self.modified = text_of(meta, "dateUpdated")

    def title(self) -> str:
        return text_of(self._cna, "title") or self.description()[:100].partition(". ")[0]

    def description(self) -> str:
        return _english(self._cna, "descriptions") or _english(self._cna, "rejectedReasons")

    def scores(self) -> list[str]:
        return [text for text, _ in map(_score, self._metrics()) if text]

    def severity(self) -> str:
        return next((word for _, word in map(_score, self._metrics()) if word), "")

    def vectors(self) -> list[str]:
        """CVSS vectors of any version, the ones of the record's own author first."""
        return [text_of(metric, "vectorString") for metric in self._metrics()]

    def _metrics(self) -> Iterator[dict[str, Any]]:
        for container in self._all:
            for metric in dicts_of(container, "metrics"):
                yield from (
                    value
                    for key, value in metric.items()
                    if key.startswith("cvss") and isinstance(value, dict)
                )

    def weaknesses(self) -> tuple[str, ...]:
        kinds = (kind for c in self._all for kind in dicts_of(c, "problemTypes"))
        texts = (
            f"{text_of(d, 'cweId')} {text_of(d, 'description')}"
            for kind in kinds
            for d in dicts_of(kind, "descriptions")
        )
        return unique(cwe for text in texts for cwe in _CWE.findall(text))

    def affected(self) -> Iterator[str]:
        for product in dicts_of(self._cna, "affected"):
            label = " ".join(unique((text_of(product, "vendor"), text_of(product, "product", "packageName"))))
            versions = [_version(v) for v in dicts_of(product, "versions")]
            yield f"- {label}: {'; '.join(filter(None, versions[:20]))}".rstrip(": ")

    def advice(self) -> list[tuple[str, str]]:
        return [
            (heading, _english(self._cna, field))
            for heading, field in (
                ("Fix", "solutions"),
                ("Workarounds", "workarounds"),
                ("Exploits", "exploits"),
            )
        ]

    def references(self) -> list[str]:
        return list(unique(text_of(r, "url") for c in self._all for r in dicts_of(c, "references")))


class _Nvd:
    """A record of NVD's API."""

    def __init__(self, row: Object) -> None:
        self._row = row
        self.id = text_of(row, "id").upper()
        self.state = text_of(row, "vulnStatus")
        self.published = text_of(row, "published")
        self.modified = text_of(row, "lastModified")

    def title(self) -> str:
        return text_of(self._row, "cisaVulnerabilityName") or self.description()[:100].partition(". ")[0]

    def description(self) -> str:
        return _english(self._row, "descriptions")

    def scores(self) -> list[str]:
        return [text for text, _ in map(_score, self._metrics()) if text]

    def severity(self) -> str:
        return next((word for _, word in map(_score, self._metrics()) if word), "")

    def vectors(self) -> list[str]:
        """CVSS vectors of any version, the ones of the record's own author first."""
        return [text_of(metric, "vectorString") for metric in self._metrics()]

    def _metrics(self) -> Iterator[Object]:
        metrics = dict_of(self._row, "metrics")
        for name in sorted(metrics, reverse=True):
            yield from (dict_of(metric, "cvssData") for metric in dicts_of(metrics, name))

    def weaknesses(self) -> tuple[str, ...]:
        texts = (
            text_of(d, "value") for w in dicts_of(self._row, "weaknesses") for d in dicts_of(w, "description")
        )
        return unique(cwe for text in texts for cwe in _CWE.findall(text))

    def affected(self) -> Iterator[str]:
        nodes = (n for c in dicts_of(self._row, "configurations") for n in dicts_of(c, "nodes"))
        for match in (m for node in nodes for m in dicts_of(node, "cpeMatch")):
            if match.get("vulnerable") is not False:
                names = text_of(match, "criteria").split(":")[3:6]
                bounds = [f"{word} {text}" for field, word in _BOUNDS if (text := text_of(match, field))]
                version = [names.pop()] if len(names) == 3 else []
                yield f"- {' '.join(names)}: {', '.join(bounds or version)}"

    def advice(self) -> list[tuple[str, str]]:
        action, due = text_of(self._row, "cisaRequiredAction"), text_of(self._row, "cisaActionDue")
        return [("Fix", labelled([("Required action", action), ("Due date", due)]))]

    def references(self) -> list[str]:
        return list(unique(text_of(r, "url") for r in dicts_of(self._row, "references")))


_BOUNDS = (
    ("versionStartIncluding", "from"), ("versionStartExcluding", "after"),
    ("versionEndIncluding", "up to"), ("versionEndExcluding", "before"),
)  # fmt: skip


def _english(row: Object, field: str) -> str:
    """The texts in English, all where none is."""
    items = dicts_of(row, field)
    english = [item for item in items if text_of(item, "lang").lower().startswith("en")] or items
    return "\n\n".join(unique(text_of(item, "value") for item in english))


def _version(item: Object) -> str:
    status = text_of(item, "status")
    start, before, last = (text_of(item, f) for f in ("version", "lessThan", "lessThanOrEqual"))
    bound = f" before {before}" * bool(before) + f" up to {last}" * bool(last)
    shown = f"{'' if start in {'0', 'unspecified'} and bound else start}{bound}".strip()
    return f"{shown} ({status})" if status and status != "affected" else shown
