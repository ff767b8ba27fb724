"""The job "vulns": one component and one advisory in, one verdict with its evidence out.

Versions decide what they can; what stays undecided is "unknown", never clear. A clear verdict is a
Finding too, because an auditor asks why something was ruled out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from icelos import __version__
from icelos.contracts import Needs, Scored
from icelos.data.advisories import AdvisoryIndex
from icelos.data.advisory_store import AdvisoryStore, open_advisories, open_intelligence
from icelos.data.parse.purls import DISTRIBUTIONS, Place, place_of
from icelos.data.statement import Statement
from icelos.data.workspace import Workspace
from icelos.errors import InputError, SettingsError
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.vulns.basis import ATTRIBUTE as BASIS
from icelos.jobs.vulns.basis import basis_of
from icelos.jobs.vulns.fixes.fixes import known_fixes
from icelos.jobs.vulns.investigated import MAX_PROOF, Investigator, chain, facts, open_target
from icelos.jobs.vulns.investigation.kept import KeptInvestigations
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.platform import Elsewhere, elsewhere
from icelos.jobs.vulns.priority import Prioritiser
from icelos.jobs.vulns.ranges import Reading, Standing, read
from icelos.jobs.vulns.risk import Exposure, Reach
from icelos.jobs.vulns.since import read_previous
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status
from icelos.llm.connect import connect
from icelos.records import Component, Record
from icelos.settings import Settings

_LABELS = {
    Standing.AFFECTED: Label.VULNERABLE,
    Standing.FIXED: Label.CODE_NOT_PRESENT,
    Standing.OUTSIDE: Label.CODE_NOT_PRESENT,
    Standing.UNDECIDED: Label.UNCERTAIN,
}

_DISTRIBUTIONS = frozenset(DISTRIBUTIONS.values())


class VulnsJob:
    """Judges components by the advisories of one file or folder, or of the workspace."""

    name = "vulns"
    needs = Needs(memory_mib=512)

    def __init__(
        self,
        advisories: AdvisoryIndex,
        prioritiser: Prioritiser | None = None,
        investigator: Investigator | None = None,
    ) -> None:
        self._advisories = advisories
        self._prioritiser = prioritiser or Prioritiser()
        self._investigator = investigator
        self._made_by = {"job": f"vulns {__version__}", "method": "version ranges"}
        if isinstance(advisories, AdvisoryStore):
            self._made_by["data"] = advisories.described

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """A Finding for each component. Raises InputError for a record that is not one, or not judgeable."""
        return [self._judge(record) for record in batch]

    def _judge(self, record: Record) -> Finding:
        if not isinstance(record, Component):
            raise InputError(f"not a component but a {type(record).__name__}", source=record.source)
        place = place_of(record.purl)
        statements = self._advisories.about(place).get(record.advisory, ()) if place else ()
        if place is None or not statements:
            raise InputError(f"no advisory {record.advisory!r} names {record.purl}", source=record.source)
        reading = _reading(place, statements)
        found = self._investigator.look(record, statements, reading) if self._investigator else None
        other = elsewhere(record, statements, reading) if found is None else None
        label = found.conclusion.label if found else _LABELS[reading.standing]
        attributes = {**_attributes(record, statements, reading), "match": _match(place)}
        summary, evidence = _summary(record, statements, reading), _evidence(record, statements, reading)
        reach = Reach.UNKNOWN
        if other is not None:
            label = Label.REQUIRES_ENVIRONMENT
            attributes |= {"status": MEANINGS[label].status.value, "why": other.why}
            summary = _other_system(record, statements, other)
            evidence = (*evidence, *other.evidence)[:MAX_PROOF]
        if found is not None:
            attributes |= {"status": MEANINGS[label].status.value, **facts(found)}
            summary = _judged(record, statements, reading, found)
            evidence = tuple(dict.fromkeys((*evidence, *chain(found))))[:MAX_PROOF]
            reach = Reach.REACHED if label is Label.VULNERABLE else Reach.UNKNOWN
        if found is not None and self._investigator:
            attributes[BASIS] = self._investigator.basis(record, statements, reading, found, evidence)
        else:
            attributes[BASIS] = basis_of(record, statements, reading)
        score = None
        if MEANINGS[label].verdict is not Verdict.CLEAR:  # what is ruled out has no risk
            exposure = Exposure(record.listens, record.root)
            priority = self._prioritiser.of(statements, reach, exposure)
            score, attributes = priority.risk.score, attributes | priority.attributes
        return Finding(
            record_id=record.id, job=self.name, verdict=MEANINGS[label].verdict, label=label.value,
            score=score, summary=summary, evidence=evidence, source=record.source, attributes=attributes,
            made_by=self._made_by | {"method": "investigation"} if found else self._made_by,
        )  # fmt: skip


def _judged(
    record: Component, statements: Sequence[Statement], reading: Reading, found: Investigation
) -> str:
    named = f"{record.name} {record.version}".strip()
    move = f"; fixed in {' or '.join(reading.fixes[:3])}" if reading.fixes else ""
    label = found.conclusion.label.value.replace("_", " ")
    return f"{named}, {statements[0].advisory.title}: {label}: {found.conclusion.why}{move}"


def _other_system(record: Component, statements: Sequence[Statement], other: Elsewhere) -> str:
    named = f"{record.name} {record.version}".strip()
    return f"{named} is not affected by {_title(statements)}: {other.why}"


def _attributes(
    record: Component, statements: Sequence[Statement], reading: Reading
) -> dict[str, str]:  # fmt: skip
    """What documents and filters need; lists are separated by blanks, and empty values are left out."""
    advisory = statements[0].advisory
    names = dict.fromkeys(name for statement in statements for name in statement.advisory.names)
    title = _title(statements)
    fixed = reading.standing is Standing.FIXED
    values = {
        "target_id": record.target_id,
        "target": record.target, "purl": record.purl, "name": record.name, "version": record.version,
        "location": record.location, "layer": record.layer, "owner": record.owner,
        "advisory": record.advisory, "vulnerability": title,
        "advisories": " ".join(dict.fromkeys(statement.advisory.id for statement in statements)),
        "aliases": " ".join(name for name in names if name != title),
        "status": Status.FIXED if fixed else MEANINGS[_LABELS[reading.standing]].status,
        "why": reading.why, "fixed_in": " ".join(reading.fixes[:8]),
        "description": advisory.summary,
    }  # fmt: skip
    return {name: str(value) for name, value in values.items() if value}


def _match(place: Place) -> str:
    """How the advisory was found to be about the component."""
    return "advisory of the distribution" if place.ecosystem in _DISTRIBUTIONS else "package URL and versions"


def _title(statements: Sequence[Statement]) -> str:
    """The CVE by which people call it, else the first advisory's id."""
    titles = [statement.advisory.title for statement in statements]
    return next((title for title in titles if title.startswith("CVE-")), titles[0])


