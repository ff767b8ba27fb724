"""What the model door adds to a call, against bare httpx on the same connection, and what redaction costs.

    python benchmarks/llm_door.py

The endpoint is a local server that answers at once with a fixed reply, so that all the time is overhead. Each
figure is the median of several rounds in turn, in milliseconds a call; the prompt has about 1,000 tokens.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec

from icelos.contracts import Message
from icelos.llm.connect import connect
from icelos.llm.fence import fence
from icelos.llm.redact import Vault
from icelos.settings import LLMSettings, Settings, Workspace

SENTENCE = "Adversaries from 198.51.100.7 may use T1110.003 against accounts such as bob@example.org. "
PROMPT = SENTENCE * 45
REPLY = json.dumps(
    {
        "choices": [
            {"message": {"role": "assistant", "content": "Brute force. " * 40}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 120},
    }
).encode()
CALLS, ROUNDS = 100, 5


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(REPLY)}\r\n\r\n"
        self.wfile.write(head.encode() + REPLY)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


def milliseconds(call: Callable[[int], object], times: int = CALLS) -> float:
    """Mean of so many calls, each with its own number."""
    started = time.perf_counter()
    for number in range(times):
        call(number)
    return (time.perf_counter() - started) / times * 1000


def bare(url: str) -> Callable[[int], object]:
    client = httpx.Client(trust_env=False)

    def call(number: int) -> object:
        body = {"model": "m", "messages": [{"role": "user", "content": f"{number} {PROMPT}"}]}
        return client.post(f"{url}/chat/completions", content=msgspec.json.encode(body)).json()

    return call


def door(url: str, home: str, **changes: Any) -> Callable[[int], object]:
    settings = LLMSettings(base_url=url, model="m", **changes)
    llm = connect(Settings(workspace=Workspace(home=home), llm=settings))
    assert llm is not None
    return lambda number: llm.reply([Message("user", f"{number} {PROMPT}")])


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    with tempfile.TemporaryDirectory() as folder:
        cached = door(url, f"{folder}/hits")
        milliseconds(cached)
        fresh = iter(range(10**6, 10**9))
        writing = door(url, f"{folder}/misses", redact="always")
        calls: dict[str, Callable[[int], object]] = {
            "bare httpx": bare(url),
            "client only (no cache, no trace)": door(url, folder, cache="off", trace="off"),
            "client and trace": door(url, folder, cache="off"),
            "all: redaction, trace, cache miss": lambda _: writing(next(fresh)),
            "cache hit": cached,
        }
        rounds = [{name: milliseconds(call) for name, call in calls.items()} for _ in range(ROUNDS)]
        server.shutdown()
        base = statistics.median(one["bare httpx"] for one in rounds)
        for name in calls:
            value = statistics.median(one[name] for one in rounds)
            print(f"{name:36} {value:7.2f} ms a call   {value - base:+7.2f} ms against bare httpx")
        assert (Path(folder) / "misses" / "cache" / "replies.sqlite").exists()
    hiding = statistics.median(milliseconds(lambda _: Vault().hide(PROMPT), 20) for _ in range(ROUNDS))
    fencing = statistics.median(milliseconds(lambda _: fence(PROMPT, "kb"), 20) for _ in range(ROUNDS))
    print(f"redaction {len(PROMPT) / hiding / 1000:.1f} MB/s, fence {len(PROMPT) / fencing / 1000:.1f} MB/s")


if __name__ == "__main__":
    main()
