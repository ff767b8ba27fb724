"""Icelos for assistants, by the Model Context Protocol over HTTP: one POST a request, JSON-RPC both ways."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response

from icelos.web.mcp.http import Endpoint, Handed
from icelos.web.routes.access import Who

router = APIRouter(include_in_schema=False)


@router.post("/mcp")
async def mcp(request: Request, principal: Who) -> Response:
    """Hand the request over with who sends it; each tool asks for its own right."""
    request.state.principal = principal
    return Handed(cast("Endpoint", request.app.state.mcp))
