"""From settings to workers on a cluster, for the run loop or to read by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from icelos.contracts import Sink
from icelos.engine.checkpoints import Checkpoints
from icelos.engine.observing import Observer
from icelos.engine.ray.cluster import RayWorkers
from icelos.engine.ray.distributed import Reading
from icelos.engine.ray.parts import Readings
from icelos.engine.ray.reading_loop import ReadingLoop
from icelos.engine.ray.shared import SharedWorkers
from icelos.engine.run import Options
from icelos.engine.workers import JobSpec, Workers


def ray_workers(spec: JobSpec, *, stateful: bool) -> Workers:
    """As many as the settings say: all from the beginning where each has a state, else as they are needed."""
    pool = _pool(spec, minimum=spec.settings.engine.workers if stateful else 0)
    return pool if stateful else SharedWorkers(pool)


def reading_loop(
    spec: JobSpec, locations: Sequence[str], source_format: str, sink: Sink, options: Options, *,
    observer: Observer, stop: Callable[[], bool], checkpoints: Checkpoints | None,
) -> ReadingLoop:  # fmt: skip
    """A run whose workers read files themselves, of a job without state."""
    job = spec.build()
    readings = Readings(
        spec.name, tuple(locations), source_format, spec.options,
        batch_size=options.batch_size or job.needs.batch_size or 64, batch_bytes=options.batch_bytes,
        clear_ids=hasattr(sink, "resolve"),
    )  # fmt: skip
    pool = _pool(spec, readings=readings)
    return ReadingLoop(
        job.name, Reading(pool, readings), sink, options,
        observer=observer, stop=stop, checkpoints=checkpoints, close=pool.close,
    )  # fmt: skip


def _pool(spec: JobSpec, *, minimum: int = 0, readings: Readings | None = None) -> RayWorkers:
    engine = spec.settings.engine
    return RayWorkers(
        spec, address=engine.ray_address, cpus=engine.ray_cpus, gpus=engine.ray_gpus,
        memory_mib=engine.ray_memory_mib, minimum=minimum or min(engine.ray_minimum, engine.workers),
        maximum=engine.workers, readings=readings,
    )  # fmt: skip
