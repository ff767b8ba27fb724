"""Hosts, origins, sizes and headers, on a tiny app."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from icelos.web import guard
from icelos.web.guard import BODY_LIMIT, HEADERS, Guard, host_name, is_loopback


def client(host: str = "127.0.0.1", hosts: tuple[str, ...] = ()) -> TestClient:
    app = FastAPI()

    @app.post("/api/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.get("/")
    def page() -> str:
        return "page"

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("inside")

    app.add_middleware(Guard, host=host, hosts=hosts)
    return TestClient(app, base_url="http://127.0.0.1:8787")


@pytest.mark.parametrize("name", ["127.0.0.1:8787", "localhost", "LOCALHOST:1", "[::1]:8787", "127.1.2.3"])
def test_loopback_names_are_served(name: str) -> None:
    assert client().get("/", headers={"host": name}).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "evil.example:8787", "10.0.0.1", "", "[", "a@b:c"]
)
def test_rebound_names_are_refused(name: str) -> None:
    assert client().get("/", headers={"host": name}).status_code == 421


def test_addresses_and_named_hosts_are_served_where_the_network_is() -> None:
    served = client("0.0.0.0", ("icelos.example",))
    assert served.get("/", headers={"host": "10.0.0.1:8787"}).status_code == 200
    assert served.get("/", headers={"host": "icelos.example"}).status_code == 200
    assert served.get("/", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9999"},
        {"origin": ""}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
    ],
)  # fmt: skip
def test_other_origins_are_refused(headers: dict[str, str]) -> None:
    assert client().post("/api/length", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:8787"}, {"sec-fetch-site": "same-origin"}]
)
def test_the_own_origin_and_programs_are_served(headers: dict[str, str]) -> None:
    assert client().post("/api/length", headers=headers).status_code == 200


def test_a_body_is_bounded_whether_announced_or_not() -> None:
    served = client()
    assert served.post("/api/length", content=b"x" * BODY_LIMIT).json() == BODY_LIMIT
    assert served.post("/api/length", content=b"x" * (BODY_LIMIT + 1)).status_code == 413
    pieces = (b"x" * 65536 for _ in range(17))
    assert served.post("/api/length", content=pieces).status_code == 413


@pytest.mark.parametrize("path", ["/", "/nothing", "/broken", "/api/nothing"])
def test_every_answer_carries_the_headers(path: str) -> None:
    response = client().get(path)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert response.headers["cache-control"] == ("no-store" if path.startswith("/api/") else "no-cache")
    assert "server" not in response.headers


def test_a_defect_is_a_problem() -> None:
    response = client().get("/broken")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "inside" not in response.text


def test_the_policy_lets_nothing_in() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    ("host", "name"),
    [("a:1", "a"), ("[::1]:1", "::1"), ("A.", "a"), ("", ""), ("[::1", ""), ("x@y", "y")],
)
def test_host_names(host: str, name: str) -> None:
    assert host_name(host) == name


def test_loopback() -> None:
    assert is_loopback("::1")
    assert is_loopback("127.9.9.9")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("127.0.0.1.evil.example")


def asked(app: Guard, messages: list[dict[str, object]], *, path: str = "/api/length") -> list[Message]:
    """What the app sends for a request whose body comes as told; after that, nothing comes."""

    async def run() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            if messages:
                return messages.pop(0)
            await asyncio.sleep(60)
            raise AssertionError("waited for too long")

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"", "root_path": "",
            "headers": [(b"host", b"127.0.0.1")], "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        await app(scope, receive, send)
        return sent

    return asyncio.run(run())


def guarded() -> Guard:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await Response(str(len(body)))(scope, receive, send)

    return Guard(app, host="127.0.0.1")


def test_a_body_that_drips_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.02)
    start, body = asked(guarded(), [{"type": "http.request", "body": b"x", "more_body": True}])
    assert start["status"] == 408
    assert json.loads(body["body"])["title"] == "Request Timeout"


def test_who_leaves_in_the_middle_of_a_body_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    gone = [{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}]
    assert asked(guarded(), gone) == []  # type: ignore[arg-type]
    assert caplog.records == []


def test_more_than_can_be_kept_waiting_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REQUESTS", 0)
    whole: dict[str, object] = {"type": "http.request", "body": b"x", "more_body": False}
    app = guarded()
    start, _ = asked(app, [whole])
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"5"
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert asked(app, [whole], path="/healthz")[0]["status"] == 200
    monkeypatch.setattr(guard, "REQUESTS", 1)
    for _ in range(3):  # those that have been answered count no more
        assert asked(app, [dict(whole)])[0]["status"] == 200
