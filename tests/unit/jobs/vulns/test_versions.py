"""Version orders, by hand-written vectors where they are, and by laws that any order keeps."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from univers.versions import AlpineLinuxVersion

from icelos.jobs.vulns.versions import compare, is_known

FAMILIES = {
    "alpine": "Alpine", "debian": "Debian", "pypi": "PyPI", "redhat": "AlmaLinux", "maven": "Maven",
    "semver": "npm", "rubygems": "RubyGems", "nuget": "NuGet",
}  # fmt: skip
KNOWN_GAPS = {"1 < 1-", "1-1 = 1-ga-1"}
"""An rpm release of nothing and a Maven qualifier amid numbers: neither is seen in an advisory."""


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
    ],
)
def test_older_and_newer(ecosystem: str, older: str, newer: str) -> None:
    assert compare(ecosystem, older, newer) == -1
    assert compare(ecosystem, newer, older) == 1


@pytest.mark.parametrize(
    ("ecosystem", "one", "other"),
    [("Debian", "1.0", "1.0-0"), ("PyPI", "1.0", "1.0.0"), ("Maven", "5.3.2.RELEASE", "5.3.2"),
     ("Alpine", "1.2-r0", "1.2"), ("Go", "go1.20.1", "1.20.1")],
)  # fmt: skip
def test_equal_though_written_differently(ecosystem: str, one: str, other: str) -> None:
    assert compare(ecosystem, one, other) == 0


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [("Alpine", "1.2_blah"), ("Alpine", ""), ("Alpine", "a" * 300), ("PyPI", "not a version"),
     ("PyPI", "1.0-legacy"),
         ("npm", "(devel)"), ("Go", "(devel)"), ("Packagist", "1.0"), ("Nowhere", "1"), ("Debian", "a b")],
)  # fmt: skip
def test_what_cannot_be_read_decides_nothing(ecosystem: str, version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        compare(ecosystem, version, "1.0")


def test_which_families_are_known() -> None:
    assert is_known("Alpine")
    assert not is_known("Packagist")


NUMBERS = st.lists(st.integers(0, 99).map(str), min_size=1, max_size=4).map(".".join)
LETTERS = st.sampled_from(["", "", "", "a", "z"])
SUFFIXES = st.lists(st.sampled_from(["_alpha", "_beta2", "_pre1", "_rc3", "_p1", "_p12"]), max_size=2).map(
    "".join
)
BUILDS = st.sampled_from(["", "-r0", "-r1", "-r12"])
APK = st.builds("{}{}{}{}".format, NUMBERS, LETTERS, SUFFIXES, BUILDS)


@given(APK, APK)
def test_apk_agrees_with_an_independent_library(one: str, other: str) -> None:
    first, second = AlpineLinuxVersion(one), AlpineLinuxVersion(other)
    assert compare("Alpine", one, other) == (first > second) - (first < second)


@given(APK, APK, APK)
def test_apk_is_an_order(one: str, two: str, three: str) -> None:
    assert compare("Alpine", one, two) == -compare("Alpine", two, one)
    first, second, third = sorted(
        [one, two, three], key=lambda v: [compare("Alpine", v, w) for w in (one, two, three)].count(1)
    )
    assert compare("Alpine", first, third) <= max(
        compare("Alpine", first, second), compare("Alpine", second, third)
    )


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
    wrong, decided = [], 0
    for one, sign, other in (words for words in lines if len(words) == 3):
        try:
            found = compare(FAMILIES[family], one, other)
        except ValueError:
            continue
        decided += 1
        if found != {"<": -1, "=": 0, ">": 1}[sign] and f"{one} {sign} {other}" not in KNOWN_GAPS:
            wrong.append(f"{one} {sign} {other}")
    assert not wrong
    assert decided >= 20
