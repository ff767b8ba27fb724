"""For Prometheus, which cannot sign in: as everywhere, or with the token that the server was given."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from icelos.engine.exposition import CONTENT_TYPE, exposed, is_authorized
from icelos.people.tokens import PREFIX
from icelos.web.metrics import WebMetrics
from icelos.web.routes.access import signed_in


async def allowed(request: Request) -> None:
    """Raises HTTPException 401 without a session and with a wrong token; there may be none."""
    given = request.headers.get("authorization")
    token = cast("str", request.app.state.metrics_token)
    if given is not None and token and is_authorized(given, token):
        return
    if given is None or given.startswith(f"Bearer {PREFIX}"):
        await signed_in(request)
    else:
        raise HTTPException(401, "the token is wrong, or the server has none", {"www-authenticate": "Bearer"})


router = APIRouter(tags=["health"], dependencies=[Depends(allowed)])

_DESCRIBED = {
    "responses": {
        "200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}},
        "default": {
            "description": "Problem",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    }
}


@router.get("/metrics", openapi_extra=_DESCRIBED)
def metrics(request: Request) -> Response:
    """Requests, models and the process, in Prometheus' text format."""
    counted = cast("WebMetrics", request.app.state.metrics)
    return Response(exposed(counted.registry), headers={"content-type": CONTENT_TYPE})
