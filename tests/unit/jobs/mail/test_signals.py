from __future__ import annotations

from email.message import EmailMessage

import pytest

from icelos.jobs.mail.message import MAX_PARTS, read_message
from icelos.jobs.mail.signals import MUCH_HIDDEN, Signal, signals


def found(raw: str | bytes, **extra: tuple[str, ...]) -> dict[str, Signal]:
    data = raw.encode() if isinstance(raw, str) else raw
    return {signal.name: signal for signal in signals(read_message(data), **extra)}


def html(body: str) -> str:
    return f"From: a@corp.example.com\nContent-Type: text/html; charset=utf-8\n\n{body}"


def attached(name: str, data: bytes = b"x", subtype: str = "octet-stream") -> bytes:
    mail = EmailMessage()
    mail["From"] = "a@corp.example.com"
    mail.set_content("see attachment")
    mail.add_attachment(data, maintype="application", subtype=subtype, filename=name)
    return mail.as_bytes()


@pytest.mark.parametrize(
    ("raw", "name", "quoted"),
    [
        ('From: "ceo@bank.com" <x@free.net>\n\n', "display-name-address", "ceo@bank.com"),
        ('From: "www.bank.com service" <x@free.net>\n\n', "display-name-domain", "www.bank.com"),
        ("From: a@bank.com\nReply-To: b@gmail.com\n\n", "reply-to-elsewhere", "b@gmail.com"),
        ("From: a@b.com\nAuthentication-Results: mx; dmarc=fail\n\n", "origin-failed", "dmarc=fail"),
        (html("<a href=https://evil.net/x>www.bank.com</a>"), "link-text-mismatch", "https://evil.net/x"),
        (html("<a href=https://bank.com@evil.net/>x</a>"), "link-userinfo", "https://bank.com@evil.net/"),
        (html("<a href=http://8.8.8.8/x>x</a>"), "link-to-ip", "http://8.8.8.8/x"),
        ("From: a@b.com\n\nsee HTTP://8.8.8.8/x", "link-to-ip", "HTTP://8.8.8.8/x"),
        (html("<a href=https://xn--mnchen-3ya.de>x</a>"), "link-punycode", "xn--mnchen-3ya.de"),
        (html("<a href='javascript:x()'>x</a>"), "script-link", "javascript:x()"),
        (html("<input type=password>"), "asks-password", "<input>"),
        (html("<form></form>"), "has-form", "<form>"),
        (attached("invoice.exe"), "attachment-runs", "invoice.exe"),
        (attached("invoice.pdf", b"MZ\x90\x00"), "attachment-runs", "invoice.pdf"),
        (attached("invoice.pdf.html"), "attachment-disguised", "invoice.pdf.html"),
        (attached("invoice.html"), "attachment-html", "invoice.html"),
        (attached("invoice.pdf", b"<!DOCTYPE html><html>"), "attachment-html", "invoice.pdf"),
        (attached("invoice.xlsm"), "attachment-macros", "invoice.xlsm"),
        (attached("invoice\u202efdp.exe"), "attachment-reversed", "exe"),
        (html(f"<p style=display:none>{'hidden words ' * MUCH_HIDDEN}</p>"), "hidden-text", "hidden words"),
        (html("ver\u200bify yo\u200bur acc\u200bount"), "hidden-splits", "u200b"),
        (html("hello \U000e0061\U000e0062"), "hidden-tags", "U+E0020"),
        ("From: a@b.com\n\nwithin 24 hours", "wording: presses for haste", "within 24 hours"),
    ],
)
def test_a_trick_is_seen_and_quoted(raw: str | bytes, name: str, quoted: str) -> None:
    seen = found(raw)
    assert name in seen
    assert quoted in seen[name].quote
    assert seen[name].weight > 0


@pytest.mark.parametrize(
    "raw",
    [
        'From: "Bank" <a@mail.bank.co.uk>\nReply-To: help@bank.co.uk\n\nHello',
        'From: "a@bank.com" <a@bank.com>\n\nHello',
        "From: =?utf-8?q?M=C3=BCller?= <m@bank.com>\n\nHello",
        "From: a@b.com\nAuthentication-Results: mx; spf=pass; dkim=pass; dmarc=pass\n\nHello",
        html("<a href=https://login.bank.com/x>www.bank.com</a> <a href=https://evil.net/x>here</a>"),
        html("<a href=http://10.0.0.5/wiki>wiki</a> <a href='mailto:a@b.com'>a@b.com</a>"),
        html("<div style=display:none>A preview of what is in this letter.</div>Hello"),
        html("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England"),
        html("می\u200cخواهم و می\u200cروم و می\u200cآیم"),
        attached("report.pdf", b"%PDF-1.7", "pdf"),
        attached("notes.final.txt"),
    ],
)
def test_ordinary_mail_shows_no_trick(raw: str | bytes) -> None:
    assert found(raw) == {}


def test_the_heaviest_failure_of_origin_counts_once() -> None:
    raw = "From: a@b.com\nAuthentication-Results: mx; spf=softfail; dkim=fail; dmarc=fail\n\n"
    seen = found(raw)
    assert list(seen) == ["origin-failed"]
    assert seen["origin-failed"].weight == 2.0
    assert found(raw, trusted=("mx.own.example",)) == {}


def test_freemail_as_reply_address_weighs_more() -> None:
    freemail = found("From: a@bank.com\nReply-To: b@gmail.com\n\n")["reply-to-elsewhere"]
    other = found("From: a@bank.com\nReply-To: b@other.com\n\n")["reply-to-elsewhere"]
    assert freemail.weight > other.weight


def test_a_mail_that_was_not_read_whole_is_never_clear() -> None:
    parts = b"From: a@b.com\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (MAX_PARTS + 2)
    assert found(parts)["not-read-whole"].weight >= 4.0


def test_signals_come_in_order_of_weight_each_once() -> None:
    raw = html("<a href=http://8.8.8.8/>x</a><a href=http://9.9.9.9/>y</a><form></form> urgent")
    seen = signals(read_message(raw.encode()))
    assert [signal.weight for signal in seen] == sorted((s.weight for s in seen), reverse=True)
    assert len({signal.name for signal in seen}) == len(seen) == 3


def test_a_sender_that_breaks_the_standard_parser_is_no_obstacle() -> None:
    found(b"From: " + b"(" * 8000 + b"a@b.com\nReply-To: c@d.com\n\n")
