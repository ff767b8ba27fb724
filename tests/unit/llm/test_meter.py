"""What a process has used of models: over budgets and windows, cached and failed replies, many threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from icelos.contracts import Message, Reply, Tool, Usage
from icelos.errors import BudgetError, ModelError
from icelos.llm.budget import DAY, Budget
from icelos.llm.cache import ReplyCache
from icelos.llm.door import Door
from icelos.llm.meter import PROCESS, Meter, Used, counted

ASKED = [Message("user", "Hello")]


class Model:
    """Answers, raises, or streams, as told."""

    name = "model"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        if self.error:
            raise self.error
        return Reply("Hi")

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        yield from ("H", "i")


def test_budgets_share_it_and_a_new_window_does_not_empty_it() -> None:
    meter, now = Meter(), [0.0]
    day = Budget(window=DAY, clock=lambda: now[0], meter=meter)
    run = Budget(meter=meter)
    for budget in (day, run):
        budget.start()
        budget.charge(Usage(10, 5, 0.5, 0.25))
    now[0] = DAY + 1
    day.start()
    day.charge(Usage(1, 1, 0.5, 0.5))
    assert day.spent.calls == 1
    assert meter.used == Used(3, Usage(21, 11, 1.5, 1.0))


def test_what_a_budget_refuses_is_not_sent() -> None:
    meter = Meter()
    budget = Budget(calls=1, meter=meter)
    budget.start()
    with pytest.raises(BudgetError):
        budget.start()
    assert meter.used.calls == 1


def test_replies_by_their_outcome(tmp_path: Path) -> None:
    meter = Meter()
    cache = ReplyCache(tmp_path / "replies.sqlite", max_bytes=2**20)
    door = Door(Model(), setting={}, redact=False, cache=cache, meter=meter)
    door.reply(ASKED)
    door.reply(ASKED)
    for error in (ModelError("down"), BudgetError("used up")):
        with pytest.raises(ModelError):
            Door(Model(error), setting={}, redact=False, meter=meter).reply(ASKED)
    stream = Door(Model(), setting={}, redact=False, meter=meter).stream(ASKED)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert meter.used.replies == {"ok": 1, "cached": 1, "failed": 1, "budget": 1, "given up": 1}
    door.close()


def test_no_count_is_lost_between_threads() -> None:
    meter = Meter()

    def one(_: int) -> None:
        meter.sent()
        meter.charge(Usage(1, 2, 0.5, 0.25))
        meter.replied()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(2000)))
    assert meter.used == Used(2000, Usage(2000, 4000, 1000.0, 500.0), {"ok": 2000})


def test_the_part_of_a_thread_is_counted_apart() -> None:
    with counted() as part:
        PROCESS.charge(Usage(3, 2))
        other = threading.Thread(target=PROCESS.charge, args=(Usage(100, 100),))
        other.start()
        other.join()
    PROCESS.charge(Usage(1, 1))
    assert part.used.usage == Usage(3, 2)
