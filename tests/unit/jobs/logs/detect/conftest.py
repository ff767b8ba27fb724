"""A small organisation's log and detectors of it, made once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.model import Detector, Scale, lightgbm
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.whatif.scenario import named

SCENARIOS = ["impossible-travel", "password-spray", "device-code", "token-theft"]


def blind(detector: Detector) -> Detector:
    """The same, but for trees that know nothing: what they tell is noise, louder than all else."""
    rng = np.random.default_rng(7)
    features = rng.normal(size=(4000, len(detector.settings.features)))
    library = lightgbm()
    noise = library.Dataset(features, rng.integers(0, 2, 4000), params={"verbose": -1})
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1, "deterministic": True}
    trees = library.train(parameters, noise, num_boost_round=40).model_to_string()
    settings = msgspec.structs.replace(detector.settings, trees=Scale(0.0, 0.01))
    found = Detector(settings, trees, Behaviour(settings.layout))
    found.behaviour.restore(detector.behaviour.snapshot())
    return found


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine days of ten people, a weekend among them."""
    path = tmp_path_factory.mktemp("log") / "signins.jsonl"
    simulate(path, rows=6500, users=10, seed=5, workers=1)
    return path


@pytest.fixture(scope="session")
def trained(log: Path) -> Path:
    """The folder of a detector of it, which tests must not change."""
    folder = log.parent / "trained"
    train(str(log), named(SCENARIOS), Options(episodes=4, budget=2)).save(folder)
    return folder
