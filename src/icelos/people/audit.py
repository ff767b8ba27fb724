"""The audit log: who did what, in a chain of hashes that no later change leaves whole.

    audit = Audit(workspace.audit)
    audit.record(principal, "search", query="failed sign-ins", shown=["c12", "c7"])
    audit.verify().problems

It is only ever appended to. Several processes write one chain; a kill -9 leaves it whole. What cannot be
recorded is an error, so that nothing is done unseen. Knows ids, never contents; the text of a question is
the exception.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

import msgspec

from icelos.contracts import Principal
from icelos.data.atomic import atomic_write
from icelos.data.databases import open_shared
from icelos.errors import IcelosError, StoreError
from icelos.people.chain import COLUMNS, NOTHING, Head, Link, Walk, hash_of, is_signed, signature
from icelos.people.roles import Signed

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY, time TEXT NOT NULL, actor TEXT NOT NULL, how TEXT NOT NULL,
  address TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, details TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS head (
  one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, hash TEXT NOT NULL,
  signature TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON entries BEGIN
  SELECT raise(ABORT, 'the audit log is only appended to'); END;
CREATE TRIGGER IF NOT EXISTS no_removal BEFORE DELETE ON entries BEGIN
  SELECT raise(ABORT, 'the audit log is only appended to'); END;
"""
BEGIN = "audit.begin"
ANEW = "the log begins anew where there was one before"
COMMAND_LINE = "command line"
TEXT_LIMIT = 10_000
"""Characters of one text; what is longer is cut, and says so."""
MOST_PROBLEMS = 100

Clock = Callable[[], datetime]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `how` says how the actor signed in; `details` are ids, counts and settings by name."""

    number: int
    time: datetime
    actor: str
    how: str
    address: str
    action: str
    subject: str
    details: Mapping[str, Any]
    previous: str
    hash: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of the whole log found: how many entries, where it ends, and what is wrong."""

    entries: int
    head: str
    problems: tuple[str, ...] = ()


def _now() -> datetime:
    return datetime.now(UTC)


class Audit:
    """The audit log of a workspace. Safe to share between threads and processes; raises StoreError."""

    def __init__(self, path: Path, *, clock: Clock = _now) -> None:
        self.path = path
        self.key_path = path.with_suffix(".key")
        self._new_key_path = path.with_suffix(".key.new")
        self._clock = clock
        self._lock = threading.Lock()
        with self._told("open"):
            path.touch(mode=0o600)
            with suppress(OSError):
                path.chmod(0o600)
            self._database = open_shared(path, SCHEMA, check_same_thread=False)
            # A kill loses nothing that was recorded; a power cut may lose the last moments, of entries and
            # head alike, so that what is left is whole. A sync for each entry would cost every request one.
            self._database.execute("PRAGMA synchronous = NORMAL")
        try:
            self._key = self._begun()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # ---- writing

    def record(self, principal: Principal, action: str, subject: str = "", /, **details: object) -> Head:
        """Append what somebody did; where the log ends then. `subject` is the id of what it was done to.

        Raises StoreError where it cannot be written, or where the end of the log was changed from outside.
        """
        how, address = (principal.how, principal.address) if isinstance(principal, Signed) else ("", "")
        return self._record((principal.name, how or COMMAND_LINE, address, action, subject), details)

    def refused(self, name: str, action: str, subject: str = "", *, how: str, address: str) -> Head:
        """Append what somebody could not do who is not signed in; `name` is what they call themselves."""
        return self._record((name, how, address, action, subject), {})

    def _record(self, texts: Iterable[str], details: Mapping[str, object]) -> Head:
        told = msgspec.json.encode(_shortened(details), order="sorted").decode()
        with self._told("write"), self._lock, self._transaction():
            return self._append(self._head(), *map(_text, texts), told)

    @contextmanager
    def doing(
        self, principal: Principal, action: str, subject: str = "", /, **details: object
    ) -> Iterator[None]:
        """Record a change, then make it in the block; that it failed is recorded, too, as ACTION.failed."""
        self.record(principal, action, subject, **details)
        try:
            yield
        except IcelosError as error:
            self.record(principal, f"{action}.failed", subject, reason=str(error))
            raise

    def _append(self, head: Head, *texts: str) -> Head:
        """The next entry, from its actor to its details."""
        time = self._clock().isoformat(timespec="microseconds")
        content = (head.number + 1, time, *texts, head.hash)
        end = Head(head.number + 1, hash_of(content))
        self._database.execute(
            f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own words
            (*content, end.hash),
        )
        signed = signature(self._key, end)
        self._database.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)", (*end, signed))
        return end

    def _head(self) -> Head:
        """Where to append. What does not end as its signed head says is not gone on with."""
        row = self._database.execute("SELECT number, hash, signature FROM head").fetchone()
        last = self._database.execute(
            "SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is None or last != row[:2] or not is_signed(self._key, Head(*row[:2]), row[2]):
            raise StoreError(
                "the end of the audit log was changed from outside", source=str(self.path),
                hint="`icelos audit verify` says more; docs/people.md says how to begin anew",
            )  # fmt: skip
        return Head(*row[:2])

    def _begun(self) -> bytes:
        """The key; with the first entry, where there is no log yet."""
        with self._told("begin"), self._lock:
            if self._database.execute("SELECT 1 FROM head").fetchone() is None:
                with self._transaction():
                    if self._database.execute("SELECT 1 FROM head").fetchone() is None:
                        self._begin()
            with suppress(FileNotFoundError):  # another process, or the one before a kill, has done it
                self._new_key_path.replace(self.key_path)
            return read_key(self.key_path)

    def _begin(self) -> None:
        """The first entry; the key gets its name once that is committed, so that a kill leaves no trace."""
        anew = (
            self.key_path.exists() or self._database.execute("SELECT 1 FROM entries").fetchone() is not None
        )
        with atomic_write(self._new_key_path, mode=0o600) as file:
            file.write(token_hex(32).encode() + b"\n")
        self._key = read_key(self._new_key_path)
        last = self._database.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0]
        told = msgspec.json.encode({"anew": True} if anew else {}).decode()
        self._append(Head(last, NOTHING), "icelos", "", "", BEGIN, "", told)

    # ---- reading

    def entries(
        self, *, actor: str = "", action: str = "", before: int | None = None, limit: int = 100
    ) -> list[Entry]:
        """The newest first. An action stands for those below it, too ("token" for "token.create")."""
        query = (
            f"SELECT {COLUMNS} FROM entries WHERE number < ?1 AND (?2 = '' OR actor = ?2) AND (?3 = ''"  # noqa: S608 - our own words
            " OR action = ?3 OR substr(action, 1, length(?3) + 1) = ?3 || '.') ORDER BY number DESC LIMIT ?4"
        )
        with self._told("read"), self._reading() as database:
            rows = database.execute(query, (before or 2**62, actor, action, limit)).fetchall()
            return [entry_of(Link(*row)) for row in rows]

    def oldest_first(self) -> Iterator[Entry]:
        """Every entry there is, as of now."""
        with self._told("read"), self._reading() as database:
            for row in database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY number"):  # noqa: S608 - our own words
                yield entry_of(Link(*row))

    def verify(self, noted: str = "") -> Verified:
        """Follow the whole chain, of which `noted`, a head that was noted elsewhere, must be a part."""
        with self._reading() as database:
            return verified(database, self.key_path, noted)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own: a long reading keeps no writer waiting."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as database:
            yield database

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot {what} the audit log: {error}", source=str(self.path)) from error


