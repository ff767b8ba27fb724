"""A log model from its rows to its report: train, generate freely and by the grammar, evaluate.

    python -m benchmarks.logs_models CORPUS [--size nano] [--tokenizer json-bpe] [--minutes 5] [--seed 0]
        [--rows 20000] [--held-out 0.1] [--generate 1000] [--users 20] [--threads 1] [--folder DIR]

CORPUS is `entra` (simulated), or a file of rows. Rows are split at random: the model learns from one part,
its rows are held against the other, and so are as many of the rows that it learnt from: the ceiling. One
JSON line says what came of it, `DIR` keeps the model and the rows. `--minutes` are of the clock, on
`--threads` cores.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import torch

from icelos.findings import Failure
from icelos.jobs.logs.evaluation.evaluate import Evaluation, Options, evaluate
from icelos.jobs.logs.generation import GeneratedMeta, Wanted, generate_rows
from icelos.jobs.logs.profile.rows import RowSource
from icelos.jobs.logs.roles import played
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.training import train_on

ASKED = 20
"""Rows asked for of each user."""
SHOWN = (
    "ROUGE-2 best", "ROUGE-2 average", "field distance", "value coverage", "bonds kept", "bonds within",
    "equal fields", "rows told apart", "exact copies", "near copies", "closer to training", "usefulness",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--size", default="nano")
    parser.add_argument("--tokenizer", default="json-bpe")
    parser.add_argument("--minutes", type=float, default=5.0)
    for name, default in (("seed", 0), ("rows", 20_000), ("generate", 1000), ("users", 20), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--held-out", type=float, default=0.1, help="a share, or a number of rows")
    parser.add_argument("--steps", type=int, default=0, help="end after these, however long they take")
    parser.add_argument("--eta", type=float)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--trained", action="store_true", help="take the model that DIR holds")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        print(json.dumps(measured(given, given.folder)), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(given, Path(folder))), flush=True)


def measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All figures of one model."""
    train, held_out, model = folder / "train.jsonl", folder / "held-out.jsonl", folder / "model"
    found: dict[str, Any] = {
        "corpus": Path(given.corpus).name, "size": given.size, "tokenizer": given.tokenizer,
        "minutes": given.minutes, "seed": given.seed, "threads": given.threads,
    }  # fmt: skip
    if not given.trained:
        counts = split(given, train, held_out)
        found |= {"rows": counts[0], "held out": counts[1]} | trained_on(given, train, model)
    for name, constrained in (("free", False), ("constrained", True)) if given.generate else ():
        path = folder / f"{name}.jsonl"
        meta, seconds = generated(model, path, given, constrained=constrained)
        found[f"{name}: valid"] = round(meta.json_rows / meta.rows, 4)
        found[f"{name}: rows/s"] = round(meta.rows / seconds, 1)
        report = compared(train, path, held_out)
        (folder / f"{name}.report.json").write_bytes(msgspec.json.encode(report))
        found |= {f"{name}: {what}": value for what, value in figures(report).items()}
    if given.users and given.generate:
        found |= asked_for(model, train, held_out, given.users, folder / "asked.jsonl")
    return found


def split(given: argparse.Namespace, train: Path, held_out: Path) -> tuple[int, int]:
    """Write both parts; how many rows each has. `--rows` are the first ones of all in random order."""
    if given.corpus == "entra":
        source = train.with_name("simulated.jsonl")
        simulate(source, rows=given.rows, users=150, seed=7)
        rows = source.read_bytes().splitlines()
    else:
        rows = [row.raw for row in RowSource(given.corpus) if not isinstance(row, Failure)]
    random.Random(given.seed).shuffle(rows)
    rows = rows[: given.rows]
    number = int(given.held_out if given.held_out >= 1 else given.held_out * len(rows))
    held_out.write_bytes(b"".join(row + b"\n" for row in rows[:number]))
    train.write_bytes(b"".join(row + b"\n" for row in rows[number:]))
    return len(rows) - number, number


def trained_on(given: argparse.Namespace, train: Path, model: Path) -> dict[str, Any]:
    """Train; bits per byte of the rows that training itself holds out, and how fast it went."""
    wanted = {"size": given.size, "tokenizer": given.tokenizer, "seed": given.seed}
    wanted |= {"steps": given.steps} if given.steps else {"minutes": given.minutes}
    packed_tokens = 0

    def started(_config: object, _recipe: object, packed: Any) -> None:
        nonlocal packed_tokens
        packed_tokens = packed.tokens

    ended = train_on(str(train), model, given=wanted, started=started)
    at = ended.position
    return {
        "bits/byte": round(ended.held_out.bits_per_byte, 4) if ended.held_out else None,
        "steps": at.step, "epochs": round(at.tokens / packed_tokens, 2),
        "tokens/s": round(at.tokens / at.seconds),
        "rows/s": round(at.tokens / at.seconds / (packed_tokens / ended.packed.rows)),
    }  # fmt: skip


def generated(
    model: Path, path: Path, given: argparse.Namespace, *, constrained: bool
) -> tuple[GeneratedMeta, float]:
    """Rows of the model, and the seconds they took."""
    began = time.perf_counter()
    meta = generate_rows(
        model, path, Wanted(rows=given.generate, seed=given.seed + 1, constrained=constrained, eta=given.eta)
    )
    return meta, time.perf_counter() - began


def compared(train: Path, path: Path, held_out: Path) -> Evaluation:
    """The report of one file of synthetic rows."""
    return evaluate(RowSource(str(train)), RowSource(str(path)), RowSource(str(held_out)), options=Options())


def figures(report: Evaluation) -> dict[str, Any]:
    """What stands in the line: value and ceiling, and the checks that fail."""
    measures = {one.name: one for one in report.measures}
    found: dict[str, Any] = {}
    for name in SHOWN:
        if (one := measures.get(name)) is not None and one.value is not None:
            found[name] = [round(value, 4) for value in (one.value, one.ceiling) if value is not None]
    found["gate fails"] = [one.measure for one in report.checks if one.passed is False]
    return found


def asked_for(model: Path, train: Path, held_out: Path, users: int, path: Path) -> dict[str, Any]:
    """Rows asked for by user, for users drawn by how often they act: how many of the rows are JSON and name
    that user, and whether what goes with the user in real rows (device, address, place) does so in them."""
    rows = [row for row in RowSource(str(train)) if not isinstance(row, Failure)]
    field = played("user", rows[0].fields)
    drawn = random.Random(0).sample([row for row in rows if row.fields.get(field)], users)
    right, total, made = 0, 0, []
    for row in drawn:
        user = str(row.fields[field])
        generate_rows(model, path, Wanted(rows=ASKED, seed=total, constrained=True, where={field: user}))
        found = list(RowSource(str(path)))
        total += ASKED
        right += sum(not isinstance(one, Failure) and one.fields.get(field) == user for one in found)
        made.append(path.read_bytes())
    path.write_bytes(b"".join(made))
    shown = figures(compared(train, path, held_out))
    bonds = {f"asked: {name}": shown[name] for name in ("bonds kept", "bonds within") if name in shown}
    return {"asked: right user": round(right / total, 4), **bonds}


if __name__ == "__main__":
    main()
