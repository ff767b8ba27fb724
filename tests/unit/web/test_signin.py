"""Tokens work once and for 15 minutes; the file holds hashes only."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest

from icelos.errors import StoreError
from icelos.web.signin import REMEMBERED_SECONDS, TOKEN_SECONDS, SignIn, csrf_token


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signin(tmp_path: Path, clock: Clock) -> SignIn:
    return SignIn(tmp_path / "console.sqlite", hours=2, clock=clock)


def test_a_token_opens_one_session(signin: SignIn) -> None:
    token = signin.new_token()
    session_id = signin.exchange(token)
    assert session_id is not None
    session = signin.session(session_id)
    assert session is not None
    assert session.csrf == csrf_token(session_id)
    assert signin.exchange(token) is None


def test_a_token_ends_after_its_minutes(signin: SignIn, clock: Clock) -> None:
    token = signin.new_token()
    clock.now += TOKEN_SECONDS
    assert signin.exchange(token) is None


def test_a_session_ends_after_its_hours(signin: SignIn, clock: Clock) -> None:
    session_id = signin.exchange(signin.new_token())
    assert session_id is not None
    clock.now += 2 * 3600 - 1
    assert signin.session(session_id) is not None
    clock.now += 1
    assert signin.session(session_id) is None


def test_signing_out_ends_the_session(signin: SignIn) -> None:
    session_id = signin.exchange(signin.new_token())
    assert session_id is not None
    signin.sign_out(session_id)
    assert signin.session(session_id) is None


@pytest.mark.parametrize("wrong", ["", "x", "\udcff", "é" * 50])
def test_anything_else_opens_none(signin: SignIn, wrong: str) -> None:
    signin.new_token()
    assert signin.exchange(wrong) is None
    assert signin.session(wrong) is None


def test_two_at_once_get_one_session(signin: SignIn) -> None:
    token = signin.new_token()
    opened: list[str | None] = []
    threads = [threading.Thread(target=lambda: opened.append(signin.exchange(token))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(session is not None for session in opened) == 1


def test_another_process_may_issue_a_token(signin: SignIn, tmp_path: Path, clock: Clock) -> None:
    token = SignIn(tmp_path / "console.sqlite", hours=2, clock=clock).new_token()
    assert signin.exchange(token) is not None


def test_no_secret_is_stored(signin: SignIn, tmp_path: Path) -> None:
    token = signin.new_token()
    session_id = signin.exchange(signin.new_token())
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert session_id is not None
    assert token.encode() not in kept
    assert session_id.encode() not in kept


def test_only_the_owner_may_read_the_file(signin: SignIn, tmp_path: Path) -> None:
    signin.new_token()
    assert (tmp_path / "console.sqlite").stat().st_mode & 0o077 == 0


def test_running_servers_are_known(signin: SignIn) -> None:
    assert signin.running() == []
    signin.announce("http://127.0.0.1:8787")
    assert signin.running() == ["http://127.0.0.1:8787"]
    signin.withdraw()
    assert signin.running() == []


def test_a_broken_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "console.sqlite"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(StoreError, match=r"console\.sqlite: cannot use the sign-in store"):
        SignIn(path, hours=1)


def test_a_session_is_known_without_the_file_for_a_moment(signin: SignIn, clock: Clock) -> None:
    session_id = signin.exchange(signin.new_token())
    assert session_id is not None
    assert signin.known(session_id) is None
    session = signin.session(session_id)
    assert signin.known(session_id) == session
    assert signin.known("another") is None
    clock.now += REMEMBERED_SECONDS
    assert signin.known(session_id) is None


def test_what_is_known_ends_with_the_session(signin: SignIn, clock: Clock) -> None:
    session_id = signin.exchange(signin.new_token())
    assert session_id is not None
    clock.now += 2 * 3600 - 1
    assert signin.session(session_id) is not None
    clock.now += 1
    assert signin.known(session_id) is None


def test_signing_out_is_known_at_once(signin: SignIn) -> None:
    session_id = signin.exchange(signin.new_token())
    assert session_id is not None
    assert signin.session(session_id) is not None
    signin.sign_out(session_id)
    assert signin.known(session_id) is None


def test_a_session_is_a_users_or_the_owners(signin: SignIn) -> None:
    owners = signin.session(signin.exchange(signin.new_token()) or "")
    users = signin.session(signin.open_session("bob", 3))
    assert owners is not None
    assert users is not None
    assert (owners.user, owners.epoch, users.user, users.epoch) == ("", 0, "bob", 3)


def test_all_sessions_of_one_user_end_together(signin: SignIn) -> None:
    mine = [signin.open_session("bob", 0) for _ in range(3)]
    other, owners = signin.open_session("carol", 0), signin.exchange(signin.new_token()) or ""
    assert all(signin.session(one) for one in (*mine, other, owners))
    assert signin.sign_out_all("bob") == 3
    assert not any(signin.session(one) or signin.known(one) for one in mine)
    assert signin.known(other)
    assert signin.session(owners)


def test_a_file_of_before_is_taken_over(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "console.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE sessions (hash TEXT PRIMARY KEY, expires REAL NOT NULL) STRICT")
        row = (hashlib.sha256(b"old").hexdigest(), clock.now + 100)
        database.execute("INSERT INTO sessions VALUES (?, ?)", row)
    for _ in range(2):
        session = SignIn(path, hours=1, clock=clock).session("old")
        assert session is not None
        assert session.user == ""
