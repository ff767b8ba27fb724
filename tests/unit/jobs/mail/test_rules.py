"""Each rule on the trick it is for, and on its honest twin."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.message import read_message
from icelos.jobs.mail.rules import hits
from icelos.jobs.mail.wording import _PHRASES


def _rules(raw: str, *trusted: str) -> dict[str, float]:
    return {hit.rule: hit.weight for hit in hits(read_message(raw.encode()), trusted=trusted)}


def _html(body: str) -> str:
    return f"From: a@b.example\nContent-Type: text/html\n\n{body}"


def _attached(name: str, content: str = "x", kind: str = "application/octet-stream") -> str:
    part = f'Content-Type: {kind}\nContent-Disposition: attachment; filename="{name}"\n\n{content}\n'
    return f"From: a@b.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\n{part}--B--\n"


@pytest.mark.parametrize(
    ("rule", "trick", "twin"),
    [
        ("display-name-address", 'From: "help@bank.com" <x@evil.com>\n\n', 'From: "help@bank.com" <x@mail.bank.com>\n\n'),
        ("reply-to-elsewhere", "From: a@bank.com\nReply-To: a@gmail.com\n\n", "From: a@bank.com\nReply-To: b@eu.bank.com\n\n"),
        ("link-text-mismatch", _html("<a href='http://evil.com'>www.bank.com</a>"), _html("<a href='http://m.bank.com'>bank.com</a>")),
        ("link-text-mismatch", _html("<a href='http://evil.com'>https://bank.com/x</a>"), _html("<a href='http://evil.com'>click here</a>")),
        ("link-userinfo", _html("<a href='http://bank.com@evil.com'>x</a>"), _html("<a href='http://evil.com/a@bank.com'>x</a>")),
        ("link-to-ip", "From: a@b.example\n\nsee http://8.8.8.8/x", "From: a@b.example\n\nsee http://192.168.1.1/x"),
        ("link-punycode", _html("<a href='http://xn--pypal-4ve.com'>x</a>"), _html("<a href='http://paypal.com'>x</a>")),
        ("script-link", _html("<a href='javascript:x'>x</a>"), _html("<a href='mailto:a@b.example'>x</a>")),
        ("attachment-runs", _attached("invoice.exe"), _attached("invoice.docx")),
        ("attachment-runs", _attached("photo.jpg", "MZ program"), _attached("photo.jpg", "a picture")),
        ("attachment-macros", _attached("list.xlsm"), _attached("list.xlsx")),
        ("attachment-html", _attached("login.html"), _attached("login.pdf")),
        ("attachment-disguised", _attached("invoice.pdf.exe"), _attached("invoice.v2.exe")),
        ("attachment-reversed", _attached("photo\u202egpj.exe"), _attached("photo-gpj.png")),
        ("asks-password", _html("<form><input type=password></form>"), _html("<form><input type=text></form>")),
        ("has-form", _html("<form></form>"), _html("<p></p>")),
        ("origin-dmarc", "From: a@b.example\nAuthentication-Results: mx; dmarc=fail\n\n", "From: a@b.example\nAuthentication-Results: mx; dmarc=pass\n\n"),
        ("origin-spf", "From: a@b.example\nAuthentication-Results: mx; spf=softfail\n\n", "From: a@b.example\nAuthentication-Results: mx; spf=neutral\n\n"),
    ],
)  # fmt: skip
def test_a_trick_and_its_twin(rule: str, trick: str, twin: str) -> None:
    assert rule in _rules(trick)
    assert rule not in _rules(twin)


def test_a_pass_of_anyone_never_speaks_for_a_mail() -> None:
    bad = "From: a@b.example\n{}Content-Type: text/html\n\n<a href='http://bank.com@evil.com'>x</a>"
    passed = _rules(bad.format("Authentication-Results: mx; dmarc=pass; spf=pass; dkim=pass\n"))
    assert passed == _rules(bad.format(""))


def test_a_forged_header_below_the_trusted_one_says_nothing() -> None:
    raw = "Authentication-Results: evil; dmarc=fail\nAuthentication-Results: ours; dmarc=pass\nFrom: a@b.example\n\n"
    assert "origin-dmarc" in _rules(raw)
    assert "origin-dmarc" not in _rules(raw, "ours")


def test_answers_to_a_free_mailbox_weigh_more() -> None:
    free = _rules("From: a@bank.com\nReply-To: a@gmail.com\n\n")["reply-to-elsewhere"]
    other = _rules("From: a@bank.com\nReply-To: a@partner.com\n\n")["reply-to-elsewhere"]
    assert free > other


def test_a_rule_speaks_once_however_often_its_trick_is_played() -> None:
    once = _html("<a href='http://8.8.8.8'>x</a>")
    assert _rules(once) == _rules(once + "<a href='http://8.8.4.4'>y</a>" * 50)


def test_words_alone_never_reach_a_verdict() -> None:
    assert 0.6 * len(_PHRASES) < 4


def test_odd_senders_are_no_error() -> None:
    for value in ("", "<>", "nobody", "a@", "@b", '"' * 50, "(" * 500, "a@b@c.example", "\ufffd@\ufffd"):
        assert isinstance(_rules(f"From: {value}\nReply-To: {value}\n\n"), dict)
