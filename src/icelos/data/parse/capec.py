"""CAPEC attack patterns out of STIX, whole or flattened, with the weaknesses and techniques they name.

Format: https://github.com/mitre/cti/blob/master/USAGE-CAPEC.md
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from icelos.data.parse.fields import (
    Object,
    dict_of,
    dicts_of,
    facts,
    labelled,
    moment,
    scalar,
    sections,
    text_of,
    texts_of,
    unique,
)
from icelos.records import Document, Relation

LICENCE = "CAPEC Terms of Use (https://capec.mitre.org/about/termsofuse.html)"
_LINKS = {
    "x_capec_child_of_refs": "child-of", "x_capec_can_precede_refs": "can-precede",
    "x_capec_can_follow_refs": "can-follow", "x_capec_peer_of_refs": "peer-of",
}  # fmt: skip
_ADVICE = 4_000
"""Characters of a mitigation, which may stand in many patterns."""
_BREAK = re.compile(r"</?(?:xhtml:)?(?:p|li|br|div|ul|ol|h\d|tr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:xhtml:)?[a-z][a-z0-9]*\b[^<>]*>", re.IGNORECASE)
_XHTML = re.compile(r"</?xhtml:|</(?:p|div|li|td|h\d)>", re.IGNORECASE)


def is_pattern(row: Object) -> bool:
    """Whether a STIX object is a CAPEC attack pattern."""
    return row.get("type") == "attack-pattern" and _identifier(row).startswith("CAPEC-")


def pattern_documents(
    name: str, objects: Sequence[Mapping[str, Any]], edges: Iterable[tuple[str, str, str]]
) -> Iterator[Document]:
    """One document for each attack pattern, its mitigations in it."""
    patterns = [row for row in objects if is_pattern(row)]
    ids = {_ref(row): _identifier(row) for row in patterns}
    advice = {
        _ref(row): markup(text_of(row, "description"))[:_ADVICE]
        for row in objects
        if row.get("type") == "course-of-action"
    }
    mitigations: dict[str, list[str]] = defaultdict(list)
    for kind, source, target in edges:
        if kind == "mitigates" and source in advice:
            mitigations[ids.get(target, target)].append(advice[source])
    for row in patterns:
        yield _document(name, row, ids, mitigations[_identifier(row)])


def markup(text: str) -> str:
    """CAPEC's XHTML as lines of text; text without such mark-up as it is."""
    if not _XHTML.search(text):
        return text.strip()
    text = _TAG.sub("", _BREAK.sub("\n", text))
    return "\n".join(line for row in text.split("\n") if (line := " ".join(row.split())))


def _ref(row: Object) -> str:
    return text_of(row, "stix_id") or text_of(row, "id")


def _identifier(row: Object) -> str:
    if "stix_id" in row:
        return text_of(row, "id").upper()
    return next((i for i in _external(row, "capec") if i.startswith("CAPEC-")), "")


def _external(row: Object, source: str) -> list[str]:
    found = [r for r in dicts_of(row, "external_references") if text_of(r, "source_name").lower() == source]
    return [identity.upper() for r in found if (identity := text_of(r, "external_id"))]


def _document(name: str, row: Object, ids: Mapping[str, str], mitigations: Sequence[str]) -> Document:
    identity = _identifier(row)
    number = identity.removeprefix("CAPEC-")
    severity, likelihood = (
        text_of(row, "x_capec_typical_severity"),
        text_of(row, "x_capec_likelihood_of_attack"),
    )
    status, abstraction = text_of(row, "x_capec_status"), text_of(row, "x_capec_abstraction")
    return Document(
        id=f"capec/{identity}",
        source=f"{name}:{identity}",
        title=f"{identity} {text_of(row, 'name')}",
        kind="attack-pattern",
        sections=sections(_parts(row, mitigations), identity),
        url=text_of(row, "url") or f"https://capec.mitre.org/data/definitions/{number}.html",
        identifiers=(identity,),
        aliases=unique((text_of(row, "name"), *texts_of(row, "x_capec_alternate_terms"))),
        relations=tuple(dict.fromkeys(_relations(row, ids))),
        tags=unique(("capec", "deprecated" * (row.get("deprecated") is True or status == "Deprecated"))),
        modified=moment(row.get("modified")),
        facts=facts([
            ("severity", severity), ("likelihood", likelihood),
            ("abstraction", abstraction), ("status", status),
        ]),
        licence=LICENCE,
    )  # fmt: skip


def _parts(row: Object, mitigations: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield (
        "Description",
        "\n\n".join(
            filter(None, (markup(text_of(row, f)) for f in ("description", "x_capec_extended_description")))
        ),
    )
    yield "Details", labelled(_details(row))
    yield "Prerequisites", _bullets(texts_of(row, "x_capec_prerequisites"))
    yield "Consequences", _consequences(row)
    yield "Mitigations", _bullets(mitigations)
    yield (
        "Skills required",
        "\n".join(
            f"- {key}: {markup(scalar(text))}"
            for key, text in dict_of(row, "x_capec_skills_required").items()
        ),
    )
    yield "Execution flow", markup(text_of(row, "x_capec_execution_flow", "x_capec_execution_flows"))
    yield "Example instances", _bullets(texts_of(row, "x_capec_example_instances"))


def _details(row: Object) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "Typical severity", text_of(row, "x_capec_typical_severity")
    yield "Likelihood of attack", text_of(row, "x_capec_likelihood_of_attack")
    yield "Abstraction", text_of(row, "x_capec_abstraction")
    yield "Status", text_of(row, "x_capec_status")
    yield "Related weaknesses", _weaknesses(row)
    yield "Techniques", _techniques(row)
    yield "Other names", texts_of(row, "x_capec_alternate_terms")


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for raw in texts if (text := markup(raw)))


def _consequences(row: Object) -> str:
    """Scope: impacts; a publisher writes scopes as Access_Control."""
    scopes = dict_of(row, "x_capec_consequences")
    return "\n".join(f"- {scope.replace('_', ' ')}: {', '.join(texts_of(scopes, scope))}" for scope in scopes)


def _weaknesses(row: Object) -> list[str]:
    return texts_of(row, "cwe") or _external(row, "cwe")


def _techniques(row: Object) -> list[str]:
    return texts_of(row, "attack") or _external(row, "attack")


def _relations(row: Object, ids: Mapping[str, str]) -> Iterator[Relation]:
    yield from (Relation("weakness", cwe.upper()) for cwe in _weaknesses(row))
    yield from (Relation("technique", technique.upper()) for technique in _techniques(row))
    for field, kind in _LINKS.items():
        yield from (Relation(kind, ids[ref]) for ref in texts_of(row, field) if ref in ids)
