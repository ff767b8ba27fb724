"""What people do about a finding: who has it, what is said of it, how it ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response

from icelos.contracts import Principal
from icelos.data.casework.desk import Desk, Worked
from icelos.data.casework.model import OF_PEOPLE, Case, Changed, Reason
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.web.routes.access import Here, Reading, Writing
from icelos.web.schemas import CaseStep, body_of, describe, reply

router = APIRouter(tags=["findings"])


@router.get("/api/cases/{finding_id}", openapi_extra=describe(gives=Worked))
def case(finding_id: str, here: Here, reader: Reading) -> Response:
    """A finding by its id, where it stands and every step so far."""
    desk = here.desk
    found = _finding(finding_id, desk, reader)
    here.record(reader, "case", finding_id)
    return reply(desk.worked(found, principal=reader))


@router.post("/api/cases/{finding_id}", openapi_extra=describe(takes=CaseStep, gives=Case))
def step(
    finding_id: str, wanted: Annotated[CaseStep, Depends(body_of(CaseStep))], here: Here, writer: Writing
) -> Response:
    """Assign, comment, close, reopen or merge. 409 where somebody else was quicker."""
    desk = here.desk
    finding = _finding(finding_id, desk, writer)
    told = {"assignee": wanted.assignee, "reason": wanted.reason, "into": wanted.into}
    try:
        with here.audit.doing(writer, f"case.{wanted.step}", finding_id, **told):
            _do(wanted, finding, desk, writer)
    except Changed as error:
        raise HTTPException(409, str(error)) from error
    return reply(desk.worked(finding, principal=writer).case)


def _do(wanted: CaseStep, finding: Finding, desk: Desk, writer: Principal) -> None:
    cases, by, version = desk.cases, writer.name, wanted.version
    match wanted.step:
        case "assign":
            cases.assign(finding, wanted.assignee, by=by, version=version)
        case "comment":
            cases.comment(finding, wanted.text, by=by, version=version)
        case "close":
            reason = _reason(wanted.reason)
            cases.close_case(finding, reason, by=by, comment=wanted.text, version=version)
        case "reopen":
            cases.reopen(finding, by=by, why=wanted.text, version=version)
        case "merge":
            cases.merge(finding, _finding(wanted.into, desk, writer), by=by, version=version)


def _reason(reason: str) -> Reason:
    if reason not in OF_PEOPLE:
        raise InputError(f"no reason {reason!r}", hint=", ".join(OF_PEOPLE))
    return Reason(reason)


def _finding(finding_id: str, desk: Desk, principal: Principal) -> Finding:
    found = desk.findings.finding(finding_id, principal=principal)
    if found is None:
        raise HTTPException(404, "no such finding")
    return found
