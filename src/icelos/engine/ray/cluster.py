"""Workers as actors of a Ray cluster: of one that runs, or of one that is started here for the run.

An actor builds its job itself and answers with outcomes or with one clear error; Ray neither restarts it nor
tries again, since only the run knows what is stored. A started cluster listens on loopback only, asks for a
token, keeps its files in a private folder and tells nobody anything.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from icelos.engine.ray.actor import Actor, check_versions
from icelos.engine.ray.parcels import pack, pack_records, unpack
from icelos.engine.ray.parts import Group, Readings
from icelos.engine.ray.placing import Needs, Policy, said
from icelos.engine.ray.support import (
    first_line,
    last_line,
    log_message,
    private_folder,
    said_of_death,
    signals_kept,
)  # fmt: skip
from icelos.engine.workers import JobSpec, WorkerDied
from icelos.errors import MissingExtra, RunError, SettingsError
from icelos.records import Record

OBJECT_STORE = 512 << 20
"""Bytes of shared memory of a cluster that is started here; what is more goes to its folder."""
SETTLING = 3.0
"""Seconds that others are waited for where a worker is there."""
LOOKING = 0.2
"""Seconds between two looks at who has come."""


class Cluster:
    """Connected to a Ray cluster while it is open: that of the address, else one that is started here.

    `address` is HOST:PORT of the head, or "auto" for the one of this machine. Where the process is connected
    already, that is used and left open. Raises MissingExtra, SettingsError for an address that is none,
    RunError where nothing answers there.
    """

    def __init__(self, address: str = "") -> None:
        self.address = "" if address == "local" else address
        if "://" in self.address:
            raise SettingsError(
                f"a Ray address is HOST:PORT or auto, not {self.address!r}",
                hint="run icelos on a node of the cluster: a remote client has no object store",
            )
        self._folder: Path | None = None
        self._ours = False

    def open(self) -> None:
        """Connect, once."""
        ray = self._imported()
        if ray.is_initialized():
            return
        with signals_kept():
            self._connect(ray)
        ray._private.worker.print_to_stdstream = log_message
        self._ours = True

    def close(self) -> None:
        """Disconnect; a cluster that was started here ends."""
        if self._ours:
            _ray().shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._ours, self._folder = False, None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def grows(self) -> bool:
        """Whether nodes may still come: one that is started here is all that there is."""
        return self._folder is None

    def _imported(self) -> Any:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault(
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"
        )  # its future default, which it warns of
        if self.address:
            return _ray()
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # no cluster: everything on loopback
        if "RAY_AUTH_MODE" not in os.environ:
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        return _ray()

    def _connect(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if self.address:
                ray.init(address=self.address, **quiet)
                return
            # Ray opens its folder to everyone; within one that is private it cannot be reached
            self._folder = private_folder()
            ray.init(
                address="local", include_dashboard=False, object_store_memory=OBJECT_STORE,
                _temp_dir=str(self._folder / "r"), **quiet,
            )  # fmt: skip
        except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
            self.close()
            where = f"no Ray cluster at {self.address}" if self.address else "Ray cannot be started"
            raise RunError(f"{where}: {first_line(error)}", hint="see `ray status`") from error


class RayWorkers:
    """Starts workers for a job, as actors that take `cpus`, `gpus` (.25: four share one) and memory each.

    The pool has from `minimum` to `maximum` workers; 0 is what the cluster has room for. A worker counts when
    it answers: what cannot be placed yet waits at the cluster, whose autoscaler sees it, and holds up nobody.
    Where there is none at all after `patience_s` seconds, that is a RunError with what the cluster has. Where
    there was too little to do for `idle_s` seconds, one goes again.

    Raises SettingsError for figures that make no sense. `readings` is what workers read themselves.
    """

    name = "ray"

    def __init__(
        self,
        spec: JobSpec,
        *,
        address: str = "",
        cpus: float = 1,
        gpus: float = 0,
        memory_mib: int = 0,
        minimum: int = 1,
        maximum: int = 0,
        patience_s: float = 120.0,
        sharing_s: float = 10.0,
        idle_s: float = 60.0,
        readings: Readings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._needs = Needs(cpus, gpus, memory_mib)
        self._needs.check()
        self._policy = Policy(minimum, maximum, idle_s=idle_s, clock=clock)
        self._minimum = minimum
        self._spec = spec
        self._readings = readings
        self._cluster = Cluster(address)
        self._patience, self._sharing = patience_s, sharing_s
        self._clock = clock
        self._asked: list[_Asked] = []
        self._ready: list[_Live] = []
        self._live: list[_Live] = []
        self._seats = count()
        self._looked = -math.inf
        self._died = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> RayWorker:
        """A worker that answers; waits for it. Raises RunError where none can be placed in time.

        Where others live and there is no room, it is a further seat at one of them, after `sharing_s`.
        """
        self._cluster.open()
        self._check_room()
        if not self._come(1, self._patient if self._live else lambda: self._patience):
            if not self._live:
                raise self._none_came()
            return self._seat(min(self._live, key=lambda live: live.seats))
        return self._seat(self._ready.pop(0))

    def start_some(self, number: int) -> list[RayWorker]:
        """From one to `number` workers that answer: those that came with the first, or soon after it.

        The others come by `grown`. Raises RunError where none can be placed in time.
        """
        self._cluster.open()
        self._check_room()
        if not self._come(1, lambda: self._patience, asked=number):
            raise self._none_came()
        self._come(number, lambda: SETTLING)
        taken, self._ready = self._ready[:number], self._ready[number:]
        return [self._seat(one) for one in taken]

    def grown(self, waiting: int, workers: int) -> list[RayWorker]:
        """Workers that have come since; asks for more, or for fewer, by `wanted`. Does not wait."""
        if self._clock() < self._looked + LOOKING:
            return []
        self._looked = self._clock()
        self._cluster.open()
        self._ask(self.wanted(waiting, workers) - workers - len(self._ready))
        self._collect(0)
        came, self._ready = self._ready, []
        return [self._seat(one) for one in came]

    def wanted(self, waiting: int, workers: int) -> int:
        """How many workers there should be where `waiting` batches wait for one of `workers`."""
        return self._policy.wanted(waiting, workers, room=self._room)

    def wait(self, pending: Sequence[object], seconds: float = 1.0) -> None:
        """Until the result of one is there, or so many seconds."""
        refs = [one.ref for one in pending if isinstance(one, RayPending) and one.ref is not None]
        if len(refs) == len(pending):
            _ray().wait(refs, num_returns=1, timeout=seconds)

    def close(self) -> None:
        """End all that are not handed over yet, and a cluster that was started here."""
        self._ask(0)
        for one in self._ready:
            _kill(one.handle)
        self._ready = []
        self._cluster.close()

    def _room(self) -> int:
        """How many workers the cluster has room for, with all that is on it now gone."""
        return max(self._minimum, self._needs.room(_nodes()))

    def _check_room(self) -> None:
        """At once where no waiting helps."""
        if not self._cluster.grows and not self._needs.room(_nodes()):
            raise self._no_room("this machine has no room for a worker")

    def _no_room(self, what: str) -> RunError:
        nodes, free = _nodes(), _ray().available_resources()
        return RunError(
            f"{what}: it takes {self._needs}, and the cluster has {said(nodes)}, of which {said([free])} "
            f"are free, on {len(nodes)} node{'s' * (len(nodes) != 1)}",
            hint="let a worker take less, or start nodes",
        )

    def _none_came(self) -> RunError:
        self._ask(0)
        died = f"; one that was placed ended: {self._died}" if self._died else ""
        return self._no_room(f"no worker could be placed within {self._patience:.0f} s{died}")

    def _patient(self) -> float:
        """Seconds for a further worker: where there is room it only has to start."""
        return self._patience if self._needs.room(_nodes()) > len(self._live) else self._sharing

    def _come(self, least: int, seconds: Callable[[], float], *, asked: int = 0) -> bool:
        """Waits until so many are ready; whether any is. What is not there in time stays asked for."""
        asked = max(least, asked, len(self._asked) + len(self._ready))
        begun = self._clock()
        while len(self._ready) < least and self._clock() < begun + seconds():
            self._ask(asked - len(self._ready))
            self._collect(0.2)
        return bool(self._ready)

    def _seat(self, live: _Live) -> RayWorker:
        if live not in self._live:
            self._live.append(live)
        live.seats += 1
        return RayWorker(live, next(self._seats), self._left)

    def _left(self, live: _Live) -> None:
        """The last one to leave ends it."""
        live.seats -= 1
        if not live.seats:
            self._live.remove(live)
            _kill(live.handle)

    def _ask(self, number: int) -> None:
        """So many should be on their way."""
        while len(self._asked) > max(number, 0):
            _kill(self._asked.pop().handle)
        while len(self._asked) < number:
            handle = self._actor().remote(self._spec, self._readings)
            self._asked.append(_Asked(handle, handle.ready.remote()))

    def _actor(self) -> Any:
        """The class of the actors, with what each needs."""
        cpus, gpus, memory_mib = self._needs
        return _ray().remote(
            num_cpus=cpus,
            num_gpus=gpus,
            memory=(memory_mib << 20) or None,
            max_restarts=0,
            max_task_retries=0,
        )(Actor)

    def _collect(self, seconds: float) -> None:
        """Take those that answer. One that has ended before is asked for again when it is missed."""
        if not self._asked:
            return
        refs = [one.ref for one in self._asked]
        answered, _ = _ray().wait(refs, num_returns=len(refs) if not seconds else 1, timeout=seconds)
        for one in [one for one in self._asked if one.ref in answered]:
            self._asked.remove(one)
            try:
                versions, process = RayPending(one.ref).result()
            except WorkerDied as error:
                self._died = str(error)
                continue
            check_versions(versions)
            self._ready.append(_Live(one.handle, process))


class RayWorker:
    """A seat at an actor, mostly the only one; `process` is the actor's number on its node."""

    def __init__(self, live: _Live, seat: int, leave: Callable[[_Live], None]) -> None:
        self._live, self._seat, self._leave = live, seat, leave
        self._closed = False
        self.process = live.process

    def submit(self, partition: int, batch: Sequence[Record]) -> RayPending:
        return self._call("score", self._seat, partition, pack_records(batch))

    def snapshot(self) -> dict[int, bytes]:
        states: dict[int, bytes] = self._call("snapshot", self._seat).result()
        return states

    def restore(self, states: Mapping[int, bytes]) -> None:
        self._call("restore", self._seat, dict(states)).result()

    def read(self, group: Group) -> RayPending:
        """The first piece of what it is to read itself; does not wait."""
        return self._call("read", pack(group))

    def more(self) -> RayPending:
        """The next piece; does not wait."""
        return self._call("more")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._leave(self._live)

    def _call(self, method: str, *given: object) -> RayPending:
        try:
            return RayPending(getattr(self._live.handle, method).remote(*given))
        except _ray().exceptions.RayError as error:  # the object store is full, and so is its disk
            return RayPending(None, error)


