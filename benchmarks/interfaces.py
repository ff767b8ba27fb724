"""What the doors for OpenAI's and MCP's clients cost over the console's own API: latency one by one.

    python -m benchmarks.interfaces [--rounds 100]

It starts `icelos serve` on a free loopback port and `icelos mcp`, in a workspace of its own with the bundled
knowledge (search by words, no model), and asks the same questions through each door in turn, round by round,
so that whatever else the machine does meets all of them. HTTP clients keep their connection. Milliseconds,
from the call to its whole answer, parsed: p50 and p95, and by how much the median call takes longer than
that of /api/ask or /api/search for the same question in the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import numpy as np
import openai
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from icelos.contracts import Right
from icelos.people.store import People

QUESTIONS = (
    "What is T1110.003?", "How is T1566 detected?", "Which groups use T1059.001?", "What is Mimikatz?",
    "How do I mitigate password spraying?", "What is APT29?", "Which tactics has T1078?", "What is DCSync?",
)  # fmt: skip
COMMAND = ["-c", "from icelos.cli.main import main; main()"]
NO_LIMITS = {"ICELOS_WEB_REQUESTS_PER_MINUTE": "0", "ICELOS_WEB_QUESTIONS_PER_MINUTE": "0"}
Call = Callable[[str], Awaitable[object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with served(home) as address:
            found = asyncio.run(measured(address, home, given.rounds))
    for name, times in found.items():
        p50, p95 = np.percentile(times, (50, 95))
        told = {"door": name, "p50": round(p50, 1), "p95": round(p95, 1)}
        if "list" not in name:
            base = "/api/search" if "search" in name else "/api/ask"
            told["over"] = round(float(np.median(np.subtract(times, found[base]))), 1)
        print(json.dumps(told))


def environment(home: Path) -> dict[str, str]:
    """Of both servers: their own workspace, no model, search by words."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ICELOS_")}
    return {**own, "ICELOS_HOME": str(home), "ICELOS_KNOWLEDGE_ENCODER": "off", **NO_LIMITS}


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of a console whose knowledge is ready."""
    process = subprocess.Popen(
        [sys.executable, *COMMAND, "serve", "--json", "--port", "0"], env=environment(home),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        while httpx.get(f"{address}/readyz").status_code != 200:
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.communicate()


async def measured(address: str, home: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds by door, in the order asked; the first rounds, which open things, are left out."""
    found: dict[str, list[float]] = {}
    async with doors(address, home) as calls:
        for number in range(-len(QUESTIONS), rounds):
            question = QUESTIONS[number % len(QUESTIONS)]
            names = list(calls)
            first = number % len(names)  # who comes first finds the question cold
            for name in names[first:] + names[:first]:
                call = calls[name]
                begun = time.perf_counter()
                await call(question)
                if number >= 0:
                    found.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
    return found


@asynccontextmanager
async def doors(address: str, home: Path) -> AsyncIterator[dict[str, Call]]:
    """Every door, open."""
    people = People(home / "people.sqlite")
    token, _ = people.tokens.create("", label="benchmark", scopes=Right, lifetime=timedelta(hours=1))
    people.close()
    headers = {"authorization": f"Bearer {token}"}
    stdio = StdioServerParameters(command=sys.executable, args=[*COMMAND, "mcp"], env=environment(home))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        http = await enter(httpx.AsyncClient(base_url=address, headers=headers, timeout=60))
        chat: Any = await enter(openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0))
        modern = await enter(httpx2.AsyncClient(headers=headers, timeout=60))
        web = await enter(Client(streamable_http_client(f"{address}/mcp", http_client=modern)))
        local = await enter(Client(stdio))
        yield {**asking(http, chat, web, local), **searching(http, web, local)}


def asking(http: httpx.AsyncClient, chat: Any, web: Client, local: Client) -> dict[str, Call]:
    """One question through each door."""

    def body(question: str) -> dict[str, Any]:
        return {"model": "icelos", "messages": [{"role": "user", "content": question}]}

    async def streamed(question: str) -> object:
        stream = await chat.chat.completions.create(**body(question), stream=True)
        return [chunk async for chunk in stream]

    return {
        "/api/ask": lambda question: posted(http, "/api/ask", {"question": question}),
        "/v1/chat/completions": lambda question: posted(http, "/v1/chat/completions", body(question)),
        "openai client": lambda question: chat.chat.completions.create(**body(question)),
        "openai client, streamed": streamed,
        "MCP ask, HTTP": lambda question: answered(web, "ask", {"question": question}),
        "MCP ask, stdio": lambda question: answered(local, "ask", {"question": question}),
    }


def searching(http: httpx.AsyncClient, web: Client, local: Client) -> dict[str, Call]:
    """One search through each door, and the list of tools."""

    async def search(question: str) -> object:
        return (await http.get("/api/search", params={"q": question})).raise_for_status().json()

    return {
        "/api/search": search,
        "MCP search_knowledge, HTTP": lambda text: answered(web, "search_knowledge", {"query": text}),
        "MCP search_knowledge, stdio": lambda text: answered(local, "search_knowledge", {"query": text}),
        "MCP tools/list, HTTP": lambda _: web.list_tools(cache_mode="bypass"),
        "MCP tools/list, stdio": lambda _: local.list_tools(cache_mode="bypass"),
    }


async def posted(http: httpx.AsyncClient, path: str, body: object) -> object:
    """The answer to a body."""
    return (await http.post(path, json=body)).raise_for_status().json()


async def answered(client: Client, name: str, arguments: dict[str, Any]) -> object:
    """A tool's result, which is none of an error."""
    result = await client.call_tool(name, arguments)
    if result.is_error:
        raise RuntimeError(f"{name}: {result.content}")
    return result


if __name__ == "__main__":
    main()
