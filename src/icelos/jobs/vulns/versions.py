"""Which of two versions is older, by the rules of their ecosystem.

`univers` and `packaging` know most families. Alpine's rules are here, because `univers` refuses real
versions such as "021109-r3", "6.6.2p1" and "1.2_git20200608". What a family's rules do not cover raises
ValueError: a version that cannot be read decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

MAX_VERSION = 256


def compare(ecosystem: str, one: str, other: str) -> int:
    """-1, 0 or 1 as `one` is older than, equal to or newer than `other`.

    Raises ValueError for an ecosystem without rules, or a version that its rules cannot read.
    """
    first, second = _key(ecosystem, one), _key(ecosystem, other)
    if first < second:
        return -1
    return 1 if second < first else 0


def is_known(ecosystem: str) -> bool:
    """Whether there are version rules for an ecosystem."""
    return ecosystem in _FAMILIES


@lru_cache(maxsize=65536)
def _key(ecosystem: str, version: str) -> Any:
    make = _FAMILIES.get(ecosystem)
    if make is None:
        raise ValueError(f"no version rules for {ecosystem}")
    version = version.strip()
    if not version or len(version) > MAX_VERSION:
        raise ValueError(f"not a version: {version[:80]!r}")
    try:
        return make(version)
    except Exception as error:  # libraries raise many kinds for what they cannot read
        raise ValueError(f"{version[:80]!r} is not a version of {ecosystem}") from error


def _pypi(version: str) -> Any:
    from packaging.version import Version

    return Version(version)


def _univers(name: str) -> Callable[[str], Any]:
    def make(version: str) -> Any:
        from univers import versions

        return getattr(versions, name)(version)

    return make


def _go(version: str) -> Any:
    """Go's versions are semantic ones with a "v"; the "go" of the toolchain is dropped too."""
    from univers.versions import SemverVersion

    plain = version.removesuffix("+incompatible").removeprefix("go").removeprefix("v")
    if not plain[:1].isdigit():
        raise ValueError(f"not a version: {version!r}")
    return SemverVersion(plain)


def _maven(version: str) -> Any:
    """Maven's order, in which a last "RELEASE" says nothing (https://maven.apache.org/pom.html#version-order-specification)."""
    from univers.versions import MavenVersion

    return MavenVersion(re.sub(r"(?i)(?<=\d)[.-]?release$", "", version))


_APK = re.compile(
    r"(?P<numbers>\d+(?:\.\d+)*)(?P<letter>[a-z]\d*)?(?P<suffixes>(?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(?P<build>\d+))?"
)
_APK_SUFFIXES = {"alpha": -4, "beta": -3, "pre": -2, "rc": -1, "cvs": 1, "svn": 2, "git": 3, "hg": 4, "p": 5}
_END = (0, 0)


def _apk(version: str) -> tuple[Any, ...]:
    """Alpine's order (apk-package(5), "version"): numbers, letter, suffixes, build; missing ones first.

    A later number with leading zeros is a fraction: more zeros are smaller.
    """
    found = _APK.fullmatch(version)
    if found is None:
        raise ValueError(f"not a version of apk: {version!r}")
    first, *rest = found["numbers"].split(".")
    numbers = [(1, 0, int(first))] + [(1, *_apk_number(number)) for number in rest]
    letter = found["letter"] or ""
    suffixes = [_apk_suffix(text) for text in found["suffixes"].split("_")[1:]]
    return (
        (*numbers, (0, 0, 0)),
        (letter[:1], int(letter[1:] or -1)),
        (*suffixes, _END),
        int(found["build"] or 0),
    )


def _apk_number(text: str) -> tuple[int, int]:
    stripped = text.lstrip("0")
    return (len(stripped) - len(text), int(stripped or 0))


def _apk_suffix(text: str) -> tuple[int, int]:
    name = text.rstrip("0123456789")
    if name not in _APK_SUFFIXES:
        raise ValueError(f"not a suffix of apk: {name!r}")
    return (_APK_SUFFIXES[name], int(text[len(name) :] or 0))


_FAMILIES: dict[str, Callable[[str], Any]] = {
    "Alpine": _apk, "Wolfi": _apk, "Chainguard": _apk,
    "Debian": _univers("DebianVersion"), "Ubuntu": _univers("DebianVersion"),
    "AlmaLinux": _univers("RpmVersion"), "Rocky Linux": _univers("RpmVersion"),
    "Red Hat": _univers("RpmVersion"), "SUSE": _univers("RpmVersion"), "openSUSE": _univers("RpmVersion"),
    "Photon OS": _univers("RpmVersion"), "Mageia": _univers("RpmVersion"),
    "PyPI": _pypi, "Go": _go,
    "npm": _univers("SemverVersion"), "crates.io": _univers("SemverVersion"),
    "Hex": _univers("SemverVersion"), "Pub": _univers("SemverVersion"),
    "Maven": _maven, "NuGet": _univers("NugetVersion"),
    "RubyGems": _univers("RubygemsVersion"),
}  # fmt: skip
"""Packagist is not among them: the library's order of "dev", "RC" and "pl" is not Composer's."""
