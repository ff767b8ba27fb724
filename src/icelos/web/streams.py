"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from a sync iterator.

Each event is `event: KIND`, one `data:` line of JSON and a blank line; a comment line keeps a silent
connection alive. The iterator runs in one thread of its own and is closed after its current step when
the reader goes away, so that nobody works for an answer that nobody reads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import msgspec
from fastapi.responses import StreamingResponse

from icelos.web.problems import problem_of

KEEP_ALIVE = 10.0
"""Seconds of silence before a comment line."""
STREAMS = 8
"""Answers made at once; further questions wait their turn."""


class Kinded(Protocol):
    """An event with its kind."""

    @property
    def kind(self) -> str: ...


def respond(
    start: Callable[[], Iterator[Kinded]], turns: threading.Semaphore, *, keep_alive: float = KEEP_ALIVE
) -> StreamingResponse:
    """A streamed answer. `turns` bounds how many are made at once."""
    frames = _frames(start, turns, keep_alive)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def frame(kind: str, value: object) -> bytes:
    """One event; JSON has no raw line breaks, so that one data line holds it."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(value))


async def _frames(
    start: Callable[[], Iterator[Kinded]], turns: threading.Semaphore, keep_alive: float
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    frames: asyncio.Queue[bytes | None] = asyncio.Queue()
    gone = threading.Event()

    def put(piece: bytes | None) -> None:
        with suppress(RuntimeError):  # the loop has ended: the server stops
            loop.call_soon_threadsafe(frames.put_nowait, piece)

    threading.Thread(target=_work, args=(start, turns, gone, put), name="answer", daemon=True).start()
    try:
        while True:
            try:
                piece = await asyncio.wait_for(frames.get(), keep_alive)
            except TimeoutError:
                piece = b": still here\n\n"
            if piece is None:
                return
            yield piece
    finally:
        gone.set()


def _work(
    start: Callable[[], Iterator[Kinded]],
    turns: threading.Semaphore,
    gone: threading.Event,
    put: Callable[[bytes | None], None],
) -> None:
    """Run the iterator to its end, an error, or the reader's leaving."""
    while not turns.acquire(timeout=0.5):
        if gone.is_set():
            return
    try:
        with _closing(start()) as events:
            for event in events:
                if gone.is_set():
                    return
                put(frame(event.kind, event))
    except Exception as error:  # noqa: BLE001 - the status line is sent: the problem goes as an event
        put(frame("problem", problem_of(error)))
    finally:
        turns.release()
        put(None)


@contextmanager
def _closing(events: Iterator[Kinded]) -> Iterator[Iterator[Kinded]]:
    """Close a generator whatever happens, so that its own clean-up runs in this thread."""
    try:
        yield events
    finally:
        if isinstance(events, Generator):
            events.close()
