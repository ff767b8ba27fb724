"""Investigations of a job: which matches are looked into, in which target, and what goes into the finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from icelos.contracts import LLM
from icelos.data.inventory import read_target
from icelos.data.statement import Statement
from icelos.data.tree import open_tree
from icelos.errors import BudgetError, IcelosError, InputError
from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.loop import Investigation, investigate
from icelos.jobs.vulns.investigation.target import Target
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.records import Component

MAX_PROOF = 20
_INVESTIGATED = ("pkg:pypi/",)
"""Kinds of packages whose use can be followed in source."""


class Investigator:
    """Looks into matches within one target. `llm` is asked only where templates do not decide."""

    def __init__(self, target: Target, llm: LLM | None = None) -> None:
        self._target = target
        self._llm = llm

    def look(
        self, record: Component, statements: Sequence[Statement], reading: Reading
    ) -> Investigation | None:
        """What an investigation finds; None where there is nothing to look into."""
        if reading.standing not in {Standing.AFFECTED, Standing.UNDECIDED} or record.owner:
            return None
        if not record.purl.startswith(_INVESTIGATED):
            return None
        advisory = statements[0].advisory
        text = max((one.advisory.details for one in statements), key=len)
        case = Case(record, advisory.title, text, advisory.source, reading, self._target)
        if case.distribution is None or not self._target.application.sources:
            return None
        try:
            return investigate(case, self._llm)
        except BudgetError:
            self._llm = None
            return investigate(case)


def open_target(target: Path, work: Path, source: str = "") -> Target | None:
    """The target's files with its components; None where it is a document and no source is given.

    Raises InputError for a source that is not a folder.
    """
    if source and not Path(source).is_dir():
        raise InputError("not a folder", source=source, hint="--source takes the application's folder")
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
        "model_cost": f"{found.usage.cost:.6f}" if found.usage.cost else "",
        "seconds": f"{found.seconds:.2f}",
        "notes": "; ".join(found.notes)[:500],
    }
    return {name: value for name, value in values.items() if value}
