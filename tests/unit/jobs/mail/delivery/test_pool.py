from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from icelos.errors import RunError
from icelos.jobs.mail.delivery.policy import Policy
from icelos.jobs.mail.delivery.pool import Busy, NotJudged, Pool
from icelos.jobs.mail.delivery.worker import Orders
from icelos.jobs.mail.judge import Judgement
from icelos.settings import MailSettings

JUDGE = """
import os, signal, time
from icelos.findings import Verdict
from icelos.jobs.mail.judge import Judgement

class Made:
    def __init__(self, settings):
        self.settings = settings
    def judge(self, raw):
        if raw == b"hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, [])
            while True:
                time.sleep(60)
        if raw == b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if raw == b"large":
            bytearray(1 << 30)
        if raw == b"wait":
            time.sleep(0.5)
        return Judgement(score=0.5, verdict=Verdict.REVIEW, symbols=(), sentence=str(os.getpid()))

def broken(settings):
    raise OSError("no model")
"""


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Orders]:
    """Orders for a judge of a module that the processes find."""
    (tmp_path / "a_judge_for_tests.py").write_text(JUDGE)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(attribute: str = "Made", *, deadline_s: float = 5.0) -> Orders:
        return Orders(
            judge=f"a_judge_for_tests:{attribute}", settings=MailSettings(), policy=Policy(),
            deadline_s=deadline_s, memory_mib=256,
        )  # fmt: skip

    return make


def within(
    orders: Orders, check: Callable[[Pool], Awaitable[None]], *, workers: int = 1, waiting: int = 9
) -> None:
    async def run() -> None:
        pool = Pool(orders, workers=workers, waiting=waiting, patience_s=3.0)
        await pool.start()
        try:
            await check(pool)
        finally:
            await pool.stop()

    asyncio.run(run())


def test_many_mails_share_few_processes(orders: Callable[..., Orders]) -> None:
    async def check(pool: Pool) -> None:
        found = await asyncio.gather(*(pool.judge(b"mail") for _ in range(9)))
        assert {one.score for one in found} == {0.5}
        assert len({one.sentence for one in found}) == 2
        assert str(os.getpid()) not in {one.sentence for one in found}

    within(orders(), check, workers=2)


def test_a_mail_that_hangs_crashes_or_is_too_large_harms_no_other(orders: Callable[..., Orders]) -> None:
    async def check(pool: Pool) -> None:
        start = time.monotonic()
        for raw in (b"hang", b"crash"):
            with pytest.raises(NotJudged, match="crashed, or took more than"):
                await pool.judge(raw)
            assert (await pool.judge(b"mail")).score == 0.5
        with pytest.raises(NotJudged, match="failed: MemoryError"):
            await pool.judge(b"large")
        assert (await pool.judge(b"mail")).score == 0.5
        assert time.monotonic() - start < 10

    within(orders(deadline_s=0.3), check)


def test_too_many_that_wait_are_told_so(orders: Callable[..., Orders]) -> None:
    async def check(pool: Pool) -> None:
        found = await asyncio.gather(*(pool.judge(b"wait") for _ in range(5)), return_exceptions=True)
        busy = [one for one in found if isinstance(one, Busy)]
        assert len(busy) == 2
        assert str(busy[0]) == "too many messages wait to be judged"

    within(orders(), check, workers=2, waiting=1)


def test_the_process_that_forks_is_started_again(orders: Callable[..., Orders]) -> None:
    async def check(pool: Pool) -> None:
        assert pool.nursery is not None
        first = pool.nursery
        os.kill(first, signal.SIGKILL)
        with pytest.raises(NotJudged):
            await pool.judge(b"crash")
        found: Judgement | None = None
        for _ in range(3):
            try:
                found = await pool.judge(b"mail")
            except NotJudged:
                continue
        assert found is not None
        assert pool.nursery not in {None, first}

    within(orders(), check)


def test_a_judge_that_cannot_be_loaded_is_told(
    orders: Callable[..., Orders], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RunError, match="could not be loaded"):
        within(orders("broken"), lambda pool: asyncio.sleep(0))
    assert "no model" in capfd.readouterr().err


def test_no_process_is_left(orders: Callable[..., Orders]) -> None:
    seen: list[int] = []

    async def check(pool: Pool) -> None:
        seen.append(int((await pool.judge(b"mail")).sentence))
        seen.append(pool.nursery or 0)

    within(orders(), check)
    until = time.monotonic() + 5
    while any(Path(f"/proc/{number}").exists() for number in seen) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{number}").exists() for number in seen)
