"""Rules over rows: one pass, rows in batches into tables of SQLite in memory, a finding for each match.

There is a table for each logsource, with a column for each field that its rules name; a row stands in those
whose logsource means it. Memory is that of the rules and of one batch, whatever the size of the log.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from icelos.data.row_ids import RowIds
from icelos.findings import Evidence, Failure, Finding, How, Verdict, failure
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.sigma.logsources import LogSource, Origin, folded
from icelos.jobs.logs.sigma.rules import JOB, Rule
from icelos.jobs.logs.sigma.taxonomy import Layout, layout_of
from icelos.jobs.logs.sigma.values import Values, readings
from icelos.records import record_id

BATCH = 2000
"""Rows that stand in the tables at the same time."""
BATCH_BYTES = 32 << 20
ROW_BYTES = 16 << 20
"""Characters that one row may take in one table, in all ways to read it."""
COLUMNS = 1500
"""Columns of one table, of the 2,000 that SQLite has; a logsource with more fields has several tables."""
EVIDENCE = 12
"""Fields that a finding quotes."""
_QUOTE = 300
_VERDICTS: dict[str, tuple[Verdict, float]] = {
    "critical": (Verdict.ALERT, 1.0),
    "high": (Verdict.ALERT, 0.8),
    "medium": (Verdict.REVIEW, 0.5),
    "low": (Verdict.REVIEW, 0.3),
    "informational": (Verdict.REVIEW, 0.1),
}
_UNRATED = (Verdict.REVIEW, None)
Named = tuple[str, tuple[str, ...]]


@dataclass
class Counts:
    """What came of a pass. `matches` counts by a rule's id, `meant` are the rows that any rule was run on."""

    rows: int = 0
    meant: int = 0
    failures: int = 0
    matches: Counter[str] = field(default_factory=Counter)


class _Table:
    """The rules of one logsource, and the rows of a batch that they are run on."""

    def __init__(self, name: str, rules: Sequence[Rule], database: sqlite3.Connection) -> None:
        from icelos.jobs.logs.sigma.compiling import RAW, selection, table

        columns = {folded(named): named for rule in rules for named in rule.fields}
        self.fields = tuple(columns)
        self.keywords = any(rule.keywords for rule in rules)
        self.statements = {rule.id: (rule, selection(name, rule.sql)) for rule in rules}
        self._database, self._name = database, name
        self._named: dict[str, list[Named]] = {}
        self._rows: list[tuple[object, ...]] = []
        names = (*columns.values(), *((RAW,) if self.keywords else ()))
        database.execute(table(name, names))
        marks = ", ".join("?" * (len(names) + 1))
        self._insert = f"INSERT INTO {name} VALUES ({marks})"  # noqa: S608 - a name of ours, every value is bound

    def add(self, key: int, values: Values, layout: Layout) -> int:
        """Put a row in, once for each way to read it; returns how many characters that takes."""
        named = self._named.get(layout.name)
        if named is None:
            named = self._named[layout.name] = [(one, layout.paths(one)) for one in self.fields]
        text = (values.text,) if self.keywords else ()
        size = 0
        for reading in readings(values, named):
            whole = (*reading, *text)
            self._rows.append((key, *whole))
            size += sum(len(one) for one in whole if one is not None)
            if size > ROW_BYTES:
                break
        return size

    def run(self) -> Iterator[tuple[int, Rule] | Failure]:
        """The matches of the rows in the table; a rule that fails is not run again. Empties the table."""
        self._database.execute("BEGIN")
        self._database.executemany(self._insert, self._rows)
        self._rows.clear()
        for identity, (rule, statement) in list(self.statements.items()):
            try:
                found = self._database.execute(statement).fetchall()
            except sqlite3.Error as error:
                del self.statements[identity]
                yield failure(
                    record_id=record_id(rule.source, rule.id), job=JOB, source=rule.source,
                    error=f"the rule {rule.title!r} cannot be run: {error}",
                )  # fmt: skip
                continue
            yield from ((key, rule) for (key,) in found)
        self._database.execute("ROLLBACK")


@dataclass
class _Batch:
    """Rows that are looked at together, the tables they stand in, and about how many bytes they take."""

    rows: list[tuple[Row, Values | None, Layout]] = field(default_factory=list)
    tables: dict[_Table, None] = field(default_factory=dict)
    size: int = 0


