"""Mail that is kept back: files that only their owner may read, and an index of what they are.

<folder>/index.sqlite          one row a mail: envelope, verdict, reasons, state
<folder>/messages/AB/ID.eml    the mail as it came

A mail is on disk before its row is, and both before `keep` returns. Its id comes from what it is, so a mail
that is sent again because its sender heard no answer is the same entry.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write
from icelos.data.databases import open_shared
from icelos.errors import InputError, StoreError
from icelos.jobs.mail.delivery.fields import split, values
from icelos.jobs.mail.judge import Judgement, clean

HELD, RELEASED = "held", "released"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
  id TEXT PRIMARY KEY, kept_at REAL NOT NULL, state TEXT NOT NULL, entry BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS mails_by_state ON mails (state, kept_at);
"""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that is to be kept back, with its envelope as it stood in the commands."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    judgement: Judgement


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the index knows of a mail. Its texts can be shown: no controls, bounded. Times in Unix seconds."""

    id: str
    kept_at: float
    state: str
    sender: str
    recipients: tuple[str, ...]
    author: str
    subject: str
    verdict: str
    score: float
    sentence: str
    symbols: tuple[tuple[str, float, str], ...]
    size: int


class Quarantine:
    """The mails kept back in one folder. Several processes may use it. Methods raise StoreError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, held: Held) -> str:
        """The id; the mail is durable when this returns."""
        entry = _entry(held, time.time())
        with self._store("cannot keep a mail in quarantine") as database:
            path = self._path(entry.id)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic_write(path, mode=0o600) as file:
                file.write(held.raw)
            database.execute(
                "INSERT OR REPLACE INTO mails VALUES (?, ?, ?, ?)",
                (entry.id, entry.kept_at, HELD, msgspec.json.encode(entry)),
            )
        return entry.id

    def entries(self, *, state: str = HELD, most: int = 1000) -> list[Entry]:
        """The newest first; every state where `state` is empty."""
        with self._store("cannot read the quarantine") as database:
            rows = database.execute(
                "SELECT entry, state FROM mails WHERE state = ? OR ? = '' ORDER BY kept_at DESC LIMIT ?",
                (state, state, most),
            ).fetchall()
        return [_read(*row) for row in rows]

    def entry(self, name: str) -> Entry:
        """By its id, or the beginning of one. Raises InputError for none, or several."""
        if not name or not name.isalnum():
            raise InputError(f"no mail {name!r} in quarantine", hint="icelos mail quarantine list")
        with self._store("cannot read the quarantine") as database:
            rows = database.execute(
                "SELECT entry, state FROM mails WHERE substr(id, 1, ?) = ? LIMIT 2", (len(name), name)
            ).fetchall()
        if len(rows) != 1:
            what = "several mails begin" if rows else "no mail begins"
            raise InputError(f"{what} with {name!r} in quarantine", hint="icelos mail quarantine list")
        return _read(*rows[0])

    def raw(self, entry: Entry) -> bytes:
        """The mail as it came."""
        try:
            return self._path(entry.id).read_bytes()
        except OSError as error:
            raise StoreError(
                f"the mail of this entry cannot be read: {error.strerror}", source=entry.id
            ) from error

    def mark(self, entry: Entry, state: str) -> None:
        """What became of it."""
        with self._store("cannot write the quarantine") as database:
            database.execute("UPDATE mails SET state = ? WHERE id = ?", (state, entry.id))

    def expire(self, *, days: float, now: float | None = None) -> int:
        """Delete what is older, whatever its state; how many. Files without a row go as well."""
        before = (time.time() if now is None else now) - days * 86400
        with self._store("cannot write the quarantine") as database:
            rows = database.execute("SELECT id FROM mails WHERE kept_at < ?", (before,)).fetchall()
            for (name,) in rows:
                self._path(name).unlink(missing_ok=True)
                database.execute("DELETE FROM mails WHERE id = ? AND kept_at < ?", (name, before))
            known = {name for (name,) in database.execute("SELECT id FROM mails")}
            for path in self._folder.glob("messages/*/*"):
                with suppress(OSError):
                    if path.stem not in known and path.stat().st_mtime < before:
                        path.unlink()
        return len(rows)

    def older(self, before: float) -> int:
        """How many were kept before that moment, whatever their state."""
        with self._store("cannot read the quarantine") as database:
            row = database.execute("SELECT count(*) FROM mails WHERE kept_at < ?", (before,)).fetchone()
        return int(row[0])

    def _path(self, name: str) -> Path:
        return self._folder / "messages" / name[:2] / f"{name}.eml"

    @contextmanager
    def _store(self, what: str) -> Iterator[sqlite3.Connection]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with closing(open_shared(self._folder / "index.sqlite", _SCHEMA)) as database:
                yield database
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{what}: {error}", source=str(self._folder)) from error


def _entry(held: Held, now: float) -> Entry:
    head, judgement = split(held.raw), held.judgement
    envelope = msgspec.json.encode([clean(held.sender, 400), [clean(one, 400) for one in held.recipients]])
    return Entry(
        id=hashlib.sha256(envelope + held.raw).hexdigest()[:24],
        kept_at=now,
        state=HELD,
        sender=clean(held.sender, 400),
        recipients=tuple(clean(one, 400) for one in held.recipients),
        author=clean(" ".join(values(head, "from")), 300),
        subject=clean(" ".join(values(head, "subject")), 300),
        verdict=judgement.verdict.value,
        score=judgement.score,
        sentence=clean(judgement.sentence, 1000),
        symbols=tuple((clean(s.name, 60), s.weight, clean(s.why, 300)) for s in judgement.symbols[:100]),
        size=len(held.raw),
    )


def _read(stored: bytes, state: str) -> Entry:
    return msgspec.structs.replace(msgspec.json.decode(stored, type=Entry), state=state)
