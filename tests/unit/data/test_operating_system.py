from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from icelos.data.inventory import read_target
from icelos.records import System

METADATA = {"app/a-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"}


@pytest.mark.parametrize(
    ("files", "system"),
    [
        (
            {"lib/apk/db/installed": b"P:musl\nV:1-r0\n"},
            System("linux", "a Linux distribution's package database", "lib/apk/db/installed"),
        ),
        ({"etc/os-release": b'ID="fedora"\n'}, System("linux", "ID=fedora", "etc/os-release")),
        ({"etc/os-release": b"ID=freebsd\n"}, None),
        ({}, None),
    ],
)
def test_a_root_file_system(
    tmp_path: Path, images: ModuleType, files: dict[str, bytes], system: System | None
) -> None:
    (tmp_path / "root.tar").write_bytes(images.tar({**METADATA, **files}))
    (inventory,) = read_target(tmp_path / "root.tar")
    assert inventory.system == system
    assert {one.system for one in inventory.components} == {system}


@pytest.mark.parametrize(
    ("named", "system"), [("linux", "linux"), ("windows", "windows"), ("plan9", None), ("", None)]
)
def test_an_image_says_what_it_is_built_for(
    tmp_path: Path, images: ModuleType, named: str, system: str | None
) -> None:
    manifest = [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["1/layer.tar"]}]
    archive = {
        "1/layer.tar": images.tar(METADATA),
        "c.json": json.dumps({"os": named} if named else {}).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    (tmp_path / "image.tar").write_bytes(images.tar(archive))
    (inventory,) = read_target(tmp_path / "image.tar")
    assert (inventory.system.name if inventory.system else None) == system


@pytest.mark.parametrize(
    ("purl", "linux"),
    [
        ("pkg:deb/debian/zlib1g@1", True),
        ("pkg:rpm/redhat/zlib@1-1", True),
        ("pkg:rpm/aix/zlib@1-1", False),
        ("pkg:npm/left-pad@1", False),
    ],
)
def test_a_bill_of_materials(tmp_path: Path, purl: str, linux: bool) -> None:
    parts = [{"name": "x", "purl": one} for one in ("pkg:pypi/a@1", purl)]
    (tmp_path / "bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": parts}))
    (inventory,) = read_target(tmp_path / "bom.json")
    assert [one.system is not None for one in inventory.components] == [linux, linux]
    if inventory.system is not None:
        assert inventory.system.name == "linux"
        assert inventory.system.source.startswith("bom.json:")
