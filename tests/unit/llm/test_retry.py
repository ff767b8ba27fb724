"""When and how often to try again."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import ModelError
from icelos.llm import retry


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
    ],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry.retry_after({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    now = 1_700_000_000.0
    assert retry.retry_after({"retry-after": formatdate(now + 90, usegmt=True)}, now=now) == 90
    assert retry.retry_after({"retry-after": formatdate(now - 90, usegmt=True)}, now=now) == 0
    assert retry.retry_after({}) is None


@given(st.text(max_size=60))
def test_any_retry_after_is_read_or_ignored(value: str) -> None:
    seconds = retry.retry_after({"retry-after": value}, now=0.0)
    assert seconds is None or seconds >= 0


def test_backoff_is_full_jitter_below_a_growing_cap() -> None:
    for attempt, cap in [(0, 0.5), (1, 1.0), (3, 4.0), (10, 30.0), (10_000, 30.0)]:
        draws = [retry.backoff(attempt, None) for _ in range(200)]
        assert 0 <= min(draws) < 0.3 * cap
        assert 0.7 * cap < max(draws) <= cap


def test_backoff_is_never_shorter_than_asked() -> None:
    assert all(5 <= retry.backoff(attempt, 5.0) <= 5.5 for attempt in range(10))


def _failing(times: int, *, retryable: bool = True) -> tuple[list[float], Callable[[float], str]]:
    tries: list[float] = []

    def call(left: float) -> str:
        tries.append(left)
        if len(tries) <= times:
            raise ModelError(f"failure {len(tries)}", retryable=retryable)
        return "done"

    return tries, call


@pytest.mark.usefixtures("quick")
def test_tries_until_it_works() -> None:
    tries, call = _failing(2)
    assert retry.retrying(call, retries=2, deadline=time.monotonic() + 5) == "done"
    assert len(tries) == 3
    assert tries == sorted(tries, reverse=True), "less time is left each time"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("retries", "retryable", "tried"), [(2, True, 3), (0, True, 1), (5, False, 1)])
def test_gives_up_with_the_last_error(retries: int, retryable: bool, tried: int) -> None:
    tries, call = _failing(99, retryable=retryable)
    with pytest.raises(ModelError, match=f"failure {tried}"):
        retry.retrying(call, retries=retries, deadline=time.monotonic() + 5)
    assert len(tries) == tried


def test_no_wait_past_the_deadline() -> None:
    tries, call = _failing(99)
    with pytest.raises(ModelError):
        retry.retrying(call, retries=9, deadline=time.monotonic())
    assert len(tries) == 1
