"""Hosts, addresses and organisations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.signals.domains import (
    Url,
    addresses,
    decoded_host,
    is_public_ip,
    mixed_scripts,
    organisation,
    parse_url,
    shown_host,
)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.bank.co.uk", "bank.co.uk"),
        ("a.b.example.com", "example.com"),
        ("co.uk", ""),
        ("localhost", ""),
        ("10.0.0.1", ""),
        ("", ""),
        ("xn--bcher-kva.example.de", "example.de"),
    ],
)
def test_organisations(host: str, name: str) -> None:
    assert organisation(host) == name


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("www.bank.com", "www.bank.com"),
        ("https://bank.com/login", "bank.com"),
        ("bank.com", "bank.com"),
        ("Bank.COM/x", "bank.com"),
        ("click here", ""),
        ("Version 2.0", ""),
        ("report.pdf-final", ""),
        ("", ""),
    ],
)
def test_hosts_that_a_text_shows(text: str, host: str) -> None:
    assert shown_host(text) == host


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://A.example:8080/x?q#F", Url("https", "a.example", "", 8080, "/x", "q", "F")),
        ("http://bank.com@evil.example/", Url("http", "evil.example", "bank.com", 0, "/")),
        ("ht\ntps://a.example", Url("https", "a.example", "")),
        ("mailto:a@b.example", Url("mailto", "", "")),
        ("javascript:alert(1)", Url("javascript", "", "")),
        ("http://[::1", None),
        ("/relative", None),
        ("#top", None),
    ],
)
def test_urls(text: str, url: Url | None) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("8.8.8.8", True),
        ("0x08080808", True),
        ("134744072", True),
        ("010.8.8.8", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("192.168.1.1", False),
        ("2606:4700::1", True),
        ("::1", False),
        ("8.8.8.8.example", False),
        ("999.1.1.1", False),
        ("1.2.3.4.5", False),
        ("", False),
    ],
)
def test_bare_addresses(host: str, public: bool) -> None:
    assert is_public_ip(host) is public


def test_scripts() -> None:
    assert mixed_scripts("pаypal.com"), "the first a is Cyrillic"
    assert mixed_scripts("xn--pypal-4ve.com"), "the same in punycode"
    assert not mixed_scripts("пример.com")
    assert not mixed_scripts("bücher.de")
    assert decoded_host("xn--bcher-kva.de") == "bücher.de"
    assert decoded_host("xn--!!!.de") in {"xn--!!!.de", "!!!.de"}


def test_addresses() -> None:
    assert addresses('"x@Bank.com" <y@evil.example>') == [
        ("x@Bank.com", "bank.com"),
        ("y@evil.example", "evil.example"),
    ]
    assert addresses("nobody at all") == []


@given(st.text(max_size=60))
def test_any_text_is_looked_at(text: str) -> None:
    parse_url(text)
    addresses(text)
    is_public_ip(text)
    mixed_scripts(text)
    assert organisation(shown_host(text)) or not shown_host(text)
