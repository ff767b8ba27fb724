"""API tokens: shown once, bounded by scopes and time, gone when revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from icelos.contracts import Right
from icelos.errors import InputError
from icelos.people.store import People
from icelos.people.tokens import MOST, PREFIX, USED_SECONDS

HOUR = timedelta(hours=1)


def test_a_token_is_found_until_it_ends(people: People, clock: object) -> None:
    secret, token = people.tokens.create("ann", label=" my  editor ", scopes=[Right.READ], lifetime=HOUR)
    assert secret.startswith(PREFIX)
    assert len(secret) >= len(PREFIX) + 43
    assert token.label == "my editor"
    assert people.tokens.find(secret) == token
    clock.now += 3599  # type: ignore[attr-defined]
    assert people.tokens.find(secret) is not None
    clock.now += 1  # type: ignore[attr-defined]
    assert people.tokens.find(secret) is None


@pytest.mark.parametrize("wrong", ["", "x", "icelos_", "icelos_wrong", "ICELOS_", "\udcff", "icelos_é"])
def test_anything_else_is_none(people: People, wrong: str) -> None:
    people.tokens.create("ann", label="x", scopes=[Right.READ], lifetime=HOUR)
    assert people.tokens.find(wrong) is None


def test_a_revoked_token_is_gone_and_only_its_user_revokes_it(people: People) -> None:
    secret, token = people.tokens.create("ann", label="x", scopes=[Right.READ], lifetime=HOUR)
    with pytest.raises(InputError, match="no token"):
        people.tokens.revoke(token.id, user="bob")
    assert people.tokens.find(secret) is not None
    people.tokens.revoke(token.id, user="ann")
    assert people.tokens.find(secret) is None


def test_the_last_use_is_kept_about_once_a_minute(people: People, clock: object) -> None:
    secret, token = people.tokens.create("ann", label="x", scopes=[Right.READ], lifetime=HOUR)
    assert people.tokens.needs_mark(token)
    people.tokens.mark_used(token)
    again = people.tokens.find(secret)
    assert again is not None
    assert again.used is not None
    assert not people.tokens.needs_mark(again)
    clock.now += USED_SECONDS  # type: ignore[attr-defined]
    assert people.tokens.needs_mark(again)


def test_bounds(people: People, clock: object) -> None:
    for label, scopes, lifetime in (
        ("", [Right.READ], HOUR), ("x" * 101, [Right.READ], HOUR), ("x", [], HOUR),
        ("x", [Right.READ], timedelta(0)), ("x", [Right.READ], timedelta(days=367)),
    ):  # fmt: skip
        with pytest.raises(InputError):
            people.tokens.create("ann", label=label, scopes=scopes, lifetime=lifetime)
    for number in range(MOST):
        people.tokens.create("ann", label=str(number), scopes=[Right.READ], lifetime=HOUR)
    with pytest.raises(InputError, match="enough"):
        people.tokens.create("ann", label="one more", scopes=[Right.READ], lifetime=HOUR)
    clock.now += 3600  # type: ignore[attr-defined]
    people.tokens.create("ann", label="one more", scopes=[Right.READ], lifetime=HOUR)  # those are over
    assert len(people.tokens.listed("ann")) == 1
    assert people.tokens.listed("bob") == []
