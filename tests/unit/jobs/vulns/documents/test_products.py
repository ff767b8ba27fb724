"""Who is meant: images by reference, and package URLs that differ as scanners write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.vulns.documents.products import (
    covers,
    image_ids,
    in_range,
    is_platform_of,
    plain,
    split_range,
    with_range,
    with_version,
)

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("target", "identity", "ids"),
    [
        ("alpine:3.10", "", ("pkg:oci/alpine?tag=3.10",)),
        ("alpine:3.10", "0123.json", ("pkg:oci/alpine?tag=3.10",)),
        ("alpine:3.10 (linux/amd64)", DIGEST, (f"pkg:oci/alpine@{DIGEST}", "pkg:oci/alpine?tag=3.10")),
        ("localhost:5000/shop/web:7", "", ("pkg:oci/web?tag=7",)),
        ("docker.io/library/alpine", DIGEST, (f"pkg:oci/alpine@{DIGEST}",)),
        (f"r.example/a/b@{DIGEST}", "", (f"pkg:oci/b@{DIGEST}",)),
        ("bom.json", "", ()),
        ("My Application", "urn:uuid:1", ()),
        ("", "", ()),
    ],
)  # fmt: skip
def test_images(target: str, identity: str, ids: tuple[str, ...]) -> None:
    assert image_ids(target, identity) == ids


@pytest.mark.parametrize(
    ("general", "specific", "does"),
    [
        ("pkg:npm/a", "pkg:npm/a@1", True),
        ("pkg:npm/a@1", "pkg:npm/a@1", True),
        ("pkg:npm/a@1", "pkg:npm/a@2", False),
        ("pkg:npm/a@1", "pkg:npm/a", False),
        ("pkg:npm/a@1", "pkg:npm/b@1", False),
        ("pkg:npm/%40x/a@1", "pkg:npm/a@1", False),
        ("pkg:pypi/Ruamel_Yaml@1", "pkg:pypi/ruamel-yaml@1", True),
        ("pkg:apk/alpine/a@1", "pkg:apk/alpine/a@1?arch=x86_64&distro=alpine-3.10.4", True),
        ("pkg:apk/alpine/a@1?arch=x86_64", "pkg:apk/alpine/a@1", False),
        ("pkg:apk/alpine/a@1?arch=arm", "pkg:apk/alpine/a@1?arch=x86_64", False),
        ("pkg:apk/alpine/a@1?distro=3.10.4", "pkg:apk/alpine/a@1?distro=alpine-3.10.4", True),
        ("pkg:apk/alpine/a@1?distro=3.11.0", "pkg:apk/alpine/a@1?distro=alpine-3.10.4", False),
        ("pkg:deb/debian/a@1?upstream=b", "pkg:deb/debian/a@1", True),
        ("pkg:oci/a?tag=1", "pkg:oci/a?tag=2", False),
        ("nginx", "nginx", True),
        ("", "", False),
        ("pkg:npm", "pkg:npm/a", False),
        ("nginx", "pkg:npm/nginx", False),
    ],
)
def test_covers(general: str, specific: str, does: bool) -> None:
    assert covers(general, specific) is does


def test_without_what_scanners_write_differently() -> None:
    assert plain("pkg:deb/debian/a@1?arch=amd64&distro=debian-10&upstream=b") == "pkg:deb/debian/a@1"
    assert plain("pkg:maven/g/a@1?classifier=x&type=jar") == "pkg:maven/g/a@1?classifier=x"
    assert plain("nginx") == "nginx"


@pytest.mark.parametrize("subject", ["pkg:npm/a", "pkg:npm/a?arch=x", "nginx", "cpe:/a:b:c:4"])
def test_a_range_inside_an_identifier(subject: str) -> None:
    span = "vers:npm/>=2.9|<=4.1"
    named = with_range(subject, span)
    assert split_range(named) == (subject, span)
    assert split_range(with_range(subject, "")) == (subject, "")
    assert not covers(plain(named), "pkg:npm/a@3?arch=x")


@pytest.mark.parametrize(
    ("cpe", "purl", "is_it"),
    [
        ("cpe:/o:redhat:enterprise_linux:8", "pkg:rpm/redhat/a@1?distro=rhel-8.10", True),
        ("cpe:/a:redhat:enterprise_linux:8::appstream", "pkg:rpm/redhat/a@1?distro=redhat-8", True),
        ("cpe:2.3:o:redhat:enterprise_linux:8:*:*", "pkg:rpm/redhat/a@1?distro=rhel-8.10", True),
        ("cpe:/o:redhat:enterprise_linux:9", "pkg:rpm/redhat/a@1?distro=rhel-8.10", False),
        ("cpe:/o:redhat:enterprise_linux:8", "pkg:rpm/redhat/a@1", False),
        ("cpe:/a:redhat:openshift:4", "pkg:rpm/redhat/a@1?distro=rhel-8.10", False),
    ],
)
def test_platforms(cpe: str, purl: str, is_it: bool) -> None:
    assert is_platform_of(cpe, purl) is is_it


@pytest.mark.parametrize(
    ("version", "span", "inside"),
    [
        ("2.1.0", "vers:npm/>=2.0.0|<3.0.0", True),
        ("3.0.0", "vers:npm/>=2.0.0|<3.0.0", False),
        ("1.10", "vers:pypi/<2", True),
        ("1", "vers:unheard/<2", False),
        ("x y", "vers:pypi/<2", False),
        ("1", "2", False),
    ],
)
def test_ranges(version: str, span: str, inside: bool) -> None:
    assert in_range(version, span) is inside


def test_a_version_inside_an_identifier() -> None:
    assert with_version("pkg:npm/a", "1") == "pkg:npm/a@1"
    assert with_version("pkg:npm/a@2", "1") == "pkg:npm/a@2"
    assert with_version("acme", "1") == "acme@1"


@given(
    st.text(max_size=12),
    st.sampled_from(["npm", "pypi", "deb", "rpm", "maven", "golang", "generic", "alpine", "none", "x"]),
    st.text("<>=!|*0123456789.-a/ \n%", max_size=12),
)
def test_any_range_is_an_answer(version: str, scheme: str, span: str) -> None:
    assert in_range(version, f"vers:{scheme}/{span}") in {True, False}


def test_a_long_range_is_not_looked_at() -> None:
    assert not in_range("1", "vers:pypi/" + "|".join(f"!={n}" for n in range(10_000)))
