"""Errors as OpenAI's API has them: {"error": {"message", "type", "param", "code"}}, told apart by status.

Format: OpenAI API reference, "Errors". Its clients make their exception classes of the status alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from icelos.web.problems import Problem

BELOW = "/v1/"
"""Where errors have this form."""

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_CODES = {401: "invalid_api_key", 413: "request_too_large", 429: "rate_limit_exceeded", 503: "overloaded"}


class Refused(HTTPException):
    """A request that cannot be served as it is. `param` names the part of it, `code` the reason."""

    def __init__(self, message: str, *, param: str = "", code: str = "", status: int = 400) -> None:
        super().__init__(status, message)
        self.param = param
        self.code = code


class OpenAIError(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong. `type` is its kind, `param` the part of the request, `code` a name for programs."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIErrorReply(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error below /v1/."""

    error: OpenAIError


def body(problem: Problem, error: BaseException) -> bytes:
    """The body of an error response, and of the event that ends a stream."""
    param, code = (error.param, error.code) if isinstance(error, Refused) else ("", "")
    kind = "server_error" if problem.status >= 500 else "invalid_request_error"
    told = problem.detail or problem.title
    message = f"{told} ({problem.hint})" if problem.hint else told
    reply = OpenAIErrorReply(
        error=OpenAIError(
            message=message, type=_TYPES.get(problem.status, kind), param=param or None,
            code=code or _CODES.get(problem.status),
        )
    )  # fmt: skip
    return msgspec.json.encode(reply)
