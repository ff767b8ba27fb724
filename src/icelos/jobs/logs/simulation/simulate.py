"""`icelos logs simulate`: rows of a made-up organisation, streamed into files that are whole or absent.

That the rows are simulated stands beside them, in FILE.meta.json, and never in a row. Further streams of
events, such as attacks, may be woven in; where their rows are stands in FILE.labels.jsonl.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos import __version__
from icelos.data.atomic import atomic_write
from icelos.errors import InputError
from icelos.jobs.logs.outputs import check_output, labels_path, open_output, write_meta
from icelos.jobs.logs.simulation.kinds import KINDS, drift_day
from icelos.jobs.logs.simulation.shards import Plan, Row, Step, Weave, steps

MOST_USERS = 50_000
ALL = "all"
_FEW = 40_000
"""Up to so many rows one process is faster than starting several."""


class Dirt(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are dirty on purpose. `drift_from` is the day from which rows have a key more, or empty."""

    late: int
    duplicates: int
    missing_keys: int
    drift_from: str


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """FILE.meta.json. `sha256` is of the rows with their line ends, before any compression."""

    simulated: bool = True
    generator: str = "icelos logs simulate"
    version: str = __version__
    kind: str
    rows: int
    users: int
    seed: int
    bytes: int
    sha256: str
    rhythm: str
    dirt: Dirt
    labelled: int = 0


class Label(msgspec.Struct, frozen=True):
    """A line of FILE.labels.jsonl: the row's number, from 1, and what it belongs to."""

    row: int
    label: str


def simulate(
    path: Path,
    *,
    rows: int,
    users: int,
    seed: int,
    kind: str = "entra-signin",
    rhythm: str = "office",
    dirt: bool = True,
    workers: int | None = None,
    gzipped: bool = False,
    weave: Weave | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[Path, Meta]:
    """Write the log of `users` people, by kind, and return what was written by file.

    One kind: `rows` rows into `path`, gzip where its name ends in .gz. Kind "all": a file a kind into the
    folder `path` (NAME.gz where `gzipped`), `rows` of them sign-ins, the others over the same time. The same
    call gives the same bytes, whatever the number of `workers` (None: a processor each, one for few rows).
    `progress` gets the rows of the (first) file written so far. Raises InputError for what is out of range.
    """
    if rows < 1 or not 1 <= users <= MOST_USERS:
        raise InputError(f"{rows} rows of {users} users", hint=f"at least 1 row, 1 to {MOST_USERS} users")
    if kind != ALL and kind not in KINDS:
        raise InputError(f"no kind of log is called {kind!r}", hint=f"one of {', '.join(KINDS)}, {ALL}")
    if rhythm not in ("office", "developers"):
        raise InputError(f"no rhythm is called {rhythm!r}", hint="office or developers")
    kinds = tuple(KINDS) if kind == ALL else (kind,)
    plan = Plan(users, seed, kinds, rhythm == "office", dirt, weave)
    if workers is None:
        workers = 1 if rows <= _FEW else min(os.cpu_count() or 1, users, 8)
    with ExitStack() as stack:
        # Its partners first: what ends last is the file that is counted.
        files = [_File(stack, plan, name, _path(path, kind, name, gzipped)) for name in reversed(kinds)][::-1]
        _fill(plan, workers, files, rows, progress)
    return {file.path: file.finish(plan) for file in files}


def _path(path: Path, kind: str, name: str, gzipped: bool) -> Path:
    if kind == ALL and path.exists() and not path.is_dir():
        raise InputError("is a file", hint="several logs are written into a folder", source=str(path))
    file = path / (KINDS[name].file + (".gz" if gzipped else "")) if kind == ALL else path
    check_output(file)
    return file


def _fill(plan: Plan, workers: int, files: list[_File], rows: int, progress: Callable[[int], None]) -> None:
    with steps(plan, workers) as stream:
        for step in stream:
            until = _cut(step, rows - files[0].rows)
            for file, some in zip(files, step, strict=True):
                file.write(some if until is None else [row for row in some if row.arrival <= until])
            progress(files[0].rows)
            if files[0].rows >= rows:
                return
    raise InputError(
        f"{plan.users} users leave {files[0].rows:,} such rows in {plan.days} days, not {rows:,}",
        hint="fewer rows, or more users",
    )


def _cut(step: Step, wanted: int) -> int | None:
    """The arrival at which the log ends, where that is in this step; the first file then has its rows."""
    if len(step[0]) < wanted:
        return None
    until = step[0][wanted - 1].arrival
    del step[0][wanted:]
    return until


class _File:
    """One log being written."""

    def __init__(self, stack: ExitStack, plan: Plan, kind: str, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._kind = kind
        self._numbered = KINDS[kind].numbered
        self._bytes = 0
        self._digest = hashlib.sha256()
        self._flaws = {"L": 0, "T": 0, "K": 0}
        self._labels = stack.enter_context(atomic_write(labels_path(path))) if plan.weave else None
        self._labelled = 0
        self._file = stack.enter_context(open_output(path))

    def write(self, rows: list[Row]) -> None:
        lines = []
        for row in rows:
            self.rows += 1
            lines.append(b'{"id":%d,%b' % (self.rows + 20_000, row.data[1:]) if self._numbered else row.data)
            for flaw in row.flaw:
                self._flaws[flaw] += 1
            if row.label:
                self._label(row.label)
        if lines:
            lines.append(b"")
            block = b"\n".join(lines)
            self._bytes += len(block)
            self._digest.update(block)
            self._file.write(block)

    def _label(self, label: str) -> None:
        if self._labels is not None:
            self._labels.write(msgspec.json.encode(Label(self.rows, label)) + b"\n")
            self._labelled += 1

    def finish(self, plan: Plan) -> Meta:
        """The side file, once the rows are in place."""
        meta = Meta(
            kind=KINDS[self._kind].title, rows=self.rows, users=plan.users, seed=plan.seed, bytes=self._bytes,
            sha256=self._digest.hexdigest(), rhythm="office" if plan.office else "developers",
            dirt=self._dirt(plan), labelled=self._labelled,
        )  # fmt: skip
        write_meta(self.path, meta)
        return meta

    def _dirt(self, plan: Plan) -> Dirt:
        drifts = plan.dirt and KINDS[self._kind].added
        day = datetime.fromtimestamp(drift_day(plan.seed) * 86_400, UTC).date().isoformat() if drifts else ""
        return Dirt(
            late=self._flaws["L"], duplicates=self._flaws["T"], missing_keys=self._flaws["K"], drift_from=day
        )
