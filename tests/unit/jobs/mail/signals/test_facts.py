"""What the signals share of one message."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.facts import Facts, Known, known_of, read_sender, same_party


@pytest.mark.parametrize(
    ("value", "name", "address", "host"),
    [
        ("Ann <ann@a.com>", "Ann", "ann@a.com", "a.com"),
        ('"ceo@bank.com" <x@evil.net>', "ceo@bank.com", "x@evil.net", "evil.net"),
        ("ann@a.com", "", "ann@a.com", "a.com"),
        ('"Facebook" <>', "Facebook", "", ""),
        ("Ann <ann@A.COM>", "Ann", "ann@A.COM", "a.com"),
        ("", "", "", ""),
    ],
)
def test_senders(value: str, name: str, address: str, host: str) -> None:
    sender = read_sender(value)
    assert (sender.name, sender.address, sender.host) == (name, address, host)


def test_broken_senders_are_read_too() -> None:
    for value in ("(" * 5000 + "a@b.com", "<" * 3000, "a@b@c.com", "\ufffd<\ufffd@\ufffd>", "Ann <ann@a.com"):
        read_sender(value)
    assert read_sender("Ann <ann@a.com").host == "a.com"


def test_parties() -> None:
    assert same_party("mail.a.co.uk", "www.a.co.uk")
    assert same_party("facebookmail.com", "instagram.com")
    assert not same_party("a.com", "b.com")


def test_hosts_that_nobody_registers_are_not_all_one_party() -> None:
    """Else a sender "@paypal.lan" would be at home at any bare address."""
    assert same_party("mail.corp.lan", "corp.lan")
    assert same_party("8.8.8.8", "8.8.8.8")
    assert not same_party("8.8.8.8", "paypal.lan")
    assert not same_party("8.8.8.8", "1.2.8.8")
    assert not same_party("corp.lan", "other.lan")
    assert not same_party("", "8.8.8.8")


def test_what_is_known() -> None:
    facts = Facts(
        Message([("from", "a@eu.corp.com"), ("to", "B@x.com, c@y.com")]), Known(domains=("corp.com",))
    )
    assert facts.is_ours("mail.corp.com")
    assert not facts.is_ours("corp.com.evil.net")
    assert facts.recipients == ["b@x.com", "c@y.com"]
    assert known_of(["mx.a.com"], Known(servers=("mx.b.com",))).servers == ("mx.b.com", "mx.a.com")
