"""One component and the advisory that names it: what the advisory says of its version, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from icelos.data.advisories import AdvisoryIndex
from icelos.data.components import places_of
from icelos.data.parse.cpe import ECOSYSTEM
from icelos.data.parse.osv_advisories import Range
from icelos.data.parse.purls import DISTRIBUTIONS, Place
from icelos.data.statement import Statement
from icelos.findings import Evidence, How
from icelos.jobs.vulns import cpe
from icelos.jobs.vulns.affected import affected_text
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.ranges import Reading, Standing, read
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status
from icelos.records import Component

LABELS = {
    Standing.AFFECTED: Label.VULNERABLE,
    Standing.FIXED: Label.CODE_NOT_PRESENT,
    Standing.OUTSIDE: Label.CODE_NOT_PRESENT,
    Standing.UNDECIDED: Label.UNCERTAIN,
}
"""What versions alone decide."""
_DISTRIBUTIONS = frozenset(DISTRIBUTIONS.values())


class Match(NamedTuple):
    """A component, where its advisories stand, the statements of one of them, and what they say of it."""

    component: Component
    place: Place
    statements: Sequence[Statement]
    reading: Reading

    @property
    def how(self) -> str:
        """How the advisory was found to be about the component."""
        if self.by_cpe:
            return cpe.MATCH
        distribution = self.place.ecosystem in _DISTRIBUTIONS
        return "advisory of the distribution" if distribution else "package URL and versions"

    @property
    def by_cpe(self) -> bool:
        """Whether a name of NVD's is all that connects them."""
        return self.place.ecosystem == ECOSYSTEM

    @property
    def title(self) -> str:
        """The CVE by which people call it, else the first advisory's id."""
        titles = [statement.advisory.title for statement in self.statements]
        return next((title for title in titles if title.startswith("CVE-")), titles[0])

    @property
    def named(self) -> str:
        """The component for people."""
        return f"{self.component.name} {self.component.version}".strip()


def find(component: Component, advisories: AdvisoryIndex) -> Match | None:
    """The match of a component and the advisory that its record names; None where that says nothing of it."""
    for place in places_of(component, advisories):
        statements = advisories.about(place).get(component.advisory, ())
        if statements and place.ecosystem == ECOSYSTEM:
            latest = max(one.advisory.modified for one in statements)
            statements = [one for one in statements if one.advisory.modified == latest]
            return Match(component, place, statements, cpe.read(statements, component.cpes, place.version))
        if statements:
            return Match(component, place, statements, _reading(place, statements))
    return None


def _reading(place: Place, statements: Sequence[Statement]) -> Reading:
    if place.needs_release and not place.release:
        return Reading(
            Standing.UNDECIDED,
            f"the release of {place.ecosystem} is not known, and advisories differ by it",
            "",
        )
    return read([statement.affected for statement in statements], place.ecosystem, place.version)


def attributes_of(match: Match) -> dict[str, str]:
    """What documents and filters need; lists are separated by blanks, and empty values are left out."""
    record, reading, title = match.component, match.reading, match.title
    names = dict.fromkeys(name for s in match.statements for name in s.advisory.names)
    names |= dict.fromkeys(record.reported.names if record.reported else ())  # of a bundle, those asked about
    fixed = reading.standing is Standing.FIXED
    values = {
        "target_id": record.target_id,
        "target": record.target, "purl": record.purl, "name": record.name, "version": record.version,
        "location": record.location, "layer": record.layer, "owner": record.owner,
        "advisory": record.advisory, "vulnerability": title,
        "advisories": " ".join(dict.fromkeys(statement.advisory.id for statement in match.statements)),
        "aliases": " ".join(name for name in names if name != title),
        "status": Status.FIXED if fixed else MEANINGS[LABELS[reading.standing]].status,
        "why": reading.why, "fixed_in": " ".join(reading.fixes[:8]),
        "description": match.statements[0].advisory.summary, "match": match.how,
        "affected": affected_text(_ranges(match)),
        "confidence": cpe.CONFIDENCE if match.by_cpe else "",
    }  # fmt: skip
    return {name: str(value) for name, value in values.items() if value}


def _ranges(match: Match) -> list[Range]:
    found = [one for statement in match.statements for one in statement.affected.ranges]
    return [cpe.ranges_of(one) for one in found] if match.by_cpe else found


def summary_of(match: Match) -> str:
    """The verdict of the version in one line."""
    what = {
        Standing.AFFECTED: "is affected by", Standing.FIXED: "has the fix of",
        Standing.OUTSIDE: "is not affected by", Standing.UNDECIDED: "may be affected by",
    }[match.reading.standing]  # fmt: skip
    return f"{match.named} {what} {match.title}: {match.reading.why}{_move(match)}"


def investigated(match: Match, found: Investigation) -> str:
    """The verdict of an investigation in one line."""
    label = found.conclusion.label.value.replace("_", " ")
    title = match.statements[0].advisory.title
    return f"{match.named}, {title}: {label}: {found.conclusion.why}{_move(match)}"


def ruled_out(match: Match, why: str) -> str:
    """In one line, that it is not affected for another reason than its version."""
    return f"{match.named} is not affected by {match.title}: {why}"


def _move(match: Match) -> str:
    return f"; fixed in {' or '.join(match.reading.fixes[:3])}" if match.reading.fixes else ""


def listed(record: Component) -> Evidence:
    """The inventory's own line."""
    return Evidence(record.quote or record.purl, record.location or record.source, How.TOOL)


def evidence_of(match: Match) -> tuple[Evidence, ...]:
    """The inventory's own line, then each advisory's own words."""
    found = [listed(match.component)]
    for advisory, _ in match.statements[:8]:
        words = ": ".join(filter(None, (advisory.id, advisory.summary)))
        found.append(Evidence(words, advisory.source, How.RETRIEVAL))
    if match.reading.words:
        source = match.statements[match.reading.number].advisory.source
        found.append(Evidence(match.reading.words, source, How.RULE))
    return tuple(found)
