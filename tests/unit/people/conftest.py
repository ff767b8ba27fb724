"""Users on a quick hash, and a clock that the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from icelos.people.passwords import Passwords
from icelos.people.store import People


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quick() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def people(tmp_path: Path, clock: Clock, quick: PasswordHasher) -> Iterator[People]:
    with People(tmp_path / "people.sqlite", clock=clock, hashing=Passwords(quick)) as opened:
        yield opened
