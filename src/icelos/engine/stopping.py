"""Stopping a run so that nothing is lost: what is in flight is finished, then it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Says whether a run is to end. Calling it is cheap."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.is_waiting = False

    def __call__(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        """From any thread."""
        self._asked.set()

    @contextmanager
    def cut_short(self) -> Iterator[None]:
        """What is done meanwhile may wait for ever: a signal ends it at once, by KeyboardInterrupt."""
        self.is_waiting = True
        try:
            yield
        finally:
            self.is_waiting = False


@contextmanager
def stopping_by_signals() -> Iterator[Stop]:
    """Ctrl-C and SIGTERM ask the run to stop; a second Ctrl-C stops it at once, by KeyboardInterrupt.

    In another thread than the main one, signals stay as they are.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def heard(number: int, _: FrameType | None) -> None:
        again = stop()
        stop.ask()
        if stop.is_waiting or (again and number == signal.SIGINT):
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, heard)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
