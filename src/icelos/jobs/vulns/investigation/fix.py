"""The tool that asks of all that a fix changed whether calls lead there."""

from __future__ import annotations

from collections.abc import Sequence

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation import code
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.fixed import Fixed
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.verdicts import Label

MAX_ASKED = 80
"""Changed symbols that are looked at; a fix that changed more is too large to rule anything out by."""
MAX_SHOWN = 8


def fix(case: Case) -> Observation:
    """What the fixed release changed, and whether the application uses any of it."""
    fixed = case.fixed
    if fixed is None:
        return Observation("fix", {}, "", open="it is not known what a fixed release changed")
    if len(fixed.symbols) > MAX_ASKED:
        why = f"{fixed.fix.after} changed {len(fixed.symbols)} parts, too many to look at"
        return Observation("fix", {}, "", open=why)
    graph = case.target.graph
    reached = [one for one in fixed.symbols if graph.is_reached(one) or graph.is_likely(one)]
    says = f"of {_parts(fixed)} changed, {len(reached)} are reached"
    if any(one in fixed.meant for one in reached):
        return Observation("fix", {}, says, _evidence(fixed, reached), supports=True)
    if reached:
        why = f"{says}, none of which the advisory's words fit"
        return Observation("fix", {}, "", _evidence(fixed, reached), open=why)
    asked = []
    for symbol in fixed.symbols:
        asked.append(code.reach(case, symbol))
        if asked[-1].rules_out is None:
            return Observation("fix", {}, "", asked[-1].evidence, open=asked[-1].open or asked[-1].says)
    says = f"nothing leads to any of {_parts(fixed)} changed"
    if not fixed.whole:
        why = f"{says}; it changed other files too, or code that {case.component.version} has otherwise"
        return Observation("fix", {}, "", _evidence(fixed, fixed.symbols), open=why)
    configured = all(one.rules_out is Label.REQUIRES_CONFIGURATION for one in asked)
    label = Label.REQUIRES_CONFIGURATION if configured else Label.CODE_NOT_REACHABLE
    return Observation("fix", {}, says, _evidence(fixed, fixed.symbols), label)


def _parts(fixed: Fixed) -> str:
    return f"the {len(fixed.symbols)} functions and classes that {fixed.fix.after}"


def _evidence(fixed: Fixed, names: Sequence[str]) -> tuple[Evidence, ...]:
    """What changed between the two releases, the first few by name."""
    more = f", and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    releases = f"{fixed.fix.package} {fixed.fix.before} → {fixed.fix.after}"
    return (Evidence(", ".join(names[:MAX_SHOWN]) + more, releases, How.TOOL),)
