"""`icelos logs train`: the rows of files, read as they are, into a model folder of `icelos.gpt`."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from icelos.data.parse.cef import parse_cef
from icelos.data.parse.flat import Value, flat_fields
from icelos.data.reading import LINE_LIMIT
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.logs import techniques
from icelos.jobs.logs.loss_plot import plot_loss
from icelos.jobs.logs.profile.rows import Row, RowSource
from icelos.jobs.logs.roles import user_of

if TYPE_CHECKING:
    from icelos.gpt.data import Packed
    from icelos.gpt.sizes import ModelConfig, Recipe
    from icelos.gpt.train import Plan, Progress, Trained


@dataclass
class RawRows:
    """The rows of a file or folder as bytes, each element of a JSON array a row; what cannot be read as a row
    of its log is counted, not trained on. The header of a table is none of its rows.

    With `labels`, techniques of rows by their number, each row says its own (see `techniques`); those of a
    technique come so often as `shown` says, one after the other, once where it does not."""

    location: str
    labels: Mapping[int, str] | None = None
    shown: Mapping[str, int] = field(default_factory=dict)
    techniques: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    first_failures: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[bytes]:
        """Raises InputError where there is nothing to read at all."""
        self.failures, self.first_failures = 0, []
        self.techniques.clear()
        for row in RowSource(self.location, limit=LINE_LIMIT):
            if isinstance(row, Failure):
                self._failed(row.source, row.error)
            elif self.labels is None:
                yield row.raw
            else:
                technique = self.labels.get(int(row.source.rpartition(":")[2]), techniques.NONE)
                if (labelled := self._labelled(row, technique)) is not None:
                    yield from repeat(labelled, self.shown.get(technique, 1))

    def _labelled(self, row: Row, technique: str) -> bytes | None:
        try:
            made = techniques.marked(row.raw, technique)
        except InputError as error:
            self._failed(row.source, error.message)
            return None
        self.techniques[technique] += 1
        return made

    def _failed(self, source: str, reason: str) -> None:
        self.failures += 1
        if len(self.first_failures) < 3:
            self.first_failures.append(f"{source}: {reason}")


def train_on(
    location: str,
    model: Path,
    *,
    given: Mapping[str, object],
    means: Mapping[str, Any] | None = None,
    labels: Path | None = None,
    resume: bool = False,
    read: Callable[[Packed, RawRows], None] = lambda *_: None,
    started: Callable[[ModelConfig, Recipe, Packed], None] = lambda *_: None,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train a model on the rows of `location`, or go on with a run that was stopped.

    `given` are values of `icelos.gpt.train.Plan` by name, `means` of `Means`. `read` is told what was read,
    `started` what will be trained, `report` each step; `stop` is asked after each. Of several processes that
    `torchrun` started, the first one reads and writes. Raises MissingExtra, InputError, RunError.
    """
    from icelos.gpt.sizes import require_torch

    require_torch()
    from icelos.gpt import distributed
    from icelos.gpt.folder import METRICS
    from icelos.gpt.train import Means, train

    with distributed.joined() as ranks:
        plan = planned(model, given, location) if resume else new_plan(location, given)
        if not resume:
            ranks.first_does(lambda: read(*prepare(location, model, plan, labels)))
        trained = train(
            model, plan, means=Means(**means or {}), ranks=ranks, report=report, stop=stop,
            started=started if ranks.first else lambda *_: None,
        )  # fmt: skip
        if ranks.first and trained.position.step:
            plot_loss(model / METRICS, model / PLOT)
    return trained


PLOT = "loss.svg"


def is_first_process() -> bool:
    """Whether this process is to speak: alone, or the first of those that `torchrun` started."""
    return os.environ.get("RANK", "0") == "0"


def new_plan(location: str, given: Mapping[str, object]) -> Plan:
    """A plan with the given values; ten minutes where no end is given, and a limit to the passes where no
    steps are. Raises InputError for a bad value."""
    from icelos.gpt.sizes import SIZES
    from icelos.gpt.train import PASSES, Plan

    if given.get("size", "nano") not in SIZES:
        raise InputError(f"no model size {given['size']!r}", hint=f"one of: {', '.join(SIZES)}")
    ends = {} if {"steps", "minutes", "passes"} & given.keys() else {"minutes": 10.0}
    ends |= {} if "steps" in given else {"passes": PASSES}
    return msgspec.convert({"origin": origin(location), **ends, **given}, Plan)


