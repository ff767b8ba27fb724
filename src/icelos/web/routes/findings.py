"""What the jobs found, and what they could not score."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from icelos.findings import Finding, Verdict
from icelos.records import record_id
from icelos.web.routes.access import Here, Reading
from icelos.web.schemas import FailureList, FindingList, describe, reply

router = APIRouter(tags=["findings"])

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=2**62, description="Slow where it is large: `before` is not")]
Before = Annotated[int | None, Query(ge=1, le=2**62, description="The `next` of the page before")]
JobName = Annotated[str, Query(max_length=100)]


@router.get("/api/findings", openapi_extra=describe(gives=FindingList))
def findings(
    here: Here, reader: Reading, job: JobName = "", verdict: Verdict | None = None, limit: Limit = 100,
    offset: Offset = 0, before: Before = None,
) -> Response:  # fmt: skip
    """Findings, the newest first."""
    wanted = verdict.value if verdict else ""
    found, rest = here.findings.page(
        job=job, verdict=wanted, limit=limit, offset=offset, before=before, principal=reader
    )
    total = here.findings.count("finding", job=job, principal=reader)
    here.record(reader, "findings", job, verdict=wanted, shown=[one.id for one in found])
    return reply(FindingList(findings=tuple(found), total=total, next=rest))


@router.get("/api/findings/{job}/{record:path}", openapi_extra=describe(gives=Finding))
def finding(job: str, record: str, here: Here, reader: Reading) -> Response:
    """What one job says of one record."""
    found = here.findings.finding(record_id(job, record), principal=reader)
    if found is None:
        raise HTTPException(404, "no such finding")
    here.record(reader, "finding", found.id)
    return reply(found)


@router.get("/api/failures", openapi_extra=describe(gives=FailureList))
def failures(
    here: Here, reader: Reading, job: JobName = "", limit: Limit = 100, offset: Offset = 0
) -> Response:  # fmt: skip
    """Records that could not be parsed or scored, with the reason; the newest first."""
    found = here.findings.failures(job=job, limit=limit, offset=offset, principal=reader)
    total = here.findings.count("failure", job=job, principal=reader)
    here.record(reader, "failures", job, shown=[one.id for one in found])
    return reply(FailureList(failures=tuple(found), total=total))
