"""Where advisories about a package URL stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.purls import Place, canonical_name, place_of, split_ecosystem
from icelos.errors import InputError


@pytest.mark.parametrize(
    ("purl", "place"),
    [
        ("pkg:pypi/PyYAML@5.3.1", Place("PyPI", "", "pyyaml", "5.3.1")),
        ("pkg:pypi/zope.interface@5", Place("PyPI", "", "zope-interface", "5")),
        ("pkg:npm/%40angular/core@1.0.0", Place("npm", "", "@angular/core", "1.0.0")),
        ("pkg:maven/org.apache/log4j@2.0?type=jar", Place("Maven", "", "org.apache:log4j", "2.0")),
        ("pkg:golang/github.com/a/b@v1#sub", Place("Go", "", "github.com/a/b/sub", "v1")),
        ("pkg:dotnet/Markdig.Signed@0.21.1", Place("NuGet", "", "markdig.signed", "0.21.1")),
        (
            "pkg:apk/alpine/libcrypto1.1@1.1.1-r0?upstream=openssl&distro=alpine-3.10.4",
            Place("Alpine", "v3.10", "openssl", "1.1.1-r0", True),
        ),
        ("pkg:alpine/zlib@1.2-r0?distro=alpine-3.17.0", Place("Alpine", "v3.17", "zlib", "1.2-r0", True)),
        ("pkg:apk/alpine/zlib@1.2-r0?distro=3.16.0", Place("Alpine", "v3.16", "zlib", "1.2-r0", True)),
        ("pkg:apk/alpine/zlib@1.2-r0?origin=zlib", Place("Alpine", "", "zlib", "1.2-r0", True)),
        ("pkg:apk/alpine/zlib@1-r0?distro=alpine-edge", Place("Alpine", "", "zlib", "1-r0", True)),
        (
            "pkg:deb/debian/libc6@2.31-13?upstream=glibc&distro=debian-11",
            Place("Debian", "11", "glibc", "2.31-13", True),
        ),
        (
            "pkg:deb/debian/libgcc1@1%3A8.3.0-6?upstream=gcc-8%408.3.0-6&distro=debian-10.2",
            Place("Debian", "10", "gcc-8", "8.3.0-6", True),
        ),
        ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", Place("Ubuntu", "22.04", "a", "1", True)),
        (
            "pkg:rpm/almalinux/a@1-2.el8?epoch=1&upstream=x.src.rpm&distro=almalinux-8.4",
            Place("AlmaLinux", "8", "a", "1:1-2.el8", True),
        ),
        ("pkg:apk/wolfi/a@1-r0", Place("Wolfi", "", "a", "1-r0", False)),
        ("pkg:swid/os-image@6", None),
        ("pkg:deb/unheard-of/a@1", None),
    ],
)
def test_places(purl: str, place: Place | None) -> None:
    assert place_of(purl) == place


@pytest.mark.parametrize("purl", ["", "pypi/a@1", "pkg:", "pkg:pypi", "pkg:pypi/" + "a" * 5000, "http://x/y"])
def test_what_is_no_package_url(purl: str) -> None:
    with pytest.raises(InputError):
        place_of(purl)


@given(st.one_of(st.text(max_size=80), st.text(max_size=80).map("pkg:apk/alpine/{}".format)))
def test_any_text_is_a_place_or_an_input_error(text: str) -> None:
    try:
        found = place_of(text)
    except InputError:
        return
    assert found is None or found.ecosystem


def test_names() -> None:
    assert canonical_name("PyPI", "Foo__Bar.baz") == "foo-bar-baz"
    assert canonical_name("npm", "Foo") == "Foo"
    assert split_ecosystem("Red Hat:enterprise_linux:8::baseos") == ("Red Hat", "enterprise_linux:8::baseos")
