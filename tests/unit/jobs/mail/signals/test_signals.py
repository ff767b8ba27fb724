from __future__ import annotations

from email.message import EmailMessage

import pytest

from icelos.jobs.mail.reading.message import MAX_PARTS, read_message
from icelos.jobs.mail.signals.content import MUCH_HIDDEN
from icelos.jobs.mail.signals.signals import BIAS, Signal, signals
from icelos.jobs.mail.signals.wording import groups


def found(raw: str | bytes, trusted: tuple[str, ...] = ()) -> dict[str, Signal]:
    data = raw.encode() if isinstance(raw, str) else raw
    return {signal.name: signal for signal in signals(read_message(data), trusted=trusted)}


def html(body: str) -> str:
    return f"From: a@corp.example.com\nContent-Type: text/html; charset=utf-8\n\n{body}"


def attached(name: str, data: bytes = b"x", subtype: str = "octet-stream") -> bytes:
    mail = EmailMessage()
    mail["From"] = "a@corp.example.com"
    mail.set_content("see attachment")
    mail.add_attachment(data, maintype="application", subtype=subtype, filename=name)
    return mail.as_bytes()


def _attached(name: str, content: str = "x") -> str:
    part = f'Content-Disposition: attachment; filename="{name}"\n\n{content}\n'
    return f"From: a@b.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\n{part}--B--\n"


@pytest.mark.parametrize(
    ("raw", "name", "quoted"),
    [
        ('From: "ceo@bank.com" <x@free.net>\n\n', "display-name-address", "ceo@bank.com"),
        ('From: "www.bank.com service" <x@free.net>\n\n', "display-name-domain", "www.bank.com"),
        ("From: a@bank.com\nReply-To: b@gmail.com\n\n", "reply-to-free-mail", "b@gmail.com"),
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


@pytest.mark.parametrize(
    ("name", "trick", "twin"),
    [
        (
            "display-name-address",
            'From: "help@bank.com" <x@evil.com>\n\n',
            'From: "help@bank.com" <x@mail.bank.com>\n\n',
        ),
        (
            "reply-to-free-mail",
            "From: a@bank.com\nReply-To: a@gmail.com\n\n",
            "From: a@bank.com\nReply-To: b@eu.bank.com\n\n",
        ),
        (
            "link-text-mismatch",
            html("<a href='http://evil.com'>www.bank.com</a>"),
            html("<a href='http://m.bank.com'>bank.com</a>"),
        ),
        (
            "link-text-mismatch",
            html("<a href='http://evil.com'>https://bank.com/x</a>"),
            html("<a href='http://evil.com'>click here</a>"),
        ),
        (
            "link-userinfo",
            html("<a href='http://bank.com@evil.com'>x</a>"),
            html("<a href='http://evil.com/a@bank.com'>x</a>"),
        ),
        (
            "link-to-ip",
            "From: a@b.example\n\nsee http://8.8.8.8/x",
            "From: a@b.example\n\nsee http://192.168.1.1/x",
        ),
        (
            "link-mixed-scripts",
            html("<a href='http://xn--pypal-4ve.com'>x</a>"),
            html("<a href='http://paypal.com'>x</a>"),
        ),
        ("script-link", html("<a href='javascript:x'>x</a>"), html("<a href='mailto:a@b.example'>x</a>")),
        ("attachment-runs", _attached("invoice.exe"), _attached("invoice.docx")),
        ("attachment-runs", _attached("photo.jpg", "MZ\x01\0\0"), _attached("notes.txt", "MZ is no program")),
        ("attachment-macros", _attached("list.xlsm"), _attached("list.xlsx")),
        ("attachment-html", _attached("login.html"), _attached("login.pdf")),
        ("attachment-disguised", _attached("invoice.pdf.exe"), _attached("invoice.v2.exe")),
        ("attachment-reversed", _attached("photo\u202egpj.exe"), _attached("photo-gpj.png")),
        ("asks-password", html("<form><input type=password></form>"), html("<form><input type=text></form>")),
        ("has-form", html("<form></form>"), html("<p></p>")),
        (
            "origin-failed",
            "From: a@b.example\nAuthentication-Results: mx; dmarc=fail\n\n",
            "From: a@b.example\nAuthentication-Results: mx; dmarc=pass\n\n",
        ),
        (
            "origin-failed",
            "From: a@b.example\nAuthentication-Results: mx; spf=softfail\n\n",
            "From: a@b.example\nAuthentication-Results: mx; spf=neutral\n\n",
        ),
    ],
)
def test_a_trick_and_its_twin(name: str, trick: str, twin: str) -> None:
    assert name in found(trick)
    assert name not in found(twin)


def test_the_heaviest_failure_of_origin_counts_once() -> None:
    raw = "From: a@b.com\nAuthentication-Results: mx; spf=softfail; dkim=fail; dmarc=fail\n\n"
    seen = found(raw)
    assert list(seen) == ["origin-failed"]
    assert seen["origin-failed"].weight == 2.0
    assert found(raw, trusted=("mx.own.example",)) == {}


def test_freemail_as_reply_address_weighs_more() -> None:
    freemail = found("From: a@bank.com\nReply-To: b@gmail.com\n\n")["reply-to-free-mail"]
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
    assert "reply-to-elsewhere" in found(b"From: " + b"(" * 8000 + b"a@b.com\nReply-To: c@d.com\n\n")


def test_a_pass_of_anyone_never_speaks_for_a_mail() -> None:
    bad = "From: a@b.example\n{}Content-Type: text/html\n\n<a href='http://bank.com@evil.com'>x</a>"
    passed = found(bad.format("Authentication-Results: mx; dmarc=pass; spf=pass; dkim=pass\n"))
    assert passed == found(bad.format(""))


def test_a_forged_header_below_the_trusted_one_says_nothing() -> None:
    forged = "Authentication-Results: evil; dmarc=fail\n"
    raw = f"{forged}Authentication-Results: ours; dmarc=pass\nFrom: a@b.example\n\n"
    assert "origin-failed" in found(raw)
    assert "origin-failed" not in found(raw, trusted=("ours",))


def test_a_signal_speaks_once_however_often_its_trick_is_played() -> None:
    once = html("<a href='http://8.8.8.8'>x</a>")
    assert found(once) == found(once + "<a href='http://8.8.4.4'>y</a>" * 50)


def test_words_alone_never_reach_a_verdict() -> None:
    assert 0.6 * len(groups()) < -BIAS


def test_odd_senders_are_no_error() -> None:
    for value in ("", "<>", "nobody", "a@", "@b", '"' * 50, "(" * 500, "a@b@c.example", "\ufffd@\ufffd"):
        assert isinstance(found(f"From: {value}\nReply-To: {value}\n\n"), dict)
