"""Who comes in, by what, and what they may do then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.contracts import Right
from icelos.people.limits import Limit
from icelos.people.roles import Role
from icelos.people.store import People
from icelos.web.lockout import TOKEN_TRIES


def test_a_token_needs_no_cookie_and_no_csrf_token(door: Any) -> None:
    client = door.by_token("bob")
    seen = client.get("/api/session").json()
    assert (seen["user"], seen["groups"], seen["owner"], seen["csrf"]) == ("bob", ["soc"], False, "")
    assert client.post("/api/ask", json={"question": "What is T1110.003?"}).status_code == 200
    assert not client.cookies


def test_a_token_may_do_what_its_user_may_and_its_scopes_name(door: Any, members: People) -> None:
    reads = door.by_token("bob", Right.READ)
    assert reads.get("/api/findings").status_code == 200
    assert reads.post("/api/ask", json={"question": "x"}).status_code == 403
    everything = door.by_token("carol")  # all scopes, of somebody who may only read
    assert everything.get("/api/session").json()["rights"] == ["ask", "read"]
    assert everything.post("/api/feedback", json={"answer_id": "x", "thumb": "up"}).status_code == 403
    assert everything.get("/api/people").status_code == 403
    members.change("carol", role=Role.ADMIN)
    assert everything.get("/api/people").status_code == 200
    members.change("carol", role=Role.READ_ONLY)
    assert everything.get("/api/people").status_code == 403


def test_a_token_ends_when_it_is_revoked_or_its_user_disabled(door: Any, members: People) -> None:
    one, other = door.by_token("bob"), door.by_token("bob")
    token = members.tokens.listed("bob")[0]
    members.tokens.revoke(token.id)
    assert sorted(client.get("/api/session").status_code for client in (one, other)) == [200, 401]
    members.change("bob", disabled=True)
    assert {client.get("/api/session").status_code for client in (one, other)} == {401}
    members.change("bob", disabled=False)
    members.remove("bob")
    assert {client.get("/api/session").status_code for client in (one, other)} == {401}


def test_a_token_ends_with_its_time(door: Any, members: People, monkeypatch: pytest.MonkeyPatch) -> None:
    client = door.by_token("bob")
    now = members.tokens._clock()
    monkeypatch.setattr(members.tokens, "_clock", lambda: now + timedelta(days=1).total_seconds())
    reply = client.get("/api/session")
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"


def test_the_owner_may_have_tokens_without_users(app: FastAPI, client: TestClient) -> None:
    made = client.post("/api/tokens", json={"label": "editor", "scopes": ["read"], "days": 1}).json()
    program = TestClient(app, base_url="http://127.0.0.1:8787")
    program.headers["authorization"] = f"Bearer {made['secret']}"
    seen = program.get("/api/session").json()
    assert (seen["user"], seen["owner"], seen["rights"]) == ("ann", True, ["read"])


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer icelos_",
        "Bearer icelos_wrong",
        "Basic aWNlbG9z",
        "icelos_x",
        "Bearer é",
    ],
)
def test_a_wrong_token_is_refused_even_with_a_session(client: TestClient, given: str) -> None:
    reply = client.get("/api/session", headers={b"authorization": given.encode("latin-1")})
    assert reply.status_code == 401


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "authorization", "key"])
def test_no_secret_is_read_from_an_address(door: Any, members: People, name: str) -> None:
    secret, _ = members.tokens.create("bob", label="x", scopes=[Right.READ], lifetime=timedelta(days=1))
    assert door.visitor().get("/api/findings", params={name: secret}).status_code == 401
    assert door.visitor().get("/api/findings", params={name: f"Bearer {secret}"}).status_code == 401


def test_many_wrong_tokens_wait_and_right_ones_do_not(door: Any, app: FastAPI) -> None:
    right, wrong = door.by_token("bob"), door.visitor()
    wrong.headers["authorization"] = "Bearer icelos_wrong"
    assert {wrong.get("/api/session").status_code for _ in range(TOKEN_TRIES)} == {401}
    reply = wrong.get("/api/session")
    assert reply.status_code == 429
    assert int(reply.headers["retry-after"]) > 0
    assert right.get("/api/session").status_code == 200
    refused = app.state.services.audit.entries(action="token.refused", limit=1000)
    assert len(refused) == TOKEN_TRIES  # a flood does not fill the log


def test_a_session_is_its_users_and_changes_count_at_once(door: Any, members: People) -> None:
    client = door.by_password("bob")
    assert client.get("/api/session").json()["groups"] == ["soc"]
    members.change("bob", groups=["board"], role=Role.READ_ONLY)
    seen = client.get("/api/session").json()
    assert (seen["groups"], seen["rights"]) == (["board"], ["ask", "read"])
    members.change("bob", disabled=True)
    assert client.get("/api/session").status_code == 401
    members.change("bob", disabled=False)
    assert client.get("/api/session").status_code == 401  # it has ended, and stays so


def test_a_session_of_a_user_needs_the_csrf_token(door: Any) -> None:
    client = door.by_password("bob")
    client.headers["x-csrf-token"] = door.by_password("carol").headers["x-csrf-token"]
    for path in ("/api/ask", "/api/tokens", "/api/password"):
        assert client.post(path, json={}).status_code == 403


def test_documents_and_answers_are_those_of_who_asks(door: Any) -> None:
    bob, carol = door.by_token("bob"), door.by_token("carol")
    assert carol.get("/api/documents/secret").status_code == 200
    assert bob.get("/api/documents/secret").status_code == 404
    question = {"question": "When is the merger announced?"}
    mine = carol.post("/api/ask", json=question).json()
    assert "May" in str(mine["sentences"])
    assert "May" not in bob.post("/api/ask", json=question).text
    assert bob.get(f"/api/conversations/{mine['conversation']}").status_code == 404
    assert bob.get("/api/conversations").json()["conversations"][0]["conversation"] != mine["conversation"]
    thumb = {"answer_id": mine["answer_id"], "thumb": "up"}
    assert bob.post("/api/feedback", json=thumb).status_code == 404


def test_who_asks_too_much_waits_and_others_do_not(door: Any, app: FastAPI, client: TestClient) -> None:
    app.state.requests = Limit(5)
    bob, carol = door.by_token("bob"), door.by_token("carol")
    assert [bob.get("/api/findings").status_code for _ in range(6)] == [200] * 5 + [429]
    again = door.by_token("bob").get("/api/findings")  # another token is no way around it
    assert again.status_code == 429
    assert 1 <= int(again.headers["retry-after"]) <= 12
    assert carol.get("/api/findings").status_code == 200
    assert {client.get("/api/findings").status_code for _ in range(10)} == {200}  # the owner at the console


def test_questions_have_a_limit_of_their_own(door: Any, app: FastAPI) -> None:
    app.state.questions = Limit(2)
    bob = door.by_token("bob")
    asked = [bob.post("/api/ask", json={"question": "What is T1110.003?"}).status_code for _ in range(3)]
    assert asked == [200, 200, 429]
    assert bob.post("/api/ask/stream", json={"question": "What is T1110.003?"}).status_code == 429
    assert bob.get("/api/findings").status_code == 200


def test_metrics_are_read_with_a_token_of_a_user(door: Any) -> None:
    assert door.by_token("bob").get("/metrics").status_code == 200
    assert door.visitor().get("/metrics", headers={"authorization": "Bearer icelos_x"}).status_code == 401
