"""Package URLs, and where advisories about a package stand.

An advisory database files a package under an ecosystem ("PyPI", "Alpine:v3.10"; the names are those of
https://ossf.github.io/osv-schema/#affectedpackage-field) and a name. For distributions that is the
*source* package, which scanners write into the qualifiers `upstream` (Syft) or `origin`, and the release
into `distro`. Parsing is by `packageurl`, the reference implementation of
https://github.com/package-url/purl-spec.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
from packageurl import PackageURL

from icelos.errors import InputError

MAX_PURL = 4096

ECOSYSTEMS = {
    "pypi": "PyPI", "npm": "npm", "golang": "Go", "maven": "Maven", "gem": "RubyGems", "nuget": "NuGet",
    "dotnet": "NuGet", "dotnet-core": "NuGet", "composer": "Packagist", "cargo": "crates.io", "hex": "Hex",
    "pub": "Pub", "cran": "CRAN", "hackage": "Hackage", "conan": "ConanCenter", "swift": "SwiftURL",
    "githubactions": "GitHub Actions",
}  # fmt: skip
DISTRIBUTIONS = {
    "alpine": "Alpine", "wolfi": "Wolfi", "chainguard": "Chainguard", "debian": "Debian", "ubuntu": "Ubuntu",
    "almalinux": "AlmaLinux", "rocky": "Rocky Linux", "rhel": "Red Hat", "redhat": "Red Hat",
    "sles": "SUSE", "suse": "SUSE", "opensuse": "openSUSE", "photon": "Photon OS", "mageia": "Mageia",
}  # fmt: skip
ROLLING = frozenset({"Wolfi", "Chainguard"})


class Place(msgspec.Struct, frozen=True):
    """Where advisories about a component stand, and the version to compare with theirs.

    `release` is the distribution's ("v3.10", "10"); empty where there is none or it is not known.
    `needs_release` is true where a verdict depends on it.
    """

    ecosystem: str
    release: str
    name: str
    version: str
    needs_release: bool = False


@lru_cache(maxsize=65536)
def parse_purl(text: str) -> PackageURL:
    """A checked package URL. Raises InputError."""
    if len(text) > MAX_PURL:
        raise InputError(f"package URL is longer than {MAX_PURL} characters")
    try:
        return PackageURL.from_string(text)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"not a package URL: {error}") from error


def place_of(purl: str) -> Place | None:
    """Where to look for advisories; None where no known database has this kind of package.

    Raises InputError for what is not a package URL.
    """
    parsed = parse_purl(purl)
    version = parsed.version or ""
    if parsed.type in {"apk", "alpine", "deb", "rpm"}:
        return _distribution_place(parsed, version)
    ecosystem = ECOSYSTEMS.get(parsed.type)
    if ecosystem is None:
        return None
    return Place(ecosystem, "", canonical_name(ecosystem, _registry_name(parsed)), version)


def canonical_name(ecosystem: str, name: str) -> str:
    """The name as its registry compares it: PEP 503 for PyPI, case folded for NuGet and Packagist."""
    if ecosystem == "PyPI":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in {"NuGet", "Packagist", "GitHub Actions"} else name


def split_ecosystem(text: str) -> tuple[str, str]:
    """("Alpine", "v3.10") of "Alpine:v3.10"; the release is empty where there is none."""
    ecosystem, _, release = text.partition(":")
    return ecosystem, release


def _registry_name(parsed: PackageURL) -> str:
    if not parsed.namespace:
        return parsed.name
    separator = ":" if parsed.type == "maven" else "/"
    name = f"{parsed.namespace}{separator}{parsed.name}"
    return f"{name}/{parsed.subpath}" if parsed.type == "golang" and parsed.subpath else name


def _distribution_place(parsed: PackageURL, version: str) -> Place | None:
    qualifiers = parsed.qualifiers if isinstance(parsed.qualifiers, dict) else {}
    distro, _, number = str(qualifiers.get("distro", "")).rpartition("-")
    vendor = (distro or parsed.namespace or ("alpine" if parsed.type in {"apk", "alpine"} else "")).lower()
    ecosystem = DISTRIBUTIONS.get(vendor) or DISTRIBUTIONS.get((parsed.namespace or "").lower())
    if ecosystem is None:
        return None
    name, source_version = parsed.name, version
    if parsed.type != "rpm":  # rpm advisories name binary packages
        upstream = str(qualifiers.get("upstream") or qualifiers.get("origin") or "")
        source, _, upstream_version = upstream.partition("@")
        name, source_version = source or name, upstream_version or version
    if parsed.type == "rpm" and qualifiers.get("epoch", "0") != "0" and ":" not in version:
        source_version = f"{qualifiers['epoch']}:{version}"
    return Place(ecosystem, _release(ecosystem, number), name, source_version, ecosystem not in ROLLING)


def _release(ecosystem: str, number: str) -> str:
    """The release as OSV writes it: "v3.10" of Alpine 3.10.4, "10" of Debian 10.13, "22.04" of Ubuntu."""
    parts = number.split(".")
    if not parts[0][:1].isdigit():
        return ""
    if ecosystem == "Alpine":
        return f"v{parts[0]}.{parts[1]}" if len(parts) > 1 else ""
    return number if ecosystem in {"Ubuntu", "SUSE", "openSUSE"} else parts[0]
