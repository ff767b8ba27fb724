"""Writing to a sink that may be down for a while, or whose disk is full."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from icelos.contracts import Sink
from icelos.engine.observing import Observer
from icelos.errors import StoreError
from icelos.findings import Outcome

_FIRST, _MOST = 0.1, 10.0
"""Seconds between two tries: the first, and the most."""


class PatientSink:
    """Passes outcomes on; what cannot be written is tried again until patience is over or a stop is asked."""

    def __init__(
        self, sink: Sink, patience_s: float, observer: Observer, *,
        stop: Callable[[], bool] = lambda: False, wait: Callable[[float], object] = time.sleep,
    ) -> None:  # fmt: skip
        self._sink, self._patience, self._observer = sink, patience_s, observer
        self._stop, self._wait = stop, wait

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Durable when it returns. Raises StoreError, with what the sink said."""
        self._tried(lambda: self._sink.write(outcomes))

    def resolve(self, job: str, record_ids: Sequence[str]) -> None:
        """Failures of these records are over, where the sink remembers any. Raises StoreError."""
        resolve = getattr(self._sink, "resolve", None)
        if resolve is not None:
            self._tried(lambda: resolve(job, record_ids))

    def _tried(self, act: Callable[[], object]) -> None:
        begun, pause = time.monotonic(), _FIRST
        while True:
            try:
                act()
                return
            except BrokenPipeError:  # nobody reads it any more, and nobody will
                raise
            except (StoreError, OSError) as error:
                left = self._patience - (time.monotonic() - begun)
                if left <= 0 or self._stop():
                    raise _told(error) from error
                pause = min(pause * 2, _MOST, max(left, _FIRST))
                again_in = pause * random.uniform(0.5, 1.0)  # noqa: S311 - so that shards do not come at once
                self._observer.sink_failed(error, again_in=again_in)
                self._wait(again_in)


def _told(error: StoreError | OSError) -> StoreError:
    if isinstance(error, StoreError):
        return error
    return StoreError(f"cannot write: {error.strerror or error}", source=str(error.filename or ""))
