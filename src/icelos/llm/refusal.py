"""What went wrong at an endpoint, said in one line: status, the server's own words, what to do."""

from __future__ import annotations

import httpx
import msgspec

from icelos.errors import ModelError
from icelos.llm.retry import retry_after

RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})

HINTS = {
    301: "set llm.base_url to that address if you trust it",
    302: "set llm.base_url to that address if you trust it",
    307: "set llm.base_url to that address if you trust it",
    308: "set llm.base_url to that address if you trust it",
    401: "set the key by ICELOS_LLM_API_KEY",
    403: "the key may not use this model",
    404: "check llm.base_url, which usually ends in /v1, and llm.model",
    413: "the prompt is too long for the endpoint",
}


class EndpointError(ModelError):
    """A refusal over HTTP: its status, what the server said, and how long it asks to wait (seconds)."""

    status: int = 0
    detail: str = ""
    retry_after: float | None = None


def refused(response: httpx.Response, text: str, detail: str, host: str) -> EndpointError:
    """The error for a status other than 200. `text` is fit to show; `detail` is what the server said."""
    status = response.status_code
    error = EndpointError(
        f"the endpoint answered {status}: {text}" if text else f"the endpoint answered {status}",
        source=host,
        hint=HINTS.get(status),
        retryable=status in RETRYABLE and "insufficient_quota" not in detail,
    )
    error.status, error.detail, error.retry_after = status, detail, retry_after(response.headers)
    return error


def explained(error: Exception) -> tuple[str, str | None]:
    """What a failed connection means, and what to do about it."""
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return "cannot reach the endpoint", "is it running, and llm.base_url right?"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "the endpoint broke off its reply", None
    return "the call failed", None


def is_permanent(error: Exception) -> bool:
    """Whether trying again cannot help: a bad request of ours, or a certificate that is not trusted."""
    return isinstance(error, httpx.LocalProtocolError) or "CERTIFICATE" in str(error)


def not_json(kind: str) -> str:
    """The line for a wrong content type."""
    shown = "".join(c for c in kind[:60] if c.isprintable()) or "no content type"
    return f"the endpoint answered with {shown}, not JSON"


def said(body: bytes) -> str:
    """The server's own words in an error's body, as OpenAI, FastAPI and plain servers write it."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body.decode("utf-8", "replace")[:300]
    for key in ("error", "message", "detail"):
        if isinstance(value, dict) and value.get(key):
            value = value[key]
    if isinstance(value, str):
        return value[:1000]
    return msgspec.json.encode(value).decode()[:1000]
