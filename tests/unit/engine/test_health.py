"""Health turns red when the loop stalls and when the sink fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icelos.engine.health import Health
from icelos.engine.run import Report

REPORT = Report(job="logs")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(stalled_after=10, clock=clock)


def test_from_beginning_to_end(health: Health, clock: Clock) -> None:
    assert (health.alive(), health.ready()) == ("ok", "starting")
    clock.now += 1000
    assert health.alive() == "ok", "models may take their time to load"
    health.began(REPORT, engine="inline")
    assert health.ready() == "ready"
    health.draining()
    assert (health.alive(), health.ready()) == ("ok", "draining")
    health.ended(REPORT)
    clock.now += 1000
    assert (health.alive(), health.ready()) == ("ok", "ended")


def test_a_loop_that_says_nothing_has_stalled(health: Health, clock: Clock) -> None:
    health.began(REPORT, engine="inline")
    clock.now += 10.1
    assert (health.alive(), health.ready()) == ("stalled", "stalled")
    health.stored(REPORT, 0.1)
    assert (health.alive(), health.ready()) == ("ok", "ready")


def test_a_drain_that_says_nothing_has_stalled(health: Health, clock: Clock) -> None:
    health.began(REPORT, engine="inline")
    health.draining()
    clock.now += 10.1
    assert health.alive() == "stalled"


def test_every_word_from_the_loop_counts(health: Health, clock: Clock) -> None:
    health.began(REPORT, engine="inline")
    words: list[Callable[[], None]] = [
        lambda: health.scored([], 0.1),
        lambda: health.stored(REPORT, 0.1),
        lambda: health.checkpointed(0.1, 10),
        lambda: health.lagging(3),
        health.worker_died,
        health.waiting,
    ]
    for tell in words:
        clock.now += 9
        tell()
        assert health.alive() == "ok"


def test_a_sink_that_fails_is_alive_and_not_ready(health: Health, clock: Clock) -> None:
    health.began(REPORT, engine="inline")
    health.sink_failed(OSError("down"), again_in=60)
    clock.now += 65
    assert (health.alive(), health.ready()) == ("ok", "sink")
    clock.now += 10
    assert health.alive() == "stalled", "the next try should have been over by now"
    health.stored(REPORT, 0.1)
    assert health.ready() == "ready"
