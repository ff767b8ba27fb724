"""Cutting mailboxes into messages and naming them. MIME is not looked into here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import IO

from icelos.records import record_id

HEADER_LIMIT = 256 * 1024


def split_mbox(stream: IO[bytes], *, limit: int) -> Iterator[bytes | None]:
    """The messages of an mbox stream (RFC 4155), or the one message of an .eml stream.

    A message over `limit` bytes is passed over and comes as None. ">From " quoting (mboxrd) is undone, and
    the empty line that ends a message in an mbox is no part of it.
    """
    return (message for message, _ in split_mbox_at(stream, limit=limit))


def split_mbox_at(stream: IO[bytes], *, limit: int) -> Iterator[tuple[bytes | None, int]]:
    """As `split_mbox`, each with how many bytes of the stream are before the next one."""
    end = 0
    message = bytearray()  # not a list of lines: a hostile message has 64 million of them
    size, started, mbox, blank, fresh = 0, False, False, True, True
    while line := stream.readline(PIECE):
        if fresh and blank and line.startswith(b"From ") and (mbox or not started):
            if started:
                yield _whole(message, size, limit, ended=mbox), end
            end += len(line)
            message, size, started, mbox, blank = bytearray(), 0, True, True, False
            fresh = line.endswith(b"\n")
            continue
        started = True
        end += len(line)
        if mbox and fresh and _QUOTED.match(line):
            line = line[1:]
        size += len(line)
        if size <= limit:
            message += line
        blank = fresh and line in (b"\n", b"\r\n")
        fresh = line.endswith(b"\n")
    if started:
        yield _whole(message, size, limit, ended=mbox and blank), end


PIECE = 1 << 20
"""Bytes of one line that are looked at together; what follows of a longer line begins no message."""
_QUOTED = re.compile(rb">+From ")


def _whole(message: bytearray, size: int, limit: int, *, ended: bool) -> bytes | None:
    if size > limit:
        return None
    data = bytes(message)
    return data[: -2 if data.endswith(b"\r\n") else -1] if ended and data else data


def mail_id(raw: bytes) -> str:
    """Message-ID together with a hash of the body: the same message has the same id wherever it lies.

    Line ends and empty lines at the end say nothing. A message without a Message-ID goes by all of it.
    """
    plain = raw.replace(b"\r\n", b"\n").strip(b"\n")
    head, _, body = plain.partition(b"\n\n")
    try:
        value = BytesHeaderParser(policy=compat32).parsebytes(head[:HEADER_LIMIT] + b"\n\n").get("Message-ID")
    except Exception:  # noqa: BLE001 - a header the standard parser trips over still needs an id
        value = None
    identity = str(value or "").strip()
    return record_id(identity, hashlib.sha256(body if identity else plain).digest())
