"""Events as they come; a reader who leaves stops the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

import pytest

from icelos.errors import StoreError
from icelos.jobs.copilot.answers import Event
from icelos.web.streams import frame, respond
from icelos.web.turns import Turns


def read(start: Callable[[], Iterator[Event]], *, most: int = 100, keep_alive: float = 5.0) -> list[bytes]:
    """The first frames of a stream; leaving early closes it, as a lost connection does."""

    async def run() -> list[bytes]:
        body = respond(start, Turns(1), keep_alive=keep_alive).body_iterator
        frames = cast("AsyncIterator[bytes]", body)
        found: list[bytes] = []
        async for piece in frames:
            found.append(piece)
            if len(found) == most:
                break
        await frames.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(run())


def test_events_come_in_order() -> None:
    def start() -> Iterator[Event]:
        yield Event(kind="status", text="searching")
        yield Event(kind="answer", text="two\nlines")

    frames = read(start)
    assert [piece.split(b"\n")[0] for piece in frames] == [b"event: status", b"event: answer"]
    assert all(piece.count(b"\n") == 3 and piece.endswith(b"\n\n") for piece in frames)


def test_an_error_is_the_last_event() -> None:
    def start() -> Iterator[Event]:
        yield Event(kind="status")
        raise StoreError("disk full")

    frames = read(start)
    assert frames[-1].startswith(b"event: problem\n")
    assert b"disk full" in frames[-1]


def test_silence_is_filled_with_comments() -> None:
    go = threading.Event()

    def start() -> Iterator[Event]:
        go.wait(10)
        yield Event(kind="answer")

    assert read(start, most=2, keep_alive=0.02) == [b": still here\n\n"] * 2
    go.set()


def test_leaving_stops_the_work() -> None:
    closed = threading.Event()
    steps: list[int] = []

    def start() -> Iterator[Event]:
        try:
            for number in range(10_000):
                steps.append(number)
                threading.Event().wait(0.002)
                yield Event(kind="status", text=str(number))
        finally:
            closed.set()

    read(start, most=2)
    assert closed.wait(5)
    assert len(steps) < 1000


@pytest.mark.parametrize("text", ["a\nb", "\u2028", "é\r\n"])
def test_a_frame_is_one_event_whatever_the_text(text: str) -> None:
    piece = frame("sentence", Event(kind="sentence", text=text))
    assert piece.count(b"\n") == 3
    assert b"\r" not in piece


def test_those_that_wait_take_no_thread_and_leave_nothing_behind() -> None:
    go, made = threading.Event(), list[int]()

    def start() -> Iterator[Event]:
        made.append(1)
        go.wait(10)
        yield Event(kind="answer")

    async def run() -> tuple[int, int]:
        turns = Turns(2)
        bodies = [cast("AsyncIterator[bytes]", respond(start, turns).body_iterator) for _ in range(100)]
        first = [asyncio.ensure_future(anext(body)) for body in bodies]
        while len(made) < 2:
            await asyncio.sleep(0.001)
        threads = threading.active_count()
        for task in first[2:]:  # the other 98 hang up
            task.cancel()
        await asyncio.gather(*first[2:], return_exceptions=True)
        go.set()
        assert all(b"event: answer" in piece for piece in await asyncio.gather(*first[:2]))
        last = cast("AsyncIterator[bytes]", respond(start, turns).body_iterator)
        assert b"event: answer" in await anext(last)
        for body in (*bodies, last):
            await body.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)
        return threads, len(asyncio.all_tasks())

    before = threading.active_count()
    threads, tasks = asyncio.run(run())
    assert threads - before <= 2
    assert tasks == 1
    assert len(made) == 3


def test_a_turn_is_held_until_its_thread_is_free() -> None:
    go, begun = threading.Event(), threading.Event()

    def start() -> Iterator[Event]:
        yield Event(kind="status")
        begun.set()
        go.wait(10)
        yield Event(kind="answer")

    async def run() -> None:
        turns = Turns(1, seconds=0.05)
        body = cast("AsyncIterator[bytes]", respond(start, turns).body_iterator)
        await anext(body)
        await asyncio.to_thread(begun.wait, 10)
        await body.aclose()  # type: ignore[attr-defined]
        late = cast("AsyncIterator[bytes]", respond(start, turns).body_iterator)
        assert b'"status":503' in await anext(late)
        await late.aclose()  # type: ignore[attr-defined]
        go.set()

    asyncio.run(run())
