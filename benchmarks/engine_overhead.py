"""What the engine costs: a job over a source by a bare loop and through the engine, in the same run.

    python -m benchmarks.engine_overhead [--rows 400000] [--openstack FILE] [--rounds 2]
    python -m benchmarks.engine_overhead --mails 400

The second is of mails of $ICELOS_DATA/mail instead.

Logs: a detector learns from the first half of the rows, the second is scored. A row's line tells the wall's
rows a second and the processor's time; of `rounds` the quickest by processor counts. By the clock, a process
that is started is part of it. *Bare loop*: source, batches of what the job likes, `job.score`. *detect score*
is the detector's own command, which makes no records and follows no rules. Outcomes of bare loop and engine
are the same, the detector's part of them is what `detect score` finds, or it stops. Memory is the most that a
run of the engine in a process of its own has had, and what that had before it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from benchmarks.logs_detect_speed import parsing

from icelos.contracts import Job
from icelos.data.reading import open_input
from icelos.data.sinks import SqliteSink
from icelos.data.sources import JsonLinesSource
from icelos.engine.jobs import open_source
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.engine.workers import JobSpec
from icelos.findings import Failure, Finding, How, Outcome
from icelos.jobs.logs.detect.columns import Reader
from icelos.jobs.logs.detect.model import load
from icelos.jobs.logs.detect.scoring import score_log
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.records import Record
from icelos.settings import Settings, Workspace


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def write(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes += outcomes

    def close(self) -> None:
        """Nothing to close."""


class Spent(NamedTuple):
    """Seconds, and those of the processor: of this process, and of others that it has waited for."""

    seconds: float
    here: float
    there: float
    outcomes: list[Outcome]


def spent(calls: dict[str, Callable[[], list[Outcome]]], rounds: int) -> dict[str, Spent]:
    """What calls take: each one's quickest of some rounds, in turns."""
    found: dict[str, list[Spent]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began, used = time.perf_counter(), os.times()
            outcomes = call()
            seconds, now = time.perf_counter() - began, os.times()
            here, there = (sum(now[place : place + 2]) - sum(used[place : place + 2]) for place in (0, 2))
            found[name].append(Spent(seconds, here, there, outcomes))
    return {name: min(some, key=lambda one: one.here + one.there) for name, some in found.items()}


def bare(pipeline: Pipeline, settings: Settings) -> list[Outcome]:
    """Source, batches, `score`."""
    job: Job = JobSpec(pipeline.job, settings, pipeline.options).build()
    outcomes: list[Outcome] = []
    items = iter(open_source(pipeline.locations[0], job=job.name))
    while some := list(itertools.islice(items, job.needs.batch_size or 64)):
        records = [one for one in some if isinstance(one, Record)]
        scored = iter(job.score(records) if records else ())
        found = [msgspec.structs.replace(one, job=job.name) if isinstance(one, Failure) else next(scored)
                 for one in some]  # fmt: skip
        outcomes += [one for one in found if one is not None]
    return outcomes


def engine(pipeline: Pipeline, settings: Settings) -> list[Outcome]:
    """Into a sink that keeps it."""
    sink = Kept()
    run_pipeline(pipeline, sink, settings=settings)
    return sink.outcomes


def stored(pipeline: Pipeline, settings: Settings, folder: Path) -> list[Outcome]:
    """Into a new file of SQLite, as `icelos scan` does: with checkpoints, and what is clear resolved."""
    name = f"{time.time_ns()}"
    with SqliteSink(folder / f"{name}.sqlite") as sink:
        run_pipeline(pipeline, sink, settings=settings, runs=folder / name)
    with SqliteSink(folder / f"{name}.sqlite") as sink:
        count = sink.count("finding") + sink.count("failure")
        return [*sink.findings(limit=count + 1), *sink.failures(limit=count + 1)]


def in_a_process(settings: Settings) -> Settings:
    """The same with one worker that is a process."""
    return msgspec.structs.replace(
        settings, engine=msgspec.structs.replace(settings.engine, worker_kind="process")
    )


def table(spents: dict[str, Spent], count: int, base: str) -> Iterator[str]:
    """A line each: what it takes, against the base's processor time."""
    basis = spents[base].here + spents[base].there
    for name, one in spents.items():
        yield json.dumps(
            {
                "what": name, "a second": round(count / one.seconds, 1),
                "CPU us": [round(1e6 * part / count, 1) for part in (one.here, one.there) if part],
                f"CPU of the {base}": round((one.here + one.there) / basis, 3),
            }
        )  # fmt: skip


def same(one: Sequence[Outcome], other: Sequence[Outcome], what: str) -> None:
    """Stops where outcomes differ, in whatever order they are."""
    if sorted(map(msgspec.json.encode, one)) != sorted(map(msgspec.json.encode, other)):
        raise SystemExit(f"outcomes are not the same: {what}")


# ---- logs


def logs(folder: Path, path: Path, rows: int, rounds: int) -> Iterator[str]:
    """Rows through a detector and the rules."""
    before, after, model = folder / "before.jsonl", folder / "after.jsonl", folder / "model"
    with open_input(path) as stream, before.open("wb") as first, after.open("wb") as second:
        for number, line in enumerate(itertools.islice(stream, rows)):
            (first if number < rows // 2 else second).write(line)
    train(str(before), [], Options(budget=3)).save(model)
    pipeline = Pipeline(job="logs", locations=(str(after),), options={"detector": str(model)})
    settings = Settings()
    parsed, count = parsing(after, Reader(load(model).settings.layout))
    calls: dict[str, Callable[[], list[Outcome]]] = {
        "source alone": partial(_read, after),
        "bare loop": partial(bare, pipeline, settings),
        "engine": partial(engine, pipeline, settings),
        "engine, SQLite": partial(stored, pipeline, settings, folder),
        "engine, worker process": partial(engine, pipeline, in_a_process(settings)),
        "detect score": partial(_detected, after, model, folder, 1),
        "detect score, two processes": partial(_detected, after, model, folder, 2),
    }
    spents = spent(calls, rounds)
    spents = {"parser alone": Spent(parsed.seconds, parsed.here, parsed.there, [])} | spents
    _check(spents)
    yield from table(spents, count, "bare loop")
    yield json.dumps(
        {"of the parser, by the clock": {n: round(parsed.seconds / s.seconds, 3) for n, s in spents.items()}}
    )
    yield json.dumps({"memory, MiB": memory(pipeline, settings)})


def _check(spents: dict[str, Spent]) -> None:
    wanted = spents["bare loop"].outcomes
    for name in ("engine", "engine, SQLite", "engine, worker process"):
        same(wanted, spents[name].outcomes, name)
    for name in ("detect score", "detect score, two processes"):
        detected = [part(one) for one in spents[name].outcomes if isinstance(one, Finding)]
        if detected != [
            part(one) for one in wanted if isinstance(one, Finding) and "detector" in one.made_by
        ]:
            raise SystemExit(f"findings are not the same: {name}")


def part(one: Finding) -> tuple[object, ...]:
    """What the detector says in a finding, whatever rules have added to it."""
    evidence = tuple(found for found in one.evidence if found.how is How.MODEL)
    return one.record_id, one.source, one.score, dict(one.attributes), one.made_by["detector"], evidence


def _read(path: Path) -> list[Outcome]:
    for _ in JsonLinesSource(path):
        pass
    return []


def _detected(path: Path, model: Path, folder: Path, processes: int) -> list[Outcome]:
    output = folder / f"{processes}.jsonl"
    score_log(str(path), output, load(model), processes=processes)
    lines = output.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Finding) for line in lines if b'"verdict"' in line]


