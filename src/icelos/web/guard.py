"""What every request must pass and every response must carry, whatever the route.

Host header (DNS rebinding), origin (requests from other sites, and from other ports of this host),
size and time of the body, requests at once, the security headers, and a last net for errors.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from icelos.web.problems import response_of
from icelos.web.turns import busy

BODY_LIMIT = 1024 * 1024
"""Bytes in the body of one request."""
BODY_SECONDS = 30.0
"""How long a body may take to come."""
REQUESTS = 2048
"""Requests at once; those that wait for a thread or their turn are among them. More are refused with 503."""

INTERFACES = ("/api/", "/v1/", "/mcp")
"""Paths that programs use: other sites' requests are refused there, and answers are never cached."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "manifest-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class Guard:
    """The outermost layer of the app; pure ASGI, so that streams pass through unbuffered."""

    def __init__(self, app: ASGIApp, *, host: str, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", host.lower(), *(name.lower() for name in hosts)}
        self._any_address = not is_loopback(host)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        self._under_way += 1
        try:
            self._check(scope)
            await self._app(scope, _Bounded(receive), answer)
        except ClientDisconnect:
            pass  # nobody is left to be told
        except Exception as error:  # noqa: BLE001 - the last net: a client gets a problem, never a traceback
            response = response_of(error, scope["path"])
            if not answer.started:
                await response(scope, receive, answer)
        finally:
            self._under_way -= 1

    def _check(self, scope: Scope) -> None:
        if self._under_way > REQUESTS and scope["path"] != "/healthz":
            raise busy()
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            hint = "open the address that `icelos serve` printed, or name this host in web.hosts"
            raise HTTPException(421, f"not served under this host name ({hint})")
        if scope["path"].startswith(INTERFACES):
            _check_origin(scope["method"], headers, host)
        if int_or_zero(headers.get("content-length", "")) > BODY_LIMIT:
            raise HTTPException(413, f"a request may hold {BODY_LIMIT} bytes")

    def _known(self, host: str) -> bool:
        name = host_name(host)
        if name in self._names or is_loopback(name):
            return True
        return self._any_address and is_address(name)


def _check_origin(method: str, headers: Headers, host: str) -> None:
    """Refuse what another site sends. A browser marks such requests; programs send no such headers."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise HTTPException(403, "requests from other sites are refused")
    origin = headers.get("origin")
    if method not in SAFE and origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise HTTPException(403, "the request comes from another origin")


class _Bounded:
    """A receive channel that ends a body over the limit, whatever its headers said, and one that drips."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0
        self._ends: float | None = asyncio.get_running_loop().time() + BODY_SECONDS

    async def __call__(self) -> Message:
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, f"the body did not come within {BODY_SECONDS:.0f} s") from error
        if not message.get("more_body"):
            self._ends = None  # what is waited for from now on is the client's leaving
        self._seen += len(message.get("body", b""))
        if self._seen > BODY_LIMIT:
            raise HTTPException(413, f"a request may hold {BODY_LIMIT} bytes")
        return message


class _Answer:
    """A send channel that adds the security headers; API answers are never cached."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._page = not scope["path"].startswith(INTERFACES)
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers["cache-control"] = "no-cache" if self._page else "no-store"
        await self._send(message)


def host_name(host: str) -> str:
    """The name in a Host header: lower case, no port, no brackets; empty where it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """True for an IP address: a rebound DNS name is never one."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """True for localhost and for loopback addresses."""
    return name == "localhost" or (is_address(name) and ipaddress.ip_address(name).is_loopback)


def int_or_zero(text: str) -> int:
    """A decimal number of a header; 0 where it is none (the body is counted as it comes, too)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
