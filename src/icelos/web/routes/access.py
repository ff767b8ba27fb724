"""What routes depend on: who asks and what they may do, the session or API token, the services.

Everybody comes in by `caller_of`: with a session's cookie, and its CSRF token where the method is unsafe, or
with an API token in the Authorization header, which no browser sends by itself. No secret is ever read from
an address. What changes for a user or a token counts from the next request on.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from icelos.contracts import Principal, Right
from icelos.people.limits import Limit
from icelos.people.roles import Signed
from icelos.people.tokens import PREFIX, Token
from icelos.web.guard import SAFE
from icelos.web.lockout import Lockouts, network
from icelos.web.services import Services
from icelos.web.signin import Session, SignIn

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

TO_SIGN_IN = "sign in with the link that `icelos serve` prints, a name and password, or an API token"
SCHEME = "bearer "


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request, and by what: a session or an API token."""

    principal: Signed
    session: Session | None = None
    token: Token | None = None


async def services_of(request: Request) -> Services:
    """The services of the app."""
    return cast("Services", request.app.state.services)


async def signin_of(request: Request) -> SignIn:
    """The sign-in store of the app."""
    return cast("SignIn", request.app.state.signin)


Here = Annotated[Services, Depends(services_of)]
Tokens = Annotated[SignIn, Depends(signin_of)]


def cookie_name(request: HTTPConnection) -> str:
    """One name per port: cookies do not keep the ports of one host apart."""
    server = request.scope.get("server") or ("", 0)
    return f"icelos-{server[1]}"


def address_of(request: HTTPConnection) -> str:
    """The client's address; empty where it has none."""
    return request.client.host if request.client else ""


async def signed_in(request: Request) -> Caller:
    """Who sent the request. Raises HTTPException 401 for nobody, 403 without the CSRF token, 429."""
    return await caller_of(request, request.app.state)


async def caller_of(request: Request, state: Any) -> Caller:
    """As `signed_in`, for parts that are mounted: `state` is that of the console's app."""
    given = request.headers.get("authorization")
    if given is not None:
        caller = await _by_token(given, request, state)
    else:
        caller = await _by_session(request, state)
    if caller.token is not None or not caller.principal.is_owner:
        within(cast("Limit", state.requests), caller.principal)
    return caller


async def _by_session(request: Request, state: Any) -> Caller:
    signin, here = cast("SignIn", state.signin), cast("Services", state.services)
    cookie = request.cookies.get(cookie_name(request), "")
    session = signin.known(cookie) if cookie else None
    if session is None and cookie:
        session = await run_in_threadpool(signin.session, cookie)
    principal = _of_session(session, here, address_of(request)) if session else None
    if session is None or principal is None:
        raise HTTPException(401, TO_SIGN_IN)
    if request.method not in SAFE:
        given = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise HTTPException(403, "the X-CSRF-Token header is missing or wrong")
    return Caller(principal, session=session)


def _of_session(session: Session, here: Services, address: str) -> Signed | None:
    if not session.user:
        return owner(here, "link", address)
    user = here.people.user(session.user)
    if user is None or user.disabled or user.epoch != session.epoch:
        return None
    return user.principal("password", address)


async def _by_token(given: str, request: Request, state: Any) -> Caller:
    """Raises HTTPException 401 for a token that is wrong, revoked or over, 429 after many of those."""
    here, lockout = cast("Services", state.services), cast("Lockouts", state.lockout).tokens
    secret, address = given[len(SCHEME) :].strip(), address_of(request)
    is_ours = given.lower().startswith(SCHEME) and secret.startswith(PREFIX)
    token = here.people.tokens.find(secret) if is_ours else None
    principal = _of_token(token, here, address) if token else None
    if token is None or principal is None:
        place = network(address)
        check_wait(lockout.wait(place), "too many wrong API tokens")
        lockout.wrong(place)
        await run_in_threadpool(

            partial(here.audit.refused, how="token", address=address), token.user if token else "",
            "token.refused", token.id if token else "",
        )  # fmt: skip
        hint = "the API token is wrong, revoked or has ended"
        raise HTTPException(401, hint, {"www-authenticate": "Bearer"})
    if here.people.tokens.needs_mark(token):
        await run_in_threadpool(here.people.tokens.mark_used, token)
    return Caller(principal, token=token)


def _of_token(token: Token, here: Services, address: str) -> Signed | None:
    """Who a token stands for: with the rights that its user has now and that its scopes name."""
    how = f"token {token.id}"
    if not token.user:
        whole = owner(here, how, address)
    else:
        user = here.people.user(token.user)
        if user is None or user.disabled:
            return None
        whole = user.principal(how, address)
    return msgspec.structs.replace(whole, rights=whole.rights & frozenset(token.scopes))


def owner(here: Services, how: str, address: str) -> Signed:
    """The owner of the workspace, as they signed in."""
    one = here.principal
    return Signed(one.name, one.groups, one.rights, how, address)


def within(limit: Limit, principal: Principal) -> None:
    """Take one of what a principal may have in a minute. Raises HTTPException 429 where none is left."""
    check_wait(limit.take(principal.name), "too much is asked in one minute")


def check_wait(seconds: float, reason: str) -> None:
    """Raises HTTPException 429 where there is something to wait for."""
    if seconds > 0:
        whole = str(math.ceil(seconds))
        raise HTTPException(429, f"{reason}: wait {whole} s", {"retry-after": whole})


SignedIn = Annotated[Caller, Depends(signed_in)]


async def at_the_console(caller: SignedIn) -> Caller:
    """Who asks, by a session. Raises HTTPException 403 for an API token."""
    if caller.session is None:
        raise HTTPException(403, "this needs a session: an API token does not do")
    return caller


AtTheConsole = Annotated[Caller, Depends(at_the_console)]


async def who(caller: SignedIn) -> Principal:
    """Who asks."""
    return caller.principal


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


async def one_more_question(caller: SignedIn, request: Request) -> None:
    """For routes that answer questions: count one. Raises HTTPException 429 where too many are asked."""
    if caller.token is not None or not caller.principal.is_owner:
        within(cast("Limit", request.app.state.questions), caller.principal)
