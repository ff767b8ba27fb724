from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from icelos.evaluate.metrics import estimate
from icelos.evaluate.report import Report, cells, markdown, row, write


def made() -> Report:
    return Report(
        name="Retrieval",
        rows=(
            row("a", "R@1", estimate([1.0, 1.0]), bar=0.9),
            row("b", "R@1", estimate([1.0, 0.0]), baseline=0.6),
        ),
        about={"encoder": "none"},
        made=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_a_figure_below_its_bar_or_its_baseline_is_not_met() -> None:
    report = made()
    assert [one.met for one in report.rows] == [True, False]
    assert not report.met
    assert report.figures() == {"a/R@1": 1.0, "b/R@1": 0.5}
    assert list(cells(report))[1][-1] == "NO"


def test_reports_are_written_by_suffix(tmp_path: Path) -> None:
    write(made(), tmp_path / "r.md")
    write(made(), tmp_path / "r.json")
    assert (tmp_path / "r.md").read_text() == markdown(made())
    assert json.loads((tmp_path / "r.json").read_text())["rows"][1]["baseline"] == 0.6
    assert "| b | R@1 | 0.500 |" in (tmp_path / "r.md").read_text()
