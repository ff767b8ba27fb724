"""Investigations of a job: which matches are looked into, in which target, and what goes into the finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from icelos.contracts import LLM
from icelos.data.inventory import read_target
from icelos.data.statement import Statement
from icelos.data.tree import open_tree
from icelos.errors import IcelosError, InputError
from icelos.findings import Evidence, Finding, How, Outcome
from icelos.jobs.vulns.basis import ATTRIBUTE, basis_of, parts_of
from icelos.jobs.vulns.fixes.fixes import Fixes, bundled_fixes
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.conclusion import Conclusion
from icelos.jobs.vulns.investigation.kept import KeptInvestigations
from icelos.jobs.vulns.investigation.loop import Investigation, investigate
from icelos.jobs.vulns.investigation.proof import Contents, Scope, scope_of
from icelos.jobs.vulns.investigation.target import Target
from icelos.jobs.vulns.linked import Programs
from icelos.jobs.vulns.platform import Elsewhere
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.verdicts import Label
from icelos.records import Component

MAX_PROOF = 20
_INVESTIGATED = ("pkg:pypi/",)
"""Kinds of packages whose use can be followed in source."""
_FOREIGN = frozenset({"vex", "decision", "notes"})
"""Attributes of findings that say what others decided, or what went wrong: no verdict to use again."""
WITHOUT_MODEL = "the model's budget is used up: decided without it"


class Investigator:
    """Looks into matches within one target. `llm` is asked only where templates do not decide.

    Once the model's budget is used up, the rest is decided without it, and says so. `kept` are results of
    earlier runs, `fixes` what fixed releases changed (those that are bundled, without any), `earlier` the
    findings of an earlier run, whose verdicts are used again where all that they rest on is the same.
    """

    def __init__(
        self, target: Target, llm: LLM | None = None, kept: KeptInvestigations | None = None,
        fixes: Fixes | None = None, earlier: Iterable[Finding] = (),
    ) -> None:  # fmt: skip
        self._target = target
        self._llm = llm
        self._kept = kept
        self._contents = kept.contents if kept else Contents(target)
        self._fixes = fixes if fixes is not None else Fixes(bundled_fixes())
        self._programs = Programs(target.tree, target.components)
        self._notes: tuple[str, ...] = ()
        self._earlier = {
            _key_of(one.attributes): one for one in earlier if not _FOREIGN & one.attributes.keys()
        }

    def look(
        self, record: Component, statements: Sequence[Statement], reading: Reading
    ) -> Investigation | None:
        """What an investigation finds; None where there is nothing to look into."""
        if reading.standing not in {Standing.AFFECTED, Standing.UNDECIDED} or record.owner:
            return None
        if not record.purl.startswith(_INVESTIGATED):
            return None
        case = self._case(record, statements, reading)
        if case.distribution is None or not self._target.application.sources:
            return None
        return self._found(case, statements)

    def not_linked(
        self, record: Component, statements: Sequence[Statement], reading: Reading
    ) -> Elsewhere | None:
        """Why a program of Go does not have the flaw's functions; None where it may."""
        return self._programs.not_linked(record, statements, reading)

    def basis(
        self, record: Component, statements: Sequence[Statement], reading: Reading,
        found: Investigation, evidence: Sequence[Evidence],
    ) -> str:  # fmt: skip
        """What a finding of `look` with this evidence rests on, for `basis.ATTRIBUTE`."""
        case = self._case(record, statements, reading)
        held = self._earlier.get(_key(record)) if found.reused and not found.asked else None
        if held is not None:
            return held.attributes[ATTRIBUTE]  # which tools it rests on is known there only
        scope = scope_of(case, found)
        proof = scope.value, self._contents.digest(scope, [one.source for one in evidence])
        model = self._llm.name if self._llm else ""
        return basis_of(record, statements, reading, fixes=case.fixes, model=model, proof=proof)

    def _case(self, record: Component, statements: Sequence[Statement], reading: Reading) -> Case:
        advisory = statements[0].advisory
        text = max((one.advisory.details for one in statements), key=len)
        versions = dict.fromkeys((*reading.fixes[:1], *reading.fixed))
        fixes = [one for v in versions if (one := self._fixes.of(record.name, v)) is not None]
        if fixes and fixes[0].after not in reading.fixes[:1]:
            fixes = []  # what other branches changed says little of this one
        return Case(record, advisory.title, text, advisory.source, reading, self._target, fixes)

    def _held(self, case: Case, statements: Sequence[Statement], model: str) -> Investigation | None:
        """The machine's verdict of the earlier run, where all that it rests on is the same."""
        before = self._earlier.get(_key(case.component))
        basis = before.attributes.get(ATTRIBUTE, "") if before else ""
        scope = next((one for one in Scope if one in parts_of(basis)), None)
        if before is None or scope is None:
            return None
        proof = scope.value, self._contents.digest(scope, [one.source for one in before.evidence])
        now = basis_of(case.component, statements, case.reading, fixes=case.fixes, model=model, proof=proof)
        return _as_investigation(before) if now == basis else None

    def _found(self, case: Case, statements: Sequence[Statement]) -> Investigation:
        """The result of an earlier run where it still holds, else a new one."""
        model = self._llm.name if self._llm else ""
        place = self._kept.place(case, model) if self._kept else b""
        earlier = self._kept.get(place) if self._kept else None
        if earlier is not None:
            return earlier
        if (held := self._held(case, statements, model)) is not None:
            return held
        found = investigate(case, self._llm, notes=self._notes)
        if found.exhausted:
            self._llm, self._notes = None, (WITHOUT_MODEL,)
        if self._kept and found.whole:
            self._kept.put(place, found)
        return found


