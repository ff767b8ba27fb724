"""Signing in and out."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.web.lockout import FREE_TRIES


def test_the_cookie_is_closed_to_scripts_and_other_sites(app: FastAPI, visitor: TestClient) -> None:
    reply = visitor.post("/api/session", json={"token": app.state.signin.new_token()})
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert reply.json()["user"] == "ann"
    assert visitor.get("/api/session").json()["csrf"] == reply.json()["csrf"]


def test_behind_tls_the_cookie_is_secure(app: FastAPI, visitor: TestClient) -> None:
    token = app.state.signin.new_token()
    origin = {"origin": "https://127.0.0.1:8787"}
    reply = visitor.post("/api/session", json={"token": token}, headers=origin)
    assert "secure" in reply.headers["set-cookie"].lower()


def test_a_token_works_once(app: FastAPI, visitor: TestClient) -> None:
    token = app.state.signin.new_token()
    assert visitor.post("/api/session", json={"token": token}).status_code == 201
    assert visitor.post("/api/session", json={"token": token}).status_code == 401


def test_wrong_tokens_lock_out_even_the_right_one(app: FastAPI, visitor: TestClient) -> None:
    for _ in range(FREE_TRIES):
        assert visitor.post("/api/session", json={"token": "wrong"}).status_code == 401
    reply = visitor.post("/api/session", json={"token": app.state.signin.new_token()})
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= 30


def test_signing_out_ends_it(client: TestClient) -> None:
    cookies = dict(client.cookies)
    assert client.delete("/api/session").status_code == 204
    client.cookies.update(cookies)
    assert client.get("/api/session").status_code == 401


def test_a_session_of_another_port_is_none(client: TestClient, app: FastAPI) -> None:
    other = TestClient(app, base_url="http://127.0.0.1:9999", cookies=dict(client.cookies))
    assert other.get("/api/session").status_code == 401
