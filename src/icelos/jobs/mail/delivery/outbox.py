"""What users say of mails, kept until the detector learns from it: spam/ID.eml and ham/ID.eml in one folder.

The mail itself is kept, as the user gave it for that; it is readable by its owner only, and stays here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write
from icelos.errors import StoreError
from icelos.jobs.mail.delivery.fields import rewritten
from icelos.jobs.mail.delivery.headers import is_ours

MAX_MAILS = 100_000


class Told(msgspec.Struct, frozen=True):
    """What a user says of a mail: it is spam, it is not, or (None) what was said of it is taken back."""

    raw: bytes
    spam: bool | None
    user: str = ""


class Outbox:
    """What was told, in one folder: at most `most` mails of a kind."""

    def __init__(self, folder: Path, *, most: int = MAX_MAILS) -> None:
        self._folder = folder
        self._most = most

    def tell(self, told: Told) -> None:
        """Durable when this returns; the last word on a mail counts. Raises StoreError."""
        raw = rewritten(told.raw, [], unwanted=is_ours)  # the same mail before and after it was scanned
        name = f"{hashlib.sha256(raw).hexdigest()[:24]}.eml"
        try:
            for kind in ("spam", "ham"):
                if told.spam is not (kind == "spam"):
                    (self._folder / kind / name).unlink(missing_ok=True)
            if told.spam is not None:
                self._write(self._folder / ("spam" if told.spam else "ham"), name, raw)
        except OSError as error:
            raise StoreError(
                f"cannot keep what was told: {error.strerror}", source=str(self._folder)
            ) from error

    def _write(self, folder: Path, name: str, raw: bytes) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sum(1 for _ in folder.iterdir()) >= self._most:
            raise StoreError("too many mails wait to be learnt from", source=str(folder))
        with atomic_write(folder / name, mode=0o600) as file:
            file.write(raw)
