"""Who a mail says it is from."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.signals import Known, Signal, signals

KNOWN = Known(
    domains=("northwind-traders.com",),
    partners=("lindqvist.se",),
    people=("Ada Lovelace <ada@northwind-traders.com>", "Grace Brewster Hopper"),
)


def found(headers: str, body: str = "Hello", known: Known = KNOWN) -> dict[str, Signal]:
    raw = f"{headers}\nContent-Type: text/html; charset=utf-8\n\n{body}".encode()
    return {signal.name: signal for signal in signals(read_message(raw), known=known)}


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ("From: PayPal <x@gmail.com>", "brand-from-free-mail"),
        ("From: DHL Express <x@some-shop.net>", "brand-from-stranger"),
        ("From: Netflix <x@ab12cd34ef.com>", "brand-from-free-mail"),
        ("From: Netflix fans of Ohio <x@some-shop.net>", "brand-in-name"),
        ('From: "Facebook" <>', "brand-from-stranger"),
        ("From: =?utf-8?q?P=D0=B0yPal?= <x@some-shop.net>", "brand-misspelt"),
        ("From: Ada Lovelace <ada.lovelace@gmail.com>", "person-imitated"),
        ("From: LOVELACE, Ada <office@some-shop.net>", "person-imitated"),
        ("From: Grace Brewster Hopper <g@some-shop.net>", "person-imitated"),
        ("From: a@rnicrosoft.com", "from-lookalike"),
        ("From: a@northwind-traders.net", "from-other-ending"),
        ("From: a@northwind-tradres.com", "from-lookalike"),
        ("From: a@lindqvist-invoice.com", "from-combination"),
        ("From: a@netflixmail.com", "from-joined"),
        ("From: a@paypal.com.evil.net", "from-below"),
        ("From: a@mysite.web.app", "sender-free-space"),
        ("From: a@good-deals.top", "sender-cheap-ending"),
        ("From: a@kbzpwvxmvq.com", "sender-domain-random"),
        ("From: a8f7d6e5c4@some-shop.net", "sender-random"),
        ("From: a@some-shop.net\nReply-To: b@rnicrosoft.com", "reply-to-lookalike"),
        ("From: a@some-shop.net\nReply-To: b@gmail.com", "reply-to-free-mail"),
        ("From: a@some-shop.net\nReply-To: b@other-shop.net", "reply-to-elsewhere"),
        ("From: a@gmail.com\nReply-To: b@outlook.com", "reply-to-other-mailbox"),
        ("From: a@gmail.com\nReply-To: b@gmail.com", "reply-to-other-mailbox"),
        ("From: a@some-shop.net\nReturn-Path: <x@other-shop.net>", "bounces-elsewhere"),
        ("From: a@some-shop.net\nSender: x@other-shop.net", "sender-elsewhere"),
        ("From: a@some-shop.net\nMessage-ID: <1@other-shop.net>", "message-id-elsewhere"),
        ("From: a@some-shop.net, b@other-shop.net", "several-senders"),
        ("From: nobody at all", "sender-malformed"),
        ("From: a@some-shop.net\nTo: a@some-shop.net", "to-itself"),
        ("From: a@some-shop.net\nTo: undisclosed-recipients:;", "to-nobody-named"),
        ("From: a@some-shop.net\nTo: b@corp.net\nSubject: Dear b@corp.net", "recipient-in-subject"),
    ],
)
def test_tricks(headers: str, name: str) -> None:
    assert name in found(headers)


@pytest.mark.parametrize(
    "headers",
    [
        "From: PayPal <service@paypal.com>",
        "From: PayPal <service@intl.paypal.com>\nReturn-Path: <x@bounce.paypal.de>",
        "From: Ada Lovelace <ada@northwind-traders.com>",
        "From: Ada Lovelace <ada@mail.northwind-traders.com>",
        "From: Ada Miller <ada@some-shop.net>",
        "From: Chase Miller <chase@some-shop.net>",
        "From: Apple Orchard of Kent <hello@some-shop.net>",
        "From: a@lindqvist.se\nReply-To: b@lindqvist.se",
        "From: a@some-shop.net\nReturn-Path: <b+1@em.sendgrid.net>\nMessage-ID: <x@ismtpd.sendgrid.net>",
        "From: Ann via U <u@lists.firm.se>\nReply-To: ann@gmail.com\nList-Post: <mailto:u@lists.firm.se>",
        "From: Ann <ann@some-shop.net>\nReply-To: u@lists.firm.se\nList-Post: <mailto:u@lists.firm.se>",
        "From: a@some-shop.net\nReply-To: a@some-shop.net, b@gmail.com",
        "From: a@gmail.com\nMessage-ID: <x@mail.gmail.com>",
        "From: bounce-24365-8f7d6e5c4b3a2-xyz-1234@some-shop.net",
    ],
)
def test_honest_senders(headers: str) -> None:
    assert found(headers) == {}


def test_a_brand_in_the_subject_counts_where_nothing_leads_there() -> None:
    astray = found(
        "From: a@some-shop.net\nSubject: Your Netflix account", "<a href=https://other-shop.net/x>x</a>"
    )
    assert {"brand-in-subject", "brand-led-astray"} <= astray.keys()
    home = found("From: a@some-shop.net\nSubject: Netflix news", "<a href=https://netflix.com/x>x</a>")
    assert home == {}
    assert found("From: a@some-shop.net\nSubject: Netflix and chill", "no link") == {}
