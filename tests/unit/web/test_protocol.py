"""Connections over the limit and connections that say nothing, on a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from fastapi import FastAPI

from icelos.web import protocol, server
from icelos.web.protocol import CONNECTIONS, Protocol, room
from icelos.web.server import listen


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    app = FastAPI()

    @app.get("/")
    async def page() -> str:
        return "page"

    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(app, http=Protocol, log_config=None, log_level="critical", ws="none")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            running.should_exit = True
            thread.join(10)


GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_one_connection_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "most", 3)
    with serving() as address, ExitStack() as opened:
        for _ in range(3):
            one = opened.enter_context(socket.create_connection(address, timeout=10))
            assert answered(one)
        with socket.create_connection(address, timeout=10) as extra:
            head, _, body = _all(extra).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in head
        assert json.loads(body)["status"] == 503
        assert answered(one)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET + b"GET / HT"])
def test_a_request_that_does_not_come_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    with serving() as address, socket.create_connection(address, timeout=10) as one:
        one.sendall(sent)
        dripping = threading.Thread(target=_drip, args=(one,))
        dripping.start()
        began = time.monotonic()
        _all(one)
        assert time.monotonic() - began < 4  # uvicorn's own limit starts at a whole response and is 5 s
        dripping.join(10)


def answered(one: socket.socket) -> bool:
    one.sendall(GET)
    found = b""
    while not found.endswith(b'"page"'):
        found += one.recv(4096)
    return found.startswith(b"HTTP/1.1 200")


def _drip(one: socket.socket) -> None:
    try:
        for _ in range(1000):
            one.send(b"x")
            time.sleep(0.02)
    except OSError:
        pass


def _all(one: socket.socket) -> bytes:
    found = b""
    try:
        while piece := one.recv(4096):
            found += piece
    except ConnectionResetError:
        pass
    return found


def test_the_system_looks_after_the_silent() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def test_files_have_room_beside_connections() -> None:
    resource = pytest.importorskip("resource")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < room() <= CONNECTIONS
    assert room() <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= soft


def test_a_burst_may_wait_to_be_accepted() -> None:
    assert server.BACKLOG >= 200
