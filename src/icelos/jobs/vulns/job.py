"""The job "vulns": one component and one advisory in, one verdict with its evidence out.

Versions decide what they can; what stays undecided is "unknown", never clear. A clear verdict is a
Finding too, because an auditor asks why something was ruled out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from icelos import __version__
from icelos.contracts import Needs, Scored
from icelos.data.advisories import Advisories, Statement, load_advisories
from icelos.data.parse.purls import Place, place_of
from icelos.errors import InputError, SettingsError
from icelos.findings import Evidence, Finding, How
from icelos.jobs.vulns.ranges import Reading, Standing, read
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status
from icelos.records import Component, Record
from icelos.settings import Settings

_LABELS = {
    Standing.AFFECTED: Label.VULNERABLE,
    Standing.FIXED: Label.CODE_NOT_PRESENT,
    Standing.OUTSIDE: Label.CODE_NOT_PRESENT,
    Standing.UNDECIDED: Label.UNCERTAIN,
}


class VulnsJob:
    """Judges components by the advisories of one file or folder."""

    name = "vulns"
    needs = Needs(memory_mib=512)

    def __init__(self, advisories: Advisories) -> None:
        self._advisories = advisories
        self._made_by = {"job": f"vulns {__version__}", "method": "version ranges"}

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """A Finding for each component. Raises InputError for a record that is not one, or not judgeable."""
        return [self._judge(record) for record in batch]

    def _judge(self, record: Record) -> Finding:
        if not isinstance(record, Component):
            raise InputError(f"not a component but a {type(record).__name__}", source=record.source)
        place = place_of(record.purl)
        statements = self._advisories.about(place).get(record.advisory, []) if place else []
        if place is None or not statements:
            raise InputError(f"no advisory {record.advisory!r} names {record.purl}", source=record.source)
        reading = _reading(place, statements)
        label = _LABELS[reading.standing]
        return Finding(
            record_id=record.id, job=self.name, verdict=MEANINGS[label].verdict, label=label.value,
            summary=_summary(record, statements, reading), evidence=_evidence(record, statements, reading),
            made_by=self._made_by, source=record.source, attributes=_attributes(record, statements, reading),
        )  # fmt: skip


def _attributes(
    record: Component, statements: Sequence[Statement], reading: Reading
) -> dict[str, str]:  # fmt: skip
    """What documents and filters need; lists are separated by blanks, and empty values are left out."""
    advisory = statements[0].advisory
    names = dict.fromkeys(name for statement in statements for name in statement.advisory.names)
    fixed = reading.standing is Standing.FIXED
    values = {
        "target_id": record.target_id,
        "target": record.target, "purl": record.purl, "name": record.name, "version": record.version,
        "location": record.location, "layer": record.layer, "owner": record.owner,
        "advisory": advisory.id, "vulnerability": advisory.title,
        "aliases": " ".join(name for name in names if name != advisory.title),
        "status": Status.FIXED if fixed else MEANINGS[_LABELS[reading.standing]].status,
        "why": reading.why, "fixed_in": " ".join(reading.fixes[:8]),
        "description": advisory.summary,
    }  # fmt: skip
    return {name: str(value) for name, value in values.items() if value}


def _reading(place: Place, statements: Sequence[Statement]) -> Reading:
    if place.needs_release and not place.release:
        return Reading(
            Standing.UNDECIDED,
            f"the release of {place.ecosystem} is not known, and advisories differ by it",
            "",
        )
    return read([statement.affected for statement in statements], place.ecosystem, place.version)


def _summary(record: Component, statements: Sequence[Statement], reading: Reading) -> str:
    title = statements[0].advisory.title
    what = {
        Standing.AFFECTED: "is affected by", Standing.FIXED: "has the fix of",
        Standing.OUTSIDE: "is not affected by", Standing.UNDECIDED: "may be affected by",
    }[reading.standing]  # fmt: skip
    move = f"; fixed in {' or '.join(reading.fixes[:3])}" if reading.fixes else ""
    named = f"{record.name} {record.version}".strip()
    return f"{named} {what} {title}: {reading.why}{move}"


def _evidence(record: Component, statements: Sequence[Statement], reading: Reading) -> tuple[Evidence, ...]:
    """The inventory's own line, then each advisory's own words."""
    found = [Evidence(record.quote or record.purl, record.location or record.source, How.TOOL)]
    for advisory, _ in statements[:8]:
        words = ": ".join(filter(None, (advisory.id, advisory.summary)))
        found.append(Evidence(words, advisory.source, How.RETRIEVAL))
    if reading.words:
        found.append(Evidence(reading.words, statements[0].advisory.source, How.RULE))
    return tuple(found)


def build(settings: Settings, options: Mapping[str, str]) -> VulnsJob:
    """For the registry. Option `advisories` names a file or folder. Raises SettingsError, InputError."""
    del settings
    unknown = set(options) - {"advisories", "cve"}
    if unknown:
        raise SettingsError(
            f"job vulns has no option {sorted(unknown)[0]!r}", hint="advisories=FOLDER, cve=ID,ID"
        )
    if not options.get("advisories"):
        raise InputError("no advisories given", hint="-o advisories=FILE or FOLDER, in OSV or secdb JSON")
    return VulnsJob(load_advisories(options["advisories"]))
