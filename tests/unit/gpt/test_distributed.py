from __future__ import annotations

import pytest

from icelos.errors import InputError
from icelos.gpt.distributed import Ranks, joined


def test_one_process_agrees_with_itself() -> None:
    ranks = Ranks()
    assert ranks.first
    assert ranks.agreed(1.0, 2.5) == (1.0, 2.5)
    assert ranks.summed(3.0) == 3.0


def test_what_the_first_process_does_may_fail() -> None:
    done: list[int] = []
    Ranks().first_does(lambda: done.append(1))
    assert done == [1]

    def fail() -> None:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        Ranks().first_does(fail)


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with joined() as ranks:
        assert (ranks.rank, ranks.world) == (0, 1)
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(InputError, match="must be numbers"), joined():
        pass
