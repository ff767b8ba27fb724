"""Every form in which components are listed, small ones written here, and hostile ones."""

from __future__ import annotations

import base64
import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.bom_forms import is_document, read_document
from icelos.data.parse.sbom import Bom, Listed, components
from icelos.errors import InputError
from icelos.records import Reported

XML = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.4" serialNumber="urn:uuid:1" version="1">
 <metadata><component type="container"><name>shop</name><version>7</version></component></metadata>
 <components>
  <component type="operating-system"><name>debian</name><version>12</version></component>
  <component type="library"><name>libssl3</name><version>3.0</version>
   <licenses><license><name>not the name</name></license></licenses>
   <purl>pkg:deb/debian/libssl3@3.0</purl>
   <properties><property name="aquasecurity:trivy:SrcName">openssl</property></properties>
   <components>
    <component type="library"><name>inner</name><purl>pkg:pypi/inner@1</purl></component>
   </components>
  </component>
  <component type="library"><name>none</name></component>
 </components>
</bom>"""
TAGS = """SPDXVersion: SPDX-2.3
DocumentName: shop
DocumentNamespace: https://example.com/1
PackageName: shop
PackageVersion: 7
##### Package: openssl
PackageName: openssl-libs
PackageVersion: 3.0
PackageComment: <text>several
PackageName: not one
</text>
PackageSourceInfo: built package from: openssl 3.0-1
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/libssl3@3.0
Relationship: SPDXRef-DOCUMENT DESCRIBES x
PackageVersion: of nothing
PackageName: broken
ExternalRef: PACKAGE_MANAGER purl pkg:nothing
"""


def _read(document: Any) -> tuple[Bom, list[Listed], list[InputError]]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    assert is_document(data[:4096])
    bom = read_document(data)
    found = list(components(bom))
    return (
        bom,
        [item for item in found if isinstance(item, Listed)],
        [item for item in found if isinstance(item, InputError)],
    )


def test_cyclonedx_in_xml() -> None:
    bom, listed, errors = _read(XML.encode())
    assert (bom.name, bom.identity) == ("shop:7", "urn:uuid:1")
    assert [item.purl for item in listed] == [
        "pkg:pypi/inner@1",
        "pkg:deb/debian/libssl3@3.0?distro=debian-12&upstream=openssl",
    ]
    assert [error.message for error in errors] == [
        "component 'none' has no package URL, so no advisory can be found for it"
    ]


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        ("<bom>", "broken XML"), ("<html/>", "whose root is <html>"), ("<", "broken XML"),
        ('<!DOCTYPE bom [<!ENTITY a "b">]><bom/>', "forbidden parts: DTDForbidden"),
        ("<bom>" + "<component>" * 20_000, "nested deeper than 256"),
        ('<?xml version="1.0" encoding="none"?><bom/>', "broken XML"),
    ],
)  # fmt: skip
def test_xml_that_is_broken_or_hostile(xml: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_document(xml.encode())


def test_xml_streams_by() -> None:
    item = '<component type="library"><name>x</name><description>{}</description></component>'
    data = f"<bom><components>{(item.format('y' * 10_000)) * 300}</components></bom>".encode()
    tracemalloc.start()
    bom = read_document(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(bom.parts) == 300
    assert peak < len(data)


def test_spdx_in_tags() -> None:
    bom, listed, errors = _read(TAGS.encode())
    assert (bom.name, bom.identity) == ("shop", "https://example.com/1")
    assert [(item.purl, item.place) for item in listed] == [
        ("pkg:deb/debian/libssl3@3.0?upstream=openssl%403.0-1", "line 7")
    ]
    assert [error.source for error in errors] == ["line 16"]


def test_syft() -> None:
    artifact = {"name": "musl", "version": "1.2", "type": "apk", "purl": "pkg:apk/alpine/musl@1.2"}
    bom, listed, _ = _read(
        {
            "artifacts": [artifact, {"name": "x", "purl": ""}],
            "source": {"id": "abc", "name": "alpine", "metadata": {"userInput": "alpine:3"}},
            "distro": {"name": "alpine", "version": "3.17.2"},
        }
    )
    assert (bom.name, bom.identity) == ("alpine", "abc")
    assert [item.purl for item in listed] == ["pkg:apk/alpine/musl@1.2?distro=alpine-3.17.2"]


def test_grype() -> None:
    match = {
        "vulnerability": {"id": "GHSA-1", "severity": "High", "fix": {"versions": ["2", "3"]}},
        "relatedVulnerabilities": [{"id": "CVE-1"}, {"id": "GHSA-1"}],
        "artifact": {"name": "a", "version": "1", "purl": "pkg:pypi/a@1"},
    }  # fmt: skip
    bom, listed, _ = _read({"matches": [match], "source": {"type": "image", "target": {"userInput": "x:1"}}})
    assert bom.name == "x:1"
    assert [(item.purl, item.reported) for item in listed] == [
        ("pkg:pypi/a@1", Reported("grype", ("GHSA-1", "CVE-1"), "high", "2 3"))
    ]


def _trivy(kind: str, target: str = "t", **fields: Any) -> dict[str, Any]:
    seen = {"VulnerabilityID": "CVE-1", "PkgName": "a", "InstalledVersion": "1", "VendorIDs": ["DSA-1"]}
    seen |= {"Severity": "LOW", "FixedVersion": "2, 3", **fields}
    return {"Target": target, "Type": kind, "Vulnerabilities": [seen]}


@pytest.mark.parametrize(
    ("result", "purl"),
    [
        (_trivy("pip"), "pkg:pypi/a@1"), (_trivy("npm", PkgName="@b/a"), "pkg:npm/%40b/a@1"),
        (_trivy("jar", PkgName="g.h:a"), "pkg:maven/g.h/a@1"), (_trivy("rubygems"), "pkg:gem/a@1"),
        (_trivy("gobinary", PkgName="x.org/b/a"), "pkg:golang/x.org/b/a@1"),
        (_trivy("debian", "img (debian 10.8)"), "pkg:deb/debian/a@1?distro=debian-10.8"),
        (_trivy("pip", PkgIdentifier={"PURL": "pkg:pypi/z@1"}), "pkg:pypi/z@1"),
    ],
)  # fmt: skip
def test_trivy(result: dict[str, Any], purl: str) -> None:
    for report in ({"ArtifactName": "x", "Results": [result]}, [result]):
        _, listed, errors = _read(report)
        assert [(item.purl, item.reported) for item in listed] == [
            (purl, Reported("trivy", ("CVE-1", "DSA-1"), "low", "2 3"))
        ]
        assert errors == []


def test_trivy_with_its_packages() -> None:
    package = {"ID": "a@1", "Name": "a", "Version": "1", "Release": "2", "SrcName": "s", "SrcVersion": "3"}
    result = {**_trivy("debian", PkgID="a@1", InstalledVersion="1-2"), "Packages": [package]}
    system = {"OS": {"Family": "debian", "Name": "12.1"}}
    _, listed, _ = _read({"ArtifactName": "x", "Metadata": system, "Results": [result]})
    assert {item.purl for item in listed} == {"pkg:deb/debian/a@1-2?distro=debian-12.1&upstream=s%403"}


def test_trivy_of_a_cluster() -> None:
    _, listed, _ = _read({"ClusterName": "c", "Resources": [{"Results": [_trivy("pip")]}]})
    assert [item.place for item in listed] == ["Resources[0].Results[0].Vulnerabilities[0]"]


@pytest.mark.parametrize(
    ("ecosystem", "name", "purl"),
    [
        ("PyPI", "a", "pkg:pypi/a@1"), ("Packagist", "b/a", "pkg:composer/b/a@1"),
        ("Go", "stdlib", "pkg:golang/stdlib@1"),
        ("Debian:12", "a", "pkg:deb/debian/a@1?distro=debian-12"), ("crates.io", "a", "pkg:cargo/a@1"),
        ("Alpine:v3.18", "a", "pkg:apk/alpine/a@1?distro=alpine-3.18"), ("Maven", "g:a", "pkg:maven/g/a@1"),
    ],
)  # fmt: skip
def test_osv_scanner(ecosystem: str, name: str, purl: str) -> None:
    events = [{"introduced": "0"}, {"fixed": "2"}]
    affected = [
        {"package": {"name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}, {"type": "GIT"}]},
        {"package": {"name": "other"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "9"}]}]},
    ]
    item = {
        "package": {"name": name, "version": "1", "ecosystem": ecosystem},
        "vulnerabilities": [{"id": "GHSA-1", "aliases": ["CVE-1"], "affected": affected}],
    }
    bom, listed, _ = _read({"results": [{"source": {"path": "x"}, "packages": [item]}]})
    said = Reported("osv-scanner", ("GHSA-1", "CVE-1"), "", "2")
    assert bom.scanner == "osv-scanner"
    assert [(one.purl, one.reported) for one in listed] == [(purl, None), (purl, said)]


@pytest.mark.parametrize("purl", ["", "pkg:", "pkg:oci/a@1"])
def test_what_is_reported_of_something_without_a_package_url_stays(purl: str) -> None:
    match = {"vulnerability": {"id": "CVE-1"}, "artifact": {"name": "a", "version": "1", "purl": purl}}
    _, listed, errors = _read({"matches": [match]})
    assert ([one.purl for one in listed], errors) == (["pkg:generic/a@1"], [])


def test_osv_scanner_of_a_commit() -> None:
    package = {"name": "", "version": "", "ecosystem": "", "commit": "f5f3"}
    item = {"package": package, "vulnerabilities": [{"id": "CVE-1"}]}
    _, listed, errors = _read({"results": [{"source": {"path": "/src/lib/"}, "packages": [item]}]})
    assert ([one.purl for one in listed], errors) == (["pkg:generic/lib@f5f3"] * 2, [])
    _, listed, _ = _read({"results": [{"packages": [item]}]})
    assert [one.reported.names for one in listed if one.reported] == [("CVE-1",)]


def test_signed_statements() -> None:
    bom = {"bomFormat": "CycloneDX", "components": [{"name": "a", "purl": "pkg:pypi/a@1"}]}
    statement = {"_type": "https://in-toto.io/Statement/v0.1", "predicate": bom}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    for document in (statement, {"payloadType": "application/vnd.in-toto+json", "payload": payload}):
        assert [item.purl for item in _read(document)[1]] == ["pkg:pypi/a@1"]
    for broken in ("???", 7, base64.b64encode(b"no json").decode()):
        with pytest.raises(InputError):
            _read({"payloadType": "x", "payload": broken})


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "not a document that lists components"), ([], "not a report"), ([1], "not a report"),
        ({"runs": []}, "SARIF does not list packages"), ({"matches": 7}, "'matches' is not a list"),
        ({"results": [{"id": 1}]}, "not a report of osv-scanner"), (b"{" * 100_000, "not a JSON object"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"matches": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
    ],
)  # fmt: skip
def test_what_lists_no_components(document: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        _read(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["matches", "artifact", "Results", "Vulnerabilities", "results", "packages", "purl",
                         "name", "package", "source", "distro", "Metadata", "artifacts", "Type"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    with suppress(InputError):
        _read({"matches": [], **document} if isinstance(document, dict) else [document])
    if isinstance(document, dict):
        for kind in ("artifacts", "results", "Results"):
            with suppress(InputError):
                _read({kind: [document], **document})
