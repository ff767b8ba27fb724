"""Comparing fixed releases with those before them, out of a package index."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from icelos.data.advisories import AdvisoryIndex
from icelos.data.inventory import read_target
from icelos.data.parse.purls import place_of
from icelos.errors import IcelosError, InputError
from icelos.jobs.vulns.fixes.fixes import MAX_SYMBOLS, Fix, Fixes
from icelos.jobs.vulns.fixes.package_index import Archive, PackageIndex
from icelos.jobs.vulns.fixes.releases import changes


def learn_all(
    names: Iterable[str], advisories: AdvisoryIndex, index: PackageIndex, known: Fixes
) -> Iterator[tuple[str, list[Fix] | IcelosError]]:
    """Package by package, what its fixed releases changed that is not known yet, or why it cannot be told."""
    for name in names:
        wanted = [one for one in ranges_of(name, advisories) if known.of(name, one[1]) is None]
        try:
            yield name, learn(index, name, wanted) if wanted else []
        except IcelosError as error:
            yield name, error


def packages_of(target: Path) -> list[str]:
    """The names of a target's Python packages. Raises InputError, as `read_target` does."""
    found = (one for inventory in read_target(target) for one in inventory.components)
    return sorted({canonicalize_name(one.name) for one in found if one.purl.startswith("pkg:pypi/")})


def ranges_of(name: str, advisories: AdvisoryIndex) -> list[tuple[str, str]]:
    """(introduced, fixed) of all that advisories say of a Python package, each once."""
    found: dict[tuple[str, str], None] = {}
    place = place_of(f"pkg:pypi/{canonicalize_name(name)}")
    for statements in advisories.about(place).values() if place else ():
        for _, affected in statements:
            for one in affected.ranges:
                if one.kind == "ECOSYSTEM":
                    found.update(dict.fromkeys(_ended(one.events)))
    return list(found)


def _ended(events: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    introduced = "0"
    for kind, value in events:
        if kind == "introduced":
            introduced = value
        elif kind == "fixed":
            yield introduced, value


def learn(index: PackageIndex, package: str, ranges: Sequence[tuple[str, str]]) -> list[Fix]:
    """What the fixed releases of a package changed. `ranges` are (introduced, fixed) of its advisories.

    Ranges whose releases the index does not have in one same form are left out. Raises RunError, InputError.
    """
    releases = index.releases(package)
    found: dict[str, Fix] = {}
    for introduced, fixed in ranges:
        pair = _pair(releases, introduced, fixed)
        if pair is not None and fixed not in found:
            before, after = pair
            fix = _compared(index, canonicalize_name(package), (before, releases[before]), releases[after])
            if fix is not None:
                found[fixed] = Fix(fix.package, fixed, fix.before, fix.parts, fix.symbols, fix.files)
    return list(found.values())


def _pair(
    releases: Mapping[Version, Sequence[Archive]], introduced: str, fixed: str
) -> tuple[Version, Version] | None:
    """The last release that has the flaw and the first that has not."""
    try:
        first, last = Version(introduced), Version(fixed)
    except InvalidVersion:
        return None
    has = [one for one in releases if first <= one < last]
    has = [one for one in has if not one.is_prerelease] or has
    without = [one for one in releases if one >= last]
    return (max(has), min(without)) if has and without else None


def _compared(
    index: PackageIndex, package: str, before: tuple[Version, Sequence[Archive]], after: Sequence[Archive]
) -> Fix | None:
    forms = {one.form: one for one in after}
    order = sorted(before[1], key=lambda one: (one.form != "any", one.form != "source", one.size))
    older = next((one for one in order if one.form in forms), None)
    if older is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        found = changes(index.download(older, Path(folder)), index.download(forms[older.form], Path(folder)))
    if older.form not in {"any", "source"} and not found.symbols:
        raise InputError("only compiled releases, which cannot be compared", source=package)
    parts = len(found.symbols)
    symbols = found.symbols if parts <= MAX_SYMBOLS else ()
    files = found.files if len(found.files) <= MAX_SYMBOLS else ("*",)
    return Fix(package, "", str(before[0]), parts, symbols, files)
