"""`icelos vulns confirm`, `decisions` and `forget`: what people decide of findings, and take back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.decisions import Decision, DecisionStore
    from icelos.findings import Finding
    from icelos.settings import Settings

MAX_FINDINGS = 1_000_000
By = Annotated[str, typer.Option(help="Who decides: a name or e-mail")]


def confirm(
    vulnerability: Annotated[str, typer.Argument(help="Any id of it: CVE, GHSA or the advisory's")],
    package: Annotated[
        str, typer.Option(help="Package URL; without a version, the decision is about all versions")
    ],
    label: Annotated[
        str, typer.Option(help="vulnerable, code_not_reachable, …; without one, the machine's own verdict")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for those who read it later")] = "",
    by: By = "",
    target: Annotated[str, typer.Option(help="Only in this target, as its findings name it")] = "",
    expires: Annotated[str, typer.Option(help="Last day on which it holds: 2027-01-31")] = "",
) -> None:
    """Confirm or overrule the verdict of a finding of an earlier `analyze`. Later runs use it.

    It holds while the evidence of the finding stays as it is; after that it is shown as stale.

    Examples:
      icelos vulns confirm CVE-2020-14343 --package pkg:pypi/pyyaml@5.3 --by Ana --reason "tried the exploit"
      icelos vulns confirm CVE-2020-14343 --package pkg:pypi/pyyaml --target shop:7 --by Ana \\
        --label protected_at_perimeter --reason "the proxy drops it" --expires 2027-01-31
    """
    from icelos.data.decisions import Decision
    from icelos.jobs.vulns.decisions import basis_of, is_about

    settings = _settings()
    day = _checked(label, reason, by, package, expires)
    decision = Decision(
        vulnerability=vulnerability.strip(), purl=package, label=label, reason=reason.strip(), by=by.strip(),
        target=target, expires=day, made=datetime.now(UTC),
    )  # fmt: skip
    found = [one for one in _findings(settings) if is_about(decision, one)]
    decision = _upon(decision, found)
    with _store(settings) as store:
        store.add(decision)
    for one in found:
        says = basis_of(one).label
        agrees = "confirmed" if says == decision.label else f"overruled (the machine says {says})"
        output.note(f"{one.attributes.get('purl', '')} in {one.attributes.get('target', '')}: {agrees}")
    output.note(f"decision {decision.id}: {decision.label}; applied from the next `icelos vulns analyze` on")


def decisions(json: Annotated[bool, typer.Option("--json", help="One decision a line")] = False) -> None:
    """List the decisions in force, those that have expired among them.

    Example: icelos vulns decisions --json
    """
    with _store(_settings()) as store:
        found = store.in_force()
    if json:
        for one in found:
            output.json_line({"id": one.id, "decision": one})
        return
    today = datetime.now(UTC).date()
    rows = [
        (
            one.id, one.vulnerability, one.purl, one.target or "every target", one.label, one.by,
            one.made.date().isoformat(), _until(one, today), one.reason,
        )
        for one in found
    ]  # fmt: skip
    output.table(("id", "vulnerability", "package", "target", "label", "by", "on", "until", "reason"), rows)
    output.note(f"{len(found)} {'decision' if len(found) == 1 else 'decisions'}")


def forget(
    decision: Annotated[str, typer.Argument(help="Id of a decision, as `icelos vulns decisions` lists it")],
    by: By = "",
) -> None:
    """Take a decision back: the machine's verdict counts again. The record of it stays.

    Example: icelos vulns forget 3f9c2a7b10de --by Ana
    """
    with _store(_settings()) as store:
        gone = store.withdraw(decision, by.strip())
    output.note(f"decision {gone.id} about {gone.vulnerability} in {gone.purl} does not apply any more")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    for command in (confirm, decisions, forget):
        app.command()(command)


def load_decisions(settings: Settings) -> list[Decision]:
    """The decisions in force in the workspace; nothing is created where nobody has decided anything."""
    from icelos.data.workspace import Workspace

    if not Workspace.of(settings).decisions.exists():
        return []
    with _store(settings) as store:
        return store.in_force()


def _settings() -> Settings:
    from icelos.settings import load

    return load().settings


def _store(settings: Settings) -> DecisionStore:
    from icelos.data.decisions import DecisionStore
    from icelos.data.workspace import Workspace

    return DecisionStore(Workspace.of(settings).decisions)


def _findings(settings: Settings) -> list[Finding]:
    from icelos.data.sinks import SqliteSink
    from icelos.data.workspace import Workspace

    with SqliteSink(Workspace.of(settings).findings) as store:
        return store.findings(job="vulns", limit=MAX_FINDINGS)


def _checked(label: str, reason: str, by: str, package: str, expires: str) -> date | None:
    """The last day. Raises InputError for what no decision can do without."""
    from icelos.errors import InputError
    from icelos.jobs.vulns.documents.products import is_purl
    from icelos.jobs.vulns.verdicts import Label

    for name, value in (("--reason", reason), ("--by", by)):
        if not value.strip():
            raise InputError(f"{name} is missing", hint="a decision says who made it, and why")
    if label and label not in list(Label):
        raise InputError(f"no label {label!r}", hint=f"one of: {', '.join(Label)}")
    if not is_purl(package):
        raise InputError(f"--package {package!r} is not a package URL", hint="pkg:pypi/pyyaml@5.3")
    try:
        return date.fromisoformat(expires) if expires else None
    except ValueError as error:
        raise InputError(f"--expires {expires!r} is not a date", hint="such as 2027-01-31") from error


def _upon(decision: Decision, found: list[Finding]) -> Decision:
    """The decision with the findings that it is made upon. Raises InputError where there is none."""
    import msgspec

    from icelos.errors import InputError
    from icelos.jobs.vulns.decisions import basis_of

    if not found:
        where = f" in {decision.target}" if decision.target else ""
        hint = "first `icelos vulns analyze`; `icelos findings --job vulns --json` shows purl and target"
        raise InputError(f"no finding of {decision.vulnerability} in {decision.purl}{where}", hint=hint)
    bases = tuple(dict.fromkeys(basis_of(one) for one in found))
    labels = sorted({one.label for one in bases})
    if not decision.label and len(labels) > 1:
        raise InputError(f"the findings differ: {', '.join(labels)}", hint="--label, --target or a version")
    names = dict.fromkeys(
        name
        for one in found
        for name in (one.attributes.get("vulnerability", ""), *one.attributes.get("aliases", "").split())
        if name and name != decision.vulnerability
    )
    cves = {name for name in names if name.startswith("CVE-")}
    known = tuple(name for name in names if name not in cves or len(cves) == 1)
    if decision.vulnerability.upper().startswith("CVE-"):
        known = tuple(name for name in known if name not in cves)  # an advisory may be of two CVEs
    label = decision.label or labels[0]
    return msgspec.structs.replace(decision, label=label, aliases=known, bases=bases)


def _until(decision: Decision, today: date) -> str:
    if decision.expires is None:
        return ""
    return f"{decision.expires} (expired)" if decision.expires < today else decision.expires.isoformat()
