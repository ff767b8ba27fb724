"""Who waits, in which order, and who is sent away."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fastapi import HTTPException

from icelos.web.turns import Turns


async def taken(turns: Turns, order: list[int], number: int, go: asyncio.Event) -> None:
    async with turns.turn():
        order.append(number)
        await go.wait()


def test_turns_come_in_order_and_no_more_than_so_many_at_once() -> None:
    async def run() -> None:
        turns, order, go = Turns(2), list[int](), asyncio.Event()
        tasks = [asyncio.create_task(taken(turns, order, number, go)) for number in range(6)]
        await asyncio.sleep(0.01)
        assert order == [0, 1]
        go.set()
        await asyncio.gather(*tasks)
        assert order == list(range(6))

    asyncio.run(run())


def test_a_full_queue_says_when_to_come_again() -> None:
    async def run() -> None:
        turns, go = Turns(1, waiting=2), asyncio.Event()
        tasks = [asyncio.create_task(taken(turns, [], number, go)) for number in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(HTTPException) as told:
            turns.check()
        assert told.value.status_code == 503
        assert told.value.headers is not None
        assert int(told.value.headers["retry-after"]) > 0
        go.set()
        await asyncio.gather(*tasks)
        turns.check()

    asyncio.run(run())


def test_waiting_too_long_ends_and_leaves_no_place_taken() -> None:
    async def run() -> None:
        turns, go = Turns(1, seconds=0.02), asyncio.Event()
        first = asyncio.create_task(taken(turns, [], 0, go))
        await asyncio.sleep(0)
        with pytest.raises(HTTPException, match="503"):
            async with turns.turn():
                raise AssertionError("two at once")
        go.set()
        await first
        async with turns.turn():
            assert await turns.work(threading.get_ident) != threading.get_ident()

    asyncio.run(run())


def test_who_gives_up_while_waiting_loses_nobody_a_turn() -> None:
    async def run() -> None:
        turns, order, go = Turns(1), list[int](), asyncio.Event()
        tasks = [asyncio.create_task(taken(turns, order, number, go)) for number in range(3)]
        await asyncio.sleep(0.01)
        tasks[1].cancel()
        go.set()
        await asyncio.gather(tasks[0], tasks[2])
        assert order == [0, 2]

    asyncio.run(run())
