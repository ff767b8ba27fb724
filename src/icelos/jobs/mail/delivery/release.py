"""Mail out of quarantine: to a mail server, into a Maildir, or to a file; and what it teaches."""

from __future__ import annotations

import os
import secrets
import smtplib
import socket
import time
from collections.abc import Callable
from pathlib import Path

from icelos.data.atomic import atomic_write
from icelos.errors import RunError
from icelos.jobs.mail.delivery.fields import rewritten
from icelos.jobs.mail.delivery.headers import is_ours
from icelos.jobs.mail.delivery.listening import Address
from icelos.jobs.mail.delivery.next_hop import with_crlf
from icelos.jobs.mail.delivery.outbox import Told
from icelos.jobs.mail.delivery.quarantine import RELEASED, Entry, Quarantine

Deliver = Callable[[Entry, bytes], None]


def release(quarantine: Quarantine, entry: Entry, deliver: Deliver) -> None:
    """Hand the mail over, with a header that says where it was; it is released only when that went well."""
    raw = rewritten(
        quarantine.raw(entry), [("X-Icelos-Released", f"{entry.id} {entry.verdict}")], unwanted=is_ours
    )
    deliver(entry, raw)
    quarantine.mark(entry, RELEASED)


def report_false(quarantine: Quarantine, entry: Entry, tell: Callable[[Told], None]) -> None:
    """Say that the verdict was wrong: the mail is harmless."""
    tell(Told(quarantine.raw(entry), spam=False))


def to_server(address: Address, *, seconds: float = 60.0) -> Deliver:
    """By SMTP, to the recipients that it had."""

    def deliver(entry: Entry, raw: bytes) -> None:
        try:
            with smtplib.SMTP(address.host, address.port, timeout=seconds) as server:
                server.ehlo()
                options = ["BODY=8BITMIME"] if server.has_extn("8bitmime") else []
                if not (entry.sender + "".join(entry.recipients)).isascii():
                    options.append("SMTPUTF8")
                refused = server.sendmail(entry.sender, entry.recipients, with_crlf(raw), options)
        except (OSError, smtplib.SMTPException) as error:
            raise RunError(
                f"the mail server at {address} did not take it: {error}", source=entry.id
            ) from error
        if refused:
            raise RunError(f"the mail server refused {len(refused)} of the recipients", source=entry.id)

    return deliver


def to_folder(folder: Path) -> Deliver:
    """Into a Maildir, which is created where there is none (https://cr.yp.to/proto/maildir.html)."""

    def deliver(_entry: Entry, raw: bytes) -> None:
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        host = "".join(c if c.isalnum() or c in "-." else "_" for c in socket.gethostname())
        name = f"{time.time():.6f}.{os.getpid()}_{secrets.token_hex(4)}.{host}"
        with atomic_write(folder / "new" / name, mode=0o600) as file:
            file.write(raw)

    return deliver


def to_file(path: Path) -> Deliver:
    """To one file."""

    def deliver(_entry: Entry, raw: bytes) -> None:
        with atomic_write(path, mode=0o600) as file:
            file.write(raw)

    return deliver
