"""Syft's own JSON, and what scanners report: components, and the ids of the vulnerabilities that they saw.

grype (matches), trivy (Results; an older form is the bare list, Kubernetes reports nest them) and
osv-scanner (results). Every entry comes out as a component in CycloneDX's names, with `reported` beside it.
What a scanner concluded is a hint about where to look, never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from packageurl import PackageURL

from icelos.data.parse.listed import objects, word
from icelos.data.parse.purls import DISTRIBUTIONS, ECOSYSTEMS, parse_purl
from icelos.data.parse.sbom import IMAGES, MAX_COMPONENTS, Bom
from icelos.errors import InputError
from icelos.records import Reported

Item = Mapping[str, Any]
Entry = tuple[str, dict[str, Any]]
MAX_NAMES = 64
"""Ids of one vulnerability; an update of a distribution may name as many CVEs."""
MAX_FIXES, MAX_WORD = 8, 128

_TRIVY = {
    "pypi": ("pip", "pipenv", "poetry", "uv", "pylock", "python-pkg", "conda-pkg"),
    "npm": ("npm", "yarn", "pnpm", "bun", "node-pkg"), "maven": ("jar", "pom", "gradle", "sbt"),
    "golang": ("gomod", "gobinary"), "cargo": ("cargo", "rustbinary"),
    "gem": ("bundler", "gemspec", "rubygems"),
    "composer": ("composer", "composer-vendor"), "nuget": ("nuget", "dotnet-core", "packages-props"),
    "hex": ("hex",), "pub": ("pub",), "conan": ("conan",), "swift": ("swift",),
    "deb": ("debian", "ubuntu"), "apk": ("alpine", "wolfi", "chainguard"),
    "rpm": (
        "redhat", "centos", "rocky", "alma", "amazon", "oracle", "fedora", "photon", "cbl-mariner",
        "azurelinux", "opensuse", "opensuse.leap", "opensuse-leap", "opensuse-tumbleweed",
        "suse linux enterprise server", "sles",
    ),
}  # fmt: skip
_TRIVY_TYPES = {name: kind for kind, names in _TRIVY.items() for name in names}
_OSV_TYPES = {ecosystem: kind for kind, ecosystem in reversed(ECOSYSTEMS.items())} | {
    "Alpine": "apk", "Wolfi": "apk", "Chainguard": "apk", "Debian": "deb", "Ubuntu": "deb",
    "AlmaLinux": "rpm", "Rocky Linux": "rpm", "Red Hat": "rpm", "SUSE": "rpm", "openSUSE": "rpm",
}  # fmt: skip
_VENDORS = {ecosystem: vendor for vendor, ecosystem in reversed(DISTRIBUTIONS.items())}


def syft_document(data: bytes) -> Bom:
    """`syft -o json`. Raises InputError where it is none."""
    table = _table(data)
    source = _mapping(table.get("source"))
    entries = ((f"artifacts[{n}]", _artifact(a)) for n, a in enumerate(_listed(table, "artifacts")))
    return _bom(_source_name(source), word(source.get("id")), entries, table.get("distro"))


def grype_report(data: bytes) -> Bom:
    """`grype -o json`. Raises InputError where it is none."""
    table = _table(data)
    source = _mapping(table.get("source"))

    def entries() -> Iterator[Entry]:
        for number, match in enumerate(_listed(table, "matches")):
            item = _artifact(_mapping(match.get("artifact")))
            item["reported"] = _grype_reported(match)
            yield f"matches[{number}]", item

    name, identity = _source_name(source), _target(source, "manifestDigest")
    return _bom(name, identity, entries(), table.get("distro"), "grype")


def _grype_reported(match: Item) -> Reported | None:
    found = _mapping(match.get("vulnerability"))
    related = objects(match.get("relatedVulnerabilities"))
    fix = _mapping(found.get("fix"))
    return _reported(
        "grype",
        (word(one.get("id")) for one in (found, *related)),
        word(found.get("severity")),
        _words(fix.get("versions")),
    )


def trivy_report(data: bytes) -> Bom:
    """`trivy --format json`, with its packages where they were asked for. Raises InputError."""
    try:
        table = msgspec.json.decode(data, type=dict[str, Any] | list[Any])
    except RecursionError as error:
        raise InputError("JSON is nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise InputError(f"not a report: {error}") from error
    if isinstance(table, list) and not any(isinstance(one, dict) and "Target" in one for one in table):
        raise InputError("a list without results of trivy: not a report")
    whole = {"Results": table} if isinstance(table, list) else table
    metadata = _mapping(whole.get("Metadata"))
    system = _mapping(metadata.get("OS"))
    distro = {"name": word(system.get("Family")), "version": word(system.get("Name"))}
    name = word(whole.get("ArtifactName")) or word(whole.get("ClusterName"))
    return _bom(name, word(metadata.get("ImageID")), _trivy_entries(whole), distro, "trivy")


def _trivy_entries(table: Item) -> Iterator[Entry]:
    for where, results in _trivy_results(table):
        for number, result in enumerate(objects(results)):
            kind = word(result.get("Type")).lower()
            packages = {word(p.get("ID")): p for p in objects(result.get("Packages"))}
            for field, items in (("Packages", packages.values()), ("Vulnerabilities", objects(
                result.get("Vulnerabilities")))):  # fmt: skip
                for count, item in enumerate(items):
                    place = f"{where}[{number}].{field}[{count}]"
                    yield place, _trivy_item(item, kind, word(result.get("Target")), packages)


def _trivy_results(table: Item) -> Iterator[tuple[str, Any]]:
    """Lists of results: the report's own, and those of each resource of a cluster."""
    yield "Results", table.get("Results")
    for field in ("Resources", "Vulnerabilities", "Findings"):
        for number, resource in enumerate(objects(table.get(field))):
            yield f"{field}[{number}].Results", resource.get("Results")


