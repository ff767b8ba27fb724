"""`icelos logs`: simulate, train, generate; the others have files of their own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import (
    logs_coverage,
    logs_detect,
    logs_evaluate,
    logs_keep,
    logs_options,
    logs_profile,
    logs_sigma,
    logs_tokenizers,
    logs_whatif,
    output,
)

if TYPE_CHECKING:
    from icelos.gpt.data import Packed
    from icelos.gpt.sizes import ModelConfig, Recipe
    from icelos.gpt.train import Progress as TrainingProgress
    from icelos.gpt.train import Trained
    from icelos.jobs.logs.training import RawRows

app = typer.Typer(
    help="Logs: keep and search, profile, simulate, train, generate, play attacks, detect, Sigma rules.",
    no_args_is_help=True,
)

app.command()(logs_evaluate.evaluate)
app.command()(logs_profile.profile)
app.command()(logs_sigma.sigma)
app.command()(logs_whatif.whatif)
app.command()(logs_coverage.coverage)
logs_keep.add_to(app)
app.add_typer(logs_detect.app, name="detect")
app.add_typer(logs_tokenizers.app, name="tokenizers")

Json = Annotated[bool, typer.Option("--json", help="The result as one JSON object")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same rows")]
ModelFolder = Annotated[Path, typer.Option(help="Folder of the model")]


@app.command()
def simulate(
    output_file: Annotated[Path, typer.Option("--output", help="FILE or FILE.gz; a folder with --kind all")],
    rows: Annotated[int, typer.Option(min=1, help="Rows to write; sign-ins with --kind all")] = 10_000,
    users: Annotated[int, typer.Option(min=1, help="People in the organisation")] = 150,
    seed: Seed = 0,
    kind: Annotated[
        str, typer.Option(help="entra-signin, entra-audit, office365, confluence, jira, cef, or all")
    ] = "entra-signin",
    rhythm: Annotated[
        str, typer.Option(help="office, or developers: the timing as it was measured")
    ] = "office",
    dirt: Annotated[
        bool, typer.Option("--dirt/--no-dirt", help="Late, repeated and incomplete rows, and a new key")
    ] = True,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; the rows do not depend on them")
    ] = None,
    gzipped: Annotated[bool, typer.Option("--gzip", help="Compress the files of --kind all")] = False,
    json: Json = False,
) -> None:
    """Write the log of a made-up organisation; FILE.meta.json says that it is simulated.

    Example: icelos logs simulate --rows 20000 --users 150 --seed 7 --output signins.jsonl.gz
    """
    from icelos.jobs.logs.simulation.simulate import simulate as run

    told = "no file was written, run it again; the same --seed gives the same rows"
    with output.if_stopped(told), _bar("rows", rows) as advance:
        written = run(
            output_file, rows=rows, users=users, seed=seed, kind=kind, rhythm=rhythm, dirt=dirt,
            workers=workers, gzipped=gzipped, progress=advance,
        )  # fmt: skip
    for path, meta in written.items():
        if json:
            output.json_line(meta)
        else:
            output.note(f"{path}: {meta.rows:,} simulated rows of {meta.users} users; sha256 {meta.sha256}")


@app.command()
def train(
    source: Annotated[str, typer.Argument(help="File or folder of rows")],
    model: ModelFolder,
    size: Annotated[
        str | None, typer.Option(help="nano, micro, mini, small, medium; nano if not given")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="End after this many steps")] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="End after this much training; 10 if neither is given"),
    ] = None,
    passes: Annotated[
        float | None,
        typer.Option(
            min=0, help="End after the rows were shown so often; 35 without --steps: more learns by heart"
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="0 if not given")] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="byte, char, gpt2, bpe or json-bpe; json-bpe if not given")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="FILE.labels.jsonl: learn which ATT&CK technique rows are of, to generate by it"),
    ] = None,
    windows: Annotated[
        str | None,
        typer.Option(help="row: each alone; user: behind those of the same user; row if not given"),
    ] = None,
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of a step; by the size if not given")
    ] = None,
    accumulation: Annotated[
        int | None, typer.Option(min=1, help="Parts in which a step is worked through, to save memory")
    ] = None,
    checkpoint_minutes: Annotated[float, typer.Option(min=0, help="Save this often")] = 1.0,
    compiled: Annotated[bool, typer.Option("--compile", help="By torch.compile; needs a GPU")] = False,
    peak_flops: Annotated[
        float | None,
        typer.Option(min=1, help="FLOP/s of one device, to tell how much is used; known for common GPUs"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped")] = False,
    json: Json = False,
) -> None:
    """Train a GPT from scratch on the rows of a log. Ctrl-C saves; --resume goes on.

    On several GPUs: torchrun --nproc-per-node 8 --no-python icelos logs train ...

    Example: icelos logs train signins.jsonl.gz --model models/signins --size nano --minutes 5
    """
    from icelos.jobs.logs.training import is_first_process, train_on

    given = {
        "size": size, "steps": steps, "minutes": minutes, "passes": passes, "seed": seed,
        "tokenizer": tokenizer, "windows": windows, "batch_tokens": batch_tokens,
        "accumulation": accumulation,
    }  # fmt: skip
    means = {"checkpoint_minutes": checkpoint_minutes, "compiled": compiled, "peak_flops": peak_flops}
    with _bar("training", 1000) as advance, _stop_on_interrupt() as stop:
        trained = train_on(
            source,
            model,
            given={name: value for name, value in given.items() if value is not None},
            means=means,
            labels=labels,
            resume=resume,
            read=_tell_rows,
            started=_tell_start,
            report=lambda step: advance(int(1000 * step.done), _training_line(step)),
            stop=stop,
        )
    if is_first_process():
        _tell_end(trained, model, json=json)


@app.command()
def generate(
    model: ModelFolder,
    output_file: Annotated[Path, typer.Option("--output", help="FILE or FILE.gz")],
    rows: Annotated[int, typer.Option(min=1, help="Rows to write")] = 100,
    seed: Seed = 0,
    temperature: Annotated[
        float | None,
        typer.Option(min=0, help="0 takes the likeliest token; if not given: 1, without a grammar 0.95"),
    ] = None,
    top_k: Annotated[int, typer.Option(min=0, help="Draw from the k likeliest; 0 = from all")] = 0,
    top_p: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Draw from the likeliest with this probability together")
    ] = 1.0,
    eta: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.99,
            help="Leave out what is less likely, where little may follow; by the rows learned",
        ),
    ] = None,
    constrained: Annotated[
        bool | None,
        typer.Option(
            "--constrained/--free",
            help="Keep to the grammar of the training rows; if not given: where it is known",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=VALUE that each row must have; user, application, result, source or a path"),
    ] = None,
    technique: Annotated[
        str, typer.Option(help="ATT&CK technique of the rows; for a model that was trained with --labels")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="No earlier time than this, ISO 8601")] = "",
    until: Annotated[str, typer.Option("--to", help="No later time than this, ISO 8601")] = "",
    time_field: Annotated[
        str, typer.Option(help="The field of --from and --to; the first one of times")
    ] = "",
    by_time: Annotated[
        bool, typer.Option("--by-time", help="Write the rows in the order of their times, oldest first")
    ] = False,
    form: Annotated[
        str, typer.Option("--format", help="rows, csv, cef or parquet; if not given: by the file's name")
    ] = "",
    batch: Annotated[int, typer.Option(min=1, help="Rows at the same time")] = 32,
    json: Json = False,
) -> None:
    """Write rows that a model makes up. After a stop, the same command goes on where it stood.

    Example: icelos logs generate --model models/signins --rows 100 --seed 1 --output synthetic.jsonl
    """
    from icelos.jobs.logs.generation import Wanted, generate_rows

    wanted = Wanted(
        rows=rows, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p, eta=eta, batch=batch,
        constrained=constrained, where=logs_options.conditions(where or []), since=logs_options.moment(since),
        until=logs_options.moment(until, last=True), time_field=time_field, format=form,
        technique=technique, by_time=by_time,
    )  # fmt: skip
    told = f"{output_file} is not written yet, the rows so far are kept: the same command goes on with them"
    with output.if_stopped(told), _bar("rows", rows) as advance:
        meta = generate_rows(model, output_file, wanted, progress=advance)
    if json:
        output.json_line(meta)
        return
    share = meta.json_rows / meta.rows
    output.note(
        f"{output_file}: {meta.written:,} {'constrained' if meta.constrained else 'free'} rows, "
        f"{meta.json_rows:,} of {meta.rows:,} JSON ({share:.1%}), "
        f"{meta.unfinished:,} cut by the context, {meta.repeated:,} repeated"
    )


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr, where that is a terminal; the function takes what is done, and a line."""
    from rich.progress import Progress

    with Progress(console=output.console(stderr=True), transient=True) as bar:
        bar.disable = not bar.console.is_terminal
        task = bar.add_task(what, total=total)
        yield lambda done, line=what: bar.update(task, completed=done, description=line)