class RayPending:
    """What an actor is asked for. Outcomes are in the object store until they are taken."""

    def __init__(self, ref: Any, error: Exception | None = None) -> None:
        self.ref = ref
        self._error = error

    def done(self) -> bool:
        return self.ref is None or bool(_ray().wait([self.ref], timeout=0)[0])

    def result(self) -> Any:
        """Waits. Raises WorkerDied, an IcelosError that the actor tells, ValueError for what is no state."""
        ray = _ray()
        try:
            if self._error is not None:
                raise self._error
            parcel = ray.get(self.ref)
        except ray.exceptions.RayTaskError as error:  # the actor itself tells what is wrong with a job
            raise RunError(f"a worker failed: {first_line(error.cause or error)}") from error
        except ray.exceptions.RayError as error:  # killed, out of memory, its node gone, its answer lost
            if getattr(error, "actor_init_failed", False):
                hint = "are icelos and the job's packages installed on every node?"
                raise RunError(f"a worker cannot start: {last_line(error)}", hint=hint) from error
            raise WorkerDied(said_of_death(error)) from error
        return unpack(parcel).given()


@dataclass(eq=False)
class _Live:
    """An actor that answers, and how many seats it has."""

    handle: Any
    process: int
    seats: int = 0


class _Asked(NamedTuple):
    """A worker that does not answer yet."""

    handle: Any
    ref: Any


def _ray() -> Any:
    """Raises MissingExtra."""
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingExtra("Ray", extra="ray") from error
    return ray


def _kill(handle: Any) -> None:
    ray = _ray()
    if ray.is_initialized():
        with contextlib.suppress(ValueError, ray.exceptions.RayError):  # it has ended already
            ray.kill(handle, no_restart=True)


def _nodes() -> list[Mapping[str, float]]:
    """What the nodes that live have."""
    return [node["Resources"] for node in _ray().nodes() if node["Alive"]]