def _trivy_item(item: Item, kind: str, target: str, packages: Mapping[str, Item]) -> dict[str, Any]:
    """A package of a report, or one that a vulnerability names."""
    package = packages.get(word(item.get("PkgID")), item)
    name = word(item.get("PkgName")) or word(item.get("Name"))
    version = word(item.get("InstalledVersion")) or _trivy_version(item)
    purl = word(_mapping(item.get("PkgIdentifier") or item.get("Identifier")).get("PURL"))
    fields = {key: word(package.get(key)) for key in ("SrcName", "SrcVersion", "SrcRelease")}
    found: dict[str, Any] = {
        "name": name, "version": version, "type": "library",
        "purl": purl or _purl(_TRIVY_TYPES.get(kind, ""), name, version, _trivy_system(kind, target)),
        "properties": [{"name": key, "value": value} for key, value in fields.items() if value],
    }  # fmt: skip
    if "VulnerabilityID" in item:
        names = [word(item.get("VulnerabilityID")), *_words(item.get("VendorIDs"))]
        fixes = word(item.get("FixedVersion")).split(",")
        found["reported"] = _reported("trivy", names, word(item.get("Severity")), fixes)
    return found


def _trivy_version(package: Item) -> str:
    version, release = word(package.get("Version")), word(package.get("Release"))
    return f"{version}-{release}" if release else version


def _trivy_system(kind: str, target: str) -> tuple[str, str]:
    """The distribution out of "debian (debian 10.8)", for reports that say it nowhere else."""
    if _TRIVY_TYPES.get(kind) not in {"apk", "deb", "rpm"}:
        return "", ""
    _, bracket, rest = target.rpartition(f"({kind} ")
    return kind, rest.rstrip(")") if bracket else ""


def osv_report(data: bytes) -> Bom:
    """`osv-scanner --format json`. Raises InputError where it is none."""
    table = _table(data)

    def entries() -> Iterator[Entry]:
        for number, result in enumerate(_listed(table, "results")):
            if "packages" not in result:
                raise InputError("results without packages: not a report of osv-scanner")
            for count, item in enumerate(objects(result.get("packages"))):
                package, place = _mapping(item.get("package")), f"results[{number}].packages[{count}]"
                found = _osv_package(package)
                if not found["name"] and package.get("commit"):  # a checkout, known by its folder
                    found |= {"name": _last(word(_mapping(result.get("source")).get("path")))}
                    found |= {"purl": _purl("generic", found["name"], found["version"], ("", ""))}
                yield place, found
                for one, vulnerability in enumerate(objects(item.get("vulnerabilities"))):
                    reported = _osv_reported(vulnerability, word(package.get("name")))
                    yield f"{place}.vulnerabilities[{one}]", {**found, "reported": reported}

    return _bom("", "", entries(), None, "osv-scanner")


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _osv_reported(vulnerability: Item, package: str) -> Reported | None:
    fixes = [
        word(event.get("fixed"))
        for affected in objects(vulnerability.get("affected"))
        if word(_mapping(affected.get("package")).get("name")) == package
        for one in objects(affected.get("ranges"))
        if one.get("type") != "GIT"
        for event in objects(one.get("events"))
    ]
    names = (word(vulnerability.get("id")), *_words(vulnerability.get("aliases")))
    severity = word(_mapping(vulnerability.get("database_specific")).get("severity"))
    return _reported("osv-scanner", names, severity, fixes)


