"""Statements, ignore rules and exceptions from files: read before a run, applied after it, and told of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from icelos.findings import Finding, Outcome
from icelos.jobs.vulns.documents.apply import Unapplied, apply
from icelos.jobs.vulns.documents.exceptions import Placed, apply_exceptions, is_excepted, read_exceptions
from icelos.jobs.vulns.documents.forms import read_file
from icelos.jobs.vulns.documents.ignoring import apply_ignores, is_ignored, read_ignores
from icelos.jobs.vulns.documents.model import Statement

SHOWN = 10
"""Statements that did not apply, told one by one; the rest are counted."""


class Rules(NamedTuple):
    """What others have decided. `notes` tell what of it could not be read."""

    statements: tuple[Statement, ...] = ()
    exceptions: tuple[Placed, ...] = ()
    notes: tuple[str, ...] = ()
    ignores: tuple[Placed, ...] = ()


class Ruled(NamedTuple):
    """All outcomes in their order, the findings that are new, and lines for people."""

    outcomes: list[Outcome]
    changed: list[Finding]
    notes: list[str]


def load_rules(
    vex: Iterable[Path] = (), exceptions: Path | None = None, ignore: Path | None = None
) -> Rules:  # fmt: skip
    """Raises InputError for a file that is none; a broken statement in it is a note."""
    documents = [(path, read_file(path)) for path in vex]
    return Rules(
        tuple(one for _, document in documents for one in document.statements),
        tuple(read_exceptions(exceptions)) if exceptions else (),
        tuple(f"{path.name}: {problem}" for path, document in documents for problem in document.problems),
        tuple(read_ignores(ignore)) if ignore else (),
    )


def rule(outcomes: Sequence[Outcome], rules: Rules, *, today: date, products: Sequence[str] = ()) -> Ruled:
    """Apply statements, then ignore rules, then exceptions to what is left. Failures stay as they are."""
    findings = [one for one in outcomes if isinstance(one, Finding)]
    applied = apply(findings, rules.statements, products=products)
    ignored = apply_ignores(applied.findings, rules.ignores, today=today)
    spared = {one.id for one in ignored.changed}
    excepted = apply_exceptions(ignored.findings, rules.exceptions, today=today, spared=spared)
    new = {one.id: one for one in (*applied.changed, *ignored.changed, *excepted.changed)}
    notes = list(rules.notes)
    if rules.statements:
        about = len(rules.statements) - len(applied.unapplied)
        changed = f"{len(applied.changed)} findings changed"
        notes.append(f"VEX: {len(rules.statements)} statements, {about} about these findings; {changed}")
        notes.extend(_told(applied.unapplied))
    if rules.ignores:
        notes.append(f"ignored: {len(ignored.changed)} findings by {len(rules.ignores)} rules; they are kept")
    unused = (*ignored.unused, *excepted.unused)
    notes.extend(f"{placed.source}: {placed.rule.subject} {why}" for placed, why in unused)
    return Ruled([new.get(one.id, one) for one in outcomes], list(new.values()), notes)


def verdicts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many findings of each verdict; those with a rule in force count as "ignored" or "excepted"."""
    return dict(Counter(shown_verdict(one) for one in outcomes if isinstance(one, Finding)))


def shown_verdict(finding: Finding) -> str:
    """The verdict as people see it, and as --fail-on counts it: a rule in force stands before it."""
    if is_ignored(finding):
        return "ignored"
    return "excepted" if is_excepted(finding) else finding.verdict.value


def _told(unapplied: Sequence[Unapplied]) -> Iterable[str]:
    """First those whose vulnerability was found: there, something is not as their author meant it."""
    near = [one for one in unapplied if one.near]
    for one in near[:SHOWN]:
        yield f"VEX: {one.statement.source} does not apply: {one.reason}"
    if len(near) > SHOWN:
        yield f"VEX: {len(near) - SHOWN} more do not apply to the components or the target"
    far = [one.statement.vulnerability for one in unapplied if not one.near]
    if far:
        names = ", ".join(list(dict.fromkeys(far))[:3])
        yield f"VEX: {len(far)} statements are about vulnerabilities that were not found ({names}…)"
