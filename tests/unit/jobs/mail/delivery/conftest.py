"""Judgements, judges and connections for the tests of this folder."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable

import pytest

from icelos.findings import Verdict
from icelos.jobs.mail.delivery.pool import Busy, NotJudged
from icelos.jobs.mail.judge import Judgement
from icelos.jobs.mail.signals.signals import Signal

Made = Callable[..., Judgement]


@pytest.fixture
def made() -> Made:
    """A judgement of weights, with verdicts at 0.5 and 0.9."""

    def make(*weights: float, bias: float = -4.0, **more: object) -> Judgement:
        score = 1 / (1 + math.exp(-(bias + sum(weights))))
        verdict = Verdict.ALERT if score >= 0.9 else Verdict.REVIEW if score >= 0.5 else Verdict.CLEAR
        symbols = tuple(
            Signal(f"sign-{n}", weight, f"it shows sign {n}", "body", f"words {n}")
            for n, weight in enumerate(weights)
        )
        given = {
            "score": score,
            "verdict": verdict,
            "symbols": symbols,
            "sentence": "It shows signs.",
            "bias": bias,
        }
        return Judgement(**{**given, **more})  # type: ignore[arg-type]

    return make


class Answering:
    """Judges without a process: by a function, which may raise NotJudged."""

    def __init__(self, answer: Callable[[bytes], Judgement]) -> None:
        self.seen: list[bytes] = []
        self._answer = answer

    async def judge(self, raw: bytes) -> Judgement:
        self.seen.append(raw)
        await asyncio.sleep(0)
        return self._answer(raw)


@pytest.fixture
def by_words(made: Made) -> Answering:
    """Mail with "lure" is an alert, with "odd" for review; "crash" and "flood" are not judged."""

    def answer(raw: bytes) -> Judgement:
        if b"flood" in raw:
            raise Busy("too many")
        if b"crash" in raw:
            raise NotJudged("the judge crashed\r\nX-Spam-Flag: YES")
        return made(*((5.0, 3.0) if b"lure" in raw else (4.5,) if b"odd" in raw else ()))

    return Answering(answer)


Talk = Callable[[Callable[[socket.socket], Awaitable[None]], bytes], bytes]


@pytest.fixture
def talk() -> Talk:
    """Send bytes to a server over one connection, end the sending, and return all that it answers."""

    async def one(serve: Callable[[socket.socket], Awaitable[None]], sent: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        serving: asyncio.Future[None] = asyncio.ensure_future(serve(theirs))
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            writer.write(sent)
            writer.write_eof()
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
            await asyncio.gather(serving, return_exceptions=True)
            theirs.close()

    return lambda serve, sent: asyncio.run(one(serve, sent))
