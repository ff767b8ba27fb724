"""Signing in and out."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from icelos import __version__
from icelos.contracts import Principal
from icelos.web.lockout import Lockout
from icelos.web.routes.access import Here, SignedIn, Tokens, Who, cookie_name
from icelos.web.schemas import SessionView, SignInRequest, body_of, describe, reply
from icelos.web.services import Services
from icelos.web.signin import Session

outside = APIRouter(tags=["session"])
inside = APIRouter(tags=["session"])


@outside.post("/api/session", openapi_extra=describe(takes=SignInRequest, gives=SessionView))
def sign_in(
    request: Request,
    wanted: Annotated[SignInRequest, Depends(body_of(SignInRequest))],
    tokens: Tokens,
    here: Here,
) -> Response:
    """Exchange a one-time token for a session cookie."""
    lockout = cast("Lockout", request.app.state.lockout)
    address = request.client.host if request.client else ""
    wait = lockout.wait(address)
    if wait > 0:
        seconds = str(math.ceil(wait))
        raise HTTPException(429, f"too many wrong tokens: wait {seconds} s", {"retry-after": seconds})
    session_id = tokens.exchange(wanted.token)
    session = tokens.session(session_id) if session_id else None
    if session_id is None or session is None:
        lockout.wrong(address)
        raise HTTPException(401, "the token is wrong, used or older than 15 minutes")
    lockout.right(address)
    response = reply(_view(session, here.principal, here), 201)
    response.set_cookie(
        cookie_name(request), session_id, max_age=here.settings.web.session_hours * 3600,
        path="/", httponly=True, samesite="strict", secure=request.headers.get("origin", "").startswith("https://"),
    )  # fmt: skip
    return response


@inside.get("/api/session", openapi_extra=describe(gives=SessionView))
async def session(current: SignedIn, here: Here, asker: Who) -> Response:
    """Who is signed in, and the CSRF token."""
    return reply(_view(current, asker, here))


@inside.delete("/api/session", status_code=204, openapi_extra=describe())
def sign_out(request: Request, tokens: Tokens) -> Response:
    """End the session."""
    tokens.sign_out(request.cookies.get(cookie_name(request), ""))
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="strict")
    return response


def _view(session: Session, asker: Principal, here: Services) -> SessionView:
    return SessionView(
        user=asker.name,
        groups=tuple(sorted(asker.groups)),
        csrf=session.csrf,
        expires=datetime.fromtimestamp(session.expires, UTC),
        model=here.settings.llm.model if here.settings.llm.base_url else "",
        version=__version__,
    )
