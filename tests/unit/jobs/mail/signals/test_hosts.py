"""Tables of hosts and of words."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.signals import hosts


@pytest.mark.parametrize(
    ("table", "host", "head", "found"),
    [
        (hosts.SHORTENERS, "bit.ly", "abc", "bit.ly"),
        (hosts.SHORTENERS, "www.bit.ly", "", "bit.ly"),
        (hosts.SHORTENERS, "rabbit.ly", "", ""),
        (hosts.FREE_HOSTING, "evil.web.app", "", "web.app"),
        (hosts.FREE_HOSTING, "docs.google.com", "forms/d", "docs.google.com/forms"),
        (hosts.FREE_HOSTING, "docs.google.com", "document/d", ""),
        (hosts.OPEN_REDIRECTORS, "www.google.com", "url", "google.com/url"),
        (
            hosts.OPEN_REDIRECTORS,
            "www.googleadservices.com",
            "pagead/aclk",
            "googleadservices.com/pagead/aclk",
        ),
        (hosts.MAILING_SERVICES, "u1.ct.sendgrid.net", "", "sendgrid.net"),
        (hosts.MAIL_HOSTS, "localhost", "", ""),
    ],
)
def test_entries(table: str, host: str, head: str, found: str) -> None:
    assert hosts.entry(table, host, head) == found


def test_cheap_endings() -> None:
    assert hosts.is_cheap("a.top")
    assert hosts.is_cheap("a.ru.com")
    assert not hosts.is_cheap("top.com")
    assert not hosts.is_cheap("")


def test_the_tables_are_large_enough_and_clean() -> None:
    for name, least in ((hosts.SHORTENERS, 60), (hosts.FREE_HOSTING, 80), (hosts.MAILING_SERVICES, 60)):
        entries = hosts._tables()[name]
        assert len(entries) >= least
        assert all(entry == entry.lower().strip("/") and "." in entry for entry in entries)
    assert hosts._tables()[hosts.COMMON_HOSTING] - hosts._tables()[hosts.FREE_HOSTING] < {
        "drive.google.com/file", "drive.google.com/uc", "docs.google.com/document", "docs.google.com/uc",
        "dropbox.com/s", "dropbox.com/scl", "1drv.ms", "onedrive.live.com", "we.tl", "sharepoint.com",
        "readthedocs.io", "more",
    }  # fmt: skip


def test_words() -> None:
    assert "support" in hosts.words("service")
    assert "login" in hosts.words("lures")
    assert "paypal" not in hosts.words("ordinary_labels")