def verify(path: Path, noted: str = "") -> Verified:
    """Check a log where it stands, without writing. Raises StoreError where there is none."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as database:
            return verified(database, path.with_suffix(".key"), noted)
    except sqlite3.OperationalError as error:
        raise StoreError(f"cannot read the audit log: {error}", source=str(path)) from error


def verified(database: sqlite3.Connection, key_path: Path, noted: str = "") -> Verified:
    """Follow the whole chain of an open log, as of one moment."""
    walk = Walk(noted)
    try:
        database.execute("BEGIN")
        for row in database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY number"):  # noqa: S608 - our own words
            link = Link(*row)
            walk.step(link)
            if link.action == BEGIN and (link.number != 1 or "anew" in link.details):
                walk.problems.append(f"entry {link.number}: {ANEW}")
            if len(walk.problems) >= MOST_PROBLEMS:
                break
        heads = database.execute("SELECT number, hash, signature FROM head").fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError, ValueError) as error:
        return Verified(entries=walk.last.number, head="", problems=(*walk.problems, f"unreadable: {error}"))
    walk.problems += _of_head(heads, walk, key_path)
    if noted and not walk.has_noted:
        walk.problems.append("the head that was noted is not in the log: it was shortened or written anew")
    return Verified(entries=walk.last.number, head=str(walk.last), problems=tuple(walk.problems))


def _of_head(heads: list[tuple[int, str, str]], walk: Walk, key_path: Path) -> Iterator[str]:
    if len(heads) != 1:
        yield "the head is missing"
        return
    number, last, signed = heads[0]
    if (number, last) != walk.last:
        yield f"the log ends with entry {walk.last.number}, its head says {number}: the end was changed"
    try:
        if not is_signed(read_key(key_path), Head(number, last), signed):
            yield "the head is not signed by the key of this log"
    except StoreError as error:
        yield str(error)


def read_key(path: Path) -> bytes:
    """The key of a log. Raises StoreError where it is gone or broken."""
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise StoreError("the key of the audit log cannot be read", source=str(path)) from error
    if len(key) != 32:
        raise StoreError("the key of the audit log is broken", source=str(path))
    return key


def entry_of(link: Link) -> Entry:
    """A row for people and programs. Raises msgspec.MsgspecError or ValueError for one that was changed."""
    return Entry(
        number=link.number, time=datetime.fromisoformat(link.time), actor=link.actor, how=link.how,
        address=link.address, action=link.action, subject=link.subject,
        details=msgspec.json.decode(link.details), previous=link.previous, hash=link.hash,
    )  # fmt: skip


def _shortened(value: object) -> object:
    """Texts within bounds and storable, whatever was given."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(str(name)): _shortened(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shortened(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value


def _text(text: str) -> str:
    cut = text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]} [cut: {len(text):,} characters]"
    return cut.encode("utf-8", "replace").decode("utf-8")
