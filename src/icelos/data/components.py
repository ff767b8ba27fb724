"""The source "components": one record for each component of a target and each advisory that names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from icelos.data.advisories import AdvisoryIndex
from icelos.data.advisory_store import open_advisories
from icelos.data.inventory import Inventory, read_target
from icelos.data.parse.cpe import ECOSYSTEM, parse_cpe
from icelos.data.parse.purls import Place, parse_purl, place_of
from icelos.data.reported import Compared, title_of
from icelos.findings import Failure, failure
from icelos.records import Component, Record, Reported, record_id


class ComponentSource:
    """Components of an image archive, folder or SBOM, each with one advisory that names it.

    What could not be read (a broken advisory, stanza or component), and kinds of components for which
    no advisory is loaded at all, come as Failures: an empty list of findings must mean what it says.
    `advisories` is a file or folder; without it, those of the workspace are looked up.
    `cve` restricts to advisories with one of these ids or aliases, separated by commas.
    """

    options = ("advisories", "cve")

    def __init__(self, location: str | Path, *, advisories: str = "", cve: str = "") -> None:
        self.location = Path(location)
        self.advisories = advisories
        self.only = frozenset(filter(None, (part.strip().upper() for part in cve.split(","))))

    def __iter__(self) -> Iterator[Record | Failure]:
        known = self._known()
        yield from known.failures
        for inventory in self._inventories():
            yield from _problems(inventory)
            yield from self._pairs(inventory, known)

    def _known(self) -> AdvisoryIndex:
        return open_advisories(self.advisories)

    def _inventories(self) -> Iterable[Inventory]:
        return read_target(self.location)

    def _pairs(self, inventory: Inventory, known: AdvisoryIndex) -> Iterator[Record | Failure]:
        unjudged: Counter[str] = Counter()
        seen: set[str] = set()
        for component in inventory.components:
            if component.purl in seen:  # the same package in two places is one component
                continue
            seen.add(component.purl)
            place = place_of(component.purl)
            if component.owner and place is not None and not place.needs_release:
                continue  # the distribution's package is a component too, and its advisories judge it
            reports = Compared(inventory.scanner, inventory.reported.get(component.purl, ()))
            places = places_of(component, known)
            if not places:
                unjudged[_kind(component, place)] += 1
            yield from self._named(component, places, inventory.identity, known, reports)
            yield from _reported_only(component, inventory.identity, reports.left(self.only))
        for kind, number in sorted(unjudged.items()):
            yield _not_covered(inventory, kind, number)

    def _named(
        self,
        component: Component,
        places: Iterable[Place],
        identity: str,
        known: AdvisoryIndex,
        reports: Compared,
    ) -> Iterator[Component]:
        found = {advisory: said for place in places for advisory, said in known.about(place).items()}
        for advisory, statements in found.items():
            names = {name.upper() for s, _ in statements for name in (*s.names, *s.cves)}
            reported = reports.of(names)
            if not self.only or self.only & names:
                yield msgspec.structs.replace(
                    component,
                    id=record_id("vulns", identity, component.purl, advisory),
                    advisory=advisory,
                    reported=reported,
                )


def places_of(component: Component, known: AdvisoryIndex) -> tuple[Place, ...]:
    """Where the advisories about a component stand; empty where none is loaded for its kind.

    NVD's names by CPE are for what no ecosystem or distribution has advisories of.
    """
    place = place_of(component.purl)
    places = _cpe_places(component) if place is None else [place]
    return tuple(one for one in places if known.covers(one) and (place is not None or known.about(one)))


_BACKPORTING = frozenset({"deb", "rpm", "apk", "alpm", "ebuild"})
"""Distributions mend what they ship without changing its version: names by CPE do not tell of it."""


def _cpe_places(component: Component) -> list[Place]:
    """By the names that the bill of materials gives, else a generic package URL's own; nothing is guessed."""
    purl = parse_purl(component.purl)
    if component.owner or purl.type in _BACKPORTING:
        return []
    names = [cpe.name for text in component.cpes if (cpe := parse_cpe(text)) is not None]
    if not names and purl.type == "generic":
        names = [f"{purl.namespace or purl.name}:{purl.name}".lower()]
    return [Place(ECOSYSTEM, "", name, component.version) for name in dict.fromkeys(names)]


def _kind(component: Component, place: Place | None) -> str:
    if place is None:
        return f"pkg:{parse_purl(component.purl).type}"
    return f"{place.ecosystem}:{place.release}".rstrip(":")


def _reported_only(component: Component, identity: str, reports: Iterable[Reported]) -> Iterator[Component]:
    """What a scanner reported and no advisory is about: records without an advisory to judge them by."""
    for one in reports:
        advisory = title_of(one)
        yield msgspec.structs.replace(
            component,
            id=record_id("vulns", identity, component.purl, advisory),
            advisory=advisory,
            reported=one,
        )


def _problems(inventory: Inventory) -> Iterator[Failure]:
    for number, problem in enumerate(inventory.problems):
        identity = record_id("problem", inventory.identity, problem.source or "", str(number))
        where = problem.source or inventory.target
        yield failure(record_id=identity, job="", error=problem.message, source=where)


def _not_covered(inventory: Inventory, kind: str, number: int) -> Failure:
    return failure(
        record_id=record_id("uncovered", inventory.identity, kind),
        job="",
        error=f"no advisories are loaded for {kind}: {number} components are not judged",
        source=inventory.target,
    )
