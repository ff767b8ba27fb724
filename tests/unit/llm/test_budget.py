"""Budgets stop before a call, say which bound and how much, and count right from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from icelos.contracts import Usage
from icelos.errors import BudgetError
from icelos.llm.budget import DAY, Budget, Spent
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


class Clock:
    """Time that passes when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_servers_budget_comes_back_when_its_window_ends() -> None:
    clock = Clock()
    budget = Budget(calls=2, seconds=10, window=DAY, clock=clock)
    clock.now += 5 * DAY  # the window begins with the first call, not with the server
    budget.start()
    clock.now += 3600
    budget.start()
    budget.charge(Usage(5, 5, 4.0))
    assert budget.seconds_left() == 6
    with pytest.raises(BudgetError, match="2 of 2, for another 23 h 0 min"):
        budget.start()
    clock.now += DAY - 3600
    assert (budget.spent, budget.seconds_left()) == (Spent(), 10)
    budget.start()
    assert budget.spent.calls == 1


def test_what_ends_in_the_next_window_is_charged_there() -> None:
    clock = Clock()
    budget = Budget(tokens=10, window=60, clock=clock)
    budget.start()
    clock.now += 61
    budget.charge(Usage(8, 4))
    assert budget.spent.tokens == 12
    with pytest.raises(BudgetError):
        budget.start()
    clock.now += 61
    budget.start()


def test_the_budget_of_a_run_never_comes_back() -> None:
    clock = Clock()
    budget = Budget(calls=1, clock=clock)
    budget.start()
    clock.now += 1000 * DAY
    with pytest.raises(BudgetError, match="1 of 1 "):
        budget.start()


def test_a_window_is_asked_for() -> None:
    assert Budget.of(LLMSettings(max_calls=1)).window == 0
    assert Budget.of(LLMSettings(max_calls=1), window=DAY).window == DAY
