from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.evaluate.gates import check, load, raised


def test_a_fall_a_gap_and_a_nan_are_named() -> None:
    least = {"a/R@1": 0.5, "b/R@1": 0.5, "c/R@1": 0.5, "d/R@1": 0.5}
    wrong = check({"a/R@1": 0.5, "b/R@1": 0.498, "c/R@1": float("nan")}, least)
    assert [line.split(":")[0] for line in wrong] == ["b/R@1", "c/R@1", "d/R@1"]


def test_bars_only_rise() -> None:
    assert raised({"a": 0.61239, "b": 0.4}, {"a": 0.5, "b": 0.5, "c": 0.3}) == {
        "a": 0.612,
        "b": 0.5,
        "c": 0.3,
    }


def test_a_broken_gate_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "gate.json"
    path.write_text('{"a": "high"}')
    with pytest.raises(InputError, match="cannot read the gate"):
        load(path)
    path.write_text('{"a": 0.5}')
    assert load(path) == {"a": 0.5}
