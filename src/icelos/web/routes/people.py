"""Users, API tokens and the audit log for admins; the own password and tokens for everybody.

What is one's own needs a session: an API token makes no other token and changes no password.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from icelos.contracts import Right
from icelos.errors import InputError, StoreError
from icelos.people.audit import Verified
from icelos.people.store import User, checked_name
from icelos.web.lockout import Lockouts
from icelos.web.routes.access import (
    Administering,
    AtTheConsole,
    Here,
    SignedIn,
    Tokens,
    check_wait,
)
from icelos.web.routes.session import end_sessions
from icelos.web.schemas import (
    AuditList,
    NewPassword,
    NewToken,
    NewUser,
    TokenList,
    TokenMade,
    UserChange,
    UserList,
    body_of,
    describe,
    reply,
)

router = APIRouter(tags=["people"])


@router.get("/api/people", openapi_extra=describe(gives=UserList))
def users(here: Here, _: Administering) -> Response:
    """Everybody with an account."""
    return reply(UserList(users=tuple(here.people.users())))


@router.post("/api/people", openapi_extra=describe(takes=NewUser, gives=User, status=201))
def add(
    wanted: Annotated[NewUser, Depends(body_of(NewUser))], here: Here, admin: Administering
) -> Response:  # fmt: skip
    """Add a user."""
    if checked_name(wanted.name) == here.principal.name.lower():
        raise InputError("that is the name of the workspace's owner", hint="choose another one")
    details = {"role": wanted.role, "groups": wanted.groups, "returns": wanted.returns}
    with here.audit.doing(admin, "user.add", wanted.name, **details):
        user = here.people.add(
            wanted.name, role=wanted.role, groups=wanted.groups, password=wanted.password,
            returns=wanted.returns,
        )  # fmt: skip
    return reply(user, 201)


@router.post("/api/people/{name}", openapi_extra=describe(takes=UserChange, gives=User))
def change(
    name: str, wanted: Annotated[UserChange, Depends(body_of(UserChange))], here: Here, admin: Administering,
    tokens: Tokens,
) -> Response:  # fmt: skip
    """Change role, groups or password, disable or enable. It counts at once."""
    details = {"role": wanted.role, "groups": wanted.groups, "disabled": wanted.disabled}
    told = {key: value for key, value in details.items() if value is not None}
    with here.audit.doing(admin, "user.change", name, **told, password=wanted.password is not None):
        if wanted.password is not None:
            here.people.set_password(name, wanted.password)
        user = here.people.change(name, role=wanted.role, groups=wanted.groups, disabled=wanted.disabled)
    if wanted.disabled or wanted.password is not None:
        tokens.sign_out_all(name)
    return reply(user)


@router.delete("/api/people/{name}", status_code=204, openapi_extra=describe())
def remove(name: str, here: Here, admin: Administering, tokens: Tokens) -> Response:
    """Remove a user with their sessions and API tokens."""
    with here.audit.doing(admin, "user.remove", name):
        here.people.remove(name)
    tokens.sign_out_all(name)
    return Response(status_code=204)


@router.post("/api/password", status_code=204, openapi_extra=describe(takes=NewPassword))
def password(
    wanted: Annotated[NewPassword, Depends(body_of(NewPassword))], here: Here, caller: AtTheConsole,
    request: Request, tokens: Tokens,
) -> Response:  # fmt: skip
    """Change the own password. Every session ends, this one too."""
    asker = caller.principal
    if asker.is_owner:
        raise InputError("the owner of the workspace has no password", hint="icelos serve --new-token")
    lockouts: Lockouts = request.app.state.lockout
    key = f"{asker.user} at the console"  # who signs in is not made to wait by it
    check_wait(lockouts.accounts.wait(key), "too many wrong tries")
    lockouts.accounts.wrong(key)
    if here.people.sign_in(asker.user, wanted.old) is None:
        here.record(asker, "user.password.failed", asker.user)
        raise HTTPException(403, "the old password is wrong")
    lockouts.accounts.right(key)
    with here.audit.doing(asker, "user.password", asker.user):
        here.people.set_password(asker.user, wanted.new)
    tokens.sign_out_all(asker.user)
    return Response(status_code=204)


@router.get("/api/tokens", openapi_extra=describe(gives=TokenList))
def api_tokens(
    here: Here, caller: SignedIn,
    everybody: Annotated[bool, Query(description="Those of all users, for admins")] = False,
) -> Response:  # fmt: skip
    """The own API tokens, their secrets excepted."""
    if everybody and Right.ADMIN not in caller.principal.rights:
        raise HTTPException(403, f"this needs the right {Right.ADMIN.value!r}, which you do not have")
    found = here.people.tokens.listed(None if everybody else caller.principal.user)
    return reply(TokenList(tokens=tuple(found)))


@router.post("/api/tokens", openapi_extra=describe(takes=NewToken, gives=TokenMade, status=201))
def new_token(
    wanted: Annotated[NewToken, Depends(body_of(NewToken))], here: Here, caller: AtTheConsole
) -> Response:  # fmt: skip
    """Make an API token of one's own. Its secret is shown this once."""
    asker = caller.principal
    beyond = sorted(set(wanted.scopes) - asker.rights)
    if beyond:
        raise HTTPException(403, f"a token cannot have the right {beyond[0].value!r}: you do not have it")
    secret, token = here.people.tokens.create(
        asker.user, label=wanted.label, scopes=wanted.scopes, lifetime=timedelta(days=wanted.days)
    )
    try:
        here.record(
            asker, "token.create", token.id, user=asker.name, scopes=token.scopes, expires=token.expires
        )
    except StoreError:
        here.people.tokens.revoke(token.id)
        raise
    return reply(TokenMade(secret=secret, token=token), 201)


@router.delete("/api/tokens/{number}", status_code=204, openapi_extra=describe())
def revoke(number: str, here: Here, caller: SignedIn) -> Response:
    """Revoke an API token: the own ones, and every one for admins. It counts at once."""
    asker = caller.principal
    whose = None if Right.ADMIN in asker.rights else asker.user
    if caller.token is not None and whose is not None and number != caller.token.id:
        raise HTTPException(403, "this needs a session: an API token revokes itself only")
    with here.audit.doing(asker, "token.revoke", number):
        here.people.tokens.revoke(number, user=whose)
    return Response(status_code=204)


@router.delete("/api/sessions/{name}", status_code=204, openapi_extra=describe())
def sign_out_user(name: str, here: Here, admin: Administering, tokens: Tokens) -> Response:
    """End every session of a user."""
    with here.audit.doing(admin, "session.end", name, everywhere=True):
        end_sessions(checked_name(name), tokens, here)
    return Response(status_code=204)


@router.get("/api/audit", openapi_extra=describe(gives=AuditList))
def audit(
    here: Here, admin: Administering, actor: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """The audit log, the newest first. Reading it is recorded, too."""
    here.record(admin, "audit.read", actor=actor, action=action, before=before, limit=limit)
    found = here.audit.entries(actor=actor, action=action, before=before, limit=limit)
    rest = found[-1].number if len(found) == limit else None
    return reply(AuditList(entries=tuple(found), next=rest))


@router.get("/api/audit/verification", openapi_extra=describe(gives=Verified))
def verification(
    here: Here, admin: Administering,
    head: Annotated[str, Query(max_length=100, description="A head that was noted elsewhere")] = "",
) -> Response:  # fmt: skip
    """Whether the audit log is whole, and where it ends: note that elsewhere."""
    here.record(admin, "audit.verify")
    return reply(here.audit.verify(head))