@contextmanager
def _stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks the run to stop at the next step; a second one ends it at once."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def _tell_rows(packed: Packed, rows: RawRows) -> None:
    output.note(f"{packed.rows:,} rows, {packed.bytes:,} bytes, {packed.bytes / packed.tokens:.2f} a token")
    if packed.too_long:
        output.note(f"left out: {packed.too_long:,} rows longer than the context can be")
    if rows.techniques:
        told = ", ".join(f"{count:,} of {name}" for name, count in sorted(rows.techniques.items()))
        output.note(f"techniques: {told}")
    if rows.failures:
        output.note(f"left out: {rows.failures:,} unreadable rows, such as {'; '.join(rows.first_failures)}")


def _tell_start(config: ModelConfig, recipe: Recipe, packed: Packed) -> None:
    output.note(
        f"{config.size}: {config.layers} layers, width {config.width}, {config.heads} heads, context "
        f"{config.context}, vocabulary {config.vocabulary}, {config.parameters / 1e6:.2f} M parameters; "
        f"Muon at {recipe.matrix_rate:.1e}, AdamW at {recipe.learning_rate:.1e}, "
        f"{recipe.batch_tokens:,} tokens a step; {packed.tokens:,} tokens to learn from"
    )


def _training_line(step: TrainingProgress) -> str:
    left = f"{step.remaining / 60:.1f} min left" if step.done else ""
    used = f"{step.utilisation:.0%} of peak" if step.utilisation is not None else ""
    speed = f"{step.tokens_per_second:,.0f} tokens/s"
    return " ".join(filter(None, (f"step {step.step:,} loss {step.loss:.3f}", speed, used, left)))


def _tell_end(trained: Trained, model: Path, *, json: bool) -> None:
    at, held_out = trained.position, trained.held_out
    if trained.interrupted:
        output.note(f"stopped at step {at.step:,}, saved; `--resume` goes on")
        raise typer.Exit(130)
    if json:
        output.json_line(
            {"model": str(model), "steps": at.step, "tokens": at.tokens, "seconds": round(at.seconds, 1),
             "utilisation": trained.utilisation,
             "bits_per_byte": held_out.bits_per_byte if held_out else None}
        )  # fmt: skip
        return
    rate = at.tokens / at.seconds if at.seconds else 0.0
    used = f", {trained.utilisation:.1%} of peak" if trained.utilisation is not None else ""
    output.note(
        f"{model}: {at.step:,} steps, {at.tokens:,} tokens in {at.seconds:.0f} s ({rate:,.0f} tokens/s{used})"
    )
    if held_out is not None:
        output.note(f"held-out rows: {held_out.bits_per_byte:.3f} bits per byte ({held_out.rows} rows)")
    else:
        output.note("too few rows to hold any out: `icelos scan logs` cannot set a threshold by this model")
