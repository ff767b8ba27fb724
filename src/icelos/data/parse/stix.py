"""STIX 2: bundles as MITRE publishes ATT&CK and CAPEC, and the same objects flattened, one a line.

A flattened object has its ATT&CK id as `id` and its STIX id as `stix_id`, and a flattened relationship
has `rel`, `source` and `target`. Other STIX objects become documents by name and description.
Format: https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from icelos.data.parse.attack import ANALYTIC, KINDS, Edge, LogSource, Thing, attack_documents, prose
from icelos.data.parse.capec import is_pattern, pattern_documents
from icelos.data.parse.fields import (
    Object,
    Parsed,
    dicts_of,
    guarded,
    labelled,
    moment,
    scalar,
    sections,
    text_of,
    texts_of,
    unique,
)
from icelos.records import Document, Relation

ATTACK_SOURCES = frozenset(
    {"mitre-attack", "mitre-ics-attack", "mitre-mobile-attack", "mitre-pre-attack", "mitre-atlas"}
)
_ATTACK_ID = re.compile(
    r"(?:T|TA|DS|DC|DET|AN|[GSMCA])\d{4}(?:\.\d{3})?$|AML\.(?:TA?|M|CS)\d{4}(?:\.\d{3})?$"
)
_STIX_ID = re.compile(r"[a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
_OTHER_KINDS = {
    "threat-actor": "group", "intrusion-set": "group", "malware": "software", "tool": "software",
    "campaign": "campaign", "course-of-action": "mitigation", "attack-pattern": "technique",
    "vulnerability": "vulnerability", "indicator": "rule", "report": "document", "note": "note",
}  # fmt: skip

Placed = tuple[str, dict[str, Any]]


def is_bundle(row: Object) -> bool:
    """Whether an object is a STIX bundle."""
    return row.get("type") == "bundle" and isinstance(row.get("objects"), list)


def is_object(row: Object) -> bool:
    """Whether an object is one of STIX, whole or flattened."""
    kind = row.get("type")
    if not isinstance(kind, str):
        return False
    if kind == "relationship":
        return "relationship_type" in row or "rel" in row
    return _STIX_ID.match(_ref(row)) is not None and _ref(row).startswith(f"{kind}--")


def stix_documents(name: str, objects: Sequence[Placed]) -> Iterator[Parsed]:
    """ATT&CK and CAPEC objects with their relationships, then all others that say something."""
    things, edges, release = attack_parts([row for _, row in objects])
    if things:
        yield from attack_documents(things, edges, name=name, version=release)
    if any(is_pattern(row) for _, row in objects):
        yield from pattern_documents(
            name, [row for _, row in objects], [(e.kind, e.source, e.target) for e in edges]
        )
        return
    leaving: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        leaving[edge.source].append(edge)
    for place, row in objects:
        if row.get("type") in _OTHER_KINDS and not _is_attack(row):
            yield from guarded(name, place, partial(_other, name, place, row, leaving[_ref(row)]))


def attack_parts(rows: Sequence[Object]) -> tuple[list[Thing], list[Edge], str]:
    """The ATT&CK objects among these, all relationships in force, and the release that they are of."""
    relationships = (row for row in rows if row.get("type") == "relationship")
    edges = [_edge(row) for row in relationships if row.get("revoked") is not True]
    return [_thing(row) for row in rows if _is_attack(row)], edges, _release(rows)


def _ref(row: Object) -> str:
    """The STIX id: `stix_id` of a flattened object, else `id`."""
    return text_of(row, "stix_id") or text_of(row, "id")


def _references(row: Object) -> list[dict[str, Any]]:
    return dicts_of(row, "external_references")


def _attack_reference(row: Object) -> Mapping[str, Any]:
    """Where ATT&CK names the object: its own id and address."""
    if "stix_id" in row:
        return {"external_id": row.get("id"), "url": row.get("url")}
    return next((r for r in _references(row) if text_of(r, "source_name") in ATTACK_SOURCES), {})


def _is_attack(row: Object) -> bool:
    kind = row.get("type")
    return (kind in KINDS or kind == ANALYTIC) and _ATTACK_ID.match(
        text_of(_attack_reference(row), "external_id")
    ) is not None


def _release(rows: Sequence[Object]) -> str:
    return next(
        (text_of(row, "x_mitre_version") for row in rows if row.get("type") == "x-mitre-collection"), ""
    )


def _edge(row: Object) -> Edge:
    return Edge(
        text_of(row, "relationship_type", "rel"),
        text_of(row, "source_ref", "source"),
        text_of(row, "target_ref", "target"),
        text_of(row, "description"),
    )


def _thing(row: Object) -> Thing:
    reference = _attack_reference(row)
    logs = (
        item
        for field in ("x_mitre_log_source_references", "x_mitre_log_sources")
        for item in dicts_of(row, field)
    )
    return Thing(
        type=text_of(row, "type"),
        ref=_ref(row),
        id=text_of(reference, "external_id"),
        name=text_of(row, "name"),
        description=text_of(row, "description"),
        url=text_of(reference, "url"),
        modified=text_of(row, "modified"),
        revoked=row.get("revoked") is True,
        deprecated=row.get("x_mitre_deprecated") is True or row.get("deprecated") is True,
        aliases=tuple(texts_of(row, "aliases") or texts_of(row, "x_mitre_aliases")),
        platforms=tuple(p for p in texts_of(row, "x_mitre_platforms") if p != "None"),
        tactics=tuple(
            t for phase in dicts_of(row, "kill_chain_phases") if (t := text_of(phase, "phase_name"))
        ),
        shortname=text_of(row, "x_mitre_shortname"),
        domains=tuple(texts_of(row, "x_mitre_domains")),
        analytics=tuple(texts_of(row, "x_mitre_analytic_refs")),
        log_sources=tuple(_log_source(item) for item in logs),
        tunable=tuple(_tunable(item) for item in dicts_of(row, "x_mitre_mutable_elements")),
        detection=text_of(row, "x_mitre_detection"),
        first_seen=text_of(row, "first_seen"),
        last_seen=text_of(row, "last_seen"),
    )


def _log_source(item: Object) -> LogSource:
    return LogSource(
        text_of(item, "x_mitre_data_component_ref"), text_of(item, "name"), text_of(item, "channel")
    )


def _tunable(item: Object) -> str:
    return f"{text_of(item, 'field')} ({text_of(item, 'description')})"


# ---- STIX of other publishers


def _other(name: str, place: str, row: Object, edges: Sequence[Edge]) -> Iterator[Parsed]:
    """A threat report's object: its name, what it says, what it points at."""
    ref, kind = _ref(row), text_of(row, "type")
    external = [text_of(r, "external_id") for r in _references(row)]
    url = next((u for r in _references(row) if (u := text_of(r, "url")).startswith("http")), "")
    details = [
        ("Type", kind),
        ("Aliases", texts_of(row, "aliases")),
        ("Pattern", text_of(row, "pattern")),
        ("Valid from", text_of(row, "valid_from")),
        ("Labels", texts_of(row, "labels")),
    ]
    body = prose(text_of(row, "description", "content", "abstract"))
    label = text_of(row, "name", "abstract") or text_of(row, "pattern") or ref
    yield Document(
        id=f"stix/{ref}",
        source=f"{name}:{place or ref}",
        title=label[:300],
        kind=_OTHER_KINDS[kind],
        sections=sections([("Description", body), ("Details", labelled(details))], place or ref),
        url=url,
        identifiers=unique((*(e for e in external if re.search(r"\d", e)), ref)),
        aliases=unique((*texts_of(row, "aliases"), *texts_of(row, "x_mitre_aliases"))),
        relations=_unique_relations(edges),
        tags=unique(("stix", *map(scalar, texts_of(row, "labels")))),
        modified=moment(row.get("modified")),
    )


def _unique_relations(edges: Iterable[Edge]) -> tuple[Relation, ...]:
    """Edges of one object as relations."""
    return tuple(dict.fromkeys(Relation(e.kind, e.target, prose(e.description)) for e in edges))