def _key(component: Component) -> tuple[str, str, str]:
    return component.purl, component.location, component.advisory


def _key_of(facts: Mapping[str, str]) -> tuple[str, str, str]:
    return facts.get("purl", ""), facts.get("location", ""), facts.get("advisory", "")


def _as_investigation(finding: Finding) -> Investigation | None:
    """The conclusion of a finding; None where it is not one of an investigation."""
    facts = finding.attributes
    if not {"why", "confidence", "would_change"} <= facts.keys() or finding.label not in list(Label):
        return None
    proof = tuple(
        one for one in finding.evidence if one.how is not How.RULE or not one.quote.startswith("exception: ")
    )
    conclusion = Conclusion(
        Label(finding.label), facts["confidence"], facts["why"], facts["would_change"], proof
    )
    return Investigation((), conclusion, reused=True)


def open_target(target: Path, work: Path, source: str = "") -> Target | None:
    """The target's files with its components; None where it is a document and no source is given.

    Raises InputError for a target that is not there, and for a source that is not a folder.
    """
    if source and not Path(source).is_dir():
        raise InputError("not a folder", source=source, hint="--source takes the application's folder")
    if not target.exists():
        raise InputError("no such file or folder", source=str(target))
    inventories = read_target(target)
    components = [one for inventory in inventories for one in inventory.components]
    try:
        tree = open_tree(Path(source) if source else target, work)
    except IcelosError:
        if source:
            raise
        return None
    return Target(tree, components)


def chain(found: Investigation) -> Iterator[Evidence]:
    """The proof in its order: what the conclusion rests on, then each call of a tool with what it saw."""
    seen: set[tuple[str, str]] = set()
    for proof in found.conclusion.evidence:
        seen.add((proof.quote, proof.source))
        yield Evidence(proof.quote, proof.source, proof.how)
    for one in found.asked:
        said = one.observation.says or f"open: {one.observation.open}"
        yield Evidence(f"{one.observation.command}: {said}", one.by, How.TOOL)
        for proof in one.observation.evidence:
            if (proof.quote, proof.source) not in seen:
                seen.add((proof.quote, proof.source))
                yield Evidence(proof.quote, proof.source, proof.how)


def facts(found: Investigation) -> dict[str, str]:
    """Attributes of the finding: why, how sure, what would change it, and the cost."""
    values = {
        "why": found.conclusion.why,
        "confidence": found.conclusion.confidence,
        "would_change": found.conclusion.would_change,
        "tool_calls": str(len(found.asked)),
        "model_calls": str(found.calls),
        "tokens": str(found.usage.prompt_tokens + found.usage.completion_tokens) if found.calls else "",
        "model_cost": f"{found.usage.cost:.6f}" if found.usage.cost else "",
        "seconds": f"{found.seconds:.2f}",
        "reused": "yes" if found.reused else "",
        "notes": "; ".join(found.notes)[:500],
    }
    return {name: value for name, value in values.items() if value}


def costs(outcomes: Iterable[Outcome]) -> str:
    """One line of what the investigations among these cost together; "" where there was none."""
    found = [
        one.attributes for one in outcomes if isinstance(one, Finding) and "tool_calls" in one.attributes
    ]
    if not found:
        return ""
    calls, models, tokens = (
        sum(int(one.get(name, "0")) for one in found) for name in ("tool_calls", "model_calls", "tokens")
    )
    reused = sum("reused" in one for one in found)
    seconds = sorted(float(one["seconds"]) for one in found)
    return (
        f"investigated {len(found)} ({reused} from an earlier run): {calls:,} tool calls, {models:,} model "
        f"calls, {tokens:,} tokens; {median(seconds):.2f} s in the median, {sum(seconds):,.1f} s in all"
    )
