"""`icelos logs detect retrain|rollback` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from icelos.cli.main import run
from icelos.jobs.logs.detect.model import load
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.detect.versions import Change, put


def table(days: range, *, users: int = 11, moved: bool = False) -> str:
    """An application's log; `moved` where everybody has another machine each time."""
    rows = ["time,user,host,action"]
    for day in days:
        for n in range(1200):
            user, hour = n * 7 % users, n // 50
            did, host = "read" if n % 3 else "write", f"pc{(n * 13 + day) % 40 if moved else user}"
            rows.append(f"2025-01-{day:02d}T{hour:02d}:{n % 60:02d}:00Z,u{user},{host},{did}")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "app.csv").write_text(table(range(1, 11)))
    (folder / "moved.csv").write_text(table(range(11, 15), moved=True))
    train(str(folder / "app.csv"), [], Options(budget=1)).save(folder / "model")
    return folder


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "model", tmp_path / "model"))


def test_retrain_says_what_was_measured_and_why(
    made: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["logs", "detect", "retrain", str(made / "app.csv"), "--model", str(model)]
    assert run(command) == 0
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("compared on 2025-01-09T00:00:00Z to 2025-01-10T") for line in said)
    assert any(line.startswith("old: recall ") for line in said)
    assert any(line.startswith("new: recall ") for line in said)
    assert said[-1].startswith("version 1 is kept: the new one finds ")
    assert run([*command, "--force", "--held-out-days", "3", "--budget", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["what"], found["in_force"], found["compared"]["days"]) == ("replaced", 2, 3)
    assert load(model).settings.calibration.budget == 2


def test_rollback_and_the_history(made: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["logs", "detect", "rollback", "--model", str(model)]
    assert run([*command, "--list"]) == 0
    assert "version 1 is in force; kept: 1" in capsys.readouterr().err
    detector = load(model)
    put(
        model,
        detector,
        Change(what="replaced", in_force=0, before=0, detector=detector.version, why="better"),
    )
    assert run(command) == 0
    assert "version 1 is in force, version 2 is kept" in capsys.readouterr().err
    assert run([*command, "--to", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["in_force"] == 2
    assert run([*command, "--list"]) == 0
    said = capsys.readouterr()
    assert [line.split("\t")[1] for line in said.out.splitlines()] == [
        "replaced",
        "rolled-back",
        "rolled-back",
    ]
    assert "version 2 is in force; kept: 1, 2" in said.err
    assert run([*command, "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["in_force"], listed["kept"], len(listed["history"])) == (2, [1, 2], 3)


def test_a_log_that_has_changed_is_told_with_what_to_do(
    made: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "logs",
        "detect",
        "score",
        "--model",
        str(model),
        "--output",
        str(tmp_path / "a.jsonl"),
        "--forget",
    ]
    assert run([*command, str(made / "moved.csv")]) == 0
    said = capsys.readouterr().err
    assert f"icelos logs detect retrain SOURCE --model {model}" in said.replace("\n", " ")
    assert "times the alerts of the rows that the threshold was set by" in said
    assert "of all scores are no longer where they were" in said
    (tmp_path / "same.csv").write_text(table(range(11, 15)))
    for source in (tmp_path / "same.csv", made / "app.csv"):
        assert run([*command, str(source)]) == 0
        assert "detect retrain" not in capsys.readouterr().err


def test_training_again_into_a_folder_keeps_what_was_there(
    made: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["logs", "detect", "train", str(made / "app.csv"), "--model", str(model), "--seed", "4"]
    assert run(command) == 0
    assert run(["logs", "detect", "rollback", "--model", str(model), "--list"]) == 0
    assert "version 2 is in force; kept: 1, 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["retrain", "app.csv", "--model", "nothing"],
        ["retrain", "app.csv", "--model", "model", "--held-out-days", "10"],
        ["retrain", "nothing.csv", "--model", "model"],
        ["rollback", "--model", "nothing"],
        ["rollback", "--model", "nothing", "--list"],
        ["rollback", "--model", "model"],
        ["rollback", "--model", "model", "--to", "7"],
    ],
)
def test_what_cannot_be_is_one_line(
    wrong: list[str], made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    assert run(["logs", "detect", *wrong]) == 2
    said = capsys.readouterr().err
    assert said.startswith("icelos: ")
    assert said.count("\n") == 1
