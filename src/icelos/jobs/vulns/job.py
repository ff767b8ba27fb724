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
from icelos.data.components import places_of
from icelos.data.workspace import Workspace
from icelos.errors import InputError, SettingsError
from icelos.findings import Finding, Verdict, failure
from icelos.jobs.vulns import scanner
from icelos.jobs.vulns.basis import ATTRIBUTE as BASIS
from icelos.jobs.vulns.basis import basis_of
from icelos.jobs.vulns.fixes.fixes import known_fixes
from icelos.jobs.vulns.investigated import MAX_PROOF, Investigator, chain, facts, open_target
from icelos.jobs.vulns.investigation.kept import KeptInvestigations
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.matched import (
    LABELS,
    Match,
    attributes_of,
    evidence_of,
    find,
    investigated,
    ruled_out,
    summary_of,
)
from icelos.jobs.vulns.platform import Elsewhere, elsewhere
from icelos.jobs.vulns.priority import Prioritiser
from icelos.jobs.vulns.risk import Exposure, Reach
from icelos.jobs.vulns.since import read_previous
from icelos.jobs.vulns.verdicts import MEANINGS, Label
from icelos.llm.connect import connect
from icelos.records import Component, Record
from icelos.settings import Settings


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
        """A Finding for each component, a Failure for a record that is none or that cannot be judged."""
        return [self._scored(record) for record in batch]

    def _scored(self, record: Record) -> Scored:
        """One record's trouble is its own: what a tool raises on hostile content may be any exception."""
        try:
            return self._judge(record)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other records go on
            raw = record.purl if isinstance(record, Component) else ""
            return failure(record_id=record.id, job=self.name, error=error, source=record.source, raw=raw)

    def _judge(self, record: Record) -> Finding:
        if not isinstance(record, Component):
            raise InputError(f"not a component but a {type(record).__name__}", source=record.source)
        match = find(record, self._advisories)
        if match is None:
            return self._unmatched(record)
        found = self._investigated(match)
        other = self._elsewhere(match) if found is None and not match.by_cpe else None
        label, attributes = LABELS[match.reading.standing], attributes_of(match)
        summary, evidence = summary_of(match), (*evidence_of(match), *scanner.quoted(record))
        if found is not None:
            label = found.conclusion.label
            attributes |= facts(found)
            summary = investigated(match, found)
            evidence = tuple(dict.fromkeys((*evidence, *chain(found))))[:MAX_PROOF]
        elif other is not None:
            label = other.label
            attributes["why"], summary = other.why, ruled_out(match, other.why)
            evidence = (*evidence, *other.evidence)[:MAX_PROOF]
        elif scanner.refuted(record, match.reading):
            label = Label.FALSE_POSITIVE
            attributes |= scanner.refutation(record, match.reading)
            summary = ruled_out(match, attributes["why"])
        if label is not LABELS[match.reading.standing]:
            attributes["status"] = MEANINGS[label].status.value
        attributes |= scanner.comparison(record)
        if found is not None and self._investigator:
            attributes[BASIS] = self._investigator.basis(
                record, match.statements, match.reading, found, evidence
            )
        else:
            attributes[BASIS] = basis_of(record, match.statements, match.reading)
        score = None
        if MEANINGS[label].verdict is not Verdict.CLEAR:  # what is ruled out has no risk
            reached = found is not None and label is Label.VULNERABLE
            exposure = Exposure(record.listens, record.root)
            reach = Reach.REACHED if reached else Reach.UNKNOWN
            priority = self._prioritiser.of(match.statements, reach, exposure)
            score, attributes = priority.risk.score, attributes | priority.attributes
            if missed := scanner.overlooked(record):
                attributes |= missed
                summary += f"; not reported by {missed['not_reported_by']}"
        return Finding(
            record_id=record.id, job=self.name, verdict=MEANINGS[label].verdict, label=label.value,
            score=score, summary=summary, evidence=evidence, source=record.source, attributes=attributes,
            made_by=self._made_by | {"method": "investigation"} if found else self._made_by,
        )  # fmt: skip

    def _investigated(self, match: Match) -> Investigation | None:
        if self._investigator is None or match.by_cpe:
            return None
        return self._investigator.look(match.component, match.statements, match.reading)

    def _elsewhere(self, match: Match) -> Elsewhere | None:
        given = match.component, match.statements, match.reading
        found = elsewhere(*given)
        return self._investigator.not_linked(*given) if found is None and self._investigator else found

    def _unmatched(self, record: Component) -> Finding:
        """What only a scanner reported. Raises InputError for a record of which nobody says anything."""
        if not scanner.is_reported(record):
            raise InputError(f"no advisory {record.advisory!r} names {record.purl}", source=record.source)
        covered = bool(places_of(record, self._advisories))
        return scanner.unmatched(record, self._prioritiser, covered=covered, made_by=self._made_by)


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
