"""The server of a run says in a word how it is, lets in whom it should, and is not held up by anybody."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from icelos.engine import serving
from icelos.engine.exposition import new_registry
from icelos.engine.health import Health
from icelos.engine.run import Report
from icelos.engine.serving import serve
from icelos.errors import SettingsError

TOKEN = "a-token-of-metrics"
REPORT = Report(job="logs")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(stalled_after=10, clock=clock)


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Status and body."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.fixture
def address(health: Health) -> Iterator[str]:
    with serve("127.0.0.1:0", health, new_registry()) as address:
        yield address


def test_it_answers_in_a_word(address: str, health: Health, clock: Clock) -> None:
    assert ask(address, "/readyz") == (503, '{"status":"starting"}')
    health.began(REPORT, engine="inline")
    assert ask(address, "/readyz") == (200, '{"status":"ready"}')
    assert ask(address, "/healthz") == (200, '{"status":"ok"}')
    health.sink_failed(OSError("password=hunter2"), again_in=1)
    assert ask(address, "/readyz") == (503, '{"status":"sink"}')
    clock.now += 100
    assert ask(address, "/healthz") == (503, '{"status":"stalled"}')


def test_only_what_it_has(address: str) -> None:
    assert ask(address, "/metrics", "HEAD") == (200, "")
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert ask(address, "/metrics", method)[0] == 405
    for path in ("/", "/metrics/", "/../etc/passwd", "/metrics/../..", "/%2e%2e/"):
        assert ask(address, path)[0] == 404, path


def test_a_name_that_was_rebound_to_this_machine_reads_nothing(address: str) -> None:
    for path in ("/metrics", "/healthz"):
        assert ask(address, path, Host="rebound.example")[0] == 400
        assert ask(address, path, Host="localhost:9464")[0] == 200


def test_with_a_token_metrics_ask_for_it_and_probes_do_not(health: Health) -> None:
    with serve("127.0.0.1:0", health, new_registry(), token=TOKEN) as address:
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
            status, body = ask(address, "/metrics", **given)
            assert status == 401
            assert "icelos_" not in body
        assert ask(address, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
        assert ask(address, "/healthz")[0] == 200


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_others_need_a_token(health: Health, listen: str) -> None:
    with pytest.raises(SettingsError, match="can be reached from other machines, and there is no token"):
        serve(listen, health, new_registry()).__enter__()


def test_with_a_token_others_may_come_by_any_name(health: Health) -> None:
    with serve("0.0.0.0:0", health, new_registry(), token=TOKEN) as address:
        here = address.replace("0.0.0.0", "127.0.0.1")
        assert ask(here, "/healthz", Host="icelos.example:9464")[0] == 200
        assert ask(here, "/metrics", Host="icelos.example")[0] == 401


@pytest.mark.parametrize(
    "listen",
    ["", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:²"],
)
def test_what_is_no_address(health: Health, listen: str) -> None:
    with pytest.raises(SettingsError, match="no address to listen on"):
        serve(listen, health, new_registry()).__enter__()


def test_names_that_are_none(health: Health) -> None:
    for listen in ("no-such-host.invalid:9464", f"{'a' * 70}.example:1"):
        with pytest.raises(SettingsError, match="cannot listen on"):
            serve(listen, health, new_registry()).__enter__()


def test_a_port_in_use_is_said(health: Health) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            serve(f"127.0.0.1:{port}", health, new_registry()).__enter__()


def test_it_ends_with_its_context_and_leaves_nothing(health: Health) -> None:
    before = threading.active_count()
    with serve("127.0.0.1:0", health, new_registry()) as address:
        ask(address, "/healthz")
        port = urlsplit(address).port
        kept = socket.create_connection(("127.0.0.1", port or 0))
    kept.close()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        ask(address, "/healthz")
    with serve(f"127.0.0.1:{port}", health, new_registry()) as again:
        assert again == address


def test_a_context_that_ends_at_once_ends_the_server(health: Health) -> None:
    before = threading.active_count()
    for _ in range(5):
        with serve("127.0.0.1:0", health, new_registry()):
            pass
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00garbage\r\n\r\n", b"GET " + b"/" * 200_000, b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_not_http_harms_nobody(address: str, sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    netloc = urlsplit(address)
    with (
        socket.create_connection((netloc.hostname or "", netloc.port or 0), timeout=5) as connection,
        suppress(ConnectionError),  # it may well hang up at once
    ):
        connection.sendall(sent)
        connection.recv(1000)
    assert json.loads(ask(address, "/healthz")[1]) == {"status": "ok"}
    assert capfd.readouterr() == ("", "")


def test_connections_that_ask_for_nothing_are_let_go(monkeypatch: pytest.MonkeyPatch, health: Health) -> None:
    monkeypatch.setattr(serving, "_HEAD_SECONDS", 0.3)
    with serve("127.0.0.1:0", health, new_registry()) as address:
        netloc = urlsplit(address)
        held = [
            socket.create_connection((netloc.hostname or "", netloc.port or 0), timeout=5) for _ in range(300)
        ]
        for number, connection in enumerate(held):
            if number % 2:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        end = time.monotonic() + 10
        while ask(address, "/healthz")[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        for connection in held:
            with suppress(ConnectionError):
                assert connection.recv(1) in {b"", b"H"}
            connection.close()


def test_a_connection_has_one_request(address: str) -> None:
    netloc = urlsplit(address)
    with socket.create_connection((netloc.hostname or "", netloc.port or 0), timeout=5) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n" * 2)
        answers = b""
        while piece := connection.recv(10_000):
            answers += piece
    assert answers.count(b"HTTP/1.1 200") == 1
