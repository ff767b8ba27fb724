"""Cutting mailboxes into messages and naming them. MIME is not looked into here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import IO

from icelos.records import record_id

HEADER_LIMIT = 256 * 1024


def split_mbox(stream: IO[bytes], *, limit: int) -> Iterator[bytes | None]:
    """The messages of an mbox stream (RFC 4155), or the one message of an .eml stream.

    A message over `limit` bytes is passed over and comes as None. ">From " quoting (mboxrd) is undone.
    """
    parts: list[bytes] = []
    size, started, mbox, blank = 0, False, False, True
    while line := stream.readline(1 << 20):
        if line.startswith(b"From ") and blank and (mbox or not started):
            if started:
                yield _joined(parts, size, limit, mbox)
            parts, size, started, mbox, blank = [], 0, True, True, False
            continue
        started = True
        size += len(line)
        if size <= limit:
            parts.append(line)
        blank = line in (b"\n", b"\r\n")
    if started:
        yield _joined(parts, size, limit, mbox)


def _joined(parts: list[bytes], size: int, limit: int, mbox: bool) -> bytes | None:
    if size > limit:
        return None
    if mbox:
        parts = [p[1:] if p.startswith(b">") and p.lstrip(b">").startswith(b"From ") else p for p in parts]
    return b"".join(parts)


def mail_id(raw: bytes) -> str:
    """Message-ID together with a hash of the body: the same message has the same id wherever it lies."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    if not separator:
        head, _, body = raw.partition(b"\n\n")
    try:
        value = BytesHeaderParser(policy=compat32).parsebytes(head[:HEADER_LIMIT] + b"\n\n").get("Message-ID")
    except Exception:  # noqa: BLE001 - a header the standard parser trips over still needs an id
        value = None
    return record_id(str(value or "").strip(), hashlib.sha256(body).digest())
