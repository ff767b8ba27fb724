"""The server's requests as Prometheus metrics: by the template of their route and the class of their status.

Never by what a client wrote: a path that no route has is "none", a method that HTTP does not have "other".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from icelos.engine.exposition import SECONDS, new_registry

_METHODS = frozenset(method.value for method in HTTPMethod)
_FILES = "/page/{path}"
"""The template of the page's files, which are mounted and no route."""


class WebMetrics:
    """The metrics of one app, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = new_registry() if registry is None else registry
        self.requests = Counter(
            "icelos_http_requests", "Requests answered.", ("method", "route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "icelos_http_request_seconds", "From the request to the end of its answer, streams as well.",
            ("method", "route"), registry=self.registry, buckets=SECONDS,
        )  # fmt: skip
        self.in_flight = Gauge(
            "icelos_http_requests_in_flight", "Requests that are being answered.", registry=self.registry
        )


class Measured:
    """The outermost layer of the app; pure ASGI, so that streams pass through unbuffered."""

    def __init__(
        self, app: ASGIApp, *, metrics: WebMetrics, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "aborted"

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
            await send(message)

        begun = self._clock()
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, told)
        finally:
            self._metrics.in_flight.dec()
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = _template(scope)
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.seconds.labels(method, route).observe(self._clock() - begun)


def _template(scope: Scope) -> str:
    """What routing has left in the scope; "none" where nothing fits, or the request was refused before it."""
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        return route
    return _FILES if scope.get("root_path", "").endswith("/page") else "none"
