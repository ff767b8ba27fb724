"""CycloneDX and SPDX: components, source packages, and broken ones among good ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.sbom import Bom, Listed, components, read_bom
from icelos.errors import InputError


def _cyclonedx(*parts: Any, **more: Any) -> Bom:
    return read_bom(json.dumps({"bomFormat": "CycloneDX", "components": parts, **more}).encode())


def _purls(bom: Bom) -> list[str]:
    return [item.purl if isinstance(item, Listed) else f"! {item.source}" for item in components(bom)]


def test_cyclonedx_with_poison_among_its_components() -> None:
    bom = _cyclonedx(
        {"name": "a", "purl": "pkg:pypi/a@1"},
        {"name": "b", "purl": "not a purl"},
        {"name": "c", "type": "library"},
        {"purl": 7},
        "not an object",
        {"name": "os", "type": "operating-system", "version": "1"},
        {"name": "d", "purl": "pkg:pypi/d@1", "components": [{"name": "e", "purl": "pkg:pypi/e@2"}]},
        serialNumber="urn:uuid:1",
        metadata={
            "component": {"name": "app", "version": "3", "purl": "pkg:pypi/app@3", "type": "application"}
        },
    )
    assert (bom.name, bom.identity) == ("app:3", "urn:uuid:1")
    assert _purls(bom) == [
        "pkg:pypi/app@3", "pkg:pypi/a@1", "! components[1]", "! components[2]", "! components[3]",
        "! components[4]", "pkg:pypi/d@1", "pkg:pypi/e@2",
    ]  # fmt: skip


def test_trivys_source_packages_and_release() -> None:
    properties = [
        {"name": "aquasecurity:trivy:SrcName", "value": "gcc-8"},
        {"name": "aquasecurity:trivy:SrcVersion", "value": "8.3.0"},
        {"name": "aquasecurity:trivy:SrcRelease", "value": "6"},
    ]
    bom = _cyclonedx(
        {"name": "libgcc1", "purl": "pkg:deb/debian/libgcc1@1%3A8.3.0-6", "properties": properties},
        {"name": "debian", "type": "operating-system", "version": "10.2"},
    )
    (purl,) = _purls(bom)
    assert purl == "pkg:deb/debian/libgcc1@1:8.3.0-6?distro=debian-10.2&upstream=gcc-8%408.3.0-6"


def test_spdx_with_poison_among_its_packages() -> None:
    def package(name: str, purl: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "externalRefs": [{"referenceType": "purl", "referenceLocator": purl}], **more}

    document = {
        "spdxVersion": "SPDX-2.3", "name": "image", "documentNamespace": "https://x/1",
        "packages": [
            {"name": "image"},
            package("zlib", "pkg:apk/alpine/zlib@1-r0?distro=3.10.4",
                    sourceInfo="built package from: zl 1-r0"),
            package("bad", "pkg:"),
            {"versionInfo": "1"},
            package("image", "pkg:oci/image@sha256:1"),
            package("b", "pkg:pypi/b@2"),
        ],
    }  # fmt: skip
    bom = read_bom(json.dumps(document).encode())
    assert (bom.name, bom.identity) == ("image", "https://x/1")
    assert _purls(bom) == [
        "pkg:apk/alpine/zlib@1-r0?distro=3.10.4&upstream=zl", "! packages[2]", "! packages[3]", "pkg:pypi/b@2"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"{}", "neither"),
        (b'{"spdxVersion": 2}', "broken SPDX"),
        (b'{"bomFormat": "CycloneDX", "components": {}}', "broken CycloneDX"),
        (b'{"components": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply|broken"),
        (b'{"bomFormat": "CycloneDX"', "not a JSON object"),
    ],
)
def test_what_is_no_bill_of_materials(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_bom(data)


def test_nested_components_are_bounded() -> None:
    part: dict[str, Any] = {"name": "deep", "purl": "pkg:pypi/deep@1"}
    for _ in range(80):
        part = {"name": "outer", "type": "file", "components": [part]}
    items = list(components(_cyclonedx(part, {"name": "b", "purl": "pkg:pypi/b@1"})))
    assert isinstance(items[0], InputError)
    assert isinstance(items[1], Listed)


JSON = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda s: st.lists(s, max_size=3))


@given(st.lists(st.dictionaries(st.sampled_from(["name", "purl", "type", "components", "properties"]), JSON)))
def test_any_component_is_listed_or_an_error(parts: list[dict[str, Any]]) -> None:
    for item in components(_cyclonedx(*parts)):
        assert isinstance(item, Listed | InputError)
