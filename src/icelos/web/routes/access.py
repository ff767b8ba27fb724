"""What routes depend on: who asks and what they may do, the session, the CSRF token, the services."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from icelos.contracts import Principal, Right
from icelos.web.guard import SAFE
from icelos.web.services import Services
from icelos.web.signin import Session, SignIn


async def services_of(request: Request) -> Services:
    """The services of the app."""
    return cast("Services", request.app.state.services)


async def signin_of(request: Request) -> SignIn:
    """The sign-in store of the app."""
    return cast("SignIn", request.app.state.signin)


Here = Annotated[Services, Depends(services_of)]
Tokens = Annotated[SignIn, Depends(signin_of)]


def cookie_name(request: Request) -> str:
    """One name per port: cookies do not keep the ports of one host apart."""
    server = request.scope.get("server") or ("", 0)
    return f"icelos-{server[1]}"


async def signed_in(request: Request, tokens: Tokens) -> Session:
    """The session of the request's cookie, its CSRF token checked where the method is unsafe.

    Raises HTTPException 401 without a session and 403 without the token.
    """
    cookie = request.cookies.get(cookie_name(request), "")
    session = tokens.known(cookie) if cookie else None
    if session is None and cookie:
        session = await run_in_threadpool(tokens.session, cookie)
    if session is None:
        raise HTTPException(401, "sign in with the link that `icelos serve` prints")
    if request.method not in SAFE:
        given = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise HTTPException(403, "the X-CSRF-Token header is missing or wrong")
    return session


SignedIn = Annotated[Session, Depends(signed_in)]


async def who(here: Here, _: SignedIn) -> Principal:
    """Who asks."""
    return here.principal


Who = Annotated[Principal, Depends(who)]


def may(right: Right) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: who asks, where they have this right. Raises HTTPException 403."""

    async def check(principal: Who) -> Principal:
        if right not in principal.rights:
            raise HTTPException(403, f"this needs the right {right.value!r}, which you do not have")
        return principal

    return check


Reading = Annotated[Principal, Depends(may(Right.READ))]
Asking = Annotated[Principal, Depends(may(Right.ASK))]
Writing = Annotated[Principal, Depends(may(Right.WRITE))]
Running = Annotated[Principal, Depends(may(Right.RUN))]
Administering = Annotated[Principal, Depends(may(Right.ADMIN))]
