"""One tiny model of simulated sign-ins for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.training import train_on


@pytest.fixture(scope="session")
def signins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "signins.jsonl.gz"
    simulate(path, rows=400, users=10, seed=5)
    return path


@pytest.fixture(scope="session")
def model(signins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "signins"
    train_on(str(signins), path, given={"size": "pico", "steps": 40, "held_out": 0.1})
    return path
