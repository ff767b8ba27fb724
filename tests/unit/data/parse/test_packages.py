"""apk's and dpkg's databases: the good, and one broken stanza among them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.packages import Installed, OsRelease, apk, dpkg, os_release
from icelos.errors import InputError

ALPINE, DEBIAN = OsRelease("alpine", "3.10.4"), OsRelease("debian", "10")


def test_apk() -> None:
    data = b"C:Q1x\nP:libcrypto1.1\nV:1.1.1d-r3\nA:x86_64\no:openssl\nF:lib\nR:x\n\n\nP:musl\nV:1.1.22-r3\n"
    one, other = (item for item in apk(data) if isinstance(item, Installed))
    assert (one.name, one.version, one.line) == ("libcrypto1.1", "1.1.1d-r3", 2)
    assert one.purl(ALPINE) == (
        "pkg:apk/alpine/libcrypto1.1@1.1.1d-r3?arch=x86_64&distro=alpine-3.10.4&upstream=openssl"
    )
    assert (other.name, other.line) == ("musl", 10)
    assert other.purl(OsRelease()) == "pkg:apk/alpine/musl@1.1.22-r3"


def test_a_broken_apk_stanza_costs_itself() -> None:
    data = b"P:good\nV:1\n\nP:no-version\n\nV:1\n\nP:a b\nV:1\n\nP:bad\nV:1 2\n\nP:\xff\nV:1\n\nP:last\nV:2\n"
    items = list(apk(data))
    assert [item.name for item in items if isinstance(item, Installed)] == ["good", "last"]
    errors = [item for item in items if isinstance(item, InputError)]
    assert [error.source for error in errors] == ["4", "6", "8", "11", "14"]
    assert "without version" in errors[0].message


def test_dpkg() -> None:
    data = (
        b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\n"
        b"Version: 2.28-10\n"
        b"Description: x\n Version: not this\n\n"
        b"Package: libgcc1\nStatus: install ok installed\nSource: gcc-8 (8.3.0-6)\nVersion: 1:8.3.0-6\n\n"
        b"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        b"Package: half\nStatus: install reinstreq half-installed\nVersion: 1\n"
    )
    found = [item for item in dpkg(data) if isinstance(item, Installed)]
    assert [item.name for item in found] == ["libc6", "libgcc1", "half"]
    assert found[0].purl(DEBIAN) == (
        "pkg:deb/debian/libc6@2.28-10?arch=amd64&distro=debian-10&upstream=glibc"
    )
    assert "upstream=gcc-8%408.3.0-6" in found[1].purl(DEBIAN)


def test_a_broken_dpkg_stanza_costs_itself() -> None:
    items = list(dpkg(b"Package: good\nVersion: 1\n\nVersion: 2\n\nPackage: last\nVersion: 3\n"))
    assert [isinstance(item, Installed) for item in items] == [True, False, True]


def test_os_release() -> None:
    assert os_release(b'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.10.4\n') == ALPINE
    assert os_release(b"ID='debian'\nVERSION_ID=\"10\"\n") == DEBIAN
    assert os_release(b"\xff\xfeID=$(evil)\n") == OsRelease()
    assert OsRelease("wolfi").name == "wolfi"


@given(
    st.lists(
        st.sampled_from([b"P:a", b"V:1", b"Package: a", b"Version: 1", b"", b"Status: x", b"\xff", b" "])
    )
)
def test_any_bytes_are_packages_or_errors(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    stanzas = sum(1 for stanza in data.split(b"\n") if stanza.strip())
    for read in (apk, dpkg):
        items = list(read(data))
        assert len(items) <= stanzas
        assert all(item.name and item.version for item in items if isinstance(item, Installed))
