"""Components of a software bill of materials: CycloneDX JSON 1.2-1.6 and SPDX JSON 2.2-2.3.

Every component is read for itself: one that is broken is an InputError in its place. Components that are
not software packages by their own type (files, operating systems, containers, the described whole) are
left out; a library without a package URL cannot be matched and is an InputError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from packageurl import PackageURL

from icelos.data.parse.cpe import ANY, NONE, parse_cpe
from icelos.data.parse.purls import parse_purl
from icelos.errors import InputError
from icelos.records import Reported

MAX_COMPONENTS = 500_000
MAX_DEPTH = 64
MAX_CPES = 8
"""Names by CPE of one component: Syft makes up to dozens."""
IMAGES = frozenset({"oci", "docker"})
"""Types of package URLs that name an image, not a package in it."""


class Listed(msgspec.Struct, frozen=True):
    """One component as its document lists it: `place` is "components[12]", `quote` its own words.

    `reported` is the vulnerability that an entry of a scanner's report is about, `cpes` are names by CPE.
    """

    purl: str
    place: str
    quote: str
    reported: Reported | None = None
    cpes: tuple[str, ...] = ()


class Bom(msgspec.Struct, frozen=True):
    """The document: a name for people, an identity that is its own, and its parts as JSON.

    `repeats` is true for a report, which names a component once for each finding, and `scanner` is who made
    it.
    """

    kind: str
    name: str
    identity: str
    parts: tuple[tuple[str, bytes], ...]
    repeats: bool = False
    scanner: str = ""


class _Property(msgspec.Struct):
    name: str = ""
    value: str | None = None


class _Component(msgspec.Struct):
    name: str
    type: str = "library"
    version: str | None = None
    purl: str | None = None
    cpe: Any = None
    cpes: Any = None
    properties: list[_Property] | None = None
    components: list[msgspec.Raw] | None = None
    reported: Reported | None = None


class _Metadata(msgspec.Struct):
    component: msgspec.Raw = msgspec.Raw()


class _CycloneDx(msgspec.Struct):
    serialNumber: str | None = None  # noqa: N815 - the format's name
    metadata: msgspec.Raw = msgspec.Raw()
    components: list[msgspec.Raw] | None = None


class _Reference(msgspec.Struct):
    referenceType: str = ""  # noqa: N815 - the format's name
    referenceLocator: str = ""  # noqa: N815 - the format's name


class _SpdxPackage(msgspec.Struct):
    name: str
    SPDXID: str = ""
    versionInfo: str | None = None  # noqa: N815 - the format's name
    externalRefs: list[_Reference] | None = None  # noqa: N815 - the format's name
    primaryPackagePurpose: str | None = None  # noqa: N815 - the format's name
    sourceInfo: str | None = None  # noqa: N815 - the format's name


class _Spdx(msgspec.Struct):
    spdxVersion: str  # noqa: N815 - the format's name
    name: str = ""
    documentNamespace: str = ""  # noqa: N815 - the format's name
    packages: list[msgspec.Raw] | None = None


_NOT_PACKAGES = frozenset(
    {"application", "container", "cryptographic-asset", "data", "device", "device-driver", "file", "firmware"}
    | {"machine-learning-model", "operating-system", "platform", "install", "archive", "source"}
)


def read_bom(data: bytes) -> Bom:
    """The document without its components looked into. Raises InputError for what is neither format."""
    head = _decoded(data, dict[str, msgspec.Raw], "not a JSON object")
    if "spdxVersion" in head:
        spdx = _decoded(data, _Spdx, "broken SPDX document")
        return Bom("spdx", spdx.name, spdx.documentNamespace, _numbered("packages", spdx.packages))
    if bytes(head.get("bomFormat", b"")) == b'"CycloneDX"' or "components" in head:
        whole = _decoded(data, _CycloneDx, "broken CycloneDX document")
        subject = _subject(bytes(whole.metadata))
        parts = _numbered("components", whole.components)
        if subject:
            parts = (("metadata.component", subject), *parts)
        return Bom("cyclonedx", _name_of(subject), whole.serialNumber or "", parts)
    raise InputError("neither a CycloneDX nor an SPDX document in JSON")


def components(bom: Bom) -> Iterator[Listed | InputError]:
    """Its software packages, nested ones too."""
    if bom.kind == "spdx":
        yield from _spdx_components(bom)
    else:
        yield from _cyclonedx_components(bom)


def _cyclonedx_components(bom: Bom) -> Iterator[Listed | InputError]:
    distro = next(filter(None, (_distro_of(data) for _, data in bom.parts)), "")
    waiting = [(place, data, 0) for place, data in reversed(bom.parts)]
    seen = 0
    while waiting:
        place, data, depth = waiting.pop()
        seen += 1
        if seen > MAX_COMPONENTS:
            yield InputError(f"more than {MAX_COMPONENTS:,} components; the rest is not read", source=place)
            return
        try:
            component = _decoded(data, _Component, "broken component")
            if depth > MAX_DEPTH:
                raise InputError(f"components are nested deeper than {MAX_DEPTH}")
            inner = _numbered(f"{place}.components", component.components)
            waiting.extend((p, d, depth + 1) for p, d in reversed(inner))
            more = component.cpes if isinstance(component.cpes, list) else []
            cpes = known_cpes([component.cpe, *more])
            purl = _usable(component.purl) or _purl_of(cpes, component.version, component.type)
            purl = purl or component.purl
            listed = _listed(component.name, component.version, purl, component.type, place)
            if listed is not None:
                listed = msgspec.structs.replace(listed, reported=component.reported, cpes=cpes)
                yield _with_source(listed, *_trivy_source(component), distro)
        except InputError as error:
            yield InputError(error.message, source=place)


def _spdx_components(bom: Bom) -> Iterator[Listed | InputError]:
    for place, data in bom.parts[:MAX_COMPONENTS]:
        try:
            package = _decoded(data, _SpdxPackage, "broken package")
            purl = next(
                (r.referenceLocator for r in package.externalRefs or () if r.referenceType == "purl"), ""
            )
            cpes = known_cpes(r.referenceLocator for r in package.externalRefs or ())
            # SPDX has no type for the described whole, nor do most tools say a purpose.
            kind = (package.primaryPackagePurpose or "library" if purl or cpes else "file").lower()
            purl = _usable(purl) or _purl_of(cpes, package.versionInfo, kind) or purl
            listed = _listed(package.name, package.versionInfo, purl, kind, place)
            if listed is not None:
                built = _BUILT_FROM.search(package.sourceInfo or "")
                source, version = (built[1], built[2]) if built else ("", "")
                yield msgspec.structs.replace(_with_source(listed, source, version, ""), cpes=cpes)
        except InputError as error:
            yield InputError(error.message, source=place)
    if len(bom.parts) > MAX_COMPONENTS:
        yield InputError(f"more than {MAX_COMPONENTS:,} packages; the rest is not read", source="packages")


_BUILT_FROM = re.compile(r"built package from: (\S{1,256}) (\S{1,256})")


def _listed(name: str, version: str | None, purl: str | None, kind: str, place: str) -> Listed | None:
    if not purl:
        if kind in _NOT_PACKAGES:
            return None
        raise InputError(f"component {name[:80]!r} has no package URL, so no advisory can be found for it")
    parsed = parse_purl(purl)
    if parsed.type in IMAGES:
        return None
    return Listed(purl, place, f"{name[:200]} {(version or '')[:100]} {purl[:500]}".strip())


def _usable(purl: str | None) -> str:
    """A package URL, "" for what is none."""
    try:
        return purl if purl and parse_purl(purl) else ""
    except InputError:
        return ""


def known_cpes(names: Iterable[object]) -> tuple[str, ...]:
    """Those that are names by CPE of one vendor and product, at most `MAX_CPES`."""
    parsed = ((name.strip(), parse_cpe(name)) for name in names if isinstance(name, str))
    found = dict.fromkeys(name for name, cpe in parsed if cpe is not None and cpe.name)
    return tuple(found)[:MAX_CPES]


def _purl_of(cpes: Sequence[str], version: str | None, kind: str) -> str:
    """A generic package URL where a bill of materials names software by CPE alone; else empty."""
    cpe = parse_cpe(cpes[0]) if cpes else None
    if cpe is None or kind in _NOT_PACKAGES - {"application"}:
        return ""
    said = version or ("" if cpe.version in {ANY, NONE} else cpe.version)
    return PackageURL("generic", cpe.vendor, cpe.product, said or None).to_string()


def _trivy_source(component: _Component) -> tuple[str, str]:
    """Trivy writes the source package into properties; the version comes in up to three parts."""
    values = {p.name.rpartition(":")[2]: p.value or "" for p in component.properties or ()}
    version = values.get("SrcVersion", "")
    if version and values.get("SrcRelease"):
        version = f"{version}-{values['SrcRelease']}"
    if version and values.get("SrcEpoch", "0") not in {"", "0"}:
        version = f"{values['SrcEpoch']}:{version}"
    return values.get("SrcName", ""), version


def _with_source(listed: Listed, source: str, version: str, distro: str) -> Listed:
    """The same component with source package and release in its package URL, as Syft puts them there."""
    parsed = parse_purl(listed.purl)
    if parsed.type not in {"apk", "deb", "rpm"}:
        return listed
    qualifiers: dict[str, str] = dict(parsed.qualifiers) if isinstance(parsed.qualifiers, dict) else {}
    if source and not qualifiers.keys() & {"upstream", "origin"} and parsed.type != "rpm":
        qualifiers["upstream"] = f"{source}@{version}" if version and version != parsed.version else source
    if distro:
        qualifiers.setdefault("distro", distro)
    if qualifiers == parsed.qualifiers:
        return listed
    return msgspec.structs.replace(listed, purl=parsed._replace(qualifiers=qualifiers).to_string())


def _distro_of(data: bytes) -> str:
    try:
        component = msgspec.json.decode(data, type=_Component)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    return f"{component.name}-{component.version}" if component.type == "operating-system" else ""


def _subject(metadata: bytes) -> bytes:
    """What the document is about; broken metadata costs its name only."""
    try:
        return bytes(msgspec.json.decode(metadata, type=_Metadata).component)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return b""


def _name_of(subject: bytes) -> str:
    try:
        found = msgspec.json.decode(subject, type=_Component)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    return f"{found.name}:{found.version}" if found.version else found.name


def _numbered(name: str, items: list[msgspec.Raw] | None) -> tuple[tuple[str, bytes], ...]:
    return tuple((f"{name}[{number}]", bytes(item)) for number, item in enumerate(items or ()))


def _decoded(data: bytes, kind: Any, what: str) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise InputError(f"{what}: {error}") from error
    except RecursionError as error:
        raise InputError(f"{what}: nested too deeply") from error
