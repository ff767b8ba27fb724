"""Getting the knowledge ready behind the first requests: the console is up at once and says how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from icelos.errors import IcelosError
from icelos.jobs.copilot.answers import Event
from icelos.web.problems import problem_of
from icelos.web.schemas import Preparation
from icelos.web.services import Services

STOP_SECONDS = 1.0
"""A batch of vectors may take longer: what is not stored yet is made again by the next start."""

VECTORS = 4
"""Passages whose vectors are made at once: a question waits for no more than these."""

Progress = Callable[[int, int], None]
Work = Callable[[Services, Progress], object]


class Prepare:
    """Runs `work(services, progress)` once, in a thread, then keeps the index up to date and vectors coming.

    Without `keep_up` only the work is done. `state` may be read from anywhere. `progress(done, total)` raises
    `Stopped` when the server stops.
    """

    def __init__(self, services: Services, work: Work | None = None, *, keep_up: bool = True) -> None:
        self._services = services
        self._keeps_up = keep_up
        self._work = work or index_bundled
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self._kept = ExitStack()
        self.state = Preparation()

    def start(self) -> None:
        """Begin; returns at once. The thread does not keep the process alive: indexing is kill-safe."""
        threading.Thread(target=self.run, name="prepare", daemon=True).start()

    def stop(self) -> None:
        """End the work at its next step, and the making of vectors; wait no longer than a moment for it."""
        self._stopping.set()
        closing = threading.Thread(target=self._let_go, name="prepare-stop", daemon=True)
        closing.start()
        closing.join(STOP_SECONDS)

    def _let_go(self) -> None:
        with self._lock:
            self._kept.close()

    def run(self) -> None:
        """Do the work and keep its state."""
        try:
            self._run()
        finally:
            self._settled.set()

    def waiting(self) -> Iterator[Preparation]:
        """The state every half second until the work is done, has failed or is stopped; nothing after that.

        A question that waits is answered from what is being indexed, not refused for its absence.
        """
        while not self._settled.is_set() and not self._stopping.is_set():
            yield self.state
            self._settled.wait(0.5)

    def _run(self) -> None:
        try:
            self._work(self._services, self._progress)
        except Stopped:
            return
        except IcelosError as error:
            self.state = Preparation(phase="failed", detail=str(error))
        except Exception as error:  # noqa: BLE001 - the console stays up and says what failed
            self.state = Preparation(phase="failed", detail=problem_of(error).detail)
        else:
            self.state = Preparation(phase="ready", done=self.state.done, total=self.state.total)
            self._keep_up()

    def _keep_up(self) -> None:
        from icelos.engine.upkeep import Background
        from icelos.jobs.copilot.learning.background import Learning
        from icelos.jobs.copilot.suspicion import hostile
        from icelos.knowledge.upkeep import Upkeep, Watcher

        services = self._services
        with self._lock:
            if self._keeps_up and not self._stopping.is_set():
                self._kept.enter_context(
                    Learning(
                        services.history, services.knowledge, services.settings,
                        flagged=hostile(services.knowledge),
                    )
                )  # fmt: skip
                self._kept.enter_context(Upkeep(self._services.knowledge, batch=VECTORS))
                self._kept.enter_context(Watcher(self._services.settings))
                self._kept.enter_context(Background(self._services.settings))

    def _progress(self, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise Stopped
        self.state = Preparation(phase="indexing", done=done, total=total)


def until_ready(prepare: Prepare) -> Iterator[Event]:
    """How far the bundled knowledge is, while it is being indexed; ends when it can be asked."""
    for state in prepare.waiting():
        share = f": {state.done:,} of {state.total:,}" if state.total else ""
        yield Event(kind="status", text=f"indexing the bundled knowledge{share}")


def index_bundled(services: Services, progress: Progress) -> None:
    """Index the bundled knowledge where it is not there yet."""
    from icelos.knowledge.index import ensure_bundled

    ensure_bundled(services.settings, progress=progress)


class Stopped(Exception):
    """The server stops: leave the work at its last good state."""
