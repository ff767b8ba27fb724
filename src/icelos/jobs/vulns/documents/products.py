"""Which software a statement is about: identifiers that scanners accept, and whether two are the same.

What grype, trivy and Dependency-Track accept, read in their sources in 2026:

- grype names an image by `pkg:oci/NAME@sha256%3A…` (the manifest's digest), `pkg:oci/NAME?tag=TAG` and the
  reference itself, and matches OpenVEX products against these by the rules of go-vex; each package's purl
  is a subcomponent. Newer versions take a package's purl as the product, too.
- trivy walks from the package to the image; the product may be any of them by purl. An image out of a
  docker-archive has no purl there: scan it by its reference, or its bill of materials.
- go-vex: the statement's purl is the general one. Without a version it means all; its qualifiers must all
  be in the scanner's purl. Syft writes `distro=alpine-3.10.4` where Trivy writes `distro=3.10.4`, and each
  adds `upstream` or not: `plain` leaves qualifiers out, so that both are met.
- Dependency-Track takes CycloneDX, whose components it knows by purl.
"""

from __future__ import annotations

import re

from packageurl import PackageURL

from icelos.data.parse.purls import parse_purl
from icelos.errors import InputError

_INFORMATIVE = frozenset(
    {"upstream", "origin", "package-id", "checksum", "download_url", "vcs_url", "file_name", "rpmmod"}
)
"""Qualifiers that say where a package came from, not which one it is."""
_KEPT = frozenset({"classifier", "vers"})
"""Maven's classifier names another file of the same version, vers a range of versions."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PLATFORM = re.compile(r" \([^()]*\)$")
_REFERENCE = re.compile(
    r"(?P<repository>(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/)?[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""https://github.com/distribution/reference, without its rarer forms."""


def image_ids(target: str, identity: str = "") -> tuple[str, ...]:
    """The identifiers of a container image by its reference ("shop/web:7"), most exact first.

    `identity` is the manifest's digest where that is known. Empty for what is no image: then the packages
    themselves are the products.
    """
    found = _REFERENCE.fullmatch(_PLATFORM.sub("", target))
    if found is None:
        return ()
    name = found["repository"].rstrip("/").rpartition("/")[2]
    digest = found["digest"] or (identity if _DIGEST.fullmatch(identity) else "")
    ids = [PackageURL("oci", None, name, digest).to_string()] if digest else []
    if found["tag"] and not _DIGEST.fullmatch(target):
        ids.append(PackageURL("oci", None, name, None, {"tag": found["tag"]}).to_string())
    return tuple(ids)


def plain(purl: str) -> str:
    """A package URL without the qualifiers that scanners write differently; other texts as they are."""
    parsed = _parsed(purl)
    if parsed is None:
        return purl
    qualifiers = {key: value for key, value in _qualifiers(parsed).items() if key in _KEPT}
    return parsed._replace(qualifiers=qualifiers).to_string()


def covers(general: str, specific: str) -> bool:
    """Whether an identifier of a statement means this component or image.

    Equal texts do. A package URL covers another of the same type, namespace and name, of the same version
    or of any where it has none, and with at least its qualifiers, informative ones aside.
    """
    if general == specific:
        return bool(general)
    one, other = _parsed(general), _parsed(specific)
    if one is None or other is None or _name(one) != _name(other):
        return False
    if one.version and one.version != other.version:
        return False
    wanted, given = _qualifiers(one), _qualifiers(other)
    return all(_same(key, value, given.get(key, "")) for key, value in wanted.items())


def is_purl(text: str) -> bool:
    """Whether a text is a package URL."""
    return _parsed(text) is not None


def parts_of(subject: str) -> tuple[str, str]:
    """Name and version as a package URL has them; the text itself for another identifier."""
    parsed = _parsed(subject)
    return (parsed.name, parsed.version or "") if parsed else (subject, "")


def with_version(subject: str, version: str) -> str:
    """The same identifier at a version, where it has none."""
    parsed = _parsed(subject)
    if parsed is None:
        return f"{subject}@{version}"
    return subject if parsed.version else parsed._replace(version=version).to_string()


def with_range(subject: str, version_range: str) -> str:
    """An identifier with its range in it, for formats that have no place for one.

    No scanner matches it: better than a statement about all versions.
    """
    if not version_range:
        return subject
    parsed = _parsed(subject)
    if parsed is None:
        return f"{subject}#{version_range}"
    return parsed._replace(qualifiers={**_all_qualifiers(parsed), "vers": version_range}).to_string()


def split_range(identity: str) -> tuple[str, str]:
    """What `with_range` put together."""
    parsed = _parsed(identity)
    if parsed is None:
        subject, _, version_range = identity.partition("#vers:")
        return subject, f"vers:{version_range}" if version_range else ""
    qualifiers = _all_qualifiers(parsed)
    version_range = qualifiers.pop("vers", "")
    if not version_range:
        return identity, ""
    return parsed._replace(qualifiers=qualifiers).to_string(), version_range


def _parsed(text: str) -> PackageURL | None:
    if not text.startswith("pkg:"):
        return None
    try:
        return parse_purl(text)
    except InputError:
        return None


def _name(purl: PackageURL) -> tuple[str, str, str, str]:
    return purl.type, purl.namespace or "", purl.name, purl.subpath or ""


def _all_qualifiers(purl: PackageURL) -> dict[str, str]:
    given = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    return {key: str(value) for key, value in given.items()}


def _qualifiers(purl: PackageURL) -> dict[str, str]:
    return {key: value for key, value in _all_qualifiers(purl).items() if key not in _INFORMATIVE}


def _same(key: str, wanted: str, given: str) -> bool:
    """ "alpine-3.10.4" is Trivy's "3.10.4"."""
    if key == "distro":
        return wanted.rpartition("-")[2] == given.rpartition("-")[2]
    return wanted == given


_CPE = re.compile(r"cpe:(?:/|2\.3:)[oa]:redhat:enterprise_linux:(?P<major>\d+)(?:[.:].*)?")
_DISTRO = re.compile(r"(?:rhel|redhat)-(?P<major>\d+)(?:\..*)?")


def is_platform_of(cpe: str, purl: str) -> bool:
    """Whether Red Hat's name of a release means the one that a package URL is of ("distro=rhel-8.10")."""
    named, parsed = _CPE.fullmatch(cpe), _parsed(purl)
    if named is None or parsed is None:
        return False
    own = _DISTRO.fullmatch(_qualifiers(parsed).get("distro", ""))
    return own is not None and own["major"] == named["major"]


MAX_RANGE = 4096
_BROKEN = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    NotImplementedError,
    AssertionError,
    RecursionError,
)
"""What `univers` raises, besides its own, for texts that are no versions."""


def in_range(version: str, version_range: str) -> bool:
    """Whether a version is in a range of vers ("vers:npm/>=2|<3"); not where either cannot be read.

    https://github.com/package-url/vers-spec, by `univers`.
    """
    from univers.version_range import InvalidVersionRange, VersionRange
    from univers.versions import InvalidVersion

    if len(version) + len(version_range) > MAX_RANGE:
        return False
    try:
        span = VersionRange.from_string(version_range)  # type: ignore[no-untyped-call]
        return bool(span.contains(span.version_class(version)))
    except (InvalidVersionRange, InvalidVersion, *_BROKEN):
        return False
