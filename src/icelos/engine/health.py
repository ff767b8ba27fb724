"""Whether a run is alive and ready, and a small server that says so: /metrics, /healthz, /readyz.

    with serve("127.0.0.1:9464", health, registry):
        run(job, source, sink, observer=Observers([health, metrics]))

The server is uvicorn in a thread of its own: its parser is hardened and a connection costs it no thread,
which cannot be said of `http.server`, and both it and Starlette are here for the console already.
"""
# ruff: noqa: ARG002 - an observer is told all, and uses some

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from icelos.contracts import Scored
from icelos.engine.observing import Observer
from icelos.engine.run import Report
from icelos.errors import SettingsError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

STALLED_AFTER = 300.0
"""Seconds without a word from the run: longer than the longest batch takes."""
_CONNECTIONS = 64
_STOP_SECONDS = 3.0


class Health(Observer):
    """What the run told last. May be asked from any thread; times are of a monotonic clock, in seconds."""

    def __init__(
        self, *, stalled_after: float = STALLED_AFTER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stalled_after = stalled_after
        self._clock = clock
        self._heard = clock()
        self._phase = "starting"
        self._sink_failing = False

    def alive(self) -> str:
        """ "ok", or "stalled" where the run should have told something by now.

        Until it has begun, it may take its time: workers load models then.
        """
        if self._phase in {"starting", "ended"} or self._clock() - self._heard <= self._stalled_after:
            return "ok"
        return "stalled"

    def ready(self) -> str:
        """ "ready", or the reason why not: "starting", "sink", "draining", "stalled", "ended"."""
        if self._phase != "running":
            return self._phase
        return "sink" if self._sink_failing else "ready" if self.alive() == "ok" else "stalled"

    def began(self, report: Report, *, engine: str) -> None:
        self._heard = self._clock()
        self._phase = "running"

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        self._heard = self._clock()

    def stored(self, report: Report, seconds: float) -> None:
        self._heard = self._clock()
        self._sink_failing = False

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        self._heard = self._clock() + again_in
        self._sink_failing = True

    def worker_died(self) -> None:
        self._heard = self._clock()

    def checkpointed(self, seconds: float, size: int) -> None:
        self._heard = self._clock()

    def lagging(self, lag: int) -> None:
        self._heard = self._clock()

    def waiting(self) -> None:
        self._heard = self._clock()

    def draining(self) -> None:
        self._heard = self._clock()
        self._phase = "draining"

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        self._phase = "ended"


@contextmanager
def serve(listen: str, health: Health, registry: CollectorRegistry, *, token: str = "") -> Iterator[str]:
    """Serve while the context lasts, on `listen` ("127.0.0.1:9464", "[::1]:9464", port 0 for any); gives the
    address, "http://127.0.0.1:9464".

    With a token, /metrics asks for it (Authorization: Bearer), and only then may others than this machine
    reach it. Raises SettingsError where the address is none, cannot be had, or must have a token.
    """
    import uvicorn

    from icelos.engine.exposition import check_token

    check_token(token)
    listener = _bound(listen, guarded=bool(token))
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        app_of(health, registry, token=token, local=_is_loopback(host)), lifespan="off", ws="none",
        log_config=None, log_level="critical", access_log=False, proxy_headers=False, server_header=False,
        limit_concurrency=_CONNECTIONS, timeout_graceful_shutdown=1,
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
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route

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
    from starlette.responses import Response

    from icelos.engine.exposition import CONTENT_TYPE, exposed, is_authorized

    async def answer(request: Request) -> Response:
        if token and not is_authorized(request.headers.get("authorization", ""), token):
            return Response("token needed\n", 401, {"www-authenticate": "Bearer"}, media_type="text/plain")
        return Response(exposed(registry), headers={**_HEADERS, "content-type": CONTENT_TYPE})

    return answer


def _state(ask: Callable[[], str], good: str) -> Callable[[Request], Awaitable[Response]]:
    from starlette.responses import JSONResponse

    async def answer(_request: Request) -> Response:
        word = ask()
        return JSONResponse({"status": word}, 200 if word == good else 503, _HEADERS)

    return answer


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
