"""OpenVEX: what scanners match by, what is kept, and documents of others."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.vulns.documents.forms import read as read_any
from icelos.jobs.vulns.documents.model import document_of
from icelos.jobs.vulns.documents.openvex import read, render
from icelos.jobs.vulns.verdicts import Label, Status

Make = Callable[..., Finding]
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _document(*findings: Finding, **options: Any) -> dict[str, Any]:
    return render(document_of(findings, author="a@b.example", now=NOW, **options))


def test_the_component_is_a_subcomponent_of_the_image(finding: Make) -> None:
    row = _document(finding(purl="pkg:apk/alpine/musl@1.1?arch=x86_64&distro=alpine-3.10.4"))
    product = row["statements"][0]["products"][0]
    assert product["@id"] == "pkg:oci/web?tag=7"
    assert product["subcomponents"] == [
        {
            "@id": "pkg:apk/alpine/musl@1.1?arch=x86_64&distro=alpine-3.10.4",
            "identifiers": {"purl": "pkg:apk/alpine/musl@1.1"},
        }
    ]


def test_an_image_is_named_by_digest_and_by_tag(finding: Make) -> None:
    digest = "sha256:" + "ab" * 32
    row = _document(finding(target="r.example/shop/web:7 (linux/amd64)", target_id=digest))
    assert [one["@id"] for one in row["statements"][0]["products"]] == [
        f"pkg:oci/web@{digest}", "pkg:oci/web?tag=7",
    ]  # fmt: skip
    (again,) = read(row).statements
    assert again.products == (f"pkg:oci/web@{digest}", "pkg:oci/web?tag=7")


def test_without_an_image_the_component_is_the_product(finding: Make) -> None:
    row = _document(finding(target="bom.json"))
    assert row["statements"][0]["products"][0]["@id"] == "pkg:pypi/jinja2@2.11.0"


def test_a_product_of_the_users_own(finding: Make) -> None:
    row = _document(finding(target="bom.json"), products=("pkg:oci/shop@sha256:aa",))
    assert row["statements"][0]["products"][0]["@id"] == "pkg:oci/shop@sha256:aa"
    assert row["statements"][0]["products"][0]["subcomponents"][0]["@id"] == "pkg:pypi/jinja2@2.11.0"


@pytest.mark.parametrize("label", list(Label))
def test_every_label_is_valid_and_comes_back(
    finding: Make, label: Label, valid: Callable[[str, dict[str, Any]], None]
) -> None:
    row = _document(finding(label.value))
    valid("openvex_0.2.0.json", row)
    assert row["statements"][0]["status"] != "not_affected" or label is not Label.UNCERTAIN
    assert read(row).statements[0].label is label


def test_what_is_uncertain_is_under_investigation_whatever_its_attributes_say(finding: Make) -> None:
    row = _document(finding("uncertain", status="not_affected"))
    assert row["statements"][0]["status"] == "under_investigation"
    assert "justification" not in row["statements"][0]


def test_what_was_written_is_read(finding: Make) -> None:
    document = document_of(
        [finding(), finding("code_not_reachable", purl="pkg:npm/a@1")], author="x", now=NOW
    )
    again = read(json.loads(json.dumps(render(document))))
    unplaced = [type(one)(**{**_fields(one), "source": ""}) for one in again.statements]
    assert [_fields(one) for one in unplaced] == [_fields(one) for one in document.statements]
    assert (again.id, again.author, again.timestamp) == (document.id, document.author, document.timestamp)


def _fields(statement: Any) -> dict[str, Any]:
    return {name: getattr(statement, name) for name in statement.__struct_fields__}


def test_an_empty_document_is_refused() -> None:
    with pytest.raises(InputError, match="needs a statement"):
        _document()


def test_version_0_0_1_and_broken_statements() -> None:
    row = {
        "@context": "https://openvex.dev/ns/v0.0.1", "@id": "urn:1", "author": "W", "version": "1",
        "timestamp": "2023-01-08T18:02:03.647787998-06:00",
        "statements": [
            {"vulnerability": "CVE-1", "products": ["pkg:apk/wolfi/git@2?arch=armv7"], "status": "fixed"},
            {"vulnerability": "CVE-2", "products": ["a"], "status": "safe"},
            {"vulnerability": "CVE-3", "products": [], "status": "fixed"},
            7,
        ],
    }  # fmt: skip
    document = read_any(row)
    assert [(s.vulnerability, s.status, s.label) for s in document.statements] == [
        ("CVE-1", Status.FIXED, Label.CODE_NOT_PRESENT)
    ]
    assert document.statements[0].timestamp == datetime(2023, 1, 9, 0, 2, 3, 647787, tzinfo=UTC)
    assert [problem.split(":")[0] for problem in document.problems] == [f"statements[{n}]" for n in (1, 2, 3)]


def test_a_label_that_does_not_fit_the_status_is_not_believed() -> None:
    row = {
        "statements": [
            {
                "vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/a@1"}],
                "status": "under_investigation", "status_notes": "Icelos verdict\nlabel: code_not_reachable",
            }
        ]
    }  # fmt: skip
    assert read(row).statements[0].label is Label.UNCERTAIN


@pytest.mark.data
def test_documents_of_others() -> None:
    pack = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns" / "vex" / "vex-examples.tar.gz"
    if not pack.is_file():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/vex")
    counts: dict[str, tuple[int, int]] = {}
    with tarfile.open(pack) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None or not member.name.endswith(".json"):
                continue
            row = json.loads(content.read())
            if isinstance(row, dict) and "statements" in row:
                document = read_any(row)
                counts[member.name] = (len(document.statements), len(document.problems))
    assert len(counts) > 20
    assert counts["nodejs_security-wg/node.openvex.json"][0] > 400
    assert [name for name, (found, _) in counts.items() if not found] == [
        "openvex_vexctl/pkg/ctl/testdata/test.vex.json"  # its statements name no product
    ]


def _go_vex_matches(general: str, specific: str) -> bool:
    """The rule of go-vex, which grype and trivy use: all qualifiers, word for word."""
    one, other = PackageURL.from_string(general), PackageURL.from_string(specific)
    same = (one.type, one.namespace, one.name) == (other.type, other.namespace, other.name)
    wanted, given = dict(one.qualifiers or {}), dict(other.qualifiers or {})
    return same and one.version in {None, other.version} and wanted.items() <= given.items()


@pytest.mark.parametrize(
    "scanned",
    [
        "pkg:deb/debian/libssl1.1@1.1.1n-0+deb11u3?arch=amd64&distro=debian-11&upstream=openssl",
        "pkg:deb/debian/libssl1.1@1.1.1n-0+deb11u3?arch=amd64&distro=debian-11.5",
        "pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3?arch=amd64&distro=11.5&epoch=0",
    ],
)
def test_scanners_find_what_we_name_however_they_write_it(finding: Make, scanned: str) -> None:
    own = "pkg:deb/debian/libssl1.1@1.1.1n-0+deb11u3?arch=amd64&distro=debian-11.5&upstream=openssl"
    (product,) = _document(finding(purl=own))["statements"][0]["products"]
    (part,) = product["subcomponents"]
    assert any(_go_vex_matches(name, scanned) for name in (part["@id"], part["identifiers"]["purl"]))
    assert _go_vex_matches(product["@id"], "pkg:oci/web?tag=7&repository_url=r.example%2Fshop%2Fweb")
    assert not _go_vex_matches(part["identifiers"]["purl"], scanned.replace("deb11u3", "deb11u4"))
