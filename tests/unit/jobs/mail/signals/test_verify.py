"""Origin checked here, with a key of our own and a resolver that is no network."""

from __future__ import annotations

import time

import pytest

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.facts import Facts, Known
from icelos.jobs.mail.signals.signals import signals_of
from icelos.jobs.mail.signals.verify import Lookup, Verifier, check_origin, verifier_of
from icelos.settings import MailSettings

dkim = pytest.importorskip("dkim")

# A key for these tests alone: it signs nothing anywhere else.
KEY = b"""-----BEGIN RSA PRIVATE KEY-----
MIICWwIBAAKBgQDXxCL2wnMqwCnSaDb7IfnUG5ieNzvrekfEhz/qUmXnsM+3xT7/
rDQdWTFtxlWqDbzUO+iVoRJPc0ExhrRKK4I8TGFxZhQyjYacECyQRyzQPsWxnw70
ZYMfAJKxeooVLndYYyvq6o32Wv4D18oYXbZoxZVg2ZAFqMqZyMtKJPOoBwIDAQAB
AoGANfvHt69s+xw7Gn6iivC0PgJti+BL6J2eiShBsJHPF0ngnp0GJxfhrhobyNhf
pH1tajhW9+Dl4OT4QbjvMMN0AMZphCt91fUCiroBZ3zNqVmFKrihwKad/zw2td2+
bG67uEcMulrMwBiDPTcxIFZ83YiX+jNg9dJz9JtLbI4E92kCQQD2o/kxcQrZ7NgS
k9SgcEDrgMSBUYHXA8pK2PCwtFcNbLApmhLKhiTANyf22A3Y38vBOifEVIDw9lvG
2/00cqc1AkEA3/Q6wRaadOiBDQEUe9ysMK3i1KJm62HfSLwb/X4XOlDp6SYoYZ4T
gFbjtaF4w/z5I87KbkjJOEMLQz3pkuntywJAQUDSviT1RQDnjcq015m7Y1NXKguh
eXyUOcc5rtaXrYKS/P65eAGTmZM+LI2u5DEZnE7BlKzyzE2xrGQpkoW+/QJAQJCa
t7waf4XgXq1nCGaQReB7uq2vWkD3LHL+5tAJRki5hvv3PF1kZeWm9GA+/tHZydb+
SVk2mb/KaXJZ+n7yjQJAHhleod21kK+2dHQp8F17CgPnI61nJ8L5dHeqhX/lv6NU
CzYQd4sVtq8SXLrDF95IYMQrl5LycF3/31Pzc9SOng==
-----END RSA PRIVATE KEY-----
"""
PUBLIC = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXxCL2wnMqwCnSaDb7IfnUG5ieNzvrekfEhz/qUmXnsM+3xT7/rDQdWTFt"
    "xlWqDbzUO+iVoRJPc0ExhrRKK4I8TGFxZhQyjYacECyQRyzQPsWxnw70ZYMfAJKxeooVLndYYyvq6o32Wv4D18oYXbZoxZVg"
    "2ZAFqMqZyMtKJPOoBwIDAQAB"
)
RECORDS = {
    "s1._domainkey.bank.com": f"v=DKIM1; k=rsa; p={PUBLIC}",
    "s1._domainkey.mailer.net": f"v=DKIM1; k=rsa; p={PUBLIC}",
    "_dmarc.bank.com": "v=DMARC1; p=reject",
    "_dmarc.strict.bank.com": "v=DMARC1; p=reject; adkim=s",
}
MAIL = b"From: Ann <ann@bank.com>\r\nTo: bob@corp.com\r\nSubject: Hello\r\n\r\nHow are you?\r\n"


def lookup(name: str) -> str:
    return RECORDS.get(name, "")


def signed(domain: bytes = b"bank.com", mail: bytes = MAIL, **more: object) -> bytes:
    signature: bytes = dkim.sign(
        mail, b"s1", domain, KEY, include_headers=[b"from", b"to", b"subject"], **more
    )
    return signature + mail


def test_a_signature_of_the_sender_proves_it() -> None:
    origin = check_origin(signed(), "bank.com", lookup)
    assert origin.results == {"dkim": "pass", "dmarc": "pass"}
    assert origin.trusted
    assert origin.is_aligned("news.bank.com")


def test_of_another_domain_it_proves_that_one_only() -> None:
    origin = check_origin(signed(b"mailer.net"), "bank.com", lookup)
    assert origin.results == {"dkim": "pass", "dmarc": "fail"}
    assert not origin.is_aligned("bank.com")


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        (MAIL, "none"),
        (signed().replace(b"How are you?", b"Send money"), "fail"),
        (signed().replace(b"Ann <ann@bank.com>", b"Eve <eve@bank.com>"), "fail"),
        (signed(length=True), "fail"),
        (b"DKIM-Signature: v=1; d=bank.com; garbage\r\n" + MAIL, "fail"),
    ],
)
def test_what_is_changed_partial_or_broken_proves_nothing(raw: bytes, result: str) -> None:
    origin = check_origin(raw, "bank.com", lookup)
    assert origin.results["dkim"] == result
    assert origin.results["dmarc"] == "fail"
    assert not origin.domains


def test_a_policy_may_ask_for_the_very_host() -> None:
    assert check_origin(signed(), "strict.bank.com", lookup).results["dmarc"] == "fail"
    assert check_origin(signed(), "loose.bank.com", lookup).results["dmarc"] == "pass"


def test_no_policy_no_verdict() -> None:
    assert "dmarc" not in check_origin(MAIL, "nowhere.com", lookup).results


def test_trouble_of_the_name_server_is_no_error() -> None:
    def broken(name: str) -> str:
        raise OSError(name)

    assert check_origin(signed(), "bank.com", broken).results == {"dkim": "fail"}


def test_each_name_is_asked_once() -> None:
    asked: list[str] = []

    def counting(name: str) -> str:
        asked.append(name)
        return lookup(name)

    check_origin(signed(), "bank.com", counting)
    assert len(asked) == len(set(asked))


def test_a_chain_of_nonsense_fails() -> None:
    raw = b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=x.com; s=y; b=AAAA\r\n" + MAIL
    assert check_origin(raw, "bank.com", lookup).results["arc"] == "fail"


def test_blanks_that_would_take_minutes_are_not_checked() -> None:
    slow: Lookup = lookup
    began = time.process_time()
    assert check_origin(signed() + b" " * 400_000 + b"x", "bank.com", slow).results == {}
    assert time.process_time() - began < 2


def test_a_verifier_leaves_to_a_trusted_server_what_it_has_told() -> None:
    told = b"Authentication-Results: mx.corp.com; dmarc=fail\r\n" + signed()
    verifier = Verifier(lookup)
    here = verifier.origin(told, Facts(read_message(told), Known()))
    assert here is not None
    assert here.results["dmarc"] == "pass"
    assert verifier.origin(told, Facts(read_message(told), Known(servers=("mx.corp.com",)))) is None
    assert verifier.origin(b"Subject: x\r\n\r\n", Facts(read_message(b"Subject: x\r\n\r\n"), Known())) is None


def test_what_was_checked_here_becomes_a_signal() -> None:
    facts = Facts(read_message(MAIL), Known())
    names = {signal.name for signal in signals_of(facts, Verifier(lookup).origin(MAIL, facts))}
    assert names == {"origin-failed"}


def test_nothing_is_asked_unless_it_is_switched_on() -> None:
    assert verifier_of(MailSettings()) is None
    assert verifier_of(MailSettings(check_origin=True)) is not None
