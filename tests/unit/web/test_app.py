"""Every route is guarded, described, and answers errors in one shape."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.web.openapi import describe_api

OPEN = {("get", "/healthz"), ("get", "/readyz"), ("post", "/api/session")}


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    paths = describe_api(app)["paths"]
    return [(method, path, found) for path, methods in paths.items() for method, found in methods.items()]


def test_every_route_but_the_open_ones_needs_a_session(app: FastAPI, visitor: TestClient) -> None:
    guarded = {(method, path) for method, path, _ in operations(app)} - OPEN
    assert len(guarded) >= 12
    for method, path in [*guarded, ("get", "/api/openapi.json")]:
        response = visitor.request(method, re.sub(r"{[^}]+}", "x", path))
        assert response.status_code == 401, (method, path)
        kind = "application/json" if path.startswith("/v1/") else "application/problem+json"
        assert response.headers["content-type"] == kind


def test_every_unsafe_route_needs_the_csrf_token(app: FastAPI, client: TestClient) -> None:
    client.headers["x-csrf-token"] = "wrong"
    unsafe = {(m, p) for m, p, _ in operations(app) if m not in {"get", "head"}} - OPEN
    assert len(unsafe) >= 4
    for method, path in unsafe:
        assert client.request(method, re.sub(r"{[^}]+}", "x", path)).status_code == 403, (method, path)


def test_every_reference_resolves(app: FastAPI, client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    references = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert references <= set(described["components"]["schemas"])
    for method, path, operation in operations(app):
        assert operation["description"], (method, path)
        assert "default" in operation["responses"]


ODD = (
    ("get", "/api/nothing", 404), ("put", "/api/session", 405), ("get", "/api/findings?limit=0", 422),
    ("get", "/api/findings?verdict=evil", 422), ("get", "/page/../app.py", 404),
    ("get", "/page/%2e%2e/app.py", 404), ("get", "/docs", 404), ("get", "/openapi.json", 404),
)  # fmt: skip


def test_errors_have_one_shape(client: TestClient) -> None:
    for method, path, status in ODD:
        response = client.request(method, path)
        assert response.status_code == status, path
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == status


def test_the_page_is_served_without_a_session(visitor: TestClient) -> None:
    assert "Sign in" in visitor.get("/").text
    assert visitor.get("/page/app.css").headers["content-type"].startswith("text/css")
    assert "javascript" in visitor.get("/page/js/main.js").headers["content-type"]
    assert visitor.get("/page/mark.svg").headers["content-type"] == "image/svg+xml"


def test_closing_the_app_closes_its_stores(app: FastAPI, client: TestClient) -> None:
    assert client.get("/api/sources").status_code == 200
    assert "_knowledge" in app.state.services.__dict__
    client.__exit__()
    assert "_knowledge" not in app.state.services.__dict__
