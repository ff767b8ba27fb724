"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from a sync iterator.

Each event is `event: KIND`, one `data:` line of JSON and a blank line; a comment line keeps a silent
connection alive. The iterator runs in a thread when its turn has come; it is closed after its current step
when the reader goes away, so that nobody works for an answer that nobody reads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Generic, Protocol, TypeVar

import msgspec
from fastapi.responses import StreamingResponse

from icelos.web.problems import problem_of
from icelos.web.turns import Turns

KEEP_ALIVE = 10.0
"""Seconds of silence before a comment line."""


class Kinded(Protocol):
    """An event with its kind."""

    @property
    def kind(self) -> str: ...


E = TypeVar("E")
T = TypeVar("T")


def respond(
    start: Callable[[], Iterator[Kinded]], turns: Turns, *, keep_alive: float = KEEP_ALIVE
) -> StreamingResponse:
    """A streamed answer, made when its turn comes. Raises HTTPException 503 where too many wait."""
    return respond_as(start, turns, write=_event, fail=_problem, keep_alive=keep_alive)


def respond_as(
    start: Callable[[], Iterator[E]], turns: Turns, *, write: Callable[[E], bytes],
    fail: Callable[[Exception], bytes], keep_alive: float = KEEP_ALIVE,
) -> StreamingResponse:  # fmt: skip
    """The same with frames of another form: `write` makes one of an event, `fail` one of an error."""
    turns.check()
    frames = _frames(start, turns, write, fail, keep_alive)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def frame(kind: str, value: object) -> bytes:
    """One event; JSON has no raw line breaks, so that one data line holds it."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(value))


def _event(event: Kinded) -> bytes:
    return frame(event.kind, event)


def _problem(error: Exception) -> bytes:
    return frame("problem", problem_of(error))


async def _frames(
    start: Callable[[], Iterator[E]], turns: Turns, write: Callable[[E], bytes],
    fail: Callable[[Exception], bytes], keep_alive: float,
) -> AsyncIterator[bytes]:  # fmt: skip
    making = Making(start, turns, write=write, fail=fail)
    try:
        while True:
            try:
                piece = await asyncio.wait_for(making.made.get(), keep_alive)
            except TimeoutError:
                piece = b": still here\n\n"
            if piece is None:
                return
            yield piece
    finally:
        making.leave()


class Making(Generic[E, T]):
    """One iterator under way in a thread; `made` ends with None. To be made on the event loop."""

    def __init__(
        self, start: Callable[[], Iterator[E]], turns: Turns, *, write: Callable[[E], T],
        fail: Callable[[Exception], T],
    ) -> None:  # fmt: skip
        self.made: asyncio.Queue[T | None] = asyncio.Queue()
        self._write, self._fail = write, fail
        self._loop = asyncio.get_running_loop()
        self._gone = threading.Event()
        self._has_turn = False
        self._task = self._loop.create_task(self._make(start, turns))

    def leave(self) -> None:
        """Nobody reads any more: give up the place in the queue, or end after the step under way.

        A turn that has begun is held until its thread is free.
        """
        self._gone.set()
        if not self._has_turn:
            self._task.cancel()

    async def _make(self, start: Callable[[], Iterator[E]], turns: Turns) -> None:
        try:
            async with turns.turn():
                self._has_turn = True
                await turns.work(partial(_work, start, self._gone, self._put))
        except Exception as error:  # noqa: BLE001 - the status line is sent: the problem goes as an event
            self.made.put_nowait(self._fail(error))
        self.made.put_nowait(None)

    def _put(self, event: E) -> None:
        piece = self._write(event)
        with suppress(RuntimeError):  # the loop has ended: the server stops
            self._loop.call_soon_threadsafe(self.made.put_nowait, piece)


def _work(start: Callable[[], Iterator[E]], gone: threading.Event, put: Callable[[E], None]) -> None:
    """Run the iterator to its end, an error, or the reader's leaving."""
    if gone.is_set():
        return
    with _closing(start()) as events:
        for event in events:
            if gone.is_set():
                return
            put(event)


@contextmanager
def _closing(events: Iterator[E]) -> Iterator[Iterator[E]]:
    """Close a generator whatever happens, so that its own clean-up runs in this thread."""
    try:
        yield events
    finally:
        if isinstance(events, Generator):
            events.close()
