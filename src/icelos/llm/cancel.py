"""Stopping a model call from another thread: the one who started it holds a `Cancel`.

cancel = Cancel()
with cancel.watching():      # in the thread that calls the model
    llm.reply(messages)
cancel.cancel()              # in any other: the call under way ends at once with a ModelError
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from icelos.errors import ModelError

Callback = Callable[[], None]


class Cancel:
    """A switch that ends model calls made under it, and stays thrown."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callback] = []

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        """End the calls under way and refuse new ones."""
        with self._lock:
            self._event.set()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    @contextmanager
    def watching(self) -> Iterator[Cancel]:
        """Calls made in this block, by this thread, end when the switch is thrown."""
        before = _current.get()
        _current.set(self)
        try:
            yield self
        finally:
            _current.set(before)  # no reset: a generator may end in another context than it began in

    @contextmanager
    def calling(self, callback: Callback) -> Iterator[None]:
        """`callback` runs, in the thread that cancels, if that happens during this block."""
        with self._lock:
            self._callbacks.append(callback)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)

    def check(self) -> None:
        """Raises ModelError where cancelled."""
        if self.cancelled:
            raise ModelError("the model call was cancelled")

    def wait(self, seconds: float) -> None:
        """Sleep that cancelling ends. Raises ModelError then."""
        self._event.wait(seconds)
        self.check()


_current: ContextVar[Cancel | None] = ContextVar("icelos_llm_cancel", default=None)


def current() -> Cancel | None:
    """The switch that calls of this thread are under, if any."""
    return _current.get()


def pause(seconds: float) -> None:
    """Sleep; raises ModelError as soon as the current switch is thrown."""
    switch = current()
    if switch is None:
        time.sleep(seconds)
    else:
        switch.wait(seconds)
