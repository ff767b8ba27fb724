"""`icelos logs generate`: rows from a trained model into a file, and how many of them are JSON.

A run that was stopped goes on where it stood when the same command is given again, and its file is the one
that an uninterrupted run would have written (see `staging`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from icelos import __version__
from icelos.errors import InputError
from icelos.jobs.logs import techniques
from icelos.jobs.logs.outputs import check_output, labels_path, open_output, write_meta
from icelos.jobs.logs.roles import played
from icelos.jobs.logs.row_formats import FORMATS, format_of, objects, write_rows
from icelos.jobs.logs.staging import Staging
from icelos.jobs.logs.time_order import ByTime

if TYPE_CHECKING:
    from icelos.gpt.folder import Model
    from icelos.gpt.generate import Sampling
    from icelos.gpt.grammar.vocabulary import Guide


class GeneratedMeta(msgspec.Struct, frozen=True, kw_only=True):
    """FILE.meta.json of generated rows. `json_rows` parse as a JSON object; the rest stand in the file too,
    if its format can hold them: `written` rows do.

    `unfinished` rows met the end of the model's context; `repeated` rows were made before. `techniques`
    counts rows by the ATT&CK technique that they were made for, where the model learned from labelled rows.
    """

    simulated: bool = True
    generator: str = "icelos logs generate"
    version: str = __version__
    model: str
    rows: int
    written: int
    json_rows: int
    unfinished: int
    repeated: int
    seed: int
    temperature: float
    top_k: int
    top_p: float
    eta: float
    constrained: bool
    where: dict[str, str]
    since: str
    until: str
    format: str
    technique: str = ""
    techniques: dict[str, int] = {}


@dataclass(frozen=True)
class Wanted:
    """What rows are asked for. `constrained` None: by the model's grammar where it has one; `eta` None: by
    the rows that were learned from; `temperature` None: 1 by the grammar, `FREE` without it; `since` and
    `until` have a time zone; `format` empty: by the file's name; `technique` of all rows, "" for any;
    `by_time`: written in the order of their times.
    """

    rows: int
    seed: int
    temperature: float | None = None
    top_k: int = 0
    top_p: float = 1.0
    eta: float | None = None
    batch: int = 32
    constrained: bool | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    time_field: str = ""
    format: str = ""
    technique: str = ""
    by_time: bool = False

    @property
    def conditional(self) -> bool:
        return bool(self.where or self.since or self.until or self.technique)


def generate_rows(
    model: Path, path: Path, wanted: Wanted, *, progress: Callable[[int], None] = lambda _: None
) -> GeneratedMeta:
    """Write rows of the model of a folder; gzip where the name ends in .gz; whole or absent.

    Where the model learned from labelled rows, FILE.labels.jsonl tells which technique each row was made for.
    A line end inside a row is written as a space, and the row does not count as JSON. Raises
    MissingExtra without PyTorch, InputError for an unusable model, values out of range, or conditions that
    no row meets.
    """
    from icelos.gpt.sizes import require_torch

    require_torch()
    from icelos.gpt import folder
    from icelos.gpt.generate import Sampling

    form = _checked(wanted, path)
    loaded = folder.load(model)
    known = _known_techniques(model, wanted.technique)
    eta = _eta(loaded) if wanted.eta is None else wanted.eta
    guide = guide_of(loaded, wanted)
    temperature = wanted.temperature
    if temperature is None:
        temperature = FREE if guide is None else 1.0
    try:
        sampling = Sampling(
            temperature=temperature,
            top_k=wanted.top_k,
            top_p=wanted.top_p,
            eta=eta,
            batch=wanted.batch,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    staging = Staging(path, _plan(loaded, wanted, constrained=guide is not None))
    try:
        _fill(staging, loaded, wanted, sampling, guide, progress)
        made_rows = ByTime(staging) if wanted.by_time else staging
        rows = made_rows if known is None else techniques.Unlabelled(made_rows)
        written = write_rows(rows, path, form, product=model.name)
        made = {}
        if known is None:
            labels_path(path).unlink(missing_ok=True)  # those of a file that was there before
        else:
            made = _write_labels(made_rows, path, form)
        repeated = _repeated(rows)
    finally:
        staging.close()
    meta = GeneratedMeta(
        model=model.name, rows=wanted.rows, written=written, json_rows=staging.position.json_rows,
        unfinished=staging.position.unfinished, repeated=repeated, seed=wanted.seed,
        temperature=temperature, top_k=wanted.top_k, top_p=wanted.top_p, eta=eta,
        constrained=guide is not None, where=dict(wanted.where),
        since=wanted.since.isoformat() if wanted.since else "",
        until=wanted.until.isoformat() if wanted.until else "", format=form,
        technique=wanted.technique, techniques=made,
    )  # fmt: skip
    write_meta(path, meta)
    staging.remove()
    return meta


def _checked(wanted: Wanted, path: Path) -> str:
    """The format. Raises InputError for what cannot be before anything is made."""
    if wanted.rows < 1:
        raise InputError("at least one row")
    form = wanted.format or format_of(path)
    if form not in FORMATS:
        raise InputError(f"no format {form!r}", hint=f"one of: {', '.join(FORMATS)}")
    if form == "parquet" and path.suffix == ".gz":
        raise InputError("Parquet is packed already", source=str(path), hint="leave .gz out")
    if wanted.constrained is False and wanted.conditional:
        raise InputError("free rows take no conditions", hint="leave --free out")
    check_output(path)
    return form


LEAST_ETA = 0.002
FREE = 0.95
"""The temperature of free rows, where no other is asked for: what a model of minutes gives to tokens that do
not belong there counts a little less. Of 3,000 sign-ins of `nano` 99.4 % are JSON with it and 98.8 % with 1,
and the fields' mean distance from real rows is .039 instead of .033 (docs/experiments.md)."""


