"""`icelos logs train`: the rows of files, read as they are, into a model folder of `icelos.gpt`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from icelos.data.sources import LineSource
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import LogLine

if TYPE_CHECKING:
    from icelos.gpt.data import Packed
    from icelos.gpt.sizes import ModelConfig, Recipe
    from icelos.gpt.train import Plan, Progress, Trained


@dataclass
class RawRows:
    """The lines of a file, folder or stdin ("-") as bytes; unreadable ones are counted, not trained on."""

    location: str
    failures: int = 0
    first_failures: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[bytes]:
        self.failures, self.first_failures = 0, []
        for item in LineSource(self.location):
            if isinstance(item, LogLine):
                yield item.text.encode()
            elif isinstance(item, Failure):
                self.failures += 1
                if len(self.first_failures) < 3:
                    self.first_failures.append(f"{item.source}: {item.error}")


def train_on(
    location: str,
    model: Path,
    *,
    given: Mapping[str, object],
    resume: bool = False,
    read: Callable[[Packed, RawRows], None] = lambda *_: None,
    started: Callable[[ModelConfig, Recipe, Packed], None] = lambda *_: None,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train a model on the rows of `location`, or go on with a run that was stopped.

    `given` are values of `icelos.gpt.train.Plan` by name. `read` is told what was read, `started` what
    will be trained, `report` each step; `stop` is asked after each. Raises MissingExtra, InputError.
    """
    from icelos.gpt.sizes import require_torch

    require_torch()
    from icelos.gpt.train import train

    if resume:
        plan = planned(model, given, location)
    else:
        plan = new_plan(location, given)
        read(*prepare(location, model, plan))
    return train(model, plan, report=report, started=started, stop=stop)


def new_plan(location: str, given: Mapping[str, object]) -> Plan:
    """A plan with the given values; ten minutes where no end is given. Raises InputError for a bad value."""
    from icelos.gpt.sizes import SIZES
    from icelos.gpt.train import Plan

    if given.get("size", "nano") not in SIZES:
        raise InputError(f"no model size {given['size']!r}", hint=f"one of: {', '.join(SIZES)}")
    ends = {} if "steps" in given or "minutes" in given else {"minutes": 10.0}
    return msgspec.convert({"origin": origin(location), **ends, **given}, Plan)


def prepare(location: str, model: Path, plan: Plan) -> tuple[Packed, RawRows]:
    """Tokenise the rows of `location` into the model's work folder, once.

    Raises InputError where the folder is taken, or where the location has fewer than two usable rows.
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
    rows, work = RawRows(location), work_folder(model)
    try:
        tokenizer = tokenizers.fit(plan.tokenizer, rows)
        tokenizers.save(tokenizer, work / folder.TOKENIZER)
        packed = pack(rows, tokenizer, work / "rows", limit=CONTEXT_LIMIT)
        learn_grammar(rows, model, packed.rows - int(packed.rows * plan.held_out))
        if packed.rows < 2:
            raise InputError(f"{packed.rows} usable rows", source=location, hint="a model needs at least two")
        write_json(work / PLAN, plan)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return packed, rows


def learn_grammar(rows: Iterable[bytes], model: Path, count: int) -> None:
    """Write the grammar of the first `count` rows into a model's folder; none for rows of no known kind."""
    from icelos.gpt.grammar import learned
    from icelos.gpt.grammar.learn import learn

    (model / learned.NAME).unlink(missing_ok=True)
    grammar = learn(islice(rows, count))
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
                hint=f"leave --{name} out",
            )
    return plan


def origin(location: str) -> str:
    """What rows a run is of: file name and bytes; enough to notice a mistake."""
    path = Path(location)
    return f"{path.name}, {path.stat().st_size} bytes" if path.is_file() else location
