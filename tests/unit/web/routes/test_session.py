"""Signing in and out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.knowledge.store import KnowledgeStore
from icelos.people.store import People
from icelos.settings import Settings
from icelos.web.app import create_app
from icelos.web.lockout import ACCOUNT_LONGEST_WAIT, ACCOUNT_TRIES, FREE_TRIES, Lockouts

PASSWORD = "three or four words"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


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


def test_a_name_and_password_open_a_session(app: FastAPI, door: Any) -> None:
    seen = door.by_password("bob").get("/api/session").json()
    assert (seen["user"], seen["groups"], seen["owner"]) == ("bob", ["soc"], False)
    assert door.by_password("BOB").get("/api/session").json()["user"] == "bob"
    last = app.state.services.audit.entries(limit=1, actor="bob")[0]
    assert (last.action, last.how, last.address) == ("session.begin", "password", "192.0.2.1")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"token": "x", "user": "bob", "password": PASSWORD}, {"user": "bob"}, {"password": PASSWORD},
        {"token": "x", "password": PASSWORD}, {"token": ""}, {"user": "bob", "password": ["x"]},
        {"user": "bob", "password": PASSWORD, "role": "admin"},
    ],
)  # fmt: skip
def test_a_token_or_a_name_and_password_and_nothing_else(door: Any, body: dict[str, object]) -> None:
    reply = door.visitor().post("/api/session", json=body)
    assert reply.status_code == 400
    assert PASSWORD not in reply.text


def test_a_wrong_name_is_not_told_from_a_wrong_password(door: Any) -> None:
    replies = [
        door.visitor(f"192.0.2.{number}").post("/api/session", json={"user": name, "password": "wrong words"})
        for number, name in enumerate(("bob", "nobody", "' OR 1=1 --", "x" * 200), 50)
    ]
    assert {reply.status_code for reply in replies} == {401}
    assert len({reply.text for reply in replies}) == 1


def test_a_disabled_user_is_told_no_more_than_a_stranger(door: Any, members: People) -> None:
    members.change("bob", disabled=True)
    body = {"user": "bob", "password": PASSWORD}
    assert door.visitor().post("/api/session", json=body).status_code == 401


def guess(door: Any, name: str, address: str) -> int:
    body = {"user": name, "password": "wrong words"}
    return int(door.visitor(address).post("/api/session", json=body).status_code)


def test_one_address_cannot_guess_at_speed(door: Any) -> None:
    codes = [guess(door, f"user{number}", "192.0.2.66") for number in range(FREE_TRIES + 2)]
    assert codes == [401] * FREE_TRIES + [429] * 2
    assert guess(door, "bob", "192.0.2.67") == 401


def test_many_addresses_cannot_guess_one_account_at_speed(door: Any) -> None:
    codes = [guess(door, "bob", f"198.51.100.{number}") for number in range(ACCOUNT_TRIES + 5)]
    assert codes == [401] * ACCOUNT_TRIES + [429] * 5
    assert guess(door, "carol", "198.51.100.200") == 401
    # It is the same for an account that is not there: nothing is learnt from it.
    codes = [guess(door, "nobody", f"203.0.113.{number}") for number in range(ACCOUNT_TRIES + 5)]
    assert codes == [401] * ACCOUNT_TRIES + [429] * 5


def test_nobody_is_kept_out_of_their_account_for_long(app: FastAPI, door: Any) -> None:
    clock = Clock()
    app.state.lockout = Lockouts(clock)
    door.by_password("bob", address="192.0.2.1")
    for number in range(1000):  # an attacker who comes from everywhere, whenever a try is allowed
        clock.now += app.state.lockout.accounts.wait("bob")
        assert guess(door, "bob", f"2001:db8:{number:x}::1") == 401
    body = {"user": "bob", "password": PASSWORD}
    at_home = door.visitor("192.0.2.1").post("/api/session", json=body)
    assert at_home.status_code == 201
    guess(door, "bob", "2001:db8:ffff::1")
    elsewhere = door.visitor("192.0.2.200").post("/api/session", json=body)
    assert elsewhere.status_code in {201, 429}
    clock.now += ACCOUNT_LONGEST_WAIT
    assert door.visitor("192.0.2.200").post("/api/session", json=body).status_code == 201


def test_tries_at_once_are_no_way_around_the_brakes(door: Any) -> None:
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: guess(door, "bob", "192.0.2.66"), range(20)))
    assert codes.count(401) <= FREE_TRIES + 8  # those that were let in before the first was counted
    assert 429 in codes


def test_a_session_cannot_be_planted(app: FastAPI, door: Any) -> None:
    planted = app.state.signin.open_session("carol", 0)
    client = door.visitor()
    client.cookies.set("icelos-8787", planted)
    reply = client.post("/api/session", json={"user": "bob", "password": PASSWORD})
    assert reply.cookies["icelos-8787"] != planted
    assert client.get("/api/session").json()["user"] == "bob"
    assert app.state.signin.session(planted) is None  # and what was there has ended
    made_up = door.visitor()
    made_up.cookies.set("icelos-8787", "chosen-by-somebody-else")
    reply = made_up.post("/api/session", json={"user": "bob", "password": PASSWORD})
    assert reply.cookies["icelos-8787"] != "chosen-by-somebody-else"


def test_failures_are_recorded_without_what_was_typed(app: FastAPI, door: Any) -> None:
    guess(door, "bob", "192.0.2.66")
    door.visitor("192.0.2.67").post("/api/session", json={"token": "wrong-token"})
    link, password = app.state.services.audit.entries(action="session.refused")
    assert (password.actor, password.how, password.address) == ("bob", "password", "192.0.2.66")
    assert (link.actor, link.how) == ("", "link")
    assert "wrong" not in f"{link.details} {password.details}"


def test_behind_a_proxy_the_client_counts(settings: Settings, store: KnowledgeStore) -> None:
    del store
    web = msgspec.structs.replace(settings.web, proxies=("192.0.2.1",))
    behind = create_app(msgspec.structs.replace(settings, web=web))

    def tried(proxy: str, client: str) -> int:
        visitor = TestClient(behind, base_url="http://127.0.0.1:8787", client=(proxy, 1))
        headers = {"x-forwarded-for": client}
        return visitor.post("/api/session", json={"token": "wrong"}, headers=headers).status_code

    assert [tried("192.0.2.1", "203.0.113.1") for _ in range(6)] == [401] * 5 + [429]
    assert tried("192.0.2.1", "203.0.113.2") == 401
    assert [tried("198.51.100.1", f"203.0.113.{n}") for n in range(10, 16)] == [401] * 5 + [429]
    behind.state.services.close()
