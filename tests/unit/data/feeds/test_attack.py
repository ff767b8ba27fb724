from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from icelos.data.feeds.attack import NAME, bundled_documents, bundled_version, stix_file_documents
from icelos.findings import Failure
from icelos.records import Document


@pytest.fixture(scope="module")
def bundled() -> dict[str, Document]:
    found = list(bundled_documents())
    assert len({d.id for d in found}) == len(found)
    return {d.id: d for d in found}


def test_what_the_package_carries_is_there_with_its_relations(bundled: dict[str, Document]) -> None:
    kinds = Counter(d.kind for d in bundled.values())
    assert kinds["technique"] > 600
    assert kinds["tactic"] == 14
    assert (
        min(kinds[k] for k in ("group", "software", "campaign", "mitigation", "detection", "data-source"))
        > 40
    )
    relations = Counter(r.kind for d in bundled.values() for r in d.relations)
    for kind in ("uses", "mitigates", "detects", "subtechnique-of", "attributed-to", "tactic", "revoked-by"):
        assert relations[kind] > 10, kind


def test_one_technique_as_published(bundled: dict[str, Document]) -> None:
    spraying = bundled["attack/T1110.003"]
    assert spraying.title == "T1110.003 Brute Force: Password Spraying"
    assert spraying.facts["tactics"] == "Credential Access"
    assert spraying.truncated
    assert spraying.source == f"{NAME}:T1110.003"
    examples = [s.text for s in spraying.sections if s.heading == "Procedure examples"]
    assert any(text.startswith("APT28 (G0007): ") for text in examples)
    assert any(
        r.kind == "uses" and r.target == "T1110.003" and r.note for r in bundled["attack/G0007"].relations
    )


def test_no_citation_or_link_is_left(bundled: dict[str, Document]) -> None:
    text = "\n".join(d.text for d in bundled.values())
    assert "(Citation:" not in text
    assert "](http" not in text


def test_the_version_names_the_package() -> None:
    assert bundled_version() == "0.1.0"


def write(path: Path, *objects: object) -> Path:
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": list(objects)}))
    return path


def thing(kind: str, number: int, identity: str, domains: list[str]) -> dict[str, object]:
    return {
        "type": kind,
        "id": f"{kind}--11111111-2222-4333-8444-{number:012d}",
        "name": f"Name {identity}",
        "description": "Something.",
        "x_mitre_domains": domains,
        "external_references": [{"source_name": "mitre-attack", "external_id": identity}],
    }


def test_bundles_of_several_domains_make_one_catalogue(tmp_path: Path) -> None:
    group = thing("intrusion-set", 1, "G0001", ["enterprise-attack", "ics-attack"])
    enterprise = thing("attack-pattern", 2, "T0001", ["enterprise-attack"])
    ics = thing("attack-pattern", 3, "T0801", ["ics-attack"])

    def uses(target: dict[str, object]) -> dict[str, object]:
        return {
            "type": "relationship",
            "relationship_type": "uses",
            "source_ref": group["id"],
            "target_ref": target["id"],
        }

    paths = [
        write(tmp_path / "enterprise-attack.json", group, enterprise, uses(enterprise)),
        write(tmp_path / "ics-attack.json", group, ics, uses(ics)),
    ]
    found = {d.id: d for d in stix_file_documents(paths) if isinstance(d, Document)}
    assert found.keys() == {"attack/G0001", "attack/T0001", "attack/T0801"}
    assert {r.target for r in found["attack/G0001"].relations} == {"T0001", "T0801"}
    assert not any(d.truncated for d in found.values())


def test_what_is_no_bundle_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"type": "bundle"')
    (tmp_path / "b.json").write_text("[]")
    found = list(stix_file_documents([tmp_path / "a.json", tmp_path / "b.json"]))
    assert [type(item) for item in found] == [Failure, Failure]
