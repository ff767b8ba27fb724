"""Sinks: findings and failures, durable when `write` returns, keyed by (job, record id).

SQLite is the default: findings and failures of all jobs in one file, written in transactions. JSON
lines and Parquet files appear under their name when the run ends well, so that a killed run leaves
the old file in force; until then one run holds them, and a second one is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from icelos.contracts import Principal
from icelos.data import cursors, listing, visibility
from icelos.data.atomic import atomic_write, open_alone, sync_folder
from icelos.data.databases import open_shared
from icelos.data.query import facts
from icelos.errors import InputError, StoreError
from icelos.findings import Failure, Finding, Outcome
from icelos.records import record_id

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS outcomes (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, job TEXT NOT NULL, record_id TEXT NOT NULL,
  verdict TEXT NOT NULL, label TEXT NOT NULL, score REAL, source TEXT NOT NULL,
  seen TEXT NOT NULL, body BLOB NOT NULL, audience INTEGER NOT NULL DEFAULT 0) STRICT;
{visibility.SCHEMA}{cursors.SCHEMA}"""

INSERT = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class FinishedByContext:
    """A sink as a context: what ends well is closed, what does not is abandoned."""

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Stop without publishing what is not complete."""
        self.close()


class SqliteSink(FinishedByContext):
    """Findings and failures in one SQLite file (WAL). A good outcome replaces the failure of its record.

    What is read is what a `principal` may see; None is the owner's own command line, which sees all.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._counts = listing.Counts()
        with self._told("open"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = open_shared(self.path, SCHEMA, check_same_thread=False)
            self._complete()
            self._cursor_key = cursors.key_of(self._database)

    def _complete(self) -> None:
        """The column, the indexes and the facts that a store of before does not have."""
        columns = "SELECT count(*) FROM pragma_table_info('outcomes') WHERE name = 'audience'"
        if not self._database.execute(columns).fetchone()[0]:
            with self._transaction():
                if not self._database.execute(columns).fetchone()[0]:
                    self._database.execute(
                        "ALTER TABLE outcomes ADD COLUMN audience INTEGER NOT NULL DEFAULT 0"
                    )
        self._database.executescript(listing.INDEXES + visibility.INDEX)
        facts.prepare(self._database)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot {what} findings: {error}", source=str(self.path)) from error

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """All of them or none. Raises StoreError (disk full, locked, broken file)."""
        with self._told("write"), self._lock, self._transaction():
            self._insert(outcomes)

    def _insert(self, outcomes: Sequence[Outcome]) -> None:
        seen = datetime.now(UTC).isoformat(timespec="seconds")
        audiences = visibility.audiences_of(self._database, outcomes)
        rows = [(*row_of(one, seen), to) for one, to in zip(outcomes, audiences, strict=True)]
        self._database.executemany(INSERT, rows)

    def share_job(self, job: str, groups: Sequence[str]) -> None:
        """Only these groups see what a job finds, from now on; none: everybody. Raises StoreError."""
        with self._told("write"), self._lock, self._transaction():
            visibility.set_job_groups(self._database, job, groups)

    def share_finding(self, finding_id: str, groups: Sequence[str]) -> None:
        """Only these groups see one finding, of those who see its job; none: all of them."""
        with self._told("write"), self._lock, self._transaction():
            visibility.set_finding_groups(self._database, finding_id, groups)

    def job_groups(self) -> dict[str, tuple[str, ...]]:
        """The groups that see what a job finds, by job; one that everybody sees is not named."""
        found: dict[str, tuple[str, ...]] = {}
        with self._told("read"), self._lock:
            for job, name in self._database.execute("SELECT job, name FROM job_groups ORDER BY job, name"):
                found[job] = (*found.get(job, ()), name)
        return found

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite itself rolls back where the disk is full
                self._database.execute("ROLLBACK")
            raise

    def findings(
        self, *, job: str = "", verdict: str = "", limit: int = 100, offset: int = 0,
        principal: Principal | None = None,
    ) -> list[Finding]:  # fmt: skip
        """The newest first."""
        return self.page(job=job, verdict=verdict, limit=limit, offset=offset, principal=principal)[0]

    def page(
        self, *, job: str = "", verdict: str = "", limit: int = 100, offset: int = 0,
        before: int | None = None, principal: Principal | None = None,
    ) -> tuple[list[Finding], int | None]:  # fmt: skip
        """The newest first, and the `before` of the next page: None at the end. Raises StoreError.

        A principal is given a `before` that does not say how many findings there are.
        """
        with self._told("read"):
            if before is not None and principal is not None:
                before = cursors.meant(self._cursor_key, before)
            found = self._page("finding", job, verdict, limit, offset, before, principal)
            after = found.next
            if after is not None and principal is not None:
                after = cursors.shown(self._cursor_key, after)
            return [msgspec.json.decode(body, type=Finding) for body in found.bodies], after

    def failures(
        self, *, job: str = "", limit: int = 100, offset: int = 0, principal: Principal | None = None
    ) -> list[Failure]:
        """The newest first."""
        with self._told("read"):
            found = self._page("failure", job, "", limit, offset, None, principal)
            return [msgspec.json.decode(body, type=Failure) for body in found.bodies]

    def resolve(self, job: str, record_ids: Sequence[str]) -> int:
        """Forget the failures of these records, which since have been scored well; how many there were.

        Findings stay. Where there is nothing to forget, nothing is written. Raises StoreError.
        """
        any_failure = "SELECT 1 FROM outcomes WHERE kind = 'failure' AND job = ? LIMIT 1"
        with self._told("read"), self._lock:
            if self._database.execute(any_failure, (job,)).fetchone() is None:
                return 0
        ids = msgspec.json.encode([record_id(job, one) for one in record_ids]).decode()
        which = "FROM outcomes WHERE kind = 'failure' AND id IN (SELECT value FROM json_each(?))"
        with self._told("write"), self._lock:
            if self._database.execute(f"SELECT 1 {which} LIMIT 1", (ids,)).fetchone() is None:
                return 0
            with self._transaction():
                return self._database.execute(f"DELETE {which}", (ids,)).rowcount

    def open_failures(self, job: str) -> dict[str, str]:
        """The source of every record that a job has failed at, by the record's id."""
        with self._told("read"), self._lock:
            query = "SELECT record_id, source FROM outcomes WHERE kind = 'failure' AND job = ?"
            return dict(self._database.execute(query, (job,)))

    def replace_failures(self, job: str, place: str, failures: Sequence[Failure]) -> None:
        """Make these all the failures of a job at one place ("runbooks/a.md", with or without a position).

        Raises StoreError.
        """
        with self._told("write"), self._lock, self._transaction():
            self._database.execute(
                "DELETE FROM outcomes WHERE kind = 'failure' AND job = ?1"
                " AND (source = ?2 OR substr(source, 1, length(?2) + 1) IN (?2 || ':', ?2 || '/'))",
                (job, place),
            )
            self._insert(failures)

    def failing(self, job: str) -> set[str]:
        """The places of a job's failures, with and without their position."""
        with self._told("read"), self._lock:
            query = "SELECT DISTINCT source FROM outcomes WHERE kind = 'failure' AND job = ?"
            sources = [row[0] for row in self._database.execute(query, (job,))]
        return {place for source in sources for place in (source, source.rpartition(":")[0])}

    def finding(self, finding_id: str, *, principal: Principal | None = None) -> Finding | None:
        """One by its permanent id, or None."""
        query = "SELECT body, job, audience FROM outcomes WHERE id = ? AND kind = 'finding'"
        with self._told("read"), self._lock:
            seen = visibility.seen_by(self._database, principal)
            row = self._database.execute(query, (finding_id,)).fetchone()
            if row is None or not seen.shows(row[1], row[2]):
                return None
            return msgspec.json.decode(row[0], type=Finding)

    def ids_from(
        self, beginning: str, *, most: int = 10, principal: Principal | None = None
    ) -> list[str]:  # fmt: skip
        """Ids of findings that begin so, in their order."""
        seen, values = _seen(principal)
        query = (
            f"SELECT id FROM outcomes WHERE id >= :first AND id < :last AND kind = 'finding' AND {seen}"  # noqa: S608 - our own words
            " ORDER BY id LIMIT :most"
        )
        values |= {"first": beginning, "last": f"{beginning}\U0010ffff", "most": most}
        with self._told("read"), self._lock:
            return [row[0] for row in self._database.execute(query, values)]

    def oldest_first(
        self, job: str = "", *, principal: Principal | None = None
    ) -> Iterator[tuple[Finding, datetime]]:
        """Every finding, of one job where it is named, with the time at which it was written last."""
        seen, values = _seen(principal)
        query = (
            "SELECT rowid, body, seen FROM outcomes WHERE kind = 'finding' AND (:job = '' OR job = :job)"  # noqa: S608 - our own words
            f" AND rowid > :last AND {seen} ORDER BY rowid LIMIT 1000"
        )
        values |= {"job": job, "last": -1}
        while True:
            with self._told("read"), self._lock:
                rows = self._database.execute(query, values).fetchall()
            for _, body, written in rows:
                yield msgspec.json.decode(body, type=Finding), datetime.fromisoformat(written)
            if not rows:
                return
            values["last"] = rows[-1][0]

    def count(self, kind: str, *, job: str = "", principal: Principal | None = None) -> int:
        """How many of kind "finding" or "failure"."""
        with self._told("read"), self._lock:
            seen = visibility.seen_by(self._database, principal)
            return self._counts.count(self._database, kind, job, seen)

    def _page(
        self, kind: str, job: str, verdict: str, limit: int, offset: int, before: int | None,
        principal: Principal | None,
    ) -> listing.Page:  # fmt: skip
        with self._lock:
            seen = visibility.seen_by(self._database, principal)
            return listing.page(
                self._database, kind, job=job, verdict=verdict, limit=limit, offset=offset, before=before,
                seen=seen,
            )  # fmt: skip

    def close(self) -> None:
        self._database.close()


def _seen(principal: Principal | None) -> tuple[str, dict[str, object]]:
    """A condition on `outcomes`, with what it needs bound."""
    return ("1", {}) if principal is None else (visibility.VISIBLE, visibility.parameters(principal))


def row_of(outcome: Outcome, seen: str) -> tuple[object, ...]:
    """The columns of `SCHEMA`; `seen` is an ISO time."""
    body = msgspec.json.encode(outcome)
    if isinstance(outcome, Finding):
        verdict, label, score, kind = outcome.verdict.value, outcome.label, outcome.score, "finding"
    else:
        verdict, label, score, kind = "", outcome.error, None, "failure"
    return (
        outcome.id,
        kind,
        outcome.job,
        outcome.record_id,
        verdict,
        label,
        score,
        outcome.source,
        seen,
        body,
    )


class JsonLinesSink(FinishedByContext):
    """One outcome a line, {"finding": …} or {"failure": …}, in NAME.part until the run has ended well.

    Raises InputError where another run is writing the same file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.partial = self.path.with_name(f"{self.path.name}.part")
        self._durable = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = open_alone(self.partial, keep=True)
        except BlockingIOError as error:
            hint = "wait for it, or name another file"
            raise InputError("another run is writing to it", source=str(path), hint=hint) from error
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(path)) from error

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Appends and syncs, all or nothing. Raises StoreError (disk full)."""
        data = b"".join(as_line(outcome) for outcome in outcomes)
        try:
            self._cut()
            left = memoryview(data)
            while left:
                left = left[os.write(self._stream.fileno(), left) :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(self.path)) from error
        self._durable += len(data)

    def _cut(self) -> None:
        """Forget what stands behind: of an earlier run, or half a line of a write that failed."""
        if os.fstat(self._stream.fileno()).st_size > self._durable:
            self._stream.truncate(self._durable)

    def position(self) -> bytes:
        """How many bytes are durable."""
        return str(self._durable).encode()

    def resume(self, position: bytes) -> None:
        """Go on behind what an earlier run wrote. Raises InputError where that is gone, StoreError."""
        end = int(position)
        try:
            if os.fstat(self._stream.fileno()).st_size < end:
                self._take_back(end)
            self._stream.truncate(end)
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(self.path)) from error
        self._durable = end

    def _take_back(self, end: int) -> None:
        """What a run published that was killed before it could say so."""
        if not self.path.is_file() or self.path.stat().st_size < end:
            hint = "begin anew with --fresh"
            raise InputError("what the stopped run wrote is gone", source=str(self.partial), hint=hint)
        self._stream.truncate(0)
        with self.path.open("rb") as published:
            shutil.copyfileobj(published, self._stream)
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Publish the file under its name; it is nobody else's until that is done."""
        if self._stream.closed:
            return
        try:
            self._cut()
            with self._stream:
                self.partial.replace(self.path)
        except OSError as error:
            raise StoreError(f"cannot publish: {error.strerror}", source=str(self.path)) from error
        sync_folder(self.path.parent)

    def discard(self) -> None:
        """Throw away what was written: it stands elsewhere. Raises OSError."""
        with self._stream:
            self.partial.unlink()

    def abandon(self) -> None:
        """Leave NAME.part behind with what is durable, and the old file in force."""
        with contextlib.suppress(OSError):  # what was written is synced already
            self._stream.close()


