"""Learning beside a server: looks for new feedback now and then, in a thread that gives way to questions."""

from __future__ import annotations

import os
import sys
import threading
from typing import Self

from icelos.errors import IcelosError
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning.learned import Flagged, nothing_flagged
from icelos.jobs.copilot.learning.teaching import Teaching
from icelos.knowledge.store import KnowledgeStore
from icelos.knowledge.upkeep import NICENESS
from icelos.settings import Settings

FIRST_SECONDS = 600.0
"""After the start, before the first time: a server has better things to do."""


class Learning:
    """Learns every `learning.hours` until it is left; 0 hours: never. `problem` says why it could not."""

    def __init__(
        self, history: History, store: KnowledgeStore, settings: Settings, *,
        flagged: Flagged = nothing_flagged, first: float = FIRST_SECONDS,
    ) -> None:  # fmt: skip
        self.problem = ""
        self._history, self._store, self._settings, self._flagged = history, store, settings, flagged
        self._first = first
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="learn", daemon=True)

    def __enter__(self) -> Self:
        if self._settings.learning.hours > 0:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends at once; a learning under way is abandoned with the process, and nothing of it is kept."""
        self._stopping.set()

    def _run(self) -> None:
        if sys.platform == "linux":
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(os.getpriority(os.PRIO_PROCESS, thread), NICENESS))
        pause = min(self._first, self._settings.learning.hours * 3600)
        while not self._stopping.wait(pause):
            pause = self._settings.learning.hours * 3600
            try:
                Teaching(self._history, self._store, self._settings, flagged=self._flagged).learn()
                self.problem = ""
            except IcelosError as error:
                self.problem = str(error)