def _reading(place: Place, statements: Sequence[Statement]) -> Reading:
    if place.needs_release and not place.release:
        return Reading(
            Standing.UNDECIDED,
            f"the release of {place.ecosystem} is not known, and advisories differ by it",
            "",
        )
    return read([statement.affected for statement in statements], place.ecosystem, place.version)


def _summary(record: Component, statements: Sequence[Statement], reading: Reading) -> str:
    title = _title(statements)
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
        found.append(Evidence(reading.words, statements[reading.number].advisory.source, How.RULE))
    return tuple(found)


def build(settings: Settings, options: Mapping[str, str]) -> VulnsJob:
    """For the registry. Option `advisories` names a file or folder; without it, the workspace's count.

    `target` is what the components come from: with it, matches are investigated there, or in `source`, a
    folder with the application's own source. `since` names the findings of an earlier run.

    Raises SettingsError, InputError.
    """
    unknown = set(options) - {"advisories", "cve", "target", "source", "since"}
    if unknown:
        raise SettingsError(
            f"job vulns has no option {sorted(unknown)[0]!r}",
            hint="advisories=FOLDER, cve=ID,ID, target=TARGET, source=FOLDER, since=FILE",
        )
    advisories = open_advisories(options.get("advisories", ""), settings)
    known = open_intelligence(advisories, settings)
    prioritiser = Prioritiser(known, settings.vulns.mission_impact)
    return VulnsJob(advisories, prioritiser, _investigator(settings, options))


def _investigator(settings: Settings, options: Mapping[str, str]) -> Investigator | None:
    if not options.get("target"):
        return None
    workspace = Workspace.of(settings)
    work = workspace.folder("cache", "trees")
    target = open_target(Path(options["target"]), work, options.get("source", ""))
    if target is None:
        return None
    kept = KeptInvestigations(workspace.folder("cache") / "investigations.sqlite", target)
    earlier = read_previous(Path(options["since"])) if options.get("since") else ()
    return Investigator(target, connect(settings), kept, known_fixes(workspace), earlier)
