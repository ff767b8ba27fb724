"""Processes of these jobs and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started here never hear Ctrl-C, from their first moment on: it is for the one who
    started them, and who ends them. Here it is heard afterwards."""
    resource_tracker.ensure_running()  # the first process starts it, and lets Ctrl-C through in between
    heard: list[bool] = []
    alone = threading.current_thread() is threading.main_thread()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # another thread, such as a progress bar's, may take the signal: Python's handler runs in this one still
    handler = signal.signal(signal.SIGINT, lambda *_: heard.append(True)) if alone else None
    try:
        yield
    finally:
        if alone:
            signal.signal(signal.SIGINT, handler if handler is not None else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if heard:
            signal.raise_signal(signal.SIGINT)
