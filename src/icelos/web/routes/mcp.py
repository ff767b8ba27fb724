"""Icelos for assistants, by the Model Context Protocol over HTTP: one POST a request, JSON-RPC both ways."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response

from icelos.web.mcp.http import Endpoint, Handed
from icelos.web.routes.access import SignedIn, one_more_question

router = APIRouter(include_in_schema=False)


@router.post("/mcp")
async def mcp(request: Request, caller: SignedIn) -> Response:
    """Hand the request over with who sends it; each tool asks for its own right."""
    request.state.caller, request.state.principal = caller, caller.principal
    return Handed(cast("Endpoint", request.app.state.mcp))


async def counted(request: Request) -> None:
    """Count a question of the request's sender. Raises HTTPException 429 where too many are asked."""
    await one_more_question(request.state.caller, request)
