"""What people have decided of findings, in one SQLite file (WAL): nothing in it is ever changed or removed.

A decision is one row, its withdrawal another, each durable when the call returns; two writers share the file,
and one that is killed leaves the rows before its last. It knows nothing of what the labels mean.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from icelos.data.databases import open_shared
from icelos.errors import InputError, StoreError
from icelos.records import record_id

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS withdrawn (
  id TEXT PRIMARY KEY REFERENCES decisions (id), by TEXT NOT NULL, at TEXT NOT NULL) STRICT;
"""


class Basis(msgspec.Struct, frozen=True):
    """What one finding rested on when it was decided: its component, the machine's label, and digests."""

    purl: str
    target: str
    label: str
    evidence: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A person's label for one vulnerability in one component.

    `purl` is with a version or, for all versions, without one; `target` is one target's name, or "" for
    every one. `made` has a time zone; it holds through the day `expires`, for ever without one. `bases` are
    the findings that the person had in view.
    """

    vulnerability: str
    purl: str
    label: str
    reason: str
    by: str
    made: datetime
    aliases: tuple[str, ...] = ()
    target: str = ""
    expires: date | None = None
    bases: tuple[Basis, ...] = ()

    @property
    def id(self) -> str:
        """Short, and the same for the same content."""
        return record_id("decision", msgspec.json.encode(self).decode())[:12]

    @property
    def names(self) -> frozenset[str]:
        """All ids of the vulnerability, in upper case."""
        return frozenset(name.upper() for name in (self.vulnerability, *self.aliases) if name)


class DecisionStore:
    """The decisions of one workspace, to use as a context manager. Each method raises StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told("open"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._database = open_shared(path, _SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, decision: Decision) -> None:
        """Durable when it returns; the same one twice is one."""
        row = decision.id, msgspec.json.encode(decision)
        with self._told("write"):
            self._database.execute("INSERT OR IGNORE INTO decisions (id, body) VALUES (?, ?)", row)

    def withdraw(self, decision_id: str, by: str) -> Decision:
        """The decision, which from now on does not apply. Raises InputError where none of this id does."""
        found = next((one for one in self.in_force() if one.id == decision_id), None)
        if found is None:
            hint = "`icelos vulns decisions` lists them"
            raise InputError(f"no decision {decision_id[:60]!r} is in force", hint=hint)
        row = decision_id, by, datetime.now(UTC).isoformat(timespec="seconds")
        with self._told("write"):
            self._database.execute("INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?)", row)
        return found

    def in_force(self) -> list[Decision]:
        """Those that are not withdrawn, in the order in which they were made; expired ones are among them."""
        query = "SELECT body FROM decisions WHERE id NOT IN (SELECT id FROM withdrawn) ORDER BY number"
        with self._told("read"):
            return [msgspec.json.decode(row[0], type=Decision) for row in self._database.execute(query)]

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot {what} decisions: {error}", source=str(self.path)) from error
