"""For probes: no sign-in, and nothing to learn."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from icelos.web.schemas import Health, describe, reply

router = APIRouter(tags=["health"])


@router.get("/healthz", openapi_extra=describe(gives=Health))
async def healthz() -> Response:
    """The process answers."""
    return reply(Health(status="ok"))


@router.get("/readyz", openapi_extra=describe(gives=Health))
async def readyz(request: Request) -> Response:
    """The knowledge can be asked: 200, or 503 while it is being indexed or could not be."""
    phase = request.app.state.prepare.state.phase
    return reply(Health(status=phase), 200 if phase == "ready" else 503)
