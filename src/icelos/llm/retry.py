"""When to try again: Retry-After where the server says, else exponential back-off with full jitter.

Full jitter: a uniform draw between 0 and min(cap, base * 2**attempt), after M. Brooker, "Exponential
Backoff And Jitter", AWS Architecture Blog, 2015. Retry-After: RFC 9110, section 10.2.3.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

from icelos.errors import ModelError
from icelos.llm.cancel import pause

BASE_S = 0.5
CAP_S = 30.0
T = TypeVar("T")


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds that the server asks to wait, from Retry-After as seconds or as an HTTP date.

    None where it does not say, or says it in a way that cannot be read. `now` is seconds since 1970.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _until(value, time.time() if now is None else now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, OverflowError, TypeError):
        return None


def backoff(attempt: int, asked: float | None) -> float:
    """Seconds to wait after failed try number `attempt` (from 0); never shorter than was asked for."""
    jitter = random.uniform(0, min(CAP_S, BASE_S * 2 ** min(attempt, 16)))  # noqa: S311 - not a secret
    return jitter if asked is None else asked + min(jitter, BASE_S)


def retrying(call: Callable[[float], T], *, retries: int, deadline: float) -> T:
    """`call(seconds left)` until it succeeds, fails for good, or has had `retries` further tries.

    `deadline` is on the clock of time.monotonic(). Raises the last ModelError, at once where the wait
    would pass the deadline.
    """
    attempt = 0
    while True:
        try:
            return call(deadline - time.monotonic())
        except ModelError as error:
            wait = backoff(attempt, getattr(error, "retry_after", None))
            if not error.retryable or attempt >= retries or time.monotonic() + wait >= deadline:
                raise
        attempt += 1
        pause(wait)
