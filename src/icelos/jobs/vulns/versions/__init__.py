"""Which of two versions is older, by the rules of their ecosystem.

`univers` and `packaging` know most families; those that they lack, or read wrongly, have a file here. What
a family's rules do not cover raises ValueError: a version that cannot be read decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from icelos.jobs.vulns.versions import apk, composer, numeric, pub, pypi, rpm

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


def is_branch(ecosystem: str, version: str) -> bool:
    """Whether a version names a moving branch ("dev-main", "2.x-dev"), of which no range can tell."""
    plain = version.strip().lower()
    return ecosystem == "Packagist" and (plain.startswith("dev-") or plain.endswith("-dev"))


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


def _univers(name: str) -> Callable[[str], Any]:
    def make(version: str) -> Any:
        from univers import versions

        return getattr(versions, name)(version)

    return make


def _gem(version: str) -> Any:
    """RubyGems reads "1beta" as "1.beta"."""
    from univers.versions import RubygemsVersion

    return RubygemsVersion(re.sub(r"(?<=\d)(?=[A-Za-z])", ".", version))


def _go(version: str) -> Any:
    """Go's versions are semantic ones with a "v"; the "go" of the toolchain is dropped too."""
    from univers.versions import SemverVersion

    plain = version.removesuffix("+incompatible").removeprefix("go").removeprefix("v")
    if not plain[:1].isdigit():
        raise ValueError(f"not a version: {version!r}")
    return SemverVersion(plain)


def _maven(version: str) -> Any:
    """Maven's order, in which "release", "final" and "ga" say nothing
    (https://maven.apache.org/pom.html#version-order-specification).
    """
    from univers.versions import MavenVersion

    plain = re.sub(r"(?i)(?<=\d)[.-]?release$", "", version)
    return MavenVersion(re.sub(r"(?i)-(?:ga|final|release)(?=-\d)", "", plain))


_FAMILIES: dict[str, Callable[[str], Any]] = {
    "Alpine": apk.key, "Wolfi": apk.key, "Chainguard": apk.key,
    "Debian": _univers("DebianVersion"), "Ubuntu": _univers("DebianVersion"),
    "AlmaLinux": rpm.key, "Rocky Linux": rpm.key,
    "Red Hat": rpm.key, "SUSE": rpm.key, "openSUSE": rpm.key,
    "Photon OS": rpm.key, "Mageia": rpm.key,
    "PyPI": pypi.key, "Go": _go,
    "npm": _univers("SemverVersion"), "crates.io": _univers("SemverVersion"),
    "Hex": _univers("SemverVersion"), "Pub": pub.key,
    "Maven": _maven, "NuGet": _univers("NugetVersion"),
    "RubyGems": _gem, "Packagist": composer.ComposerVersion,
    "CRAN": numeric.cran, "Hackage": numeric.hackage,
}  # fmt: skip
