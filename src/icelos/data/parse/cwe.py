"""CWE weaknesses: rows of the catalogue's JSON form, and its official XML read into such rows.

Format: https://cwe.mitre.org/data/xsd/cwe_schema_latest.xsd
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from icelos.data.parse.fields import (
    Content,
    Object,
    Parsed,
    dicts_of,
    facts,
    guarded,
    labelled,
    list_of,
    moment,
    scalar,
    sections,
    text_of,
    texts_of,
    unique,
)
from icelos.errors import InputError
from icelos.records import Document, Relation

LICENCE = "CWE Terms of Use (https://cwe.mitre.org/about/termsofuse.html)"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_weakness(row: Object) -> bool:
    """Whether a row is one of the CWE catalogue."""
    return "ID" in row and "Name" in row and ("Abstraction" in row or "CatalogKind" in row)


def weakness_document(row: Object, name: str, place: str) -> Document:
    """One weakness, category or view."""
    identity = f"CWE-{text_of(row, 'ID').upper().removeprefix('CWE-')}"
    if not re.fullmatch(r"CWE-\d+", identity):
        raise InputError("a weakness without a number")
    terms = [term for row_ in dicts_of(row, "AlternateTerms") if (term := text_of(row_, "Term"))]
    status = text_of(row, "Status")
    return Document(
        id=f"cwe/{identity}",
        source=f"{name}:{place}",
        title=f"{identity} {text_of(row, 'Name')}",
        kind="weakness",
        sections=sections(_parts(row), place),
        url=f"https://cwe.mitre.org/data/definitions/{identity[4:]}.html",
        identifiers=(identity,),
        aliases=unique((text_of(row, "Name"), *_short_names(text_of(row, "Name")), *terms)),
        relations=tuple(dict.fromkeys(_relations(row))),
        tags=unique(("cwe", "deprecated" * (status == "Deprecated"))),
        modified=moment(row.get("Modified")),
        facts=facts(
            [
                ("abstraction", text_of(row, "Abstraction")),
                ("status", status),
                ("likelihood", text_of(row, "LikelihoodOfExploit")),
                ("platforms", _platforms(row)),
            ]
        ),
        licence=LICENCE,
    )


def _short_names(name: str) -> list[str]:
    """What stands in quotes and brackets in an official name: "... ('SQL Injection')"."""
    return re.findall(r"\('([^']+)'\)", name)


def _parts(row: Object) -> Iterator[tuple[str, str]]:
    description = (text_of(row, "Description"), text_of(row, "ExtendedDescription"))
    yield "Description", "\n\n".join(filter(None, description))
    yield "Details", labelled(_details(row))
    yield (
        "Alternate terms",
        _list(f"{text_of(t, 'Term')}: {text_of(t, 'Description')}" for t in dicts_of(row, "AlternateTerms")),
    )
    yield "Common consequences", _list(_consequence(item) for item in dicts_of(row, "CommonConsequences"))
    yield "Potential mitigations", _list(_mitigation(item) for item in dicts_of(row, "PotentialMitigations"))
    yield "Detection methods", _list(_detection(item) for item in dicts_of(row, "DetectionMethods"))
    # One section each: a report of a vulnerability is nearest to a single other report, not to a list.
    for example in dicts_of(row, "ObservedExamples"):
        yield (
            "Observed examples",
            ": ".join(filter(None, (text_of(example, "Reference"), text_of(example, "Description")))),
        )


def _list(items: Iterator[str]) -> str:
    return "\n".join(f"- {text}" for item in items if (text := item.strip(": \n")))


def _details(row: Object) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "Abstraction", text_of(row, "Abstraction")
    yield "Status", text_of(row, "Status")
    yield "Likelihood of exploit", text_of(row, "LikelihoodOfExploit")
    yield "Platforms", _platforms(row)
    yield "Introduced in", texts_of(row, "ModesOfIntroduction")
    for nature in ("ChildOf", "CanPrecede", "PeerOf"):
        yield (
            _words(nature).capitalize(),
            unique(r.target for r in _weaknesses(row) if r.kind == _kebab(nature)),
        )
    yield "Attack patterns", [f"CAPEC-{number}" for number in _patterns(row)]


def _platforms(row: Object) -> tuple[str, ...]:
    named = (text_of(p, "Name", "Class") for p in dicts_of(row, "ApplicablePlatforms"))
    return unique(n for n in named if n not in {"Not Language-Specific", "Not Technology-Specific"})


def _consequence(item: Object) -> str:
    head = f"{', '.join(texts_of(item, 'Scope'))}: {', '.join(texts_of(item, 'Impact'))}"
    return ". ".join(filter(None, (head, text_of(item, "Note"))))


def _mitigation(item: Object) -> str:
    head = "; ".join(filter(None, (", ".join(texts_of(item, "Phase")), text_of(item, "Strategy"))))
    tail = text_of(item, "Effectiveness")
    return f"{head}: {text_of(item, 'Description')}" + (f" (effectiveness: {tail})" if tail else "")


def _detection(item: Object) -> str:
    tail = text_of(item, "Effectiveness")
    return f"{text_of(item, 'Method')}: {text_of(item, 'Description')}" + (
        f" (effectiveness: {tail})" if tail else ""
    )


def _relations(row: Object) -> Iterator[Relation]:
    yield from _weaknesses(row)
    yield from (Relation("attack-pattern", f"CAPEC-{number}") for number in _patterns(row))
    for example in dicts_of(row, "ObservedExamples"):
        if text_of(example, "Reference").upper().startswith("CVE-"):
            yield Relation(
                "observed-in", text_of(example, "Reference").upper(), text_of(example, "Description")
            )


def _weaknesses(row: Object) -> Iterator[Relation]:
    for related in dicts_of(row, "RelatedWeaknesses"):
        number = text_of(related, "CweID", "CWE_ID").upper().removeprefix("CWE-")
        if number.isdigit():
            yield Relation(_kebab(text_of(related, "Nature")), f"CWE-{number}")


def _patterns(row: Object) -> list[str]:
    values = (
        text_of(v, "CAPEC_ID", "CapecID") if isinstance(v, dict) else scalar(v)
        for v in list_of(row, "RelatedAttackPatterns")
    )
    return [number for value in values if (number := value.upper().removeprefix("CAPEC-")).isdigit()]


def _kebab(nature: str) -> str:
    """ "ChildOf" is kept as "child-of"."""
    return _CAMEL.sub("-", nature).lower() or "related"


def _words(nature: str) -> str:
    return _CAMEL.sub(" ", nature).lower()


# ---- the official XML


_ENTRIES = ("Weakness", "Category", "View")


def xml_documents(content: Content) -> Iterator[Parsed]:
    """The entries of a Weakness_Catalog, read one by one. Raises InputError for broken or hostile XML."""
    stream = io.BytesIO(content.text.encode("utf-8", "replace"))
    try:
        for _, element in ElementTree.iterparse(stream, events=("end",), forbid_dtd=True):
            if _local(element) in _ENTRIES and "ID" in element.attrib:
                yield from guarded(
                    content.name, f"CWE-{element.get('ID')}", partial(_entry, element, content.name)
                )
                element.clear()
    except DefusedXmlException as error:
        raise InputError(f"XML with forbidden parts: {type(error).__name__}") from error
    except ParseError as error:
        raise InputError(f"broken XML: {error}") from error


def _entry(element: Element, name: str) -> list[Document]:
    return [weakness_document(_row(element), name, f"CWE-{element.get('ID')}")]


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _row(entry: Element) -> dict[str, Any]:
    """An entry in the names of the JSON form; lists of records stay lists of objects."""
    row: dict[str, Any] = {
        "ID": entry.get("ID"), "Name": entry.get("Name"), "Status": entry.get("Status"),
        "Abstraction": entry.get("Abstraction") or _local(entry), "CatalogKind": _local(entry),
    }  # fmt: skip
    for child in entry:
        _take(row, child)
    return row


def _take(row: dict[str, Any], child: Element) -> None:
    name = _local(child).replace("_", "")
    if name in {"Description", "ExtendedDescription", "LikelihoodOfExploit"}:
        row[name] = _flat(child)
    elif name in {"Summary", "Objective"}:
        row["Description"] = _flat(child)
    elif name in {"RelatedWeaknesses", "AlternateTerms", "CommonConsequences", "DetectionMethods",
                  "PotentialMitigations", "ObservedExamples", "ApplicablePlatforms"}:  # fmt: skip
        row[name] = [_record(item) for item in child]
    elif name == "RelatedAttackPatterns":
        row[name] = [item.get("CAPEC_ID") for item in child]
    elif name == "ModesOfIntroduction":
        row[name] = [_flat(phase) for item in child for phase in item if _local(phase) == "Phase"]
    elif name == "Relationships" or name == "Members":
        row["RelatedWeaknesses"] = [{"Nature": "HasMember", "CweID": item.get("CWE_ID")} for item in child]
    elif name == "ContentHistory":
        dates = [_flat(part) for item in child for part in item if _local(part).endswith("_Date")]
        row["Modified"] = max(filter(None, dates), default="")


def _record(item: Element) -> Mapping[str, Any]:
    """Attributes and children of one record; a child that comes twice is a list."""
    found: dict[str, Any] = dict(item.attrib)
    for child in item:
        name, text = _local(child), _flat(child)
        if name in {"Scope", "Impact", "Phase"}:
            found.setdefault(name, []).append(text)
        else:
            found[name] = text
    return found


def _flat(element: Element) -> str:
    """All text below an element, blocks of XHTML on lines of their own."""
    lines = (" ".join(line.split()) for line in "".join(_pieces(element)).split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(element: Element) -> Iterator[str]:
    if _local(element) in {"p", "li", "br", "div", "tr"}:
        yield "\n"
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
