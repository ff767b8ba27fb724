from __future__ import annotations

import re
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from icelos.errors import InputError
from icelos.jobs.logs.loss_plot import POINTS, plot_loss, svg

HEAD = "step,tokens,seconds,loss,learning_rate\n"


def points(text: str) -> list[tuple[float, float]]:
    found = re.search(r' points="([^"]+)"', text)
    assert found is not None
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found[1].split())]


def test_a_falling_loss_falls(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.csv"
    metrics.write_text(HEAD + "".join(f"{n},{n},1,{9 - n},0.1\n" for n in range(1, 9)))
    plot_loss(metrics, tmp_path / "loss.svg")
    text = (tmp_path / "loss.svg").read_text()
    fromstring(text)
    line = points(text)
    assert len(line) == 8
    assert line == sorted(line)
    assert "1.000 nats a token at step 8" in text


def test_long_runs_are_averaged_and_losses_that_are_no_numbers_left_out(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.csv"
    rows = [f"{n},{n},1,{'nan' if n % 7 == 0 else 2.0},0.1\n" for n in range(1, 5000)]
    metrics.write_text(HEAD + "".join(rows))
    plot_loss(metrics, tmp_path / "loss.svg")
    line = points((tmp_path / "loss.svg").read_text())
    assert POINTS / 2 < len(line) <= POINTS
    assert len({y for _, y in line}) == 1


def test_titles_are_escaped() -> None:
    text = svg([(1, 2.0)], title="<script>&")
    assert "<script>" not in text
    fromstring(text)


@pytest.mark.parametrize("content", ["", HEAD, "a,b\n1,2\n", HEAD + "1,1,1,x,1\n", HEAD + "1\n"])
def test_what_is_no_metrics_is_a_clear_error(content: str, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.csv"
    metrics.write_text(content)
    with pytest.raises(InputError, match=r"metrics\.csv"):
        plot_loss(metrics, tmp_path / "loss.svg")
