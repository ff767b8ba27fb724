"""Clients that the console must survive: slow ones, silent ones, vanishing ones, large bodies, and a kill -9.

    python -m benchmarks.web_hostile [--streams 1000] [--leaving 1000] [--slow 300] [--kills 10]

One line of JSON for each: what was done, what the server answered meanwhile, what it held before and after.
Only a server that it starts itself, on 127.0.0.1, is asked.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from benchmarks.web_load import Server, fill, held, served

from icelos.contracts import Principal
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.jobs.copilot.history import History
from icelos.settings import Settings
from icelos.settings import Workspace as WorkspaceSettings
from icelos.web.signin import SignIn

QUESTION = {"question": "Which software uses scheduled tasks?"}
SHORT = {"question": "What is T1110.003?"}
SETTLE = 25.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--leaving", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        fill(home, 2_000)
        with served(home) as server:
            client = Client(server)
            _told(server, "leaving", lambda: leaving(client, given.leaving))
            _told(server, "leaving again", lambda: leaving(client, given.leaving))
            _told(server, "streams at once", lambda: streams(client, given.streams))
            _told(server, "slow heads and bodies", lambda: slow(client, given.slow))
            _told(server, "large bodies", lambda: large(client))
        print(json.dumps({"what": "kill -9 while answers are kept", **killed(home, given.kills)}), flush=True)


def _told(server: Server, what: str, call: Callable[[], dict[str, Any]]) -> None:
    before, began = held(server.process), time.monotonic()
    found, seconds = call(), time.monotonic() - began
    time.sleep(SETTLE)  # threads end after 10 s without work, connections after 5 to 10
    after = held(server.process)
    line = {
        "what": what,
        "seconds": round(seconds, 1),
        **found,
        "before": _whole(before),
        "after": _whole(after),
    }
    print(json.dumps(line), flush=True)


def _whole(found: dict[str, float]) -> dict[str, int]:
    return {name: round(value) for name, value in found.items()}


class Client:
    """Raw requests of one session."""

    def __init__(self, server: Server) -> None:
        self.address = urlsplit(server.address)
        token = SignIn(Workspace(server.home).console, hours=1).new_token()
        with httpx.Client(base_url=server.address, timeout=60) as client:
            self.csrf = client.post("/api/session", json={"token": token}).json()["csrf"]
            self.cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    def connect(self) -> socket.socket:
        return socket.create_connection(
            (str(self.address.hostname), int(self.address.port or 0)), timeout=120
        )

    def request(self, path: str, body: bytes, *, length: int | None = None) -> bytes:
        """A POST, with a length that may be a lie."""
        return (
            f"POST {path} HTTP/1.1\r\nHost: {self.address.netloc}\r\nCookie: {self.cookie}\r\n"
            f"X-CSRF-Token: {self.csrf}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
        ).encode() + body

    def status(self, method: str = "GET", path: str = "/healthz") -> tuple[int, float]:
        """The status of a whole small request, and its seconds."""
        began = time.monotonic()
        headers = {"cookie": self.cookie, "x-csrf-token": self.csrf}
        status = httpx.request(
            method, f"{self.address.geturl()}{path}", headers=headers, timeout=120
        ).status_code
        return status, round(time.monotonic() - began, 3)


def leaving(client: Client, times: int) -> dict[str, Any]:
    """Ask for a stream and leave in the middle of it, again and again."""
    for number in range(times):
        with client.connect() as one:
            one.sendall(client.request("/api/ask/stream", json.dumps(QUESTION).encode()))
            if number % 3:
                one.recv(1 + 400 * (number % 3))
            if number % 2:  # with a reset instead of a farewell
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return {"times": times, "health": client.status(), "findings": client.status(path="/api/findings")}


def streams(client: Client, number: int) -> dict[str, Any]:
    """Open so many streams at once, look at other routes meanwhile, then read them to their end."""
    with ExitStack() as opened:
        all_of_them = [opened.enter_context(client.connect()) for _ in range(number)]
        for one in all_of_them:
            one.sendall(client.request("/api/ask/stream", json.dumps(QUESTION).encode()))
        meanwhile = {"health": client.status(), "findings": client.status(path="/api/findings")}
        ends = Counter(_ending(one) for one in all_of_them)
    return {"number": number, **meanwhile, "ends": dict(ends)}


def _ending(one: socket.socket) -> str:
    """The status of a stream that was read to its end, and the kind of its last event."""
    found = b""
    while not found.endswith(b"0\r\n\r\n") and (piece := one.recv(65536)):
        found += piece
    kinds = re.findall(rb"event: (\w+)", found)
    return f"{found[9:12].decode()} {kinds[-1].decode() if kinds else 'none'}"


def slow(client: Client, number: int) -> dict[str, Any]:
    """Heads and bodies that drip a byte a second; how long the server bears with them."""
    whole = client.request("/api/ask", b"{", length=1000)
    with ExitStack() as opened:
        half = [opened.enter_context(client.connect()) for _ in range(number)]
        for place, one in enumerate(half):
            one.sendall(whole if place % 2 else whole[:60])
        dripping = Dripping(half)
        dripping.start()
        time.sleep(5)
        meanwhile = {"health": client.status(), "findings": client.status(path="/api/findings")}
        dripping.join(90)
    return {"number": number, **meanwhile, "left after": dripping.left, "closed within": dripping.seconds}


class Dripping(threading.Thread):
    """Sends a byte a second to each connection until all of them are closed by the other end."""

    def __init__(self, connections: list[socket.socket]) -> None:
        super().__init__(daemon=True)
        self.left, self.seconds, self._connections = len(connections), 0.0, connections

    def run(self) -> None:
        began = time.monotonic()
        alive = list(self._connections)
        while alive and time.monotonic() - began < 80:
            time.sleep(1)
            alive = [one for one in alive if _drip(one)]
            self.left = len(alive)
        self.seconds = round(time.monotonic() - began, 1)


def _drip(one: socket.socket) -> bool:
    one.settimeout(0.0)
    try:
        while True:
            if not one.recv(4096):
                return False
    except BlockingIOError:
        pass
    except OSError:
        return False
    try:
        one.send(b"a")
    except OSError:
        return False
    return True


def large(client: Client) -> dict[str, Any]:
    """Bodies over the limit: told so by their length, and not told."""
    statuses = Counter[int]()
    body = b'{"question": "' + b"x" * 3_000_000 + b'"}'
    for _ in range(20):
        for chunked in (False, True):
            content: bytes | Iterator[bytes] = _pieces(body) if chunked else body
            headers = {
                "cookie": client.cookie,
                "x-csrf-token": client.csrf,
                "content-type": "application/json",
            }
            try:
                reply = httpx.post(
                    f"{client.address.geturl()}/api/ask", content=content, headers=headers, timeout=60
                )
                statuses[reply.status_code] += 1
            except httpx.TransportError:  # closed while the rest was still being sent
                statuses[0] += 1
    return {"statuses": dict(statuses), "health": client.status()}


def _pieces(body: bytes) -> Iterator[bytes]:
    for begin in range(0, len(body), 65536):
        yield body[begin : begin + 65536]


def killed(home: Path, times: int) -> dict[str, Any]:
    """Kill the server while answers are written; every answer that a client has read must still be there."""
    read: list[str] = []
    for number in range(times):
        with _killable(home) as (server, kill):
            client = Client(server)
            asking = [threading.Thread(target=_ask, args=(client, read)) for _ in range(8)]
            for one in asking:
                one.start()
            wanted, end = len(read) + 8 + number, time.monotonic() + 60
            while len(read) < wanted and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(0.37 * number % 0.3)
            kill()
            for one in asking:
                one.join()
    history, settings = (
        History(home / "history.sqlite"),
        Settings(workspace=WorkspaceSettings(home=str(home))),
    )
    principal = _principal(settings)
    lost = [one for one in read if history.answer(one, principal=principal) is None]
    with SqliteSink(home / "findings.sqlite") as sink:
        count = sink.count("finding")
    return {"kills": times, "answers read": len(read), "lost": len(lost), "findings": count}


def _principal(settings: Settings) -> Principal:
    from icelos.jobs.copilot.job import principal_of

    return principal_of(settings)


@contextmanager
def _killable(home: Path) -> Iterator[tuple[Server, Callable[[], None]]]:
    with served(home) as server:
        yield server, server.process.kill


def _ask(client: Client, read: list[str]) -> None:
    headers = {"cookie": client.cookie, "x-csrf-token": client.csrf}
    while True:
        try:
            reply = httpx.post(f"{client.address.geturl()}/api/ask", json=SHORT, headers=headers, timeout=60)
        except httpx.TransportError:
            return
        if reply.status_code != 200:
            raise SystemExit(reply.text)
        read.append(reply.json()["answer_id"])


if __name__ == "__main__":
    main()
