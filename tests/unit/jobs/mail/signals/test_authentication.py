"""Whose word on a mail's origin counts, and what it says."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.signals.authentication import results, topmost

OURS = ("authentication-results", "mx.ours.example; dmarc=fail")
FORGED = ("authentication-results", "mx.evil.example; dmarc=pass")


def test_the_topmost_counts() -> None:
    assert topmost([("subject", "x"), OURS, FORGED]) == OURS[1]
    assert topmost([("subject", "x")]) == ""


def test_only_a_trusted_servers_counts_where_one_is_named() -> None:
    assert topmost([FORGED, OURS], ["MX.ours.example"]) == OURS[1]
    assert topmost([FORGED], ["mx.ours.example"]) == ""
    forged = ("authentication-results", "mx.evil.example (mx.ours.example); dmarc=pass")
    assert topmost([forged], ["mx.ours.example"]) == ""


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            "mx; spf=pass (sender is 1.2.3.4) smtp.mailfrom=a; dkim=fail; dmarc=none",
            {"spf": "pass", "dkim": "fail", "dmarc": "none"},
        ),
        ("mx; DKIM = Fail; dkim=pass", {"dkim": "pass"}),
        ("mx; dkim=pass; dkim=fail", {"dkim": "pass"}),
        ("mx; none (spf=fail)", {}),
        ("mx; compauth=fail reason=001", {"compauth": "fail"}),
        ("", {}),
    ],
)
def test_results(header: str, found: dict[str, str]) -> None:
    assert results(header) == found