def memory(pipeline: Pipeline, settings: Settings) -> dict[str, float]:
    """The most that a run has had, in a process of its own: one that has read ten rows only before."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_memory, (pipeline, settings))


def _memory(pipeline: Pipeline, settings: Settings) -> dict[str, float]:
    few = Path(pipeline.locations[0]).with_name("few.jsonl")
    with Path(pipeline.locations[0]).open("rb") as file:
        few.write_bytes(b"".join(itertools.islice(file, 10)))
    engine(msgspec.structs.replace(pipeline, locations=(str(few),)), settings)
    begun = _most()
    engine(pipeline, settings)
    return {"before": begun, "at the most": _most()}


def _most() -> float:
    """MiB; what the process that started this one has had does not count."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return round(int(found[1]) / 1024, 1) if found else 0.0


# ---- mail


def mail(folder: Path, mails: int, rounds: int) -> Iterator[str]:
    """Mails as they came, half of them list mail, half phishing, in one mbox."""
    path = folder / "mails.mbox"
    with path.open("wb") as file:
        for corpus in ("usrp", "phishing_pot"):
            for raw in itertools.islice(_quick(corpus), mails // 2):
                lines = raw.replace(b"\r\n", b"\n").split(b"\n")
                body = b"\n".join(
                    b">" + line if line.lstrip(b">")[:5] == b"From " else line for line in lines
                )
                file.write(b"From someone@example.org Tue Sep 10 09:00:00 2024\n" + body + b"\n\n")
    pipeline = Pipeline(job="mail", locations=(str(path),))
    calls: dict[str, Callable[[], list[Outcome]]] = {
        "judge alone": lambda: _judged(path, _home(folder)),
        "bare loop": lambda: bare(pipeline, _home(folder)),
        "engine": lambda: engine(pipeline, _home(folder)),
        "engine, SQLite": lambda: stored(pipeline, _home(folder), folder),
        "engine, worker process": lambda: engine(pipeline, in_a_process(_home(folder))),
    }
    spents = spent(calls, rounds)
    for name in ("engine", "engine, SQLite", "engine, worker process"):
        same(spents["bare loop"].outcomes, spents[name].outcomes, name)
    yield from table(spents, mails, "bare loop")
    yield json.dumps({"memory, MiB": memory_of_mail(pipeline, folder)})


def _quick(corpus: str) -> Iterator[bytes]:
    """Mails of a corpus, but for those whose attachments take so long that a busy machine may let go of them:
    what is found in those depends on what else it does."""
    from benchmarks.mail_corpora import CORPORA

    from icelos.jobs.mail.reading.message import read_message

    for sample in CORPORA[corpus]():
        began = time.perf_counter()
        read_message(sample.original)
        if time.perf_counter() - began < 0.25:
            yield sample.original


def _home(folder: Path) -> Settings:
    """Settings of a workspace where no sender is known yet."""
    return Settings(workspace=Workspace(home=str(folder / f"home-{time.time_ns()}")))


def _judged(path: Path, settings: Settings) -> list[Outcome]:
    """The judge over messages that are read there, a batch at a time; it learns no senders."""
    from icelos.data.sources import MailSource
    from icelos.jobs.mail.judge import open_judge
    from icelos.jobs.mail.reading.message import read_message
    from icelos.records import Mail

    judge = open_judge(settings)
    raws = (one.raw for one in MailSource(path) if isinstance(one, Mail))
    while some := list(itertools.islice(raws, 64)):
        judge.judge_messages([read_message(raw) for raw in some], some)
    return []


def memory_of_mail(pipeline: Pipeline, folder: Path) -> float:
    """The most that a run has had, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_memory_of_mail, (pipeline, folder))


def _memory_of_mail(pipeline: Pipeline, folder: Path) -> float:
    engine(pipeline, _home(folder))
    return _most()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--openstack", type=Path)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--mails", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.mails:
            print(*mail(folder, given.mails, given.rounds), sep="\n")
            return
        simulate(folder / "all.jsonl", rows=given.rows, users=200, seed=3)
        print("Entra, simulated", *logs(folder, folder / "all.jsonl", given.rows, given.rounds), sep="\n")
        if given.openstack:
            print("OpenStack", *logs(folder, given.openstack, given.rows, given.rounds), sep="\n")


if __name__ == "__main__":
    main()
