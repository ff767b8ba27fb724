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
from typing import Protocol

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


def respond(
    start: Callable[[], Iterator[Kinded]], turns: Turns, *, keep_alive: float = KEEP_ALIVE
) -> StreamingResponse:
    """A streamed answer, made when its turn comes. Raises HTTPException 503 where too many wait."""
    turns.check()
    frames = _frames(start, turns, keep_alive)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def frame(kind: str, value: object) -> bytes:
    """One event; JSON has no raw line breaks, so that one data line holds it."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(value))


async def _frames(
    start: Callable[[], Iterator[Kinded]], turns: Turns, keep_alive: float
) -> AsyncIterator[bytes]:
    making = _Making(start, turns)
    try:
        while True:
            try:
                piece = await asyncio.wait_for(making.frames.get(), keep_alive)
            except TimeoutError:
                piece = b": still here\n\n"
            if piece is None:
                return
            yield piece
    finally:
        making.leave()


class _Making:
    """One answer under way; `frames` ends with None."""

    def __init__(self, start: Callable[[], Iterator[Kinded]], turns: Turns) -> None:
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue()
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

    async def _make(self, start: Callable[[], Iterator[Kinded]], turns: Turns) -> None:
        try:
            async with turns.turn():
                self._has_turn = True
                await turns.work(partial(_work, start, self._gone, self._put))
        except Exception as error:  # noqa: BLE001 - the status line is sent: the problem goes as an event
            self.frames.put_nowait(frame("problem", problem_of(error)))
        self.frames.put_nowait(None)

    def _put(self, piece: bytes) -> None:
        with suppress(RuntimeError):  # the loop has ended: the server stops
            self._loop.call_soon_threadsafe(self.frames.put_nowait, piece)


def _work(start: Callable[[], Iterator[Kinded]], gone: threading.Event, put: Callable[[bytes], None]) -> None:
    """Run the iterator to its end, an error, or the reader's leaving."""
    if gone.is_set():
        return
    with _closing(start()) as events:
        for event in events:
            if gone.is_set():
                return
            put(frame(event.kind, event))


@contextmanager
def _closing(events: Iterator[Kinded]) -> Iterator[Iterator[Kinded]]:
    """Close a generator whatever happens, so that its own clean-up runs in this thread."""
    try:
        yield events
    finally:
        if isinstance(events, Generator):
            events.close()
