"""Users: who they are, what they may do, and when their sessions end."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from icelos.contracts import Right
from icelos.errors import InputError, StoreError
from icelos.people.passwords import Passwords
from icelos.people.roles import Role, role_of
from icelos.people.store import PLACES, People, checked_groups, checked_name

WORDS = "three or four words"
HOUR = timedelta(hours=1)


def test_a_user_signs_in_with_their_password_only(people: People) -> None:
    people.add("ann", role=Role.ANALYST, groups=["soc", "it", "soc"], password=WORDS)
    user = people.sign_in("ann", WORDS)
    assert user is not None
    assert user.groups == ("it", "soc")
    principal = user.principal("password", "192.0.2.7")
    assert principal.groups == {"it", "soc"}
    assert Right.RUN in principal.rights
    assert Right.ADMIN not in principal.rights
    assert not principal.is_owner
    for name, password in (("ann", "four other words"), ("bob", WORDS), ("", ""), ("ann", "")):
        assert people.sign_in(name, password) is None


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("admin", set(Right)), ("analyst", {Right.READ, Right.ASK, Right.WRITE, Right.RUN}),
        ("read-only", {Right.READ, Right.ASK}),
    ],
)  # fmt: skip
def test_roles_give_rights(people: People, role: str, rights: set[Right]) -> None:
    user = people.add("ann", role=role_of(role), password=WORDS)
    assert user.principal("password").rights == rights


def test_a_disabled_user_cannot_sign_in_and_their_sessions_end(people: People) -> None:
    before = people.add("ann", role=Role.ANALYST, password=WORDS)
    people.change("ann", disabled=True)
    assert people.sign_in("ann", WORDS) is None
    after = people.change("ann", disabled=False)
    assert after.epoch > before.epoch
    assert people.sign_in("ann", WORDS) is not None


def test_a_new_password_ends_sessions_and_the_old_one(people: People) -> None:
    before = people.add("ann", role=Role.ANALYST, password=WORDS)
    after = people.set_password("ann", "four other words")
    assert after.epoch > before.epoch
    assert people.sign_in("ann", WORDS) is None
    assert people.sign_in("ann", "four other words") is not None
    people.sign_out_everywhere("ann")
    assert people.user("ann").epoch > after.epoch  # type: ignore[union-attr]


def test_changes_are_seen_by_another_process_at_once(
    people: People, tmp_path: Path, quick: PasswordHasher
) -> None:
    people.add("ann", role=Role.ANALYST, groups=["soc"], password=WORDS)
    with People(tmp_path / "people.sqlite", hashing=Passwords(quick)) as other:
        other.change("ann", role=Role.READ_ONLY, groups=[])
    user = people.user("ann")
    assert user is not None
    assert user.principal("password").groups == frozenset()
    assert Right.WRITE not in user.principal("password").rights


def test_a_name_is_not_given_to_somebody_else(people: People) -> None:
    first = people.add("ann", role=Role.ANALYST, password=WORDS)
    people.tokens.create("ann", label="x", scopes=[Right.READ], lifetime=HOUR)
    with pytest.raises(InputError, match="already"):
        people.add("ANN", role=Role.ANALYST, password=WORDS)
    people.remove("ann")
    assert people.tokens.listed("ann") == []
    with pytest.raises(InputError, match="was somebody's name"):
        people.add("ann", role=Role.ANALYST, password=WORDS)
    again = people.add("ann", role=Role.ANALYST, password=WORDS, returns=True)
    assert again.epoch > first.epoch  # a session of before does not hold again


def test_hashes_are_made_anew_with_new_parameters(
    people: People, tmp_path: Path, quick: PasswordHasher
) -> None:
    people.add("ann", role=Role.ANALYST, password=WORDS)
    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    with People(tmp_path / "people.sqlite", hashing=Passwords(stronger)) as other:
        assert other.sign_in("ann", WORDS) is not None
    with sqlite3.connect(tmp_path / "people.sqlite") as database:
        (kept,) = database.execute("SELECT password FROM users").fetchone()
    assert "t=2" in kept
    assert people.sign_in("ann", WORDS) is not None


def test_no_secret_is_stored(people: People, tmp_path: Path) -> None:
    people.add("ann", role=Role.ANALYST, password=WORDS)
    secret, _ = people.tokens.create("ann", label="x", scopes=[Right.READ], lifetime=HOUR)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert WORDS.encode() not in kept
    assert secret.encode() not in kept


def test_only_the_owner_may_read_the_files(people: People, tmp_path: Path) -> None:
    people.add("ann", role=Role.ANALYST, password=WORDS)
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())


def test_places_are_remembered_within_bounds(people: People, clock: object) -> None:
    for number in range(PLACES + 5):
        clock.now += 1  # type: ignore[attr-defined]
        people.remember_place("ann", f"192.0.2.{number}")
    assert people.knows_place("ann", f"192.0.2.{PLACES + 4}")
    assert not people.knows_place("ann", "192.0.2.0")
    assert not people.knows_place("bob", "192.0.2.20")


@pytest.mark.parametrize("name", ["", " ", "-x", "a b", "a/b", "ünal", "x" * 65, "a\n", "a'--", "../x"])
def test_names_that_could_be_mistaken_are_refused(name: str) -> None:
    if name == "a\n":
        assert checked_name(name) == "a"
        return
    with pytest.raises(InputError):
        checked_name(name)


def test_names_have_one_spelling() -> None:
    assert checked_name(" Ann.Smith@Example.org ") == "ann.smith@example.org"
    assert checked_groups([" soc", "it", "soc"]) == ("it", "soc")
    for group in ("", "a,b", "x" * 101, "a\x00"):
        with pytest.raises(InputError):
            checked_groups([group])


def test_who_is_not_there_cannot_be_changed(people: People) -> None:
    for act in (
        lambda: people.change("bob", disabled=True),
        lambda: people.remove("bob"),
        lambda: people.set_password("bob", WORDS),
        lambda: people.sign_out_everywhere("bob"),
    ):
        with pytest.raises(InputError, match="no user 'bob'"):
            act()


def test_a_broken_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "people.sqlite"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(StoreError, match=r"people\.sqlite: cannot use it"):
        People(path)
