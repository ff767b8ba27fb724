"""Users, tokens and the audit log over the API."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.contracts import Right
from icelos.errors import StoreError
from icelos.people.store import People

WORDS = "three or four words"


def actions(app: FastAPI, **which: Any) -> list[tuple[str, str, str]]:
    return [(one.actor, one.action, one.subject) for one in app.state.services.audit.entries(**which)]


def test_admins_add_change_and_remove_users(app: FastAPI, door: Any) -> None:
    dora = door.by_password("dora")
    new = {"name": "Eve", "role": "analyst", "groups": ["soc"], "password": WORDS}
    made = dora.post("/api/people", json=new)
    assert made.status_code == 201
    assert made.json()["name"] == "eve"
    assert WORDS not in made.text
    eve = door.by_password("eve")
    assert eve.get("/api/session").json()["groups"] == ["soc"]
    assert dora.post("/api/people/eve", json={"groups": ["board"]}).json()["groups"] == ["board"]
    assert eve.get("/api/session").json()["groups"] == ["board"]
    assert dora.post("/api/people/eve", json={"password": "four other words"}).status_code == 200
    assert eve.get("/api/session").status_code == 401
    assert dora.delete("/api/people/eve").status_code == 204
    assert dora.post("/api/people", json=new).status_code == 400  # somebody's name
    names = [one["name"] for one in dora.get("/api/people").json()["users"]]
    assert names == ["bob", "carol", "dora"]
    told = actions(app, action="user")
    assert told[:2] == [("dora", "user.add.failed", "Eve"), ("dora", "user.add", "Eve")]
    assert ("dora", "user.remove", "eve") in told


def test_nobody_takes_the_owners_name(door: Any) -> None:
    body = {"name": "ANN", "role": "read-only", "password": WORDS}
    assert "owner" in door.by_password("dora").post("/api/people", json=body).json()["detail"]


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_others_administer_nothing(door: Any, name: str) -> None:
    client = door.by_password(name)
    body = {"name": "eve", "role": "admin", "password": WORDS}
    assert client.get("/api/people").status_code == 403
    assert client.post("/api/people", json=body).status_code == 403
    assert client.post(f"/api/people/{name}", json={"role": "admin"}).status_code == 403
    assert client.delete("/api/people/dora").status_code == 403
    assert client.delete("/api/sessions/dora").status_code == 403
    assert client.get("/api/audit").status_code == 403
    assert client.get("/api/audit/verification").status_code == 403
    assert client.get("/api/tokens?everybody=true").status_code == 403


def test_the_own_password_needs_the_old_one_and_ends_sessions(app: FastAPI, door: Any) -> None:
    bob, elsewhere = door.by_password("bob"), door.by_password("bob", address="192.0.2.9")
    assert (
        bob.post("/api/password", json={"old": "wrong words", "new": "four other words"}).status_code == 403
    )
    assert bob.post("/api/password", json={"old": WORDS, "new": "short"}).status_code == 400
    assert bob.post("/api/password", json={"old": WORDS, "new": "four other words"}).status_code == 204
    assert bob.get("/api/session").status_code == elsewhere.get("/api/session").status_code == 401
    door.by_password("bob", password="four other words")
    assert ("bob", "user.password", "bob") in actions(app)


def test_the_old_password_cannot_be_guessed_at_speed(door: Any) -> None:
    bob = door.by_password("bob")
    body = {"old": "wrong words", "new": "four other words"}
    assert [bob.post("/api/password", json=body).status_code for _ in range(11)] == [403] * 10 + [429]
    door.by_password("bob")  # signing in is not held up by it


def test_the_owner_has_no_password(client: TestClient) -> None:
    assert client.post("/api/password", json={"old": "x", "new": WORDS}).status_code == 400


def test_signing_out_everywhere(app: FastAPI, door: Any, client: TestClient) -> None:
    bob, elsewhere = door.by_password("bob"), door.by_password("bob", address="192.0.2.9")
    program = door.by_token("bob")
    assert bob.delete("/api/session?everywhere=true").status_code == 204
    assert elsewhere.get("/api/session").status_code == 401
    assert program.get("/api/session").status_code == 200  # API tokens are revoked by themselves
    bob = door.by_password("bob")
    assert door.by_password("dora").delete("/api/sessions/bob").status_code == 204
    assert bob.get("/api/session").status_code == 401
    other = TestClient(app, base_url="http://127.0.0.1:8787", headers={"origin": "http://127.0.0.1:8787"})
    other.post("/api/session", json={"token": app.state.signin.new_token()})
    assert client.delete("/api/session?everywhere=true").status_code == 204
    assert other.get("/api/session").status_code == 401


def test_own_tokens_have_no_more_rights_than_oneself(door: Any) -> None:
    carol = door.by_password("carol")
    made = carol.post("/api/tokens", json={"label": "editor", "scopes": ["read", "ask"]})
    assert made.status_code == 201
    listed = carol.get("/api/tokens").json()["tokens"]
    assert [one["label"] for one in listed] == ["editor"]
    assert made.json()["secret"] not in str(listed)
    assert carol.post("/api/tokens", json={"label": "x", "scopes": ["write"]}).status_code == 403
    assert door.by_password("bob").delete(f"/api/tokens/{listed[0]['id']}").status_code == 400
    assert carol.delete(f"/api/tokens/{listed[0]['id']}").status_code == 204
    assert carol.get("/api/tokens").json()["tokens"] == []


def test_a_token_makes_no_token_and_changes_no_password(door: Any) -> None:
    bob = door.by_token("bob")
    assert bob.post("/api/tokens", json={"label": "x", "scopes": ["read"]}).status_code == 403
    assert bob.post("/api/password", json={"old": WORDS, "new": "four other words"}).status_code == 403
    assert bob.delete("/api/session?everywhere=true").status_code == 403


def test_a_token_revokes_itself_only_and_admins_revoke_all(door: Any, members: People) -> None:
    one, other = door.by_token("bob"), door.by_token("bob")
    ids = [token.id for token in members.tokens.listed("bob")]
    mine = next(number for number in ids if one.delete(f"/api/tokens/{number}").status_code == 204)
    assert {client.get("/api/session").status_code for client in (one, other)} == {200, 401}
    rest = next(number for number in ids if number != mine)
    assert door.by_token("dora", Right.ADMIN).delete(f"/api/tokens/{rest}").status_code == 204


def test_the_log_has_what_was_done_and_is_whole(app: FastAPI, door: Any) -> None:
    bob = door.by_token("bob")
    answer = bob.post("/api/ask", json={"question": "What is T1110.003?"}).json()
    bob.get("/api/search", params={"q": "sign-ins"})
    bob.get("/api/documents/t1110-003")
    bob.get(f"/api/passages/{answer['citations'][0]['chunk_id']}")
    bob.get("/api/findings")
    bob.post("/api/feedback", json={"answer_id": answer["answer_id"], "thumb": "up"})
    dora = door.by_password("dora")
    log = dora.get("/api/audit", params={"actor": "bob"}).json()["entries"]
    assert [one["action"] for one in log] == [
        "feedback", "findings", "passage", "document", "search", "answer", "ask",
    ]  # fmt: skip
    by_action = {one["action"]: one for one in log}
    assert by_action["ask"]["details"]["question"] == "What is T1110.003?"
    assert by_action["answer"]["details"]["passages"] == [c["chunk_id"] for c in answer["citations"]]
    assert all(one["how"].startswith("token ") and one["address"] == "192.0.2.1" for one in log)
    whole = dora.get("/api/audit/verification").json()
    assert whole["problems"] == []
    assert dora.get("/api/audit/verification", params={"head": whole["head"]}).json()["problems"] == []
    assert dora.get("/api/audit/verification", params={"head": "1:" + "0" * 64}).json()["problems"]
    page = dora.get("/api/audit", params={"limit": 1}).json()
    rest = dora.get("/api/audit", params={"limit": 1, "before": page["next"]}).json()["entries"]
    assert rest[0]["number"] == page["next"] - 1


def test_what_cannot_be_recorded_is_not_shown(
    app: FastAPI, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, dora = door.by_token("bob"), door.by_password("dora")

    def full(*_: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(app.state.services.audit, "_record", full)
    for path in ("/api/findings", "/api/documents/t1110-003", "/api/search?q=password"):
        reply = bob.get(path)
        assert reply.status_code == 503
        assert "Spraying" not in reply.text
    assert bob.post("/api/ask", json={"question": "What is T1110.003?"}).status_code == 503
    assert dora.post("/api/people/bob", json={"disabled": True}).status_code == 503
    assert bob.get("/api/session").status_code == 200


def test_bad_bodies_are_problems_that_tell_no_secret(door: Any) -> None:
    dora = door.by_password("dora")
    bodies: tuple[object, ...] = (
        {"name": "eve", "role": "root", "password": WORDS}, {"name": "eve", "role": "admin"}, [],
        {"name": "e/e", "role": "admin", "password": WORDS},
        {"name": "eve", "role": "admin", "password": "eve eve eve!"},
    )  # fmt: skip
    for body in bodies:
        reply = dora.post("/api/people", json=body)
        assert reply.status_code == 400, body
        assert WORDS not in reply.text
    assert dora.post("/api/people/nobody", json={"role": "admin"}).status_code == 400
