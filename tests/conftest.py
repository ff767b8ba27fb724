"""What every test runs under: no model call may leave this machine, and no settings leak in."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy is imported: there is a core for each worker
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest

from icelos.llm import client

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("exploring", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real model calls raise; ICELOS_ variables of the developer's shell are gone, ICELOS_DATA excepted."""
    monkeypatch.setattr(client, "NO_NETWORK", True)
    for variable in [name for name in os.environ if name.startswith("ICELOS_") and name != "ICELOS_DATA"]:
        monkeypatch.delenv(variable)


@pytest.fixture(scope="session")
def images() -> ModuleType:
    """`tests/images.py`, small image archives: tests are no package, so it is loaded here."""
    specification = importlib.util.spec_from_file_location("images", Path(__file__).with_name("images.py"))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
