"""Every way in through which programs are shown documents and findings, as a table for tests of rights.

A door takes a client that sends somebody's credentials, and a text, and gives all that came back. The text is
a question, a query, an identifier, or the id of a document, whatever the door takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote


class Replies(Protocol):
    """The part of a reply that is looked at."""

    @property
    def text(self) -> str: ...


class Sends(Protocol):
    """The part of a client that is used: httpx's or that of Starlette's tests."""

    def get(self, url: str, *, params: Any = None) -> Replies: ...

    def post(self, url: str, *, json: Any = None, headers: Any = None) -> Replies: ...


Door = Callable[[Sends, str], str]
ACCEPT = {"accept": "application/json, text/event-stream"}


def rpc(client: Sends, method: str, **params: Any) -> str:
    """One request of the Model Context Protocol over HTTP; without sessions, nothing has to come before."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return client.post("/mcp", json=body, headers=ACCEPT).text


def tool(name: str, argument: str) -> Door:
    """An MCP tool that takes the text as one argument."""
    return lambda client, text: rpc(client, "tools/call", name=name, arguments={argument: text})


def chat(*, stream: bool, model: str = "icelos") -> Door:
    """A chat completion."""

    def ask(client: Sends, text: str) -> str:
        messages = [{"role": "user", "content": text}]
        return client.post(
            "/v1/chat/completions", json={"model": model, "messages": messages, "stream": stream}
        ).text

    return ask


def follow_up(client: Sends, text: str) -> str:
    """A chat completion whose subject only an earlier message names."""
    said = [{"role": "user", "content": text}, {"role": "user", "content": "What is it?"}]
    return client.post("/v1/chat/completions", json={"model": "icelos", "messages": said}).text


DOORS: Mapping[str, Door] = {
    "REST ask": lambda client, text: client.post("/api/ask", json={"question": text}).text,
    "REST stream": lambda client, text: client.post("/api/ask/stream", json={"question": text}).text,
    "REST search": lambda client, text: client.get("/api/search", params={"q": text}).text,
    "REST document": lambda client, text: client.get(f"/api/documents/{quote(text, safe='')}").text,
    "REST findings": lambda client, _: client.get("/api/findings").text,
    "OpenAI": chat(stream=False),
    "OpenAI extractive": chat(stream=False, model="icelos-extractive"),
    "OpenAI stream": chat(stream=True),
    "OpenAI follow-up": follow_up,
    "MCP ask": tool("ask", "question"),
    "MCP search_knowledge": tool("search_knowledge", "query"),
    "MCP lookup": tool("lookup", "identifier"),
    "MCP get_document": tool("get_document", "id"),
    "MCP document": lambda client, text: rpc(
        client, "resources/read", uri=f"icelos://document/{quote(text, safe='')}"
    ),
    "MCP finding": lambda client, text: rpc(
        client, "resources/read", uri=f"icelos://finding/mail/{quote(text, safe='')}"
    ),
    "MCP resources": lambda client, _: rpc(client, "resources/list"),
}
