"""`icelos logs generate`: rows from a trained model into a file, and how many of them are JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from icelos import __version__
from icelos.errors import InputError
from icelos.jobs.logs.simulation.simulate import open_output, write_meta


class GeneratedMeta(msgspec.Struct, frozen=True, kw_only=True):
    """FILE.meta.json of generated rows. `json_rows` parse as a JSON object; the rest stand in the file too.

    `unfinished` rows met the end of the model's context; `repeated` rows stand in the file before.
    """

    simulated: bool = True
    generator: str = "icelos logs generate"
    version: str = __version__
    model: str
    rows: int
    json_rows: int
    unfinished: int
    repeated: int
    seed: int
    temperature: float
    top_k: int


def generate_rows(
    model: Path,
    path: Path,
    *,
    rows: int,
    seed: int,
    temperature: float = 1.0,
    top_k: int = 0,
    batch: int = 32,
    progress: Callable[[int], None] = lambda _: None,
) -> GeneratedMeta:
    """Write `rows` rows of the model of a folder; gzip where the name ends in .gz; whole or absent.

    A line end inside a row is written as a space, and the row does not count as JSON. Raises
    MissingExtra without PyTorch, InputError for an unusable model or values out of range.
    """
    from icelos.gpt.sizes import require_torch

    require_torch()
    from icelos.gpt import folder
    from icelos.gpt.generate import Sampling, generate

    try:
        sampling = Sampling(temperature=temperature, top_k=top_k, batch=batch)
    except ValueError as error:
        raise InputError(str(error)) from error
    if rows < 1:
        raise InputError("at least one row")
    loaded = folder.load(model)
    good = unfinished = repeated = 0
    seen: set[int] = set()
    with open_output(path) as file:
        for number, row in enumerate(generate(loaded, rows, seed=seed, sampling=sampling), 1):
            good += row.complete and is_json_row(row.data)
            unfinished += not row.complete
            repeated += hash(row.data) in seen
            seen.add(hash(row.data))
            file.write(row.data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
            progress(number)
    meta = GeneratedMeta(
        model=model.name, rows=rows, json_rows=good, unfinished=unfinished, repeated=repeated,
        seed=seed, temperature=temperature, top_k=top_k,
    )  # fmt: skip
    write_meta(path, meta)
    return meta


def is_json_row(row: bytes) -> bool:
    """Whether a row is one JSON object on one line, in UTF-8."""
    if b"\n" in row or b"\r" in row:
        return False
    try:
        msgspec.json.decode(row, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
