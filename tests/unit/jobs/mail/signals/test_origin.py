"""What authentication says of a sender."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.authentication import Origin
from icelos.jobs.mail.signals.signals import Known, Signal, signals

KNOWN = Known(servers=("mx.ours.com",), domains=("northwind-traders.com",), partners=("lindqvist.se",))


def found(
    results: str, sender: str = "a@some-shop.net", *, known: Known = KNOWN, checked: Origin | None = None
) -> dict[str, Signal]:
    headers = [("from", sender), ("authentication-results", f"mx.ours.com; {results}")]
    return {signal.name: signal for signal in signals(Message(headers), known=known, checked=checked)}


@pytest.mark.parametrize(
    ("results", "sender", "names"),
    [
        ("dmarc=fail", "a@some-shop.net", {"origin-failed"}),
        ("dmarc=fail; spf=fail", "a@northwind-traders.com", {"origin-failed", "own-domain-forged"}),
        ("spf=pass smtp.mailfrom=x@other.net; dmarc=none", "a@some-shop.net", {"origin-unaligned"}),
        ("spf=pass smtp.mailfrom=x@em.some-shop.net", "a@some-shop.net", set()),
        ("dkim=pass header.d=some-shop.net", "a@eu.some-shop.net", set()),
        ("dkim=pass header.i=@some-shop-net.20230601.gappssmtp.com", "a@some-shop.net", set()),
        ("spf=none; dkim=none", "a@some-shop.net", {"origin-unknown"}),
        ("dmarc=pass; dkim=pass header.d=paypal.com", "a@paypal.com", {"origin-proven"}),
        ("dmarc=pass; dkim=pass header.d=lindqvist.se", "a@lindqvist.se", {"origin-proven"}),
        ("dmarc=pass; dkim=pass header.d=gmail.com", "a@gmail.com", set()),
        ("dmarc=pass; dkim=pass header.d=some-shop.net", "a@some-shop.net", set()),
        ("dmarc=pass", "a@paypal.com", set()),
    ],
)
def test_verdicts(results: str, sender: str, names: set[str]) -> None:
    assert set(found(results, sender)) == names


def test_a_pass_proves_nothing_where_no_server_is_trusted() -> None:
    assert found("dmarc=pass; dkim=pass header.d=paypal.com", "a@paypal.com", known=Known()) == {}


def test_a_sealed_chain_halves_a_failure() -> None:
    assert found("dmarc=fail; arc=pass")["origin-failed"].weight == 1.0


def test_what_was_checked_here_counts_first() -> None:
    checked = Origin(results={"dkim": "fail", "dmarc": "fail"}, trusted=True)
    assert found("dmarc=pass", checked=checked)["origin-failed"].weight == 2.0
