"""The API's description, OpenAPI 3.1: what FastAPI knows of the routes, and what it does not.

Each operation is named after its function, says who may call it and how, and lists the problems that it can
end in. Served at /api/openapi.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from icelos.web.openai.errors import OpenAIErrorReply
from icelos.web.openai.reply import ChatCompletion, ChatCompletionChunk
from icelos.web.openai.request import ChatRequest
from icelos.web.routes.openai import ModelCard, ModelList
from icelos.web.schemas import components

SCHEMAS = (ChatRequest, ChatCompletion, ChatCompletionChunk, ModelCard, ModelList, OpenAIErrorReply)

OPEN = frozenset({"/healthz", "/readyz", "/api/session:post"})
"""Operations without a session."""

TAGS = {
    "copilot": "Questions, answers, feedback.",
    "knowledge": "What answers come from: search, passages, documents, sources.",
    "conversations": "What was asked.",
    "findings": "What the jobs found, could not score, and what became of it.",
    "people": "Users, their API tokens, the audit log.",
    "openai": "The copilot for clients of OpenAI's chat completions.",
    "session": "Signing in and out.",
    "upkeep": "How up to date everything is, and what is new.",
    "health": "Probes and metrics.",
}

EXAMPLES: Mapping[str, Any] = {
    "copilot_ask": {"question": "What is T1110.003?"},
    "copilot_ask_stream": {"question": "What is T1110.003?"},
    "openai_chat_completions": {
        "model": "icelos", "messages": [{"role": "user", "content": "What is T1110.003?"}], "stream": False,
    },
}  # fmt: skip
"""Bodies that can be sent as they are, by operation."""


def operation_id(route: APIRoute) -> str:
    """The route's tag and the name of its function: stable where its path is not."""
    return "_".join([*map(str, route.tags[:1]), route.name])


def describe_api(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 with the schemas of our structs."""
    described = get_openapi(
        title=app.title, version=app.version, summary="Questions answered from your sources",
        routes=app.routes,
    )  # fmt: skip
    used: set[str] = set()
    for path, method, operation in _operations(described):
        used |= set(operation.get("tags", ()))
        _complete(path, method, operation)
    found = described.setdefault("components", {})
    found["schemas"] = components(*SCHEMAS)
    found["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "icelos-PORT",
                    "description": "The cookie of POST /api/session; PORT is the console's."},
        "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token",
                 "description": "The session's `csrf`, with what is not GET."},
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, icelos_..."},
    }  # fmt: skip
    described["tags"] = [
        {"name": tag, "description": TAGS.get(tag, tag.capitalize())} for tag in sorted(used)
    ]
    return described


def _operations(described: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Who may call it, an example, and the problems by their status."""
    is_open = path in OPEN or f"{path}:{method}" in OPEN
    if not is_open:
        session: dict[str, list[str]] = {"session": []}
        operation["security"] = [session if method == "get" else {**session, "csrf": []}, {"token": []}]
    example = EXAMPLES.get(operation["operationId"])
    if example is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example
    responses = operation["responses"]
    for automatic in {"200", "422"} & set(responses) if {"201", "204"} & set(responses) else {"422"}:
        responses.pop(automatic, None)
    problem = responses.get("default")
    for status in _statuses(path, operation, is_open=is_open) if problem else ():
        responses.setdefault(str(status), {**problem, "description": HTTPStatus(status).phrase})


def _statuses(path: str, operation: Mapping[str, Any], *, is_open: bool) -> Iterator[int]:
    """What may be answered instead, beside what the server answers anywhere (421, 500)."""
    if not is_open:
        yield from (401, 403)
    if "requestBody" in operation:
        yield from (400, 408, 413, 415)
    if operation.get("parameters"):
        yield from (400, 422)
    if "{" in path:
        yield 404
        if "requestBody" in operation:
            yield 409
    yield from (429, 503)