class StreamSink(FinishedByContext):
    """One outcome a line into an open binary stream, such as standard output; as durable as that is."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Writes and flushes."""
        self._stream.write(b"".join(as_line(outcome) for outcome in outcomes))
        self._stream.flush()


class KeptSink(FinishedByContext):
    """Passes outcomes on to another sink, and keeps them by their id for a report of the run."""

    def __init__(self, inner: SqliteSink) -> None:
        self._inner = inner
        self._kept: dict[str, Outcome] = {}

    @property
    def outcomes(self) -> list[Outcome]:
        """In the order of their first writing."""
        return list(self._kept.values())

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Durable where the other sink's is. Raises StoreError."""
        self._inner.write(outcomes)
        self._kept.update((outcome.id, outcome) for outcome in outcomes)

    def resolve(self, job: str, record_ids: Sequence[str]) -> int:
        """As the other sink does, and what this run kept of the same failures goes, too."""
        for one in record_ids:
            if isinstance(self._kept.get(key := record_id(job, one)), Failure):
                del self._kept[key]
        return self._inner.resolve(job, record_ids)

    def close(self) -> None:
        """Closes the other sink."""
        self._inner.close()


def as_line(outcome: Outcome) -> bytes:
    """One outcome as one line of JSON."""
    kind = "finding" if isinstance(outcome, Finding) else "failure"
    return msgspec.json.encode({kind: outcome}) + b"\n"


