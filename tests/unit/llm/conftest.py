"""A local endpoint that does what it is told, well or badly."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from icelos.llm import retry
from icelos.settings import LLMSettings

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a POST with the endpoint's next answer; tells what it was asked."""

    protocol_version = "HTTP/1.1"
    server: FakeServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = self.server.endpoint.take(dict(self.headers), body)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            answer(self)

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class FakeServer(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: Endpoint


class Endpoint:
    """Answers in order and then the last one again; `requests` are the bodies, `headers` theirs."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.answers: list[Answer] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.ended = threading.Event()
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: dict[str, Any]) -> Answer:
        with self._lock:
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            return self.answers[min(len(self.requests), len(self.answers)) - 1]

    def settings(self, **changes: Any) -> LLMSettings:
        """Settings of an LLM that this endpoint answers, quick to give up."""
        given = {"base_url": self.base_url, "model": "m", "timeout_s": 5.0, "max_retries": 2, **changes}
        return LLMSettings(**given)

    def says(self, *texts: str) -> None:
        """Replies of these texts."""
        self.answers = [completion({"content": text}) for text in texts]

    def streams(self, *pieces: str, done: bool = True) -> None:
        """One streamed reply."""
        parts: list[Any] = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
        if done:
            parts.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
            parts.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": len(pieces)}})
        self.answers = [events(*parts, done=done)]


def completion(message: dict[str, Any], *, finish: str = "stop", **more: Any) -> Answer:
    """A whole reply of seven prompt and three completion tokens."""
    body = {
        "model": "served-m",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        **more,
    }
    return raw(json.dumps(body).encode())


def events(*parts: Any, done: bool = True) -> Answer:
    """Server-sent events, with what servers put between them: pings, blank lines, event names."""
    lines = b": ping\r\n\r\n" + b"".join(
        b"data: " + json.dumps(part).encode() + b"\r\n\r\n" for part in parts
    )
    return raw(lines + (b"data: [DONE]\n\n" if done else b""), kind="text/event-stream; charset=utf-8")


def raw(body: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(status, {"content-type": kind, **named}, body)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A running endpoint."""
    server = FakeServer(("127.0.0.1", 0), Handler)
    server.endpoint = endpoint = Endpoint(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield endpoint
    endpoint.ended.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def answers() -> Any:
    """How to make answers: completion, events, raw."""

    class Makers:
        completion = staticmethod(completion)
        events = staticmethod(events)
        raw = staticmethod(raw)

    return Makers


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are milliseconds."""
    monkeypatch.setattr(retry, "BASE_S", 0.002)
