from __future__ import annotations

from pathlib import Path

from icelos.gpt.metrics import Metrics


def test_a_resumed_run_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    metrics = Metrics(path, upto=0)
    for step in range(1, 6):
        metrics.add(step, step * 10, step / 2, 3.0, 0.001)
    metrics.write()
    with path.open("a") as file:
        file.write("6,60")  # torn
    again = Metrics(path, upto=3)
    again.add(4, 40, 2.0, 2.5, 0.001)
    again.write()
    lines = path.read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "1", "2", "3", "4"]
    assert lines[-1] == "4,40,2.000,2.500000,0.00100000"


def test_a_new_run_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step\n1,1,1,1,1\n")
    Metrics(path, upto=0).write()
    assert len(path.read_text().splitlines()) == 1
