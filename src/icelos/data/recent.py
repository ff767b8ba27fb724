"""What the findings store has got since a time, for one principal.

The store keeps one outcome a record and when it was last written. Whether that is news is told by comparing
it with a snapshot: ids and digests of what a principal saw before (`icelos.jobs.copilot.learning.shift`).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.contracts import Principal
from icelos.data import visibility
from icelos.data.databases import reading
from icelos.data.sinks import SqliteSink
from icelos.errors import StoreError
from icelos.findings import Failure, Finding

MOST = 100_000
"""Findings of concern that are compared, the latest."""
_CONCERN = "outcomes.kind = 'finding' AND outcomes.verdict IN ('alert', 'review')"


class Seen(msgspec.Struct, frozen=True):
    """An outcome and when it was last written."""

    outcome: Finding | Failure
    seen: datetime


class Recent:
    """Reads a findings store for one principal, and writes nothing to it; no store has nothing."""

    def __init__(self, path: Path, principal: Principal) -> None:
        self._path = path
        self._who = visibility.parameters(principal)
        if path.is_file():  # brought up to date where an older version wrote it
            SqliteSink(path).close()

    def concerns(self) -> dict[bytes, bytes]:
        """Findings to alert on or review: their id to a digest of what they say, 8 bytes each."""
        query = (
            "SELECT outcomes.id, verdict, label, json_extract(body, '$.summary') FROM outcomes"  # noqa: S608
            f" WHERE {_CONCERN} AND {visibility.VISIBLE} ORDER BY outcomes.rowid DESC LIMIT {MOST}"
        )
        with self._reading() as database:
            rows = database.execute(query, self._who) if database is not None else ()
            return {_short(row[0]): _short(*row[1:]) for row in rows}

    def since(self, moment: datetime, kind: str, *, limit: int) -> list[Seen]:
        """Outcomes of kind "finding" or "failure" written from a time on, the newest first."""
        query = (
            "SELECT body, seen FROM outcomes WHERE outcomes.kind = :kind AND seen >= :since"  # noqa: S608
            f" AND {visibility.VISIBLE} ORDER BY outcomes.rowid DESC LIMIT :most"
        )
        values = {**self._who, "kind": kind, "since": _stamp(moment), "most": limit}
        of: type[Finding] | type[Failure] = Finding if kind == "finding" else Failure
        with self._reading() as database:
            rows = database.execute(query, values) if database is not None else ()
            return [
                Seen(msgspec.json.decode(body, type=of), datetime.fromisoformat(seen)) for body, seen in rows
            ]

    def finding(self, finding_id: str) -> Finding | None:
        """One finding by its id."""
        query = "SELECT body FROM outcomes WHERE outcomes.id = :id AND outcomes.kind = 'finding' AND "
        with self._reading() as database:
            if database is None:
                return None
            values = {**self._who, "id": finding_id}
            row = database.execute(query + visibility.VISIBLE, values).fetchone()
            return msgspec.json.decode(row[0], type=Finding) if row else None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """One state of the store; None where there is none."""
        try:
            with reading(self._path, "outcomes") as database:
                yield database
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot read findings: {error}", source=str(self._path)) from error


def digest_of(finding: Finding) -> tuple[bytes, bytes]:
    """A finding's id and what it says, as in `Recent.concerns`."""
    return _short(finding.id), _short(finding.verdict.value, finding.label, finding.summary)


def _short(*parts: object) -> bytes:
    text = "\0".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


def _stamp(moment: datetime) -> str:
    """As sinks write `seen`: seconds of UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
