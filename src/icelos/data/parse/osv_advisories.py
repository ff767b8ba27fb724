"""Advisories: the OSV schema (https://ossf.github.io/osv-schema/) and Alpine's secdb, as one structure.

Nothing is judged here: events and versions stay as the publisher wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from icelos.data.parse.fields import dicts_of, moment, text_of, texts_of, unique
from icelos.data.parse.purls import canonical_name, split_ecosystem
from icelos.errors import InputError

T = TypeVar("T")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
QUOTE = 400
"""Characters of an advisory's own words that a verdict quotes."""
DETAILS = 20_000
"""Characters of an advisory's text that are kept for an investigation."""
MAX_IMPORTS = 2_000
"""Functions that one advisory of Go names."""


class Range(msgspec.Struct, frozen=True, array_like=True):
    """One range: `kind` is ECOSYSTEM, SEMVER or GIT; events are ("introduced", "1.0"), ("fixed", "1.2")."""

    kind: str
    events: tuple[tuple[str, str], ...]


class Affected(msgspec.Struct, frozen=True, array_like=True):
    """One package that an advisory names, in one ecosystem and release.

    `systems` are the operating systems that alone have the flaw ("windows"), by the advisory's own fields;
    empty where it does not restrict them. `unmapped` are ranges that the publisher could not express in the
    ecosystem's own versions: they can raise a doubt, and decide nothing. `imports` are the packages of Go
    that have the flaw, each with a function ("Type.Method" for a method), or "" for all of it.
    New fields go to the end: stores keep this as an array.
    """

    ecosystem: str
    release: str
    name: str
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]
    systems: tuple[str, ...] = ()
    unmapped: tuple[Range, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()


class Advisory(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One advisory, and where it stands ("pypa.osv.jsonl:17").

    `cves` are the CVEs that it is about: of its names, else those that a distribution's advisory gives as
    upstream or related. `vectors` are CVSS vectors as published, `rating` is the publisher's word ("high").
    `details` is its text, summary and all, at most `DETAILS` characters. `modified` is when its publisher
    last changed it: it orders NVD's records of one name, and tells what is new.
    New fields go to the end: stores keep advisories as arrays.
    """

    id: str
    source: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    withdrawn: str = ""
    affected: tuple[Affected, ...] = ()
    cves: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    rating: str = ""
    weaknesses: tuple[str, ...] = ()
    details: str = ""
    modified: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and aliases."""
        return (self.id, *self.aliases)

    @property
    def title(self) -> str:
        """The CVE by which people call it, else its own id."""
        named = next((name for name in self.names if name.startswith("CVE-")), "")
        return named or (self.cves[0] if len(self.cves) == 1 else self.id)


class _Package(msgspec.Struct):
    ecosystem: str
    name: str


class _Range(msgspec.Struct):
    type: str
    events: list[dict[str, str]] = []


class _Affected(msgspec.Struct):
    package: _Package | None = None
    ranges: list[_Range] | None = None
    versions: list[str] | None = None
    severity: Any = None
    ecosystem_specific: Any = None


class _Osv(msgspec.Struct):
    id: str
    affected: list[_Affected] | None = None
    aliases: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    withdrawn: str | None = None
    modified: str | None = None
    published: str | None = None
    upstream: Any = None
    related: Any = None
    severity: Any = None
    database_specific: Any = None


class _SecdbPackage(msgspec.Struct):
    name: str
    secfixes: dict[str, list[str] | None] | None = None


class _Secdb(msgspec.Struct):
    distroversion: str
    packages: list[msgspec.Raw] | None = None


class _SecdbEntry(msgspec.Struct):
    pkg: _SecdbPackage


def is_osv(record: dict[str, Any]) -> bool:
    """Whether a JSON object means to be an OSV advisory."""
    return "id" in record and ("affected" in record or "withdrawn" in record or "modified" in record)


def is_secdb(record: dict[str, Any]) -> bool:
    """Whether a JSON object means to be a database of Alpine's security fixes."""
    return "distroversion" in record and "packages" in record


def osv(data: bytes, source: str) -> Advisory:
    """One OSV record. Raises InputError that says what is wrong with it."""
    read = _decoded(data, _Osv)
    if not read.id.strip():
        raise InputError("the advisory has no id", source=source)
    vectors, rating = _severity(read)
    specific = read.database_specific if isinstance(read.database_specific, dict) else {}
    return Advisory(
        id=read.id,
        source=source,
        aliases=tuple(read.aliases or ()),
        summary=_short(read.summary or read.details or ""),
        details="\n\n".join(filter(None, (read.summary, read.details)))[:DETAILS],
        withdrawn=read.withdrawn or "",
        affected=tuple(_affected(item) for item in read.affected or () if item.package is not None),
        cves=_cves(read),
        vectors=vectors,
        rating=rating or text_of(specific, "severity").lower(),
        weaknesses=unique(w for w in texts_of(specific, "cwe_ids") if w.startswith("CWE-")),
        modified=_changed(read),
    )


def _changed(read: _Osv) -> str:
    """RFC 3339 in UTC; some publishers write the year 1 where they do not know."""
    found = moment(read.modified) or moment(read.published)
    return found.isoformat(timespec="seconds") if found else ""


def _severity(read: _Osv) -> tuple[tuple[str, ...], str]:
    """CVSS vectors, and a word of severity (Ubuntu's): of the record, and of the packages in it."""
    places = [read.severity, *(item.severity for item in read.affected or ())]
    found = [item for place in places if isinstance(place, list) for item in dicts_of({"": place}, "")]
    scores = [(text_of(item, "type"), text_of(item, "score")) for item in found]
    words = [score.lower() for kind, score in scores if not kind.startswith("CVSS")]
    return unique(score for kind, score in scores if kind.startswith("CVSS")), next(iter(words), "")


def _cves(read: _Osv) -> tuple[str, ...]:
    """Of the names, else upstream's, else related ones: distributions bundle what they do not alias."""
    upstream, related = texts_of({"": read.upstream}, ""), texts_of({"": read.related}, "")
    for names in ([read.id, *(read.aliases or ())], upstream, related):
        found = unique(name for name in names if _CVE.fullmatch(name))
        if found:
            return found
    return ()


def _affected(item: _Affected) -> Affected:
    package = item.package
    assert package is not None  # noqa: S101 - chosen by the caller; tells mypy so
    ecosystem, release = split_ecosystem(package.ecosystem)
    ranges = tuple(_range(found) for found in item.ranges or ())
    return Affected(
        ecosystem,
        release,
        canonical_name(ecosystem, package.name),
        ranges,
        tuple(item.versions or ()),
        _systems(item.ecosystem_specific),
        _unmapped(item.ecosystem_specific),
        _imports(item.ecosystem_specific),
    )


def _imports(specific: object) -> tuple[tuple[str, str], ...]:
    """Go's `imports[].path` and `symbols` (https://go.dev/doc/security/vuln/database)."""
    found: list[tuple[str, str]] = []
    for one in dicts_of(specific, "imports") if isinstance(specific, dict) else ():
        path = one.get("path")
        if isinstance(path, str) and path:
            found.extend((path, symbol) for symbol in texts_of(one, "symbols") or ("",))
    return tuple(found[:MAX_IMPORTS])


def _unmapped(specific: object) -> tuple[Range, ...]:
    """Go's `custom_ranges`, of advisories that nobody reviewed. What is not shaped as a range is left out."""
    found: list[Range] = []
    for one in dicts_of(specific, "custom_ranges") if isinstance(specific, dict) else ():
        try:
            found.append(_range(msgspec.convert(one, _Range)))
        except msgspec.ValidationError:
            continue
    return tuple(found)


def _systems(specific: object) -> tuple[str, ...]:
    """Go's `imports[].goos` where each import has one, RustSec's `affects.os`.

    https://go.dev/doc/security/vuln/database and https://github.com/rustsec/advisory-db
    """
    if not isinstance(specific, dict):
        return ()
    imports = dicts_of(specific, "imports")
    named = [texts_of(one, "goos") for one in imports]
    if named and all(named):
        return unique(system.lower() for systems in named for system in systems)
    affects = specific.get("affects")
    return unique(map(str.lower, texts_of(affects, "os"))) if isinstance(affects, dict) else ()


def _range(found: _Range) -> Range:
    return Range(found.type.upper(), tuple((k, v) for event in found.events for k, v in event.items()))


def secdb(data: bytes, source: str) -> Iterator[Advisory | InputError]:
    """Alpine's secdb of one release and repository: one Advisory for each package and fixed identifier.

    A package that cannot be read comes as an InputError in its place. Raises InputError for a broken whole.
    """
    whole = _decoded(data, _Secdb)
    release = whole.distroversion.strip()
    for number, raw in enumerate(whole.packages or (), 1):
        try:
            package = _decoded(bytes(raw), _SecdbEntry).pkg
        except InputError as error:
            yield InputError(error.message, source=f"{source}:packages[{number}]")
            continue
        yield from _secfixes(package, release, f"{source}:{package.name}")


def _secfixes(package: _SecdbPackage, release: str, source: str) -> Iterator[Advisory]:
    fixes: dict[str, list[str]] = {}
    for version, texts in (package.secfixes or {}).items():
        for text in texts or ():
            for identifier in _CVE.findall(text) or text.split()[:1]:
                fixes.setdefault(identifier, []).append(version)
    for identifier, versions in fixes.items():
        ranges = tuple(Range("ECOSYSTEM", (("introduced", "0"), ("fixed", v.strip()))) for v in versions)
        affected = Affected("Alpine", release, package.name, ranges, ())
        summary = f"Alpine {release} fixed {identifier} in {package.name} {', '.join(versions)}"
        cves = (identifier,) if _CVE.fullmatch(identifier) else ()
        yield Advisory(id=identifier, source=source, summary=_short(summary), affected=(affected,), cves=cves)


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise InputError(f"broken advisory: {error}") from error
    except RecursionError as error:
        raise InputError("broken advisory: nested too deeply") from error


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else f"{line[: QUOTE - 1]}…"
