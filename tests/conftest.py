"""What every test runs under: no model call may leave this machine, and no settings leak in."""

from __future__ import annotations

import os

import pytest

from icelos.llm import client


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real model calls raise; ICELOS_ variables of the developer's shell are gone, ICELOS_DATA excepted."""
    monkeypatch.setattr(client, "NO_NETWORK", True)
    for variable in [name for name in os.environ if name.startswith("ICELOS_") and name != "ICELOS_DATA"]:
        monkeypatch.delenv(variable)
