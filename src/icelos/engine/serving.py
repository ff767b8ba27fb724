"""A small server for a run: /metrics, /healthz and /readyz.

    with serve("127.0.0.1:9464", health, registry):
        run(job, source, sink, observer=Observers([health, metrics]))

It is uvicorn in a thread of its own: its parser is hardened and a connection costs it no thread, which cannot
be said of `http.server`, and both it and Starlette are here for the console already.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from icelos.engine.exposition import CONTENT_TYPE, check_token, exposed, is_authorized
from icelos.engine.health import Health
from icelos.errors import SettingsError

_CONNECTIONS = 256
_HEAD_SECONDS = 5.0
"""How long a connection may stay without a whole request: all of them could be held else, and a run that
answers no probe is taken for dead.
"""
_STOP_SECONDS = 3.0


@contextmanager
def serve(listen: str, health: Health, registry: CollectorRegistry, *, token: str = "") -> Iterator[str]:
    """Serve while the context lasts, on `listen` ("127.0.0.1:9464", "[::1]:9464", port 0 for any); gives the
    address, "http://127.0.0.1:9464".

    With a token, /metrics asks for it (Authorization: Bearer), and only then may others than this machine
    reach it. Raises SettingsError where the address is none, cannot be had, or must have a token.
    """
    check_token(token)
    listener = _bound(listen, guarded=bool(token))
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        app_of(health, registry, token=token, local=_is_loopback(host)), http=_Protocol, lifespan="off",
        ws="none", log_config=None, log_level="critical", access_log=False, proxy_headers=False,
        server_header=False, headers=[("connection", "close")], limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="watch", daemon=True)
    thread.start()
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()


def app_of(health: Health, registry: CollectorRegistry, *, token: str = "", local: bool = True) -> ASGIApp:
    """The app: three routes, GET and HEAD. `local`: only requests to a name of this machine are answered,
    so that no web page can read the metrics by rebinding its own name to it.
    """
    hosts = ["localhost", "127.0.0.1", "[::1]", "::1"]
    app = Starlette(
        routes=[
            Route("/metrics", _metrics(registry, token)),
            Route("/healthz", _state(health.alive, "ok")),
            Route("/readyz", _state(health.ready, "ready")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)] if local else [],
    )
    app.router.redirect_slashes = False
    return app


def _metrics(registry: CollectorRegistry, token: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if token and not is_authorized(request.headers.get("authorization", ""), token):
            return Response("token needed\n", 401, {"www-authenticate": "Bearer"}, media_type="text/plain")
        return Response(exposed(registry), headers={**_HEADERS, "content-type": CONTENT_TYPE})

    return answer


def _state(ask: Callable[[], str], good: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        word = ask()
        return JSONResponse({"status": word}, 200 if word == good else 503, _HEADERS)

    return answer


class _Protocol(H11Protocol):
    """uvicorn's, with an end to waiting for the one request of a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        begun: object = self.cycle
        if begun is None:
            self.transport.abort()


_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def _bound(listen: str, *, guarded: bool) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit() and int(port) < 2**16):
        raise SettingsError(f"{listen!r} is no address to listen on", hint="such as 127.0.0.1:9464")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"cannot listen on {listen}: {error}") from error
    if not guarded and not _is_loopback(str(address[0])):
        raise SettingsError(
            f"{listen} can be reached from other machines, and there is no token",
            hint="set one, or listen on 127.0.0.1",
        )
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise SettingsError(f"cannot listen on {listen}: {error.strerror or error}") from error
    return listener


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