class Matcher:
    """Runs rules over rows. `counts` tells what has come so far."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        from icelos.jobs.logs.sigma.compiling import database

        ordered = sorted(rules, key=lambda rule: rule.logsource)
        self.counts = Counts()
        self._database = database(statements=len(ordered) + 1000)
        self._tables: list[tuple[LogSource, _Table]] = []
        for logsource, group in groupby(ordered, key=lambda rule: rule.logsource):
            for part in _parts(list(group)):
                name = f"rows_{len(self._tables)}"
                self._tables.append((logsource, _Table(name, part, self._database)))
        self._meant: dict[Origin, tuple[_Table, ...]] = {}
        self._ids, self._file = RowIds(), ""

    def run(self, rows: Iterable[Row | Failure]) -> Iterator[Finding | Failure]:
        """Findings in the order of the rows, and the failures among them, batch by batch."""
        batch = _Batch()
        for row in rows:
            if isinstance(row, Failure):
                self.counts.failures += 1
                yield row
                continue
            self._add(row, batch)
            if len(batch.rows) >= BATCH or batch.size >= BATCH_BYTES:
                yield from self._outcomes(batch)
                batch = _Batch()
        yield from self._outcomes(batch)

    def _add(self, row: Row, batch: _Batch) -> None:
        layout, origin = layout_of(row.fields)
        tables = self._tables_for(origin)
        values = Values(row, layout) if tables else None
        number = len(batch.rows)
        size = len(row.raw)
        if values is not None:
            self.counts.meant += 1
            size += sum(table.add(number, values, layout) for table in tables)
        self.counts.rows += 1
        batch.rows.append((row, values, layout))
        batch.size += size
        batch.tables.update(dict.fromkeys(tables))

    def _outcomes(self, batch: _Batch) -> Iterator[Finding | Failure]:
        matches: dict[int, list[Rule]] = {}
        for table in batch.tables:
            for outcome in table.run():
                if isinstance(outcome, Failure):
                    self.counts.failures += 1
                    yield outcome
                else:
                    matches.setdefault(outcome[0], []).append(outcome[1])
        for number, (row, values, layout) in enumerate(batch.rows):
            identity = self._id(row)
            if values is None:
                continue
            for rule in sorted(matches.get(number, ()), key=lambda rule: (rule.title, rule.id)):
                self.counts.matches[rule.id] += 1
                yield finding(rule, row, values, layout, identity=identity)

    def _tables_for(self, origin: Origin) -> tuple[_Table, ...]:
        known = self._meant.get(origin)
        if known is None:
            known = tuple(table for logsource, table in self._tables if logsource.means(origin))
            self._meant[origin] = known
        return known

    def _id(self, row: Row) -> str:
        """As `icelos.data.sources` gives a row its id; it must see every row of a file, in order."""
        name, _, number = row.source.rpartition(":")
        if name != self._file:
            self._file, self._ids = name, RowIds()
        text = row.raw.decode("utf-8", "replace")
        return self._ids.of(row.fields, text) or record_id(name, number, row.raw)


def _parts(rules: list[Rule]) -> Iterator[list[Rule]]:
    """Rules whose fields fit one table."""
    part: list[Rule] = []
    columns: set[str] = set()
    for rule in rules:
        named = {folded(one) for one in rule.fields}
        if part and len(columns | named) > COLUMNS:
            yield part
            part, columns = [], set()
        part.append(rule)
        columns |= named
    if part:
        yield part


def finding(rule: Rule, row: Row, values: Values, layout: Layout, *, identity: str) -> Finding:
    """What a match says. Its job has the rule's id: a row may have matches of many rules, and a store keeps
    one finding for each job and row."""
    verdict, score = _VERDICTS.get(rule.level, _UNRATED)
    quotes = list(_quotes(rule, values, layout))[:EVIDENCE] or [_shown(values.text)]
    level = f"{rule.level}: " if rule.level else ""
    return Finding(
        record_id=identity,
        job=f"{JOB}/sigma/{rule.id}",
        verdict=verdict,
        label=rule.title,
        summary=f"{level}{rule.description or rule.title}"[:500],
        score=score,
        evidence=tuple(Evidence(quote, row.source, How.RULE) for quote in quotes),
        made_by={"rule": rule.source},
        source=row.source,
        attributes={"rule": rule.id, "level": rule.level, "techniques": ", ".join(rule.techniques)},
    )


def _quotes(rule: Rule, values: Values, layout: Layout) -> Iterator[str]:
    """The fields that the rule names, and what stands there."""
    for name in rule.fields:
        key = folded(name)
        _, found = values.at(key, layout.paths(key))
        if found:
            yield f"{name}={_shown(', '.join(dict.fromkeys(text for _, text in found)))}"


def _shown(text: str) -> str:
    return text if len(text) <= _QUOTE else f"{text[: _QUOTE - 3]}..."
