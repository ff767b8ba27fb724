"""Processes of these jobs and Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started here never hear Ctrl-C, from their first moment on: it is for the one who
    started them, and who ends them. Here it is heard afterwards."""
    resource_tracker.ensure_running()  # the first process starts it, and lets Ctrl-C through in between
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
