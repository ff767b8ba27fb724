"""Signing in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from icelos import __version__
from icelos.errors import InputError
from icelos.people.roles import Signed
from icelos.web.lockout import Lockouts, network
from icelos.web.routes.access import (
    AtTheConsole,
    Caller,
    Here,
    SignedIn,
    Tokens,
    address_of,
    check_wait,
    cookie_name,
    owner,
)
from icelos.web.schemas import SessionView, SignInRequest, body_of, describe, reply
from icelos.web.services import Services
from icelos.web.signin import SignIn

outside = APIRouter(tags=["session"])
inside = APIRouter(tags=["session"])


@outside.post("/api/session", openapi_extra=describe(takes=SignInRequest, gives=SessionView, status=201))
def sign_in(
    request: Request,
    wanted: Annotated[SignInRequest, Depends(body_of(SignInRequest))],
    tokens: Tokens,
    here: Here,
) -> Response:
    """Exchange a one-time token, or a name and password, for a session cookie."""
    by_password = bool(wanted.user)
    if bool(wanted.token) == by_password or by_password != bool(wanted.password):
        raise InputError("give a token, or a user and a password")
    opened = (
        _by_password(request, wanted, tokens, here)
        if by_password
        else _by_link(request, wanted, tokens, here)
    )
    session_id, principal = opened
    session = tokens.session(session_id)
    if session is None:
        raise HTTPException(401, "signed out at once")
    tokens.sign_out(request.cookies.get(cookie_name(request), ""))  # the session that this one replaces
    here.record(principal, "session.begin")
    response = reply(_view(Caller(principal, session=session), here), 201)
    response.set_cookie(
        cookie_name(request), session_id, max_age=here.settings.web.session_hours * 3600,
        path="/", httponly=True, samesite="strict", secure=request.headers.get("origin", "").startswith("https://"),
    )  # fmt: skip
    return response


def _by_link(
    request: Request, wanted: SignInRequest, tokens: SignIn, here: Services
) -> tuple[str, Signed]:  # fmt: skip
    """A new session of the owner. Raises HTTPException 401, and 429 after many wrong tokens."""
    address, lockout = address_of(request), _lockouts(request).addresses
    check_wait(lockout.wait(network(address)), "too many wrong tokens")
    session_id = tokens.exchange(wanted.token)
    if session_id is None:
        lockout.wrong(network(address))
        here.audit.refused("", "session.refused", how="link", address=address)
        raise HTTPException(401, "the token is wrong, used or older than 15 minutes")
    lockout.right(network(address))
    return session_id, owner(here, "link", address)


def _by_password(
    request: Request, wanted: SignInRequest, tokens: SignIn, here: Services
) -> tuple[str, Signed]:  # fmt: skip
    """A new session of a user. Raises HTTPException 401, and 429 after many wrong passwords.

    A try is counted before it is checked, so that many at once are no way around the brakes, and it is the
    same for a name that nobody has.
    """
    name, address, lockouts = wanted.user.strip().lower(), address_of(request), _lockouts(request)
    place = network(address)
    is_known = here.people.knows_place(name, place)
    check_wait(lockouts.addresses.wait(place), "too many wrong tries")
    if not is_known:
        check_wait(lockouts.accounts.wait(name), "too many wrong tries")
        lockouts.accounts.wrong(name)
    lockouts.addresses.wrong(place)
    user = here.people.sign_in(name, wanted.password)
    if user is None:
        here.audit.refused(name, "session.refused", how="password", address=address)
        raise HTTPException(401, "the name or the password is wrong")
    lockouts.accounts.right(name)
    lockouts.addresses.right(place)
    here.people.remember_place(name, place)
    return tokens.open_session(user.name, user.epoch), user.principal("password", address)


def _lockouts(request: Request) -> Lockouts:
    return cast("Lockouts", request.app.state.lockout)


@inside.get("/api/session", openapi_extra=describe(gives=SessionView))
async def session(current: SignedIn, here: Here) -> Response:
    """Who is signed in, what they may do, and the CSRF token."""
    return reply(_view(current, here))


@inside.delete("/api/session", status_code=204, openapi_extra=describe())
def sign_out(
    request: Request, current: AtTheConsole, tokens: Tokens, here: Here, everywhere: bool = False
) -> Response:
    """End the session, or with `everywhere` all sessions of who asks."""
    tokens.sign_out(request.cookies.get(cookie_name(request), ""))
    if everywhere:
        end_sessions(current.principal.user, tokens, here)
    here.record(current.principal, "session.end", everywhere=everywhere)
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="strict")
    return response


def end_sessions(user: str, tokens: SignIn, here: Services) -> None:
    """End every session of a user, or with "" of the owner."""
    if user:
        here.people.sign_out_everywhere(user)
    tokens.sign_out_all(user)


def _view(caller: Caller, here: Services) -> SessionView:
    asker, until = caller.principal, 0.0
    if caller.session is not None:
        until = caller.session.expires
    elif caller.token is not None:
        until = caller.token.expires.timestamp()
    return SessionView(
        user=asker.name,
        groups=tuple(sorted(asker.groups)),
        rights=tuple(sorted(asker.rights)),
        owner=asker.is_owner,
        csrf=caller.session.csrf if caller.session else "",
        expires=datetime.fromtimestamp(until, UTC),
        model=here.settings.llm.model if here.settings.llm.base_url else "",
        version=__version__,
    )
