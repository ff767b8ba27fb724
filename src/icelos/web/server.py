"""The server around the app: a port that is free, an address to open, a clean end."""

from __future__ import annotations

import errno
import socket

import uvicorn
from fastapi import FastAPI

from icelos.errors import SettingsError
from icelos.web.guard import is_address
from icelos.web.protocol import Protocol, notice_silence, room

TRIES = 20
"""Ports tried from the wanted one on."""
BACKLOG = 1024
"""Connections that may wait to be accepted: a burst of clients comes at once."""
GRACE_SECONDS = 3
"""How long open answers may take to end when the server stops."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on the next free one; 0 takes any.

    Raises SettingsError where the host is not ours, or no port near is free or allowed.
    """
    last = port if port == 0 else min(port + TRIES - 1, 65535)
    for number in range(port, last + 1):
        try:
            return _bound(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or str(error)
                raise SettingsError(
                    f"cannot listen on {host}:{number}: {reason}", hint="see --host and --port"
                ) from error
    raise SettingsError(f"ports {port} to {last} are all taken", hint="choose another with --port")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        notice_silence(listener)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """The address to open: what was bound, or loopback where that is every interface."""
    port = listener.getsockname()[1]
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    name = f"[{host}]" if is_address(host) and ":" in host else host
    return f"http://{name}:{port}"


def link(address: str, token: str) -> str:
    """The sign-in link. The token stands in the fragment, which no browser sends and no log keeps."""
    return f"{address}/#token={token}"


def run(app: FastAPI, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; open streams get `GRACE_SECONDS` to end."""
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, proxy_headers=False,
        server_header=False, timeout_graceful_shutdown=GRACE_SECONDS, ws="none", http=Protocol,
        backlog=BACKLOG,
    )  # fmt: skip
    Protocol.most = room()
    uvicorn.Server(config).run(sockets=[listener])
