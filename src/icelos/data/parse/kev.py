"""CISA's catalogue of known exploited vulnerabilities, rows of its CSV and of its JSON alike.

Format: https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json
The catalogue is published under CC0 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from icelos.data.parse.fields import facts, labelled, list_of, moment, scalar, sections, text_of, unique
from icelos.records import Document, Relation

LICENCE = "CC0-1.0"
_CATALOGUE = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext="


def is_kev(row: Mapping[str, Any]) -> bool:
    """Whether a row has the catalogue's fields."""
    return "cveID" in row and ("dueDate" in row or "vulnerabilityName" in row) and bool(text_of(row, "cveID"))


def kev_document(row: Mapping[str, Any], name: str, place: str) -> Document:
    """One entry: what it is, what must be done, by when."""
    cve = text_of(row, "cveID").upper()
    weaknesses = kev_weaknesses(row)
    details = [
        ("Vendor", text_of(row, "vendorProject")),
        ("Product", text_of(row, "product")),
        ("Required action", text_of(row, "requiredAction")),
        ("Due date", text_of(row, "dueDate")),
        ("Date added", text_of(row, "dateAdded")),
        ("Known ransomware campaign use", text_of(row, "knownRansomwareCampaignUse")),
        ("Weaknesses", ", ".join(weaknesses)),
    ]
    parts = [
        ("Description", text_of(row, "shortDescription")),
        ("Details", labelled(details)),
        ("Notes", text_of(row, "notes")),
    ]
    return Document(
        id=f"kev/{cve}",
        source=f"{name}:{place}",
        title=f"{cve} {text_of(row, 'vulnerabilityName')}".strip(),
        kind="vulnerability",
        sections=sections(parts, place),
        url=f"{_CATALOGUE}{cve}",
        identifiers=(cve,),
        relations=tuple(Relation("weakness", cwe) for cwe in weaknesses),
        tags=("kev", "known-exploited"),
        modified=moment(row.get("dateAdded")),
        facts=facts(
            [
                ("due date", text_of(row, "dueDate")),
                ("date added", text_of(row, "dateAdded")),
                ("known ransomware use", text_of(row, "knownRansomwareCampaignUse")),
                ("vendor", text_of(row, "vendorProject")),
                ("product", text_of(row, "product")),
            ]
        ),
        licence=LICENCE,
    )


def kev_weaknesses(row: Mapping[str, Any]) -> tuple[str, ...]:
    """CWE ids of a list or of a text, canonical."""
    text = " ".join(scalar(value) for value in list_of(row, "cwes"))
    return unique(f"CWE-{number}" for number in re.findall(r"CWE-(\d+)", text, re.IGNORECASE))
