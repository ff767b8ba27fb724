"""Length counts, composition does not; nobody's password takes as long as somebody's."""

from __future__ import annotations

import statistics
import time

import pytest
from argon2 import PasswordHasher

from icelos.errors import InputError
from icelos.people.passwords import Passwords, check


@pytest.mark.parametrize(
    "password", ["three or four words", "correcthorsebattery", "пароль из слов", "annabel's garden gate"]
)
def test_long_ones_of_any_kind_are_taken(password: str) -> None:
    check(password, "ann")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "shorter than 12"), ("elevenchars", "shorter than 12"), ("x" * 1025, "longer than"),
        ("annabelle-annabelle-1", "little more than the name"), ("ANNABELLE123", "little more than the name"),
        ("aaaaaaaaaaaaaaaa", "repeats itself"), ("abababababababab", "repeats itself"),
    ],
)  # fmt: skip
def test_short_ones_and_the_own_name_are_refused(password: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check(password, "annabelle")


def test_a_hash_is_argon2id_with_a_salt_of_its_own(quick: PasswordHasher) -> None:
    passwords = Passwords(quick)
    one, other = passwords.hashed("three or four words"), passwords.hashed("three or four words")
    assert one != other
    assert one.startswith("$argon2id$")
    assert passwords.matches(one, "three or four words")
    assert not passwords.matches(one, "three or four word")
    assert not passwords.matches("no hash", "three or four words")


def test_characters_count_not_how_they_are_composed(quick: PasswordHasher) -> None:
    passwords = Passwords(quick)
    assert passwords.matches(passwords.hashed("caf\u00e9 au lait, please"), "cafe\u0301 au lait, please")


def test_nobody_takes_as_long_as_somebody() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1))
    known = passwords.hashed("three or four words")

    def took(hashed: str | None) -> float:
        began = time.process_time()
        assert not passwords.matches(hashed, "another four words")
        return time.process_time() - began

    took(None)
    pairs = [(took(known), took(None)) for _ in range(15)]
    somebody, nobody = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.5 < nobody / somebody < 2.0


def test_the_recommended_parameters_are_used() -> None:
    """RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes, where memory is bounded."""
    hashed = Passwords().hashed("three or four words")
    assert "m=65536,t=3,p=4" in hashed
    assert not Passwords().outdated(hashed)
