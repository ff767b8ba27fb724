"""Advisories: the OSV schema (https://ossf.github.io/osv-schema/) and Alpine's secdb, as one structure.

Nothing is judged here: events and versions stay as the publisher wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from icelos.data.parse.purls import canonical_name, split_ecosystem
from icelos.errors import InputError

T = TypeVar("T")
QUOTE = 400
"""Characters of an advisory's own words that a verdict quotes."""


class Range(msgspec.Struct, frozen=True):
    """One range: `kind` is ECOSYSTEM, SEMVER or GIT; events are ("introduced", "1.0"), ("fixed", "1.2")."""

    kind: str
    events: tuple[tuple[str, str], ...]


class Affected(msgspec.Struct, frozen=True):
    """One package that an advisory names, in one ecosystem and release."""

    ecosystem: str
    release: str
    name: str
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """One advisory, and where it stands ("pypa.osv.jsonl:17")."""

    id: str
    source: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    withdrawn: str = ""
    affected: tuple[Affected, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and aliases."""
        return (self.id, *self.aliases)

    @property
    def title(self) -> str:
        """The CVE by which people call it, else its own id."""
        return next((name for name in self.names if name.startswith("CVE-")), self.id)


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


class _Osv(msgspec.Struct):
    id: str
    affected: list[_Affected] | None = None
    aliases: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    withdrawn: str | None = None


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
    return Advisory(
        id=read.id,
        source=source,
        aliases=tuple(read.aliases or ()),
        summary=_short(read.summary or read.details or ""),
        withdrawn=read.withdrawn or "",
        affected=tuple(_affected(item) for item in read.affected or () if item.package is not None),
    )


def _affected(item: _Affected) -> Affected:
    package = item.package
    assert package is not None  # noqa: S101 - chosen by the caller; tells mypy so
    ecosystem, release = split_ecosystem(package.ecosystem)
    ranges = tuple(_range(found) for found in item.ranges or ())
    return Affected(
        ecosystem, release, canonical_name(ecosystem, package.name), ranges, tuple(item.versions or ())
    )


def _range(found: _Range) -> Range:
    return Range(found.type.upper(), tuple((k, v) for event in found.events for k, v in event.items()))


_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


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
        yield Advisory(id=identifier, source=source, summary=_short(summary), affected=(affected,))


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
