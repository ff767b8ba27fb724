"""Version orders, by hand-written vectors where they are, and by laws that any order keeps."""

from __future__ import annotations

import os
import tarfile
from functools import cmp_to_key
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from univers.versions import AlpineLinuxVersion

from icelos.jobs.vulns.versions import compare, is_branch, is_known

FAMILIES = {
    "alpine": "Alpine", "cran": "CRAN", "debian": "Debian", "hackage": "Hackage", "maven": "Maven",
    "nuget": "NuGet", "packagist": "Packagist", "pub": "Pub", "pypi": "PyPI", "redhat": "AlmaLinux",
    "rubygems": "RubyGems", "semver": "npm",
}  # fmt: skip


@pytest.mark.parametrize(
    ("ecosystem", "older", "newer"),
    [
        ("Alpine", "1.2.3-r0", "1.2.3-r10"),
        ("Alpine", "1.2_alpha1", "1.2"),
        ("Alpine", "1.2", "1.2_p1"),
        ("Alpine", "1.2_git20190101", "1.2_git20200608"),
        ("Alpine", "6.6.2_p1", "6.6.2p1"),
        ("Alpine", "6.6.2p1", "6.6.2p2"),
        ("Alpine", "021109-r3", "20060512"),
        ("Alpine", "1.009", "1.1"),
        ("Alpine", "1.2", "1.2.0"),
        ("Alpine", "1.2a", "1.2b"),
        ("Alpine", "1.30.1-r3", "1.30.1-r5"),
        ("Debian", "1.0~rc1-1", "1.0-1"),
        ("Debian", "9.9", "1:0.1"),
        ("PyPI", "2.0rc1", "2.0"),
        ("PyPI", "1.9", "1.10"),
        ("Go", "v1.9.0", "v1.10.0+incompatible"),
        ("Go", "v0.0.0-20190101000000-abcdefabcdef", "v0.0.1"),
        ("Maven", "5.3.2.RELEASE", "5.3.3"),
        ("Maven", "2.0-rc1", "2.0"),
        ("AlmaLinux", "1.0-9.el8", "1.0-10.el8"),
        ("npm", "1.0.0-rc.9", "1.0.0-rc.10"),
        ("Alpine", "1.2", "1.2-r0"),
        ("Alpine", "1.2_blah", "1.2"),
        ("AlmaLinux", "1.0", "1.0^git1"),
        ("AlmaLinux", "1.0^git1", "1.0.1"),
        ("AlmaLinux", "1.0~rc1", "1.0"),
        ("AlmaLinux", "9-1", "1:1-1"),
        ("Packagist", "dev-main", "0.1.0"),
        ("Packagist", "2.0.0-RC1", "2.0.0"),
        ("Packagist", "1.0.0", "1.0.0-patch1"),
        ("PyPI", "0.1-bulbasaur", "0.1"),
        ("PyPI", "1.0dev-r1", "1.0"),
        ("RubyGems", "1.0.0.rc1", "1.0.0"),
        ("Pub", "1.0.0+1", "1.0.0+2"),
        ("CRAN", "0.9", "0.75"),
        ("Hackage", "1.0", "1.0.0"),
    ],
)
def test_older_and_newer(ecosystem: str, older: str, newer: str) -> None:
    assert compare(ecosystem, older, newer) == -1
    assert compare(ecosystem, newer, older) == 1


@pytest.mark.parametrize(
    ("ecosystem", "one", "other"),
    [("Debian", "1.0", "1.0-0"), ("PyPI", "1.0", "1.0.0"), ("Maven", "5.3.2.RELEASE", "5.3.2"),
     ("Maven", "1-1", "1-ga-1"), ("Packagist", "v1.0.0", "1.0.0"), ("Packagist", "1.0.0-stable", "1.0.0"),
     ("AlmaLinux", "0:1.0-1", "1.0-1"), ("Go", "go1.20.1", "1.20.1")],
)  # fmt: skip
def test_equal_though_written_differently(ecosystem: str, one: str, other: str) -> None:
    assert compare(ecosystem, one, other) == 0


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [("Alpine", ""), ("Alpine", "a" * 300), ("PyPI", "~!~"), ("npm", "(devel)"), ("Go", "(devel)"),
     ("Packagist", "--"), ("CRAN", "1.x"), ("Pub", "one"), ("Nowhere", "1"), ("Debian", "a b")],
)  # fmt: skip
def test_what_cannot_be_read_decides_nothing(ecosystem: str, version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        compare(ecosystem, version, "1.0")


def test_which_families_are_known() -> None:
    assert is_known("Alpine")
    assert not is_known("Nowhere")


def test_a_branch_is_no_release() -> None:
    assert is_branch("Packagist", "dev-main")
    assert is_branch("Packagist", "2.x-dev")
    assert not is_branch("Packagist", "2.0")
    assert not is_branch("PyPI", "1.0-dev")


NUMBERS = st.lists(st.integers(0, 99).map(str), min_size=1, max_size=4).map(".".join)
LETTERS = st.sampled_from(["", "", "", "a", "z"])
SUFFIXES = st.lists(st.sampled_from(["_alpha", "_beta2", "_pre1", "_rc3", "_p1", "_p12"]), max_size=2).map(
    "".join
)
BUILDS = st.sampled_from(["-r0", "-r1", "-r12"])
APK = st.builds("{}{}{}{}".format, NUMBERS, LETTERS, SUFFIXES, BUILDS)


@given(APK, APK)
def test_apk_agrees_with_an_independent_library(one: str, other: str) -> None:
    first, second = AlpineLinuxVersion(one), AlpineLinuxVersion(other)
    assert compare("Alpine", one, other) == (first > second) - (first < second)


TEXT = st.text("0123456789abrc.-_~^+:", min_size=1, max_size=12)


@pytest.mark.parametrize("ecosystem", sorted(set(FAMILIES.values()) - {"Maven"}))
@given(versions=st.lists(TEXT | NUMBERS, min_size=3, max_size=6))
def test_every_family_is_an_order(ecosystem: str, versions: list[str]) -> None:
    """All but Maven, whose own rules are none for words that it does not know."""

    def sign(one: str, other: str) -> int:
        return compare(ecosystem, one, other)

    ordered = sorted((v for v in versions if _is_read(ecosystem, v)), key=cmp_to_key(sign))
    for place, one in enumerate(ordered):
        for other in ordered[place:]:
            assert sign(one, other) <= 0
            assert sign(one, other) == -sign(other, one)


def _is_read(ecosystem: str, version: str) -> bool:
    """Anything else than a ValueError ends the test."""
    try:
        return compare(ecosystem, version, version) == 0
    except ValueError:
        return False


@pytest.mark.data
@pytest.mark.parametrize("family", FAMILIES)
def test_hand_written_vectors(family: str) -> None:
    vectors = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns/version-vectors/scalibr-handwritten.tar.gz"
    if not vectors.exists():
        pytest.skip("ICELOS_DATA has no version-vectors")
    with tarfile.open(vectors) as archive:
        name = next(n for n in archive.getnames() if n.endswith(f"{family}-versions.txt"))
        content = archive.extractfile(name)
        assert content is not None
        lines = [
            line.split() for line in content.read().decode().splitlines() if not line.startswith(("#", "/"))
        ]
    cases = [words for words in lines if len(words) == 3]
    signs = {"<": -1, "=": 0, ">": 1}
    wrong = [
        " ".join(words) for words in cases if compare(FAMILIES[family], words[0], words[2]) != signs[words[1]]
    ]
    assert not wrong
    assert len(cases) >= 11
