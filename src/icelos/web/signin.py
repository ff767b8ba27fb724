"""Sign-in tokens and sessions, in one small SQLite file that the server and `--new-token` share.

Only hashes are stored: who reads the file cannot sign in with it. Whoever may write the file owns the
workspace, so a second process may issue a token for a server that runs.
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


class Session(msgspec.Struct, frozen=True):
    """Who is signed in, until when (seconds since 1970), and the token that unsafe requests must carry."""

    csrf: str
    expires: float


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
        """A new session id for a valid token, which is used up by it; None for any other."""
        now = self._clock()
        with self._open() as database:
            database.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
            database.execute("DELETE FROM sessions WHERE expires <= ?", (now,))
            live = [row[0] for row in database.execute("SELECT hash FROM tokens")]
            matches = [known for known in live if hmac.compare_digest(known, _hash(token))]
            used = [database.execute("DELETE FROM tokens WHERE hash = ?", (m,)).rowcount for m in matches]
            if not any(used):
                return None
            session_id = secrets.token_urlsafe(32)
            database.execute("INSERT INTO sessions VALUES (?, ?)", (_hash(session_id), now + self._seconds))
        return session_id

    def session(self, session_id: str) -> Session | None:
        """The live session of a cookie's value, or None."""
        key, now, ended = _hash(session_id), self._clock(), self._ended
        with self._open() as database:
            query = "SELECT expires FROM sessions WHERE hash = ? AND expires > ?"
            row = database.execute(query, (key, now)).fetchone()
        if row is None:
            return None
        session = Session(csrf_token(session_id), row[0])
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
