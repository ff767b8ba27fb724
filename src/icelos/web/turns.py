"""Turns: how many answers are made at once, and who waits.

Making an answer keeps a processor or a model busy, so that only a few are made at the same time; the others
wait in the order in which they came, as tasks of the event loop, which cost no thread. Who comes when the
queue is full, or has waited too long, is told so by 503 with Retry-After.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException

AT_ONCE = 8
"""Answers made at once where a model makes them: they wait for it most of the time."""
AT_ONCE_HERE = 4
"""Answers made at once where this process makes them: more only take the processor from each other."""
WAITING = 1000
"""Questions that may wait for their turn."""
WAIT_SECONDS = 120.0
"""How long a question waits for its turn."""
RETRY_SECONDS = 5

T = TypeVar("T")


class Turns:
    """At most `at_once` turns at the same time, and at most `waiting` that wait `seconds` for theirs.

    To be used on one event loop.
    """

    def __init__(self, at_once: int, *, waiting: int = WAITING, seconds: float = WAIT_SECONDS) -> None:
        self._limiter, self._threads = CapacityLimiter(at_once), CapacityLimiter(at_once)
        self._waiting, self._seconds = waiting, seconds

    def check(self) -> None:
        """Raises HTTPException 503 where the queue is full."""
        if self._limiter.statistics().tasks_waiting >= self._waiting:
            raise busy()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises HTTPException 503 where it does not come."""
        self.check()
        place = object()
        try:
            with anyio.fail_after(self._seconds):
                await self._limiter.acquire_on_behalf_of(place)
        except TimeoutError as error:
            raise busy() from error
        try:
            yield
        finally:
            self._limiter.release_on_behalf_of(place)

    async def work(self, call: Callable[[], T]) -> T:
        """Run `call` in a thread; the caller holds a turn."""
        return await to_thread.run_sync(call, limiter=self._threads)


def busy() -> HTTPException:
    """What those are told who cannot be served now."""
    return HTTPException(503, "too much is asked at once: try again", {"retry-after": str(RETRY_SECONDS)})
