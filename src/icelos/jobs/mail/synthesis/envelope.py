"""A simulated mail as the bytes of a message, in a neutral envelope.

`X-Icelos-Simulated` marks it, so that nobody takes it for real mail. No model may read that header.
"""

from __future__ import annotations

import base64
import quopri
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr

from icelos.jobs.mail.synthesis.dice import number
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail

MARK = "X-Icelos-Simulated"
_START = datetime(2016, 1, 4, tzinfo=UTC)
_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html",
    "htm": "text/html",
    "zip": "application/zip",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ics": "text/calendar",
}


def to_message(mail: SyntheticMail) -> bytes:
    """The message, with line ends as in files. The same mail gives the same bytes."""
    headers = [
        f"From: {formataddr((_one_line(mail.sender_name), _one_line(mail.sender_address)))}",
        f"To: {_one_line(mail.recipient)}",
        f"Subject: {_encoded(_one_line(mail.subject))}",
        f"Date: {format_datetime(_START + timedelta(minutes=number(mail.seed, 'sent') % 5_000_000))}",
        f"Message-ID: <{number(mail.seed, mail.id):x}@mail.invalid>",
        f"{MARK}: yes",
        "MIME-Version: 1.0",
    ]
    return ("\n".join(headers) + "\n" + _content(mail)).encode("utf-8")


def _content(mail: SyntheticMail) -> str:
    parts = [] if mail.html_only else [_part("text/plain", mail.text, mail.seed)]
    if mail.html is not None:
        parts.append(_part("text/html", mail.html, mail.seed))
    whole = parts[0] if len(parts) == 1 else _several("alternative", parts, mail.seed)
    if mail.attachment:
        whole = _several("mixed", [whole, _attached(mail)], mail.seed)
    return whole


def _part(kind: str, text: str, seed: int) -> str:
    """One text part, encoded as a seed has it; text that would break lines or bytes is always encoded."""
    way = ("8bit", "quoted-printable", "base64", "quoted-printable")[number(seed, "encoding") % 4]
    if way == "8bit" and any(len(line) > 900 for line in text.split("\n")):
        way = "quoted-printable"
    data = text.encode("utf-8", "replace")
    if way == "base64":
        body = base64.encodebytes(data).decode("ascii")
    elif way == "quoted-printable":
        body = quopri.encodestring(data).decode("ascii")
    else:
        body = text
    return f'Content-Type: {kind}; charset="utf-8"\nContent-Transfer-Encoding: {way}\n\n{body}\n'


def _several(kind: str, parts: list[str], seed: int) -> str:
    boundary = f"={number(seed, kind):x}"
    inner = "".join(f"--{boundary}\n{part}" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


def _attached(mail: SyntheticMail) -> str:
    """A stand-in for the file: a line of text that says so."""
    kind = _TYPES.get(mail.attachment.rpartition(".")[2], "application/octet-stream")
    body = base64.encodebytes(b"Simulated attachment of Icelos. It holds nothing.\n").decode("ascii")
    return (
        f'Content-Type: {kind}; name="{mail.attachment}"\n'
        f'Content-Disposition: attachment; filename="{mail.attachment}"\n'
        f"Content-Transfer-Encoding: base64\n\n{body}"
    )


def _one_line(text: str) -> str:
    """A header's value: a line end in it would begin another header."""
    return " ".join(text.split())


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=76).encode()
