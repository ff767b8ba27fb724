"""Where links lead, and how that is hidden."""

from __future__ import annotations

import base64

import pytest

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.signals import Known, Signal, signals

KNOWN = Known(domains=("northwind-traders.com",))
WHOM = "bob@northwind-traders.com"
CODED = base64.b64encode(WHOM.encode()).decode()


def found(target: str, text: str = "here", sender: str = "news@some-shop.net") -> dict[str, Signal]:
    head = f"From: {sender}\nTo: {WHOM}\nContent-Type: text/html; charset=utf-8\n\n"
    raw = f"{head}Hello <a href='{target}'>{text}</a>".encode()
    return {signal.name: signal for signal in signals(read_message(raw), known=KNOWN)}


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("https://bit.ly/3abc", "link-shortener"),
        ("https://login-page.web.app/x", "link-free-space"),
        ("https://docs.google.com/forms/d/1", "link-common-space"),
        ("https://www.google.com/url?q=https://other.net/x", "link-redirected"),
        ("https://rnicrosoft.com/x", "link-lookalike"),
        ("https://paypal-secure.com/x", "link-combination"),
        ("https://netflixmail.com/x", "link-joined"),
        ("https://paypal.top/x", "link-other-ending"),
        ("https://paypal.com.evil.net/x", "link-below"),
        ("https://www.google.com/url?q=https://paypal-secure.com/x", "link-combination"),
        ("https://some-site.net/paypal/x", "link-brand-path"),
        (f"https://some-site.net/x#{WHOM}", "link-recipient-hidden"),
        (f"https://some-site.net/x/{CODED}", "link-recipient-hidden"),
        (f"https://some-site.net/x?e={b'someone@firm.org'.hex()}", "link-recipient-hidden"),
        ("https://some-site.net/%6c%6f%67%69%6e", "link-encoded"),
        ("https://a.b.c.d.e.some-site.net/", "link-many-labels"),
        ("https://kbzpwvxmvq.com/x", "link-random-host"),
        ("https://some-site.top/x", "link-cheap-ending"),
        ("https://some-site.net/signin/", "link-asks-sign-in"),
        ("https://some-site.net/wp-content/plugins/x/index.php", "link-planted"),
        ("https://some-site.net/css/login.html", "link-planted"),
        ("https://some-site.net:4433/x", "link-port"),
        ("data:text/html,x", "script-link"),
        ("https://xn--mnchen-3ya.de/", "link-punycode"),
    ],
)
def test_tricks(target: str, name: str) -> None:
    seen = found(target)
    assert name in seen
    assert seen[name].quote


@pytest.mark.parametrize(
    "target",
    [
        "https://some-site.net/article/2024/05/title",
        "https://www.some-shop.net/login",
        "https://u123.ct.sendgrid.net/ls/click?upn=abc",
        "https://www.paypal.com/signin",
        "https://some-site.net/wp-content/uploads/2024/menu.pdf",
        "https://some-site.net/facebook/",
        f"https://some-site.net/unsubscribe?email={WHOM}",
        "https://some-site.net/a%20b%2Fc",
        "https://www.google.com/maps?q=Berlin",
        "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fsome-site.net%2F&data=1",
        "mailto:a@b.com",
        "javascript:void(0)",
        "data:Z",
        "http://ann.miller@some-shop.net",
        "http://server.local:8000/",
    ],
)
def test_honest_links(target: str) -> None:
    assert found(target) == {}


@pytest.mark.parametrize(
    ("target", "text", "name"),
    [
        ("https://evil.net/x", "www.bank.com", "link-text-mismatch"),
        ("https://evil.net/x", "Sign in to PayPal", ""),
        ("https://evil.net/x", "PayPal login", "brand-borrowed"),
        ("https://click.some-shop.net/x", "www.bank.com", ""),
        ("https://u1.ct.sendgrid.net/x", "www.bank.com", ""),
        ("https://t.co/x?u=https://www.bank.com/", "www.bank.com", "link-shortener"),
        ("https://github.com/x", "design.md", ""),
        ("https://evil.net/x", "Facebook", ""),
    ],
)
def test_what_a_link_shows(target: str, text: str, name: str) -> None:
    seen = set(found(target, text))
    assert seen == ({name} if name else set())