class ParquetSink(FinishedByContext):
    """One row an outcome: kind, job, record_id, verdict, label, score, summary, error, source, body."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._rows = JsonLinesSink(self.path.with_name(f"{self.path.name}.jsonl"))
        self._closed = False

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Durable in NAME.jsonl.part until `close` turns it into Parquet. Raises StoreError."""
        self._rows.write(outcomes)

    def position(self) -> bytes:
        """How many bytes of NAME.jsonl.part are durable."""
        return self._rows.position()

    def resume(self, position: bytes) -> None:
        """Go on behind what an earlier run wrote. Raises InputError where that is gone, StoreError."""
        self._rows.resume(position)

    def close(self) -> None:
        """Write the Parquet file and publish it. Raises StoreError, and leaves the rows in NAME.jsonl."""
        import duckdb

        if self._closed:
            return
        self._closed = True
        partial = self.path.with_name(f".{self.path.name}.part")
        try:
            with duckdb.connect() as database:
                database.execute(
                    f"COPY ({_TO_COLUMNS}) TO '{_quoted(partial)}' (FORMAT parquet)",
                    [_wild(self._rows.partial)],
                )
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(self.path)
            sync_folder(self.path.parent)
            self._rows.discard()
        except (duckdb.Error, OSError) as error:
            self._rows.close()
            reason = " ".join(str(error).split())
            raise StoreError(f"cannot write Parquet: {reason}", source=str(self.path)) from error

    def abandon(self) -> None:
        """Leave what is durable in NAME.jsonl.part."""
        self._closed = True
        self._rows.abandon()


_TO_COLUMNS = """
SELECT CASE WHEN (j->'finding') IS NULL THEN 'failure' ELSE 'finding' END AS kind,
  coalesce(j->>'$.finding.job', j->>'$.failure.job') AS job,
  coalesce(j->>'$.finding.record_id', j->>'$.failure.record_id') AS record_id,
  j->>'$.finding.verdict' AS verdict, j->>'$.finding.label' AS label,
  CAST(j->>'$.finding.score' AS DOUBLE) AS score, j->>'$.finding.summary' AS summary,
  j->>'$.failure.error' AS error,
  coalesce(j->>'$.finding.source', j->>'$.failure.source') AS source,
  CAST(coalesce(j->'finding', j->'failure') AS VARCHAR) AS body
FROM read_csv(?, columns={'j': 'JSON'}, delim='\x01', quote='', escape='', header=false,
  auto_detect=false, max_line_size=67108864)
"""
"""Each line whole, as one JSON value: JSON itself escapes the delimiter."""


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _wild(path: Path) -> str:
    """A file name in which duckdb's wildcards stand for themselves."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def write_json(path: Path, value: object) -> None:
    """A JSON document, whole or absent."""
    with atomic_write(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
