"""Sign-in tokens and sessions, in one small SQLite file that the server and `--new-token` share.

Only hashes are stored: who reads the file cannot sign in with it. Whoever may write the file owns the
workspace, so a second process may issue a token for a server that runs. A session is the owner's, or that of
a user; whether the user may still do anything is asked elsewhere, with every request.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from icelos.errors import StoreError

TOKEN_SECONDS = 15 * 60
REMEMBERED_SECONDS, REMEMBERED = 5.0, 4096
"""How long, and how many, sessions are known without another look into the file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (hash TEXT PRIMARY KEY, expires REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sessions (hash TEXT PRIMARY KEY, expires REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS servers (pid INTEGER PRIMARY KEY, address TEXT NOT NULL, started REAL NOT NULL) STRICT;
"""  # noqa: E501
ADDED = {"user": "TEXT NOT NULL DEFAULT ''", "epoch": "INTEGER NOT NULL DEFAULT 0"}
"""Columns of sessions that a file of before does not have."""


class Session(msgspec.Struct, frozen=True):
    """A session: the token that unsafe requests must carry, until when (seconds since 1970), and whose.

    `user` is empty for the owner; a user's session holds while the user's `epoch` is this one.
    """

    csrf: str
    expires: float
    user: str = ""
    epoch: int = 0


class SignIn:
    """One-time tokens for sessions. Every method but `known` opens the file, so that any thread may call it.

    Raises StoreError where the file cannot be read or written.
    """

    def __init__(self, path: Path, *, hours: int, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._seconds = hours * 3600
        self._clock = clock
        self._lock = threading.Lock()
        self._ended = 0
        self._remembered: OrderedDict[str, tuple[Session, float]] = OrderedDict()
        with self._open() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(SCHEMA)
            database.execute("BEGIN IMMEDIATE")
            there = {row[1] for row in database.execute("PRAGMA table_info(sessions)")}
            for column, kind in ADDED.items():
                if column not in there:
                    database.execute(f"ALTER TABLE sessions ADD COLUMN {column} {kind}")
        with suppress(OSError):
            path.chmod(0o600)

    def new_token(self) -> str:
        """A token of 192 random bits, valid once and for 15 minutes."""
        token = secrets.token_urlsafe(24)
        with self._open() as database:
            database.execute(
                "INSERT INTO tokens VALUES (?, ?)", (_hash(token), self._clock() + TOKEN_SECONDS)
            )
        return token

    def exchange(self, token: str) -> str | None:
        """A new session id of the owner for a valid token, which is used up by it; None for any other."""
        now = self._clock()
        with self._open() as database:
            database.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
            live = [row[0] for row in database.execute("SELECT hash FROM tokens")]
            matches = [known for known in live if hmac.compare_digest(known, _hash(token))]
            used = [database.execute("DELETE FROM tokens WHERE hash = ?", (m,)).rowcount for m in matches]
            return self._opened(database, "", 0) if any(used) else None

    def open_session(self, user: str, epoch: int) -> str:
        """A new session id of a user who has shown who they are."""
        with self._open() as database:
            return self._opened(database, user, epoch)

    def _opened(self, database: sqlite3.Connection, user: str, epoch: int) -> str:
        now, session_id = self._clock(), secrets.token_urlsafe(32)
        database.execute("DELETE FROM sessions WHERE expires <= ?", (now,))
        database.execute(
            "INSERT INTO sessions (hash, expires, user, epoch) VALUES (?, ?, ?, ?)",
            (_hash(session_id), now + self._seconds, user, epoch),
        )
        return session_id

    def session(self, session_id: str) -> Session | None:
        """The live session of a cookie's value, or None."""
        key, now, ended = _hash(session_id), self._clock(), self._ended
        with self._open() as database:
            query = "SELECT expires, user, epoch FROM sessions WHERE hash = ? AND expires > ?"
            row = database.execute(query, (key, now)).fetchone()
        if row is None:
            return None
        session = Session(csrf_token(session_id), *row)
        with self._lock:
            if ended == self._ended:  # none was signed out while this one was read
                self._remembered[key] = (session, now)
                self._remembered.move_to_end(key)
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return session

    def known(self, session_id: str) -> Session | None:
        """The session where it was looked up a moment ago: memory only, for the event loop."""
        with self._lock:
            session, since = self._remembered.get(_hash(session_id), (None, 0.0))
        now = self._clock()
        fresh = session is not None and 0 <= now - since < REMEMBERED_SECONDS and now < session.expires
        return session if fresh else None

    def sign_out(self, session_id: str) -> None:
        """End a session; one that is not there stays so."""
        with self._open() as database:
            database.execute("DELETE FROM sessions WHERE hash = ?", (_hash(session_id),))
        with self._lock:
            self._ended += 1
            self._remembered.pop(_hash(session_id), None)

    def sign_out_all(self, user: str) -> int:
        """End every session of a user, or with "" of the owner; how many there were.

        Another server on this workspace may know one of them for `REMEMBERED_SECONDS` more.
        """
        with self._open() as database:
            ended = database.execute("DELETE FROM sessions WHERE user = ?", (user,)).rowcount
        with self._lock:
            self._ended += 1
            for key in [key for key, (session, _) in self._remembered.items() if session.user == user]:
                del self._remembered[key]
        return ended

    def announce(self, address: str) -> None:
        """Say that this process serves at `address`, for `running`."""
        with self._open() as database:
            row = (os.getpid(), address, self._clock())
            database.execute("INSERT OR REPLACE INTO servers VALUES (?, ?, ?)", row)

    def withdraw(self) -> None:
        """Say that this process serves no more."""
        with suppress(StoreError), self._open() as database:
            database.execute("DELETE FROM servers WHERE pid = ?", (os.getpid(),))

    def running(self) -> list[str]:
        """Addresses of the servers that run on this workspace, the newest first."""
        with self._open() as database:
            rows = database.execute("SELECT pid, address FROM servers ORDER BY started DESC").fetchall()
        return [address for pid, address in rows if _alive(pid)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            database = sqlite3.connect(self._path, timeout=10)
            try:
                with database:
                    yield database
            finally:
                database.close()
        except sqlite3.Error as error:
            raise StoreError(f"cannot use the sign-in store: {error}", source=str(self._path)) from error


def csrf_token(session_id: str) -> str:
    """The CSRF token of a session: an HMAC under the session id, so that nothing more is stored."""
    return hmac.new(session_id.encode(), b"icelos csrf", hashlib.sha256).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
