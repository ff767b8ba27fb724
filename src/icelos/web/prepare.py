"""Getting the knowledge ready behind the first requests: the console is up at once and says how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable

from icelos.errors import IcelosError
from icelos.settings import Settings
from icelos.web.problems import problem_of
from icelos.web.schemas import Preparation

Progress = Callable[[int, int], None]
Work = Callable[[Settings, Progress], None]


class Prepare:
    """Runs `work(settings, progress)` once, in a thread; `state` may be read from anywhere.

    `progress(done, total)` raises `Stopped` when the server stops.
    """

    def __init__(self, settings: Settings, work: Work | None = None) -> None:
        self._settings = settings
        self._work = work or index_bundled
        self._stopping = threading.Event()
        self.state = Preparation()

    def start(self) -> None:
        """Begin; returns at once. The thread does not keep the process alive: indexing is kill-safe."""
        threading.Thread(target=self.run, name="prepare", daemon=True).start()

    def stop(self) -> None:
        """Ask the work to end at its next step."""
        self._stopping.set()

    def run(self) -> None:
        """Do the work and keep its state."""
        try:
            self._work(self._settings, self._progress)
        except Stopped:
            return
        except IcelosError as error:
            self.state = Preparation(phase="failed", detail=str(error))
        except Exception as error:
            self.state = Preparation(phase="failed", detail=problem_of(error).detail)
        else:
            self.state = Preparation(phase="ready", done=self.state.done, total=self.state.total)

    def _progress(self, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise Stopped
        self.state = Preparation(phase="indexing", done=done, total=total)


def index_bundled(settings: Settings, progress: Progress) -> None:
    """Open the store; the bundled knowledge is indexed where it is not there yet."""
    from icelos.knowledge.store import KnowledgeStore

    with KnowledgeStore.open(settings):
        progress(0, 0)


class Stopped(Exception):
    """The server stops: leave the work at its last good state."""
