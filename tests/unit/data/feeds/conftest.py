"""A web server on loopback that does what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Served:
    """Files by path; `script` holds a path's next misbehaviours, in order; `asked` what was asked for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.dates: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self.script: dict[str, list[str]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []


@pytest.fixture
def server() -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append((self.path, headers))
            script = served.script.get(self.path, [])
            answer(self, headers, script.pop(0) if script else "")

        def log_message(self, *arguments: Any) -> None:
            """Quiet."""

    def answer(handler: BaseHTTPRequestHandler, headers: dict[str, str], what: str) -> None:
        data, etag = served.files.get(handler.path, b""), served.etags.get(handler.path, "")
        date = served.dates.get(handler.path, "")
        if handler.path not in served.files:
            send(handler, 404, b"", {})
        elif what.startswith("429"):
            send(handler, 429, b"", {"Retry-After": what.partition(" ")[2]})
        elif what == "500":
            send(handler, 500, b"", {})
        elif what == "html":
            send(handler, 200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})
        elif what == "slice":
            where = f"bytes 0-99/{len(data)}"
            send(handler, 206, data[:100], {"Content-Range": where, "ETag": etag})
        elif what == "other etag":
            start = int(headers["range"].removeprefix("bytes=").rstrip("-"))
            where = f"bytes {start}-{len(data) - 1}/{len(data)}"
            send(handler, 206, b"?" * (len(data) - start), {"Content-Range": where, "ETag": '"another"'})
        elif what.startswith("redirect"):
            send(handler, 302, b"", {"Location": what.partition(" ")[2]})
        elif what == "wrong range":
            send(handler, 206, data, {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}", "ETag": etag})
        elif etag and headers.get("if-none-match") == etag:
            send(handler, 304, b"", {"ETag": etag})
        elif date and "if-none-match" not in headers and headers.get("if-modified-since") == date:
            send(handler, 304, b"", {"Last-Modified": date})
        elif "range" in headers and headers.get("if-range") == etag:
            start = int(headers["range"].removeprefix("bytes=").rstrip("-"))
            where = f"bytes {start}-{len(data) - 1}/{len(data)}"
            send(handler, 206, data[start:], {"Content-Range": where, "ETag": etag})
        else:
            told = {"ETag": etag, "Last-Modified": date, "Repr-Digest": served.digests.get(handler.path, "")}
            send(handler, 200, data, {n: v for n, v in told.items() if v}, cut=what == "cut")

    def send(
        handler: BaseHTTPRequestHandler,
        status: int,
        data: bytes,
        headers: dict[str, str],
        *,
        cut: bool = False,
    ) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2] if cut else data)
        handler.close_connection = handler.close_connection or cut

    class Server(ThreadingHTTPServer):
        def handle_error(self, *arguments: Any) -> None:
            """Quiet: clients that have seen enough hang up."""

    web = Server(("127.0.0.1", 0), Handler)
    served = Served(f"http://127.0.0.1:{web.server_address[1]}")
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    web.shutdown()
    thread.join()
    web.server_close()