def _eta(model: Model) -> float:
    """What comes once or twice in the rows that a model learned from is the least that it can tell from
    nothing."""
    from icelos.gpt.grammar import learned

    grammar = learned.load(model.folder)
    return max(LEAST_ETA, 2 / grammar.rows) if grammar is not None and grammar.rows > 2 else LEAST_ETA


def guide_of(model: Model, wanted: Wanted) -> Guide | None:
    """What keeps rows to the model's grammar and the conditions; None for free rows.

    Raises InputError where a grammar is needed and there is none, or where it does not hold together.
    """
    from icelos.gpt.grammar import learned
    from icelos.gpt.grammar.compile import Limits, NoRow, fields
    from icelos.gpt.grammar.conditions import Conditions, limits
    from icelos.gpt.grammar.vocabulary import Guide

    if wanted.constrained is False:
        return None
    grammar = learned.load(model.folder)
    if grammar is None:
        if wanted.constrained or wanted.conditional:
            hint = "it was trained on rows of no known kind, or before there were grammars"
            raise InputError("the model has no grammar", source=str(model.folder), hint=hint)
        return None
    known = [".".join(path) for path, _ in fields(grammar.root)]
    where = {played(name, known): value for name, value in wanted.where.items()}
    if wanted.technique:
        where[techniques.MARK] = wanted.technique
    try:
        left = limits(grammar, Conditions(where, wanted.since, wanted.until, wanted.time_field))
        return Guide(grammar, model.tokenizer, left if wanted.conditional else Limits())
    except NoRow as error:
        raise InputError(str(error), source=str(model.folder)) from error
    except ValueError as error:
        raise InputError(f"not a grammar: {error}", source=str(model.folder / learned.NAME)) from error


def _plan(model: Model, wanted: Wanted, *, constrained: bool) -> dict[str, object]:
    """All that decides the rows: a run may only go on where this is the same."""
    from icelos.gpt.folder import TOKENIZER, WEIGHTS
    from icelos.gpt.grammar.learned import NAME

    files = (model.folder / name for name in (WEIGHTS, TOKENIZER, NAME))
    digests = {path.name: _digest(path) for path in files if path.is_file()}
    return {
        **asdict(wanted), "constrained": constrained, "where": dict(wanted.where), "model": digests,
        "device": model.device.type,
    }  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def _fill(
    staging: Staging,
    model: Model,
    wanted: Wanted,
    sampling: Sampling,
    guide: Guide | None,
    progress: Callable[[int], None],
) -> None:
    """Make the rows that are not there yet, block by block."""
    from icelos.gpt.generate import block_rows, generate

    size, first = block_rows(model, sampling), staging.position.rows
    progress(first)
    made = generate(model, wanted.rows, seed=wanted.seed, sampling=sampling, guide=guide, first=first)
    for start in range(first, wanted.rows, size):
        block = []
        for row in islice(made, size):
            block.append(row)
            progress(start + len(block))
        staging.add(
            [row.data.replace(b"\r", b" ").replace(b"\n", b" ") for row in block],
            json_rows=sum((row.complete or guide is not None) and is_json_row(row.data) for row in block),
            unfinished=sum(not row.complete for row in block),
        )


def _known_techniques(model: Path, wanted: str) -> techniques.Techniques | None:
    known = techniques.load(model)
    if not wanted or (known is not None and wanted in known.rows):
        return known
    if known is None:
        raise InputError(
            "the model learned from rows without techniques", source=str(model),
            hint="train it with --labels, such as those of `icelos logs whatif`",
        )  # fmt: skip
    raise InputError(
        f"the model knows no rows of {wanted}", source=str(model), hint=f"it knows {', '.join(known.rows)}"
    )


def _write_labels(rows: Iterable[bytes], path: Path, form: str) -> dict[str, int]:
    """FILE.labels.jsonl, a line for each row in the file. How many rows there are of each technique."""
    counts: Counter[str] = Counter()
    number = 0
    with open_output(labels_path(path)) as file:
        for row in rows:
            own, technique = techniques.unmarked(row)
            if form != "rows" and next(objects([own]), None) is None:
                continue
            number += 1
            counts[technique] += 1
            if technique not in ("", techniques.NONE):
                label = techniques.RowLabel(row=number, technique=technique)
                file.write(msgspec.json.encode(label) + b"\n")
    return dict(sorted(counts.items()))


def _repeated(rows: Iterable[bytes]) -> int:
    """How many rows stand before, by their hashes."""
    seen: set[int] = set()
    count = 0
    for row in rows:
        value = hash(row)
        count += value in seen
        seen.add(value)
    return count


def is_json_row(row: bytes) -> bool:
    """Whether a row is one JSON object on one line, in UTF-8."""
    if b"\n" in row or b"\r" in row:
        return False
    try:
        msgspec.json.decode(row, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
