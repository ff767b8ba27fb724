"""Gates: figures that may rise and never fall.

A gate is a JSON file of {"set/measure": least value}. `check` names every figure that is below, or
missing; `raised` gives the file's new content when the figures have become better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec

from icelos.errors import InputError

SLACK = 0.0005
"""Figures are rounded to four places; half a unit of the third does not count as a fall."""


def load(path: Path) -> dict[str, float]:
    """The least values. Raises InputError where the file is unreadable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float])
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"cannot read the gate: {error}", source=str(path)) from error


def check(figures: Mapping[str, float], least: Mapping[str, float], *, slack: float = SLACK) -> list[str]:
    """What is wrong, one line a figure; empty where every gate holds."""
    wrong = []
    for name, bar in least.items():
        value = figures.get(name)
        if value is None:
            wrong.append(f"{name}: not measured, must be at least {bar}")
        elif math.isnan(value) or value < bar - slack:
            wrong.append(f"{name}: {value:.4f}, must be at least {bar}")
    return wrong


def raised(figures: Mapping[str, float], least: Mapping[str, float]) -> dict[str, float]:
    """The gate with every bar lifted to what has now been reached, rounded down to three places."""
    return {
        name: max(bar, math.floor(figures[name] * 1000) / 1000) if name in figures else bar
        for name, bar in least.items()
    }
