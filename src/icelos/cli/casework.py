"""`icelos findings assign|comment|close|reopen|merge|duplicates|show`: what people do about a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output
from icelos.cli.findings import SHOWN, open_desk, stands

if TYPE_CHECKING:
    from icelos.data.casework.desk import Worked
    from icelos.data.casework.duplicates import Repeated
    from icelos.data.casework.model import Case, CaseEvent

Name = Annotated[str, typer.Argument(help="Its id, the beginning of that, or JOB/RECORD")]
By = Annotated[str, typer.Option(help="Who does it; empty = you")]
Json = Annotated[bool, typer.Option("--json", help="Print the case as one JSON object")]


def assign(
    finding: Name,
    to: Annotated[str, typer.Argument(help="Who has it from now on; empty = nobody")],
    by: By = "",
    json: Json = False,
) -> None:
    """Give a finding to somebody.

    Example: icelos findings assign 3f9a1c02 bob
    """
    with open_desk() as desk:
        _told(desk.cases.assign(desk.find(finding), to, by=_who(by)), json=json)


def comment(
    finding: Name,
    text: Annotated[str, typer.Argument(help="What is said")],
    by: By = "",
    json: Json = False,
) -> None:
    """Say something of a finding.

    Example: icelos findings comment 3f9a1c02 "the user confirms the sign-in"
    """
    with open_desk() as desk:
        _told(desk.cases.comment(desk.find(finding), text, by=_who(by)), json=json)


def close(
    finding: Name,
    reason: Annotated[
        str,
        typer.Option("--as", help="true_positive, benign_positive, false_positive, fixed or accepted_risk"),
    ],
    text: Annotated[str, typer.Option("--comment", help="What is said with it")] = "",
    by: By = "",
    json: Json = False,
) -> None:
    """Close a finding for a reason. It opens again by itself where its job finds worse later.

    Example: icelos findings close 3f9a1c02 --as false_positive --comment "newsletter"
    """
    from icelos.data.casework.model import OF_PEOPLE, Reason
    from icelos.errors import InputError

    if reason not in OF_PEOPLE:
        raise InputError(f"no reason {reason!r}", hint=", ".join(OF_PEOPLE))
    with open_desk() as desk:
        case = desk.cases.close_case(desk.find(finding), Reason(reason), by=_who(by), comment=text)
        _told(case, json=json)


def reopen(
    finding: Name,
    why: Annotated[str, typer.Option(help="Why it is open again")],
    by: By = "",
    json: Json = False,
) -> None:
    """Open a closed or merged finding again.

    Example: icelos findings reopen 3f9a1c02 --why "the same sender wrote again"
    """
    with open_desk() as desk:
        _told(desk.cases.reopen(desk.find(finding), by=_who(by), why=why), json=json)


def merge(
    finding: Name,
    into: Annotated[str, typer.Option(help="The finding that it repeats")],
    by: By = "",
    json: Json = False,
) -> None:
    """Close a finding as a repetition of another one.

    Example: icelos findings merge 3f9a1c02 --into 77aa0b31
    """
    with open_desk() as desk:
        _told(desk.cases.merge(desk.find(finding), desk.find(into), by=_who(by)), json=json)


def duplicates(
    job: Annotated[str, typer.Option(help="Only this job's")] = "",
    apply: Annotated[bool, typer.Option("--merge", help="Merge each group into its first")] = False,
    by: By = "",
    json: Annotated[bool, typer.Option("--json", help="One group a line")] = False,
) -> None:
    """List findings that say the same again, and with --merge close them as duplicates.

    One vulnerability of one component under two ids, one mail to many people, the rows of one incident.

    Example: icelos findings duplicates --job mail --merge
    """
    with open_desk() as desk:
        groups = desk.duplicates(job=job)
        merged = desk.merge_duplicates(groups, by=_who(by)) if apply else 0
    if json:
        for one in groups:
            output.json_line({"first": one.first.id, "others": [other.id for other in one.others]})
    else:
        output.table(("id", "job", "label", "repeated", "summary"), [_group_row(one) for one in groups])
    more = f", {merged} merged" if apply else ""
    output.note(f"{sum(len(one.others) for one in groups)} findings repeat {len(groups)} others{more}")


def show(finding: Name, json: Json = False) -> None:
    """Show a finding with its evidence and all that was done about it.

    Example: icelos findings show mail/3f9a1c02
    """
    with open_desk() as desk:
        worked = desk.worked(desk.find(finding))
    if json:
        output.json_line(worked)
        return
    _print(worked)


def add_to(findings: typer.Typer) -> None:
    """Register the commands of this file below `icelos findings`."""
    for command in (show, assign, comment, close, reopen, merge, duplicates):
        findings.command()(command)


def _who(by: str) -> str:
    from icelos.jobs.copilot.job import principal_of
    from icelos.settings import load

    return by or principal_of(load().settings).name


def _told(case: Case, *, json: bool) -> None:
    if json:
        output.json_line(case)
        return
    output.line(f"{case.finding_id[:SHOWN]}  {stands(case)}")


def _group_row(one: Repeated) -> tuple[object, ...]:
    return one.first.id[:SHOWN], one.first.job, one.first.label, len(one.others), one.first.summary


def _print(worked: Worked) -> None:
    finding = worked.finding
    score = "" if finding.score is None else f" {finding.score:.2f}"
    output.line(f"{finding.verdict.value}{score}  {finding.job}  {finding.label}  ({stands(worked.case)})")
    output.line(finding.summary)
    output.line(f"id      {finding.id}")
    output.line(f"source  {finding.source}")
    for name, value in finding.attributes.items():
        if value:
            output.line(f"  {name}: {value}")
    for evidence in finding.evidence:
        output.line(f"  [{evidence.how.value}] {evidence.source}: {evidence.quote}")
    for event in worked.events:
        output.line(_step(event))
    if worked.repeated_by:
        output.line(f"repeated by {', '.join(one[:SHOWN] for one in worked.repeated_by)}")


def _step(event: CaseEvent) -> str:
    what = {
        "assigned": f"gave it to {event.text or 'nobody'}",
        "merged": f"merged it into {event.other[:SHOWN]}",
    }
    said = what.get(event.step.value, f"{event.step.value}: {event.text}".removesuffix(": "))
    reason = f" as {event.reason}" if event.reason and event.step.value == "closed" else ""
    return f"{event.at:%Y-%m-%d %H:%M}  {event.actor} {said}{reason}"
