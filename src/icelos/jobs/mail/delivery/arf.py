"""A reported mail as an abuse report for machines (ARF, RFC 5965): a mail with the mail in it."""

from __future__ import annotations

import datetime
import hashlib
from email.utils import format_datetime

from icelos import __version__
from icelos.findings import Verdict
from icelos.jobs.mail.delivery.fields import folded, split, values
from icelos.jobs.mail.delivery.next_hop import with_crlf
from icelos.jobs.mail.delivery.report import Reported

_MOST = 50
SENDER = "Icelos <icelos@localhost>"


def as_arf(reported: Reported, raw: bytes, *, now: datetime.datetime | None = None) -> bytes:
    """Whole but for its recipient, whom whoever sends it knows. Line ends are CRLF."""
    now = now or datetime.datetime.now(datetime.UTC)
    original = with_crlf(raw)
    boundary = _boundary(original)
    encoding = "7bit" if original.isascii() else "8bit"
    parts = [
        ("text/plain; charset=us-ascii", "7bit", _for_people(reported)),
        ("message/feedback-report", "7bit", _fields(_for_machines(reported, raw, now))),
        ("message/rfc822", encoding, original),
    ]
    top = [
        ("From", SENDER),
        ("Date", format_datetime(now)),
        ("Subject", f"Abuse report: {reported.subject}"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/report; report-type=feedback-report; boundary="{boundary}"'),
        ("Content-Transfer-Encoding", encoding),
    ]
    body = b"".join(
        b"--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n"
        % (boundary.encode("ascii"), kind.encode("ascii"), coding.encode("ascii"), content)
        for kind, coding, content in parts
    )
    return _fields(top) + b"\r\n" + body + f"--{boundary}--\r\n".encode("ascii")


def _for_people(reported: Reported) -> bytes:
    lines = [
        f"This is a report of a mail that Icelos {__version__} judged: {reported.verdict.value}.",
        f"Score {reported.score:.3f} ({reported.points:.2f} points, 5.0 is the threshold).",
        "",
        reported.sentence,
        "",
        *(f"{one.weight:+.2f} {one.name}: {one.why}" for one in reported.symbols[:_MOST]),
    ]
    shown = ("".join(c if " " <= c <= "~" else "?" for c in line)[:900] for line in lines)
    return "\r\n".join(shown).encode("ascii") + b"\r\n"


def _for_machines(reported: Reported, raw: bytes, now: datetime.datetime) -> list[tuple[str, str]]:
    suspicious = reported.verdict in {Verdict.ALERT, Verdict.REVIEW}
    checked = values(split(raw), "authentication-results")
    return [
        ("Feedback-Type", "fraud" if suspicious else "other"),
        ("User-Agent", f"Icelos/{__version__}"),
        ("Version", "1"),
        ("Arrival-Date", format_datetime(now)),
        *([("Authentication-Results", checked[0])] if checked else []),
        *(("Reported-Domain", host) for host in reported.domains[:_MOST]),
        *(("Reported-URI", url) for url in reported.urls[:_MOST] if url.isascii()),
    ]


def _fields(named: list[tuple[str, str]]) -> bytes:
    return b"".join(folded(name, value) for name, value in named)


def _boundary(original: bytes) -> str:
    """One that does not stand in the mail."""
    digest = hashlib.sha256(original).hexdigest()
    while digest.encode("ascii") in original:
        digest = hashlib.sha256(digest.encode("ascii")).hexdigest()
    return f"icelos-{digest}"
