"""What Ray costs a record, and what a second worker brings.

    python -m benchmarks.engine_ray [--seconds 20]

Jobs of 5 ms a record, which sleep (as one that waits for a model's answer does) or take 5 ms of a CPU: one
worker against two, two batches ahead for each. Then a job that does nothing: records a second in this
process, by one worker that is given them, and by workers that read the files themselves, from the first batch
on. Last, what a death costs: from kill -9 until it is known, and until a replacement has answered.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from icelos import registry
from icelos.engine.jobs import items_of
from icelos.engine.ray.cluster import Cluster, RayPending, RayWorker, RayWorkers
from icelos.engine.ray.distributed import Reading
from icelos.engine.ray.parts import Readings
from icelos.engine.run import score_safely
from icelos.engine.workers import JobSpec, WorkerDied
from icelos.records import LogLine, Record
from icelos.settings import Settings

JOBS = Path(__file__).parents[1] / "tests" / "integration" / "ray_jobs.py"
BATCH, LINES = 64, 600_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="that one worker has to do for each job")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        plug_in(Path(name))
        began = time.perf_counter()
        with Cluster():
            started = time.perf_counter() - began
            print(
                json.dumps(
                    {"cores": os.cpu_count(), "load": os.getloadavg()[0], "start, s": round(started, 1)}
                )
            )
            for how in ("seconds", "busy"):
                print(json.dumps(second_worker(how, int(seconds / 0.005))))
            print(json.dumps(trivial(Path(name))))
            print(json.dumps(death()))


def second_worker(how: str, count: int) -> dict[str, object]:
    """How much of twice as fast two workers are at 5 ms a record."""
    batch = lines(count)
    spec = JobSpec("plain", Settings(), {how: "0.005"})
    took = {number: timed(spec, batch, number) for number in (1, 2)}
    return {
        "job": "sleeps 5 ms" if how == "seconds" else "5 ms of a CPU", "records": count,
        "1 worker, records/s": round(count / took[1]), "2 workers, records/s": round(count / took[2]),
        "of linear": round(took[1] / took[2] / 2, 3), "of the job alone": round(count * 0.005 / took[1], 3),
    }  # fmt: skip


def trivial(folder: Path) -> dict[str, object]:
    """Records a second where there is nothing to do."""
    folder = folder / "logs"
    folder.mkdir()
    for number in range(20):
        part = [f"a line of some length, as logs have them, number {n}" for n in range(LINES // 20)]
        (folder / f"{number}.log").write_text("\n".join(part) + "\n")
    spec = JobSpec("plain", Settings())
    readings = Readings("plain", (str(folder),), source_format="lines", batch_size=1024, clear_ids=False)
    began = time.perf_counter()
    items = items_of("plain", str(folder), source_format="lines", options=None)
    batch = [item for item in items if isinstance(item, LogLine)]
    read = time.perf_counter() - began
    job = spec.build()
    began = time.perf_counter()
    for n in range(0, len(batch), 1024):
        score_safely(job, batch[n : n + 1024])
    plain = time.perf_counter() - began
    found: dict[str, object] = {
        "job": "nothing to do", "records": len(batch),
        "in this process, read and scored, records/s": round(len(batch) / (read + plain)),
        "in this process, scored only, records/s": round(len(batch) / plain),
        "1 worker, given, records/s": round(len(batch) / timed(spec, batch, 1, size=1024)),
    }  # fmt: skip
    for number in (1, 2):
        with RayWorkers(spec, cpus=0.5, minimum=number, maximum=number, readings=readings) as pool:
            batches = iter(Reading(pool, readings))
            next(batches)
            began = time.perf_counter()
            count = sum(len(one.outcomes) for one in batches)
            took = time.perf_counter() - began
        found[f"{number} readers, records/s"] = round(count / took)
    return found


def death() -> dict[str, object]:
    """Seconds from kill -9 until the loss is known, and until another worker has answered."""
    with RayWorkers(JobSpec("plain", Settings(), {"seconds": "0.1"}), cpus=0.5) as pool:
        worker = pool.start()
        pending = worker.submit(0, lines(100))
        time.sleep(0.5)
        began = time.perf_counter()
        os.kill(worker.process, signal.SIGKILL)
        try:
            pending.result()
        except WorkerDied:
            known = time.perf_counter() - began
        pool.start().submit(0, lines(1)).result()
        return {
            "kill -9, known after s": round(known, 2),
            "replaced after s": round(time.perf_counter() - began, 2),
        }


def timed(spec: JobSpec, batch: Sequence[Record], workers: int, *, size: int = BATCH) -> float:
    """Seconds for all, once the workers are there and have their jobs."""
    with RayWorkers(spec, minimum=workers, maximum=workers) as pool:
        crew = [pool.start() for _ in range(workers)]
        for worker in crew:
            worker.submit(0, batch[:1]).result()
        began = time.perf_counter()
        count = sum(run(pool, crew, [batch[n : n + size] for n in range(0, len(batch), size)]))
        took = time.perf_counter() - began
        for worker in crew:
            worker.close()
    if count != len(batch):
        raise SystemExit(f"{count} outcomes of {len(batch)} records")
    return took


def run(pool: RayWorkers, crew: Sequence[RayWorker], batches: list[Sequence[Record]]) -> Iterator[int]:
    """A window of two batches a worker."""
    todo = deque(batches)
    given: list[tuple[RayWorker, deque[RayPending]]] = [(worker, deque()) for worker in crew]
    while todo or any(waiting for _, waiting in given):
        for worker, waiting in given:
            while todo and len(waiting) < 2:
                waiting.append(worker.submit(0, todo.popleft()))
        pool.wait([waiting[0] for _, waiting in given if waiting])
        for _, waiting in given:
            while waiting and waiting[0].done():
                yield len(waiting.popleft().result())


def lines(count: int) -> list[Record]:
    return [
        LogLine(id=f"{n:032x}", source=f"a.log:{n}", text=f"a line of a log, number {n}")
        for n in range(count)
    ]


def plug_in(folder: Path) -> None:
    """The jobs of the tests, as an installed distribution has them."""
    about = folder / "ray_jobs-1.dist-info"
    about.mkdir()
    (folder / "ray_jobs.py").write_bytes(JOBS.read_bytes())
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ray-jobs\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[icelos.jobs]\nplain = ray_jobs:plain\n")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])
    sys.path.insert(0, str(folder))
    registry.names.cache_clear()


if __name__ == "__main__":
    main()
