"""Whose word on a mail's origin counts, and what it says."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.signals.authentication import passed_domains, results, told, topmost

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
        ("mx; arc=pass; SPF=SoftFail", {"arc": "pass", "spf": "softfail"}),
        ("", {}),
    ],
)
def test_results(header: str, found: dict[str, str]) -> None:
    assert results(header) == found


@pytest.mark.parametrize(
    ("header", "domains"),
    [
        ("mx; dkim=pass header.d=A.com; spf=pass smtp.mailfrom=x@b.com", {"a.com", "b.com"}),
        ("mx; dkim=pass header.i=@c.com header.s=x", {"c.com"}),
        ("mx; dkim=fail header.d=a.com; spf=none smtp.mailfrom=b.com", set()),
        ("mx; dmarc=pass header.from=a.com", set()),
        ("mx; dkim=pass (header.d=a.com)", set()),
    ],
)
def test_domains_that_passed(header: str, domains: set[str]) -> None:
    assert passed_domains(header) == domains


def test_an_origin_is_trusted_only_where_its_server_is_named() -> None:
    assert told([OURS], ["mx.ours.example"]).trusted
    assert not told([OURS]).trusted
    assert not told([FORGED], ["mx.ours.example"]).results


def test_alignment_is_by_organisation() -> None:
    origin = told([("authentication-results", "mx; dkim=pass header.d=mail.a.co.uk")])
    assert origin.is_aligned("news.a.co.uk")
    assert not origin.is_aligned("b.co.uk")
    assert not origin.is_aligned("")
