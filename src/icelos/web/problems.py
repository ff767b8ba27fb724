"""The one place where errors become problem+json (RFC 9457). Never a traceback: defects get a reference.

A defect is logged under its reference with the place it came from, and its traceback at debug level.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from http import HTTPMethod, HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from icelos.errors import (
    AbsentError,
    BudgetError,
    IcelosError,
    InputError,
    MissingExtra,
    ModelError,
    StoreError,
)
from icelos.web.openai import errors as openai_errors

log = logging.getLogger("icelos.web")

STATUS: tuple[tuple[type[IcelosError], int], ...] = (
    (AbsentError, 404),
    (InputError, 400),
    (MissingExtra, 501),
    (BudgetError, 429),
    (ModelError, 502),
    (StoreError, 503),
    (IcelosError, 500),
)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as RFC 9457 has it, with our `hint` (what to do) and `source` (where)."""

    type: str
    title: str
    status: int
    detail: str = ""
    hint: str = ""
    source: str = ""


def problem_of(error: BaseException) -> Problem:
    """What a client may know of an error. One that is not ours gives a reference, and is logged."""
    if isinstance(error, IcelosError):
        status = next(code for kind, code in STATUS if isinstance(error, kind))
        if isinstance(error, ModelError) and error.retryable:
            status = 503
        return _problem(status, type(error).__name__, error.message, error.hint or "", error.source or "")
    if isinstance(error, RequestValidationError):
        return _problem(422, "ValidationError", "; ".join(_reason(e) for e in error.errors()))
    if isinstance(error, HTTPException):
        return _problem(error.status_code, "", str(error.detail))
    return _defect(error)


def response_of(error: BaseException, path: str = "") -> Response:
    """A problem+json response; below /v1/ an error as OpenAI's clients read it."""
    problem = problem_of(error)
    headers = dict(getattr(error, "headers", None) or {})
    if path.startswith(openai_errors.BELOW):
        body = openai_errors.body(problem, error)
        return Response(body, problem.status, headers, media_type="application/json")
    return Response(
        msgspec.json.encode(problem), problem.status, headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Answer every error of `app` from here."""

    async def answer(request: Request, error: Exception) -> Response:
        response = response_of(error, request.scope["path"])
        if response.status_code == 405:
            response.headers["allow"] = ", ".join(sorted(_allowed(request)))
        return response

    for kind in (IcelosError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def _allowed(request: Request) -> set[str]:
    """The methods that this path has in any route: Starlette tells those of the first one."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    found = {
        method.value
        for method in HTTPMethod
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    }
    return found or {"GET", "HEAD"}


def _problem(status: int, name: str, detail: str, hint: str = "", source: str = "") -> Problem:
    title = HTTPStatus(status).phrase
    kind = f"urn:icelos:problem:{name or title.replace(' ', '')}"
    detail = "" if detail == title else detail
    return Problem(type=kind, title=title, status=status, detail=detail, hint=hint, source=source)


def _reason(error: dict[str, object]) -> str:
    location = error.get("loc")
    where = ".".join(str(part) for part in location) if isinstance(location, tuple) else ""
    return f"{where}: {error.get('msg', 'not valid')}"


def _defect(error: BaseException) -> Problem:
    reference = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown place"
    log.error("defect %s: %s at %s", reference, type(error).__name__, place)
    log.debug("defect %s", reference, exc_info=error)
    return _problem(
        500, "Defect", f"An error in Icelos itself, reference {reference}", "see the server's log"
    )
