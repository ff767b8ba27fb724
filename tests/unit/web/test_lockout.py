"""Guessing is slowed down, per address and within bounded memory."""

from __future__ import annotations

import pytest

from icelos.web.lockout import (
    ADDRESSES,
    FIRST_WAIT,
    FORGOTTEN_AFTER,
    FREE_TRIES,
    LONGEST_WAIT,
    Lockout,
    network,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_tries_are_free_and_the_waits_double() -> None:
    clock = Clock()
    lockout = Lockout(clock)
    for _ in range(FREE_TRIES - 1):
        lockout.wrong("a")
        assert lockout.wait("a") == 0
    lockout.wrong("a")
    assert lockout.wait("a") == FIRST_WAIT
    clock.now += FIRST_WAIT
    assert lockout.wait("a") == 0
    lockout.wrong("a")
    assert lockout.wait("a") == 2 * FIRST_WAIT


def test_a_wait_has_an_upper_bound() -> None:
    lockout = Lockout(Clock())
    for _ in range(100):
        lockout.wrong("a")
    assert lockout.wait("a") == LONGEST_WAIT


def test_addresses_are_apart_and_a_right_one_is_forgiven() -> None:
    lockout = Lockout(Clock())
    for _ in range(FREE_TRIES):
        lockout.wrong("a")
    assert lockout.wait("b") == 0
    lockout.right("a")
    assert lockout.wait("a") == 0


def test_memory_is_bounded() -> None:
    lockout = Lockout(Clock())
    for number in range(ADDRESSES * 2):
        lockout.wrong(str(number))
    assert len(lockout._tries) == ADDRESSES


def test_old_tries_are_forgotten() -> None:
    clock = Clock()
    lockout = Lockout(clock)
    for _ in range(100):
        lockout.wrong("a")
    clock.now += FORGOTTEN_AFTER + 1
    lockout.wrong("a")
    assert lockout.wait("a") == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"), ("testclient", "testclient"), ("", ""),
    ],
)  # fmt: skip
def test_a_network_counts_as_one_address(address: str, counted: str) -> None:
    assert network(address) == counted
