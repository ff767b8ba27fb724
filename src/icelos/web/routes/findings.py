"""What the jobs found, and what they could not score."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from icelos.findings import Verdict
from icelos.web.routes.access import Here
from icelos.web.schemas import FailureList, FindingList, describe, reply

router = APIRouter(tags=["findings"])

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]
JobName = Annotated[str, Query(max_length=100)]


@router.get("/api/findings", openapi_extra=describe(gives=FindingList))
def findings(
    here: Here, job: JobName = "", verdict: Verdict | None = None, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Findings, the newest first."""
    wanted = verdict.value if verdict else ""
    found = here.findings.findings(job=job, verdict=wanted, limit=limit, offset=offset)
    return reply(FindingList(findings=tuple(found), total=here.findings.count("finding", job=job)))


@router.get("/api/failures", openapi_extra=describe(gives=FailureList))
def failures(here: Here, job: JobName = "", limit: Limit = 100, offset: Offset = 0) -> Response:
    """Records that could not be parsed or scored, with the reason; the newest first."""
    found = here.findings.failures(job=job, limit=limit, offset=offset)
    return reply(FailureList(failures=tuple(found), total=here.findings.count("failure", job=job)))
