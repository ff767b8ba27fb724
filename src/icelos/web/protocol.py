"""Connections that must not stay for nothing: too many of them, and clients that never finish a request."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

from icelos.web.problems import problem_of
from icelos.web.turns import RETRY_SECONDS, busy

CONNECTIONS = 4096
"""Connections at once, silent ones included, or three quarters of the descriptors that the system allows."""
HEAD_SECONDS = 10.0
"""How long a connection may stay without a request, or with the head of one that is not complete."""
SILENT_SECONDS = 60
"""How long a client that has vanished, or reads nothing, is kept for."""


class Protocol(H11Protocol):
    """uvicorn's protocol, with an end to what it waits for without one."""

    most = CONNECTIONS
    _ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.write(_refusal())
            transport.close()
            return
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ending is not None:
            self._ending.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect()

    def _expect(self) -> None:
        """From now on, a request must come in time; every byte of it is not enough."""
        if self._ending is not None:
            self._ending.cancel()
        self._ending = self.loop.call_later(HEAD_SECONDS, self._end)

    def _end(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def notice_silence(listener: socket.socket) -> None:
    """Have the system close connections whose other end is gone or reads nothing, where it can."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wanted = {
        "TCP_KEEPIDLE": SILENT_SECONDS // 2, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 1000 * SILENT_SECONDS,
    }  # fmt: skip
    for name, value in wanted.items():
        if hasattr(socket, name):
            with suppress(OSError):
                listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def room() -> int:
    """How many connections there is room for beside files; raises the soft limit of descriptors."""
    try:
        import resource
    except ImportError:  # not on Windows
        return CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS * 4 // 3
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return CONNECTIONS
    more = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
        soft = more
    return soft * 3 // 4


def _refusal() -> bytes:
    """A whole response: nothing of the request has been read, and nothing will be."""
    body = msgspec.json.encode(problem_of(busy()))
    head = (
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n"
        f"retry-after: {RETRY_SECONDS}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
