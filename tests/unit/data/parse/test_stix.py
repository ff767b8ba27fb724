from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from icelos.data.parse.stix import is_bundle, is_object
from icelos.records import Document

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import Parse


def flattened(bundle: dict[str, Any]) -> str:
    """The same objects as one collection keeps them: one a line, ATT&CK ids in `id` and in relationships."""
    ids = {
        o["id"]: o["external_references"][0]["external_id"]
        for o in bundle["objects"]
        if "external_references" in o
    }
    rows = []
    for row in bundle["objects"]:
        if row["type"] == "relationship":
            rows.append(
                {
                    "type": "relationship",
                    "rel": row["relationship_type"],
                    "source": ids[row["source_ref"]],
                    "target": ids[row["target_ref"]],
                    "description": row["description"],
                }
            )
        elif row["id"] in ids:
            rest = {
                k: v for k, v in row.items() if k not in {"id", "external_references", "x_mitre_deprecated"}
            }
            rows.append(
                {
                    **rest,
                    "stix_id": row["id"],
                    "id": ids[row["id"]],
                    "url": row["external_references"][0]["url"],
                    "deprecated": row.get("x_mitre_deprecated", False),
                }
            )
    return "\n".join(json.dumps(row) for row in rows)


def test_flattened_lines_make_the_same_documents(parse: Parse, attack_bundle: dict[str, Any]) -> None:
    whole = {d.id: d for d in parse("a.json", json.dumps(attack_bundle)) if isinstance(d, Document)}
    lines = {d.id: d for d in parse("a.json", flattened(attack_bundle)) if isinstance(d, Document)}
    assert lines.keys() == whole.keys()
    for identity, document in whole.items():
        other = lines[identity]
        assert (other.sections, other.relations, other.title) == (
            document.sections,
            document.relations,
            document.title,
        )


def test_other_publishers_objects_are_documents(parse: Parse) -> None:
    uuid = "11111111-2222-4333-8444-000000000001"
    objects = [
        {
            "type": "indicator",
            "id": f"indicator--{uuid}",
            "name": "Bad address",
            "pattern": "[ipv4-addr:value = '198.51.100.7']",
            "modified": "2024-01-01T00:00:00Z",
            "labels": ["c2"],
        },
        {"type": "malware", "id": f"malware--{uuid}", "name": "Grub", "description": "A made-up loader."},
        {
            "type": "relationship",
            "id": f"relationship--{uuid}",
            "relationship_type": "indicates",
            "source_ref": f"indicator--{uuid}",
            "target_ref": f"malware--{uuid}",
        },
        {"type": "identity", "id": f"identity--{uuid}", "name": "Nobody"},
    ]
    indicator, malware = parse(
        "ti.json", json.dumps({"type": "bundle", "id": f"bundle--{uuid}", "objects": objects})
    )
    assert isinstance(indicator, Document)
    assert isinstance(malware, Document)
    assert (indicator.kind, malware.kind) == ("rule", "software")
    assert "Pattern: [ipv4-addr:value = '198.51.100.7']" in indicator.text
    assert [(r.kind, r.target) for r in indicator.relations] == [("indicates", f"malware--{uuid}")]


def test_what_is_stix_is_told_by_its_fields() -> None:
    assert is_bundle({"type": "bundle", "objects": []})
    assert not is_bundle({"type": "bundle", "objects": {}})
    assert not is_object({"type": "tool", "id": "T-1", "name": "hammer"})
    assert not is_object({"type": 7})
