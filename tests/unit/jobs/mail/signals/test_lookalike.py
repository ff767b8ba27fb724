"""Domains that imitate others, and those that only look a little like them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.signals.lookalike import (
    BELOW,
    COMBINATION,
    ENDING,
    JOINED,
    SPELLING,
    Names,
    likeness,
    watched,
)

OWN = watched(("northwind-traders.com", "lindqvist.se"))


@pytest.mark.parametrize(
    ("host", "kind", "imitated"),
    [
        ("rnicrosoft.com", SPELLING, "microsoft.com"),
        ("paypa1.com", SPELLING, "paypal.com"),
        ("netfliix.com", SPELLING, "netflix.com"),
        ("xn--pypal-4ve.com", SPELLING, "paypal.com"),
        ("bankofamerlca.com", SPELLING, "bankofamerica.com"),
        ("instargram.net", SPELLING, "instagram.com"),
        ("paypal-secure.com", COMBINATION, "paypal.com"),
        ("micros0ft-login.net", COMBINATION, "microsoft.com"),
        ("secure-dhl.info", COMBINATION, "dhl.com"),
        ("securepaypal.com", COMBINATION, "paypal.com"),
        ("apple-id-verify.com", COMBINATION, "apple.com"),
        ("netflixmail.com", JOINED, "netflix.com"),
        ("paypal.top", ENDING, "paypal.com"),
        ("paypal.com.evil.net", BELOW, "paypal.com"),
        ("paypal-com.evil.net", BELOW, "paypal.com"),
        ("netflix.evil.net", BELOW, "netflix.com"),
        ("paypal-login.web.app", BELOW, "paypal.com"),
        ("northwind-trader5.com", SPELLING, "northwind-traders.com"),
        ("northwind-traders.net", ENDING, "northwind-traders.com"),
        ("lindqvist-invoice.com", COMBINATION, "lindqvist.se"),
        ("lindqvist.se.evil.net", BELOW, "lindqvist.se"),
    ],
)
def test_imitations(host: str, kind: str, imitated: str) -> None:
    found = likeness(host, OWN)
    assert found is not None
    assert (found.kind, found.imitated) == (kind, imitated)


@pytest.mark.parametrize(
    "host",
    [
        "paypal.com", "www.paypal.de", "amazon.co.uk", "mail.northwind-traders.com", "lindqvist.se",
        "applebees.com", "pineapple.com", "orange-county.gov", "chase-miller.com", "visaguide.world",
        "grange.com", "upstairs.com", "googles-fan.org.evil", "microsoft.sharepoint.com", "gmail.com",
        "sendgrid.net", "web.app", "example.com", "co.uk", "", "localhost", "192.168.1.1", "wikipedia.org",
        "google.northern-firm.com", "zimbra.university.edu",
    ],
)  # fmt: skip
def test_no_imitations(host: str) -> None:
    assert likeness(host, OWN) is None


def test_many_hosts_take_no_long() -> None:
    names = Names(["northwind-traders.com"])
    began = time.process_time()
    for number in range(2000):
        likeness(f"{'ab-' * 18}{number}.{'x' * 50}{number}.com", names)
    assert time.process_time() - began < 10


@given(st.text(max_size=80))
def test_any_host(host: str) -> None:
    likeness(host, OWN)
    likeness(f"{host}.com", OWN)
