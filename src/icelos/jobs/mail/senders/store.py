"""The sketches in one SQLite file that several workers share. It holds hashes and counts, no text.

Every change is one transaction that reads, adds and writes, so that no worker's mail is lost to another's;
a worker that is killed in the middle leaves the file as before. After a loss of power the last few mails may
be missing. Of more senders than `most` those go whose mail is longest ago.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from icelos.data.databases import open_shared
from icelos.errors import StoreError
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.memory import chosen, learn, sender_key
from icelos.jobs.mail.senders.sketch import Sketch
from icelos.jobs.mail.senders.verdict import Departure, departure
from icelos.jobs.mail.senders.weights import DEFAULT, Weights

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sketches (
  key BLOB PRIMARY KEY, kind TEXT NOT NULL, mails INTEGER NOT NULL, used INTEGER NOT NULL,
  body BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS sketches_used ON sketches (kind, used);
"""
EVERYONE = b"everyone"
MOST_SENDERS = 200_000
_UPSERT = (
    "INSERT INTO sketches VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
    " mails = excluded.mails, used = excluded.used, body = excluded.body"
)


class SenderStore:
    """Sketches of senders and organisations. Safe to share between threads and processes.

    `most` bounds the senders, and the organisations as well. `clock` gives the seconds since 1970 that a
    mail cannot be later than. Raises StoreError where the file cannot be used.
    """

    def __init__(
        self, path: str | Path, *, most: int = MOST_SENDERS, clock: Callable[[], float] = time.time
    ) -> None:
        self.path, self.most, self._clock = Path(path), most, clock
        self._lock = threading.RLock()
        with self._told("open"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._database = open_shared(self.path, SCHEMA, check_same_thread=False)
            self._database.execute("PRAGMA synchronous = NORMAL")
            self.hasher = Hasher(self._salt())
        self._weights: tuple[bytes, Weights | None] = (b"", None)

    def _salt(self) -> bytes:
        """The file's own: whoever opens it first draws it."""
        fresh = secrets.token_bytes(32)
        self._database.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (fresh,))
        return bytes(self._database.execute("SELECT value FROM meta WHERE name = 'salt'").fetchone()[0])

    # ---- mails

    def facts(
        self, message: Message, *, trusted: Sequence[str] = (), intents: Sequence[str] = ()
    ) -> Facts | None:
        """A message's facts under this store's salt, or None where it names no sender."""
        return facts_of(message, self.hasher, trusted=trusted, intents=intents, clock=self._clock)

    def compare(self, facts: Facts) -> Departure:
        """How far a mail departs from its sender's earlier ones. Raises StoreError."""
        with self._told("read"), self._lock:
            proven = self._read(sender_key(facts, proven=True))
            own, is_proven = chosen(proven, self._read(sender_key(facts, proven=False)))
            organisation = self._read(facts.organisation) if facts.organisation else None
            everyone = self._read(EVERYONE) or Sketch(wide=True)
            weights = self._weights_now()
        unproven = is_proven and not facts.proven
        return departure(facts, own, everyone, organisation, weights, unproven=unproven)

    def observe(self, facts: Facts, *, share: float = 1.0) -> None:
        """Learn one mail that was judged clean; `share` < 1 learns less of one that is not quite.

        Suspicious mails are not to be observed: they would teach the sketch the attacker. Raises StoreError.
        """
        self.observe_all([facts], share=share)

    def observe_all(self, mails: Iterable[Facts], *, share: float = 1.0) -> None:
        """Learn several mails in one transaction: all of them or none. Raises StoreError."""
        with self._told("write"), self._lock, self._transaction():
            batch = _Batch(self)
            for facts in mails:
                batch.add(facts, share)
            batch.write()

    def _read(self, key: bytes) -> Sketch | None:
        row = self._database.execute("SELECT body FROM sketches WHERE key = ?", (key,)).fetchone()
        return Sketch.decode(row[0]) if row else None

    def _number(self, name: str) -> int:
        row = self._database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return int.from_bytes(row[0], "little") if row else 0

    def _set(self, name: str, value: bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # ---- weights

    @property
    def weights(self) -> Weights:
        """Those in force: calibrated ones, or those that ship. Raises StoreError."""
        with self._told("read"), self._lock:
            return self._weights_now()

    @weights.setter
    def weights(self, weights: Weights) -> None:
        with self._told("write"), self._lock:
            self._set("weights", msgspec.json.encode(weights))

    def _weights_now(self) -> Weights:
        row = self._database.execute("SELECT value FROM meta WHERE name = 'weights'").fetchone()
        data = bytes(row[0]) if row else b""
        if self._weights[1] is None or data != self._weights[0]:
            self._weights = (data, msgspec.json.decode(data, type=Weights) if data else DEFAULT)
        return self._weights[1] or DEFAULT

    # ---- one sender

    def export(self, address: str) -> dict[str, Any]:
        """All that is kept of an address, for JSON: hashes, counts and times. Raises StoreError."""
        with self._told("read"), self._lock:
            found = {name: self._read(key) for name, key in self._keys(address)}
        return {name: sketch.summary() for name, sketch in found.items() if sketch is not None}

    def forget(self, address: str) -> bool:
        """Delete an address's sketches; whether there was one. What it added to sums of many stays."""
        keys = [(key,) for _, key in self._keys(address)]
        with self._told("write"), self._lock, self._transaction():
            before = self._database.total_changes
            self._database.executemany("DELETE FROM sketches WHERE key = ?", keys)
            return self._database.total_changes > before

    def _keys(self, address: str) -> list[tuple[str, bytes]]:
        key = self.hasher.key(f"sender {address.strip().lower()}")
        return [("proven", key + b"+"), ("claimed", key + b"-")]

    def __len__(self) -> int:
        """How many senders there are; one with proven and unproven mail counts twice."""
        with self._told("read"), self._lock:
            query = "SELECT count(*) FROM sketches WHERE kind = 'sender'"
            return int(self._database.execute(query).fetchone()[0])

    # ---- the file

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot {what} senders: {error}", source=str(self.path)) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


class _Batch:
    """The sketches that one transaction changes: read once each, written at its end."""

    def __init__(self, store: SenderStore) -> None:
        self._store = store
        self._kinds: dict[bytes, tuple[str, Sketch]] = {}
        self._used = store._number("used")
        self._last: dict[bytes, int] = {}

    def add(self, facts: Facts, share: float) -> None:
        self._used += 1
        own = self._sketch(sender_key(facts), "sender", Sketch)
        organisation = (
            self._sketch(facts.organisation, "organisation", lambda: Sketch(style=False))
            if facts.organisation
            else None
        )
        everyone = self._sketch(EVERYONE, "everyone", lambda: Sketch(wide=True))
        learn(facts, own, organisation, everyone, share)

    def _sketch(self, key: bytes, kind: str, make: Callable[[], Sketch]) -> Sketch:
        self._last[key] = self._used
        if key not in self._kinds:
            self._kinds[key] = (kind, self._store._read(key) or make())
        return self._kinds[key][1]

    def write(self) -> None:
        rows = [
            (key, kind, sketch.mails, self._last[key], sketch.encode())
            for key, (kind, sketch) in self._kinds.items()
        ]
        self._store._database.executemany(_UPSERT, rows)
        self._store._set("used", self._used.to_bytes(8, "little"))
        if any(sketch.mails == 1 for _, sketch in self._kinds.values()):
            self._trim()

    def _trim(self) -> None:
        """Only where somebody is new: the least recently used go."""
        for kind in ("sender", "organisation"):
            count = self._store._database.execute("SELECT count(*) FROM sketches WHERE kind = ?", (kind,))
            if (over := int(count.fetchone()[0]) - self._store.most) > 0:
                query = (
                    "DELETE FROM sketches WHERE key IN"
                    " (SELECT key FROM sketches WHERE kind = ? ORDER BY used, key LIMIT ?)"
                )
                self._store._database.execute(query, (kind, over))