def _osv_package(package: Item) -> dict[str, Any]:
    name, version = word(package.get("name")), word(package.get("version")) or word(package.get("commit"))
    ecosystem, _, release = word(package.get("ecosystem")).partition(":")
    vendor = _VENDORS.get(ecosystem, "")
    purl = _purl(_OSV_TYPES.get(ecosystem, ""), name, version, (vendor, release.removeprefix("v")))
    return {"name": name, "version": version, "type": "library", "purl": purl}


def _purl(kind: str, name: str, version: str, system: tuple[str, str]) -> str:
    """A package URL; "" where the kind of package has none."""
    if not kind or not name:
        return ""
    vendor, release = system
    separator = ":" if kind == "maven" else "/"
    namespace, _, last = name.rpartition(separator) if not vendor else (vendor, "", name)
    qualifiers = {"distro": f"{vendor}-{release}"} if vendor and release else None
    try:
        return PackageURL(kind, namespace or None, last, version or None, qualifiers).to_string()
    except ValueError:
        return ""


def _artifact(item: Item) -> dict[str, Any]:
    return {
        "name": word(item.get("name")), "version": word(item.get("version")), "type": "library",
        "purl": word(item.get("purl")), "cpes": _cpes(item.get("cpes")),
    }  # fmt: skip


def _cpes(values: object) -> list[str]:
    """Plain names, or objects that say where each is from: those that were looked up, before made-up ones."""
    if not isinstance(values, list):
        return []
    told = [one for one in objects(values) if one.get("source") != "syft-generated"]
    return [word(one.get("cpe")) for one in told or objects(values)] or _words(values)


def _bom(name: str, identity: str, entries: Iterator[Entry], distro: Any, scanner: str = "") -> Bom:
    parts: list[tuple[str, bytes]] = []
    system = _mapping(distro)
    known = {"redhat": "rhel"}.get(word(system.get("name")), word(system.get("name")))
    release = word(system.get("version"))
    if known and release:
        item = {"name": known, "version": release, "type": "operating-system"}
        parts.append(("distro", msgspec.json.encode(item)))
    for place, entry in entries:
        if len(parts) > MAX_COMPONENTS:
            break
        named = _named(entry, place) if entry.get("reported") else entry
        parts.append((place, msgspec.json.encode(named)))
    return Bom("cyclonedx", name, identity, tuple(parts), repeats=True, scanner=scanner)


def _named(entry: dict[str, Any], place: str) -> dict[str, Any]:
    """What a scanner reports is not dropped for want of a package URL that names a package."""
    try:
        if parse_purl(entry["purl"]).type not in IMAGES:
            return entry
    except InputError:
        pass
    return {**entry, "purl": _purl("generic", entry["name"] or place, entry["version"], ("", ""))}


def _source_name(source: Item) -> str:
    return word(source.get("name")) or _target(source, "userInput") or word(source.get("target"))


def _target(source: Item, field: str) -> str:
    """A field of Syft's source, which newer versions call metadata."""
    return word(_mapping(source.get("target") or source.get("metadata")).get(field))


def _reported(
    scanner: str, names: Iterable[str], severity: str, fixes: Iterable[str]
) -> Reported | None:  # fmt: skip
    """None where an entry names no vulnerability."""
    ids = tuple(dict.fromkeys(name.strip()[:MAX_WORD] for name in names if name.strip()))[:MAX_NAMES]
    versions = dict.fromkeys(fix.strip()[:MAX_WORD] for fix in fixes if fix.strip())
    fixed_in = " ".join("".join(version.split()) for version in list(versions)[:MAX_FIXES])
    return Reported(scanner, ids, severity.lower()[:MAX_WORD], fixed_in) if ids else None


def _words(values: object) -> list[str]:
    return [word(value) for value in values] if isinstance(values, list) else []


def _mapping(value: object) -> Item:
    return value if isinstance(value, dict) else {}


def _listed(table: Item, field: str) -> Iterator[Item]:
    values = table.get(field)
    if values is not None and not isinstance(values, list):
        raise InputError(f"{field!r} is not a list")
    return objects(values)


def _table(data: bytes) -> Item:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"not a report: {error}") from error
