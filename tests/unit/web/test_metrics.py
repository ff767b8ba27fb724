"""Requests are counted by templates, whatever a client writes; streams pass through as they come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from icelos.web.metrics import Measured, WebMetrics


def requests(app: FastAPI) -> dict[tuple[str, str, str], float]:
    """Requests by method, route and status."""
    (family,) = [one for one in app.state.metrics.registry.collect() if one.name == "icelos_http_requests"]
    return {
        (one.labels["method"], one.labels["route"], one.labels["status"]): one.value
        for one in family.samples
        if one.name.endswith("_total")
    }


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/healthz", ("GET", "/healthz", "2xx")),
        ("GET", "/", ("GET", "/", "2xx")),
        ("GET", "/page/app.css", ("GET", "/page/{path}", "2xx")),
        ("GET", "/page/none.css", ("GET", "/page/{path}", "4xx")),
        ("GET", "/api/documents/attacker-chosen", ("GET", "/api/documents/{document_id:path}", "4xx")),
        ("GET", "/api/passages/1?x=attacker-chosen", ("GET", "/api/passages/{chunk_id}", "4xx")),
        ("GET", "/attacker-chosen/healthz", ("GET", "none", "4xx")),
        ("EVIL", "/healthz", ("other", "/healthz", "4xx")),
        ("DELETE", "/api/findings", ("DELETE", "/api/findings", "4xx")),
    ],
)
def test_labels_are_ours(
    app: FastAPI, client: TestClient, method: str, path: str, wanted: tuple[str, str, str]
) -> None:
    before = requests(app).get(wanted, 0)
    client.request(method, path)
    found = requests(app)
    assert found.get(wanted, 0) == before + 1, found
    assert "attacker-chosen" not in str(found)


def test_a_request_that_the_guard_refuses_is_counted(app: FastAPI, visitor: TestClient) -> None:
    assert visitor.get("/healthz", headers={"host": "rebound.example"}).status_code == 421
    assert requests(app)["GET", "none", "4xx"] == 1


def test_seconds_and_requests_agree(app: FastAPI, visitor: TestClient) -> None:
    for _ in range(5):
        visitor.get("/healthz")
    value = app.state.metrics.registry.get_sample_value
    assert value("icelos_http_request_seconds_count", {"method": "GET", "route": "/healthz"}) == 5
    assert value("icelos_http_requests_in_flight") == 0


def test_an_answer_that_breaks_off_is_counted_and_no_more_in_flight() -> None:
    metrics = WebMetrics()
    value = metrics.registry.get_sample_value

    async def breaks(_scope: Scope, _receive: Receive, _send: Send) -> None:
        assert value("icelos_http_requests_in_flight") == 1
        raise asyncio.CancelledError

    async def nothing(*_: Any) -> Message:
        return {}

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Measured(breaks, metrics=metrics)({"type": "http", "method": "GET"}, nothing, nothing))  # type: ignore[arg-type]
    assert value("icelos_http_requests_in_flight") == 0
    wanted = {"method": "GET", "route": "none", "status": "aborted"}
    assert value("icelos_http_requests_total", wanted) == 1


def test_a_stream_is_neither_held_back_nor_cut() -> None:
    sent: list[Message] = []

    async def streams(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": number < 2})
            assert len(sent) == number + 2

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {}

    asyncio.run(Measured(streams, metrics=WebMetrics())({"type": "http", "method": "GET"}, receive, send))
    assert [message.get("body") for message in sent] == [None, b"0", b"1", b"2"]