def prepare(location: str, model: Path, plan: Plan, labels: Path | None = None) -> tuple[Packed, RawRows]:
    """Tokenise the rows of `location` into the model's work folder, once.

    Raises InputError where the folder is taken, where the location has fewer than two usable rows, and for
    `labels` (a file of `techniques.read_labels`) that are none of its rows.
    """
    from icelos.gpt import folder, tokenizers
    from icelos.gpt.data import pack
    from icelos.gpt.files import write_json
    from icelos.gpt.sizes import CONTEXT_LIMIT
    from icelos.gpt.train import PLAN, unfinished, work_folder

    if folder.holds_model(model):
        raise InputError("there is a model already", source=str(model), hint="choose another folder")
    if unfinished(model) is not None:
        raise InputError("a run here has not ended", source=str(model), hint="--resume, or another folder")
    if location == "-":
        raise InputError("rows are read more than once", source="stdin", hint="train on a file")
    rows, work = _rows_of(location, labels), work_folder(model)
    try:
        tokenizer = tokenizers.fit(plan.tokenizer, rows)
        tokenizers.save(tokenizer, work / folder.TOKENIZER)
        group = user_number if plan.windows == "user" else lambda _: 0
        rows.shown = _shown(_rows_of(location, labels))
        packed = pack(rows, tokenizer, work / "rows", limit=CONTEXT_LIMIT, group=group)
        count = rows.techniques.total() or packed.rows
        learn_grammar(_rows_of(location, labels), model, count - int(count * plan.held_out))
        if packed.rows < 2:
            raise InputError(_too_few(packed, rows), source=location, hint="a model needs at least two")
        _keep_techniques(rows, labels, model)
        write_json(work / PLAN, plan)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return packed, rows


def _rows_of(location: str, labels: Path | None) -> RawRows:
    if labels is None:
        return RawRows(location)
    if not Path(location).is_file():
        raise InputError("labels are of the rows of one file", source=location, hint="give that file")
    return RawRows(location, techniques.read_labels(labels))


SHARE, MOST = 0.02, 8
"""Rows of a technique are shown so often that they are this share of all, but no more often than that."""


def _shown(rows: RawRows) -> dict[str, int]:
    """How often to show the rows of each technique: a model of minutes learns little of what is rare."""
    if rows.labels is None:
        return {}
    total = sum(1 for _ in rows)
    return {name: min(MOST, max(1, round(SHARE * total / count))) for name, count in rows.techniques.items()}


def _keep_techniques(rows: RawRows, labels: Path | None, model: Path) -> None:
    (model / techniques.NAME).unlink(missing_ok=True)
    if labels is None:
        return
    if not set(rows.techniques) - {techniques.NONE}:
        raise InputError(
            "labels none of these rows", source=str(labels), hint=f"give the labels of {rows.location}"
        )
    techniques.save(rows.techniques, model)


def _too_few(packed: Packed, rows: RawRows) -> str:
    left_out = {"too long": packed.too_long, "unreadable": rows.failures}
    counts = "".join(f", {count:,} {what}" for what, count in left_out.items() if count)
    return f"{packed.rows} usable rows{counts}"


def user_number(row: bytes) -> int:
    """A number of 64 bits for the user of a row, of JSON or CEF, by `user_of`; 0 where none is named."""
    fields: dict[str, Value] = {}
    with suppress(msgspec.MsgspecError, InputError, UnicodeDecodeError, RecursionError):
        if row[:1] == b"{":
            fields = flat_fields(msgspec.json.decode(row, type=dict[str, Any]))
        elif b"CEF:" in row[:512]:
            fields = flat_fields(parse_cef(row.decode()))
    name = user_of(fields)
    if not name:
        return 0
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little", signed=True)


def learn_grammar(rows: Iterable[bytes], model: Path, count: int) -> None:
    """Write the grammar of the first `count` rows into a model's folder; none for rows of no known kind."""
    from icelos.gpt.grammar import learned
    from icelos.gpt.grammar.learn import learn

    (model / learned.NAME).unlink(missing_ok=True)
    grammar = learn(islice(rows, count), techniques.MARK)
    if grammar is not None:
        learned.save(grammar, model)


def planned(model: Path, given: Mapping[str, object], location: str) -> Plan:
    """The plan of an unfinished run, to go on with.

    Raises InputError where there is none, or where the rows or a `given` value are not the run's own.
    """
    from icelos.gpt.train import unfinished

    plan = unfinished(model)
    if plan is None:
        raise InputError("no unfinished run here", source=str(model), hint="start one without --resume")
    if plan.origin != origin(location):
        raise InputError(
            f"the run was started on {plan.origin}", source=str(model), hint="give the same rows"
        )
    for name, value in given.items():
        if getattr(plan, name) != value:
            raise InputError(
                f"the run was started with {name} {getattr(plan, name)}, not {value}",
                source=str(model),
                hint=f"leave --{name.replace('_', '-')} out",
            )
    return plan


def origin(location: str) -> str:
    """What rows a run is of: file name and bytes; enough to notice a mistake."""
    path = Path(location)
    return f"{path.name}, {path.stat().st_size} bytes" if path.is_file() else location
