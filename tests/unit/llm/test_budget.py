"""Budgets stop before a call, say which bound and how much, and count right from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from icelos.contracts import Usage
from icelos.errors import BudgetError
from icelos.llm.budget import Budget, Spent
from icelos.settings import LLMSettings


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ({"calls": 1}, "calls is used up: 1 of 1 (raise llm.max_calls"),
        ({"tokens": 10}, "tokens is used up: 12 of 10 (raise llm.max_tokens"),
        ({"seconds": 0.5}, "seconds is used up: 0.75 of 0.5 (raise llm.max_seconds"),
        ({"cost": 0.01}, "cost is used up: 0.02 of 0.01 (raise llm.max_cost"),
    ],
)
def test_each_bound_stops_the_next_call(bound: dict[str, float], message: str) -> None:
    budget = Budget(**bound)  # type: ignore[arg-type]
    budget.start()
    budget.charge(Usage(8, 4, 0.75, 0.02))
    with pytest.raises(BudgetError) as error:
        budget.start()
    assert message in str(error.value)
    assert error.value.exit_code == 4
    assert budget.spent == Spent(1, 12, 0.75, 0.02)


def test_no_bound_never_stops() -> None:
    budget = Budget()
    for _ in range(100):
        budget.start()
        budget.charge(Usage(10**6, 10**6, 1e6, 1e6))
    assert budget.seconds_left() is None


def test_bounds_come_from_the_settings() -> None:
    budget = Budget.of(LLMSettings(max_calls=1, max_tokens=2, max_seconds=3, max_cost=4))
    assert budget.limit == Spent(1, 2, 3, 4)
    budget.charge(Usage(0, 0, 5.0))
    assert budget.seconds_left() == 0


def test_calls_never_exceed_their_bound_from_many_threads() -> None:
    budget = Budget(calls=50)

    def one(_: int) -> bool:
        try:
            budget.start()
        except BudgetError:
            return False
        budget.charge(Usage(1, 1, 0.0, 0.0))
        return True

    with ThreadPoolExecutor(8) as pool:
        started = sum(pool.map(one, range(200)))
    assert (started, budget.spent.calls, budget.spent.tokens) == (50, 50, 100)
