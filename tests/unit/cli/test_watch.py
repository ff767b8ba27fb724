"""Options to observers: what is built, what is closed, and how a run that never began is told."""

from __future__ import annotations

import io
import json
import re
import sys
import urllib.request
from pathlib import Path

import pytest
import typer

from icelos.cli.watch import observers_of
from icelos.engine.observing import Observer
from icelos.engine.run import Report
from icelos.errors import InputError, SettingsError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Heard(Observer):
    def __init__(self) -> None:
        self.ends: list[BaseException | None] = []

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        self.ends.append(error)


def actions(path: Path) -> list[str]:
    return [json.loads(line)["event.action"] for line in path.read_text("utf-8").splitlines()]


def test_nothing_asked_for_is_nothing_done(capfd: pytest.CaptureFixture[str]) -> None:
    with observers_of("logs") as observer:
        observer.began(Report(job="logs"), engine="inline")
        observer.ended(Report(job="logs"))
    assert capfd.readouterr() == ("", "")


def test_all_of_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log, heard = tmp_path / "run.json", Heard()
    with observers_of("logs", listen="127.0.0.1:0", log_json=str(log), others=[heard]) as observer:
        observer.began(Report(job="logs"), engine="inline")
        address = re.search(r"http://127\.0\.0\.1:\d+", capfd.readouterr().err)
        assert address is not None
        with urllib.request.urlopen(f"{address[0]}/metrics", timeout=5) as reply:
            assert b'icelos_run_in_progress{engine="inline",job_name="logs"} 1.0' in reply.read()
        observer.ended(Report(job="logs"))
    assert actions(log) == ["run-started", "run-ended"]
    assert heard.ends == [None]
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{address[0]}/metrics", timeout=5)


@pytest.mark.parametrize(
    ("error", "outcome"), [(InputError("no file"), "failure"), (KeyboardInterrupt(), "unknown")]
)
def test_a_run_that_never_began(tmp_path: Path, error: BaseException, outcome: str) -> None:
    log = tmp_path / "run.json"
    with pytest.raises(type(error)), observers_of("logs", log_json=str(log)):
        raise error
    line = json.loads(log.read_text("utf-8"))
    assert (line["event.action"], line["event.outcome"], line["icelos.job"]) == ("run-ended", outcome, "logs")


def test_an_end_is_told_once() -> None:
    heard = Heard()

    def run() -> None:
        with observers_of("logs", others=[heard]) as observer:
            observer.ended(Report(job="logs"))
            raise typer.Exit(1)

    with pytest.raises(typer.Exit):
        run()
    assert heard.ends == [None]


def test_what_cannot_be_had_is_said_before_the_run(tmp_path: Path) -> None:
    for options, error in (
        ({"listen": "0.0.0.0:0"}, SettingsError),
        ({"log_json": str(tmp_path)}, InputError),
    ):
        with pytest.raises(error):
            observers_of("logs", **options).__enter__()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, True),
        ({"printing": True}, False),
        ({"live": False}, False),
        ({"log_json": "-"}, False),
        ({"log_json": "run.json"}, True),
    ],
)
def test_the_view_is_where_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], shown: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("icelos.cli.watch.to_stderr", lambda line: None)
    errors = Terminal()
    monkeypatch.setattr(sys, "stderr", errors)
    monkeypatch.setattr(sys, "stdout", Terminal())
    with observers_of("logs", **options) as observer:  # type: ignore[arg-type]
        observer.began(Report(job="logs"), engine="inline")
    assert ("\x1b[?25l" in errors.getvalue()) is shown
    assert errors.getvalue().count("\x1b[?25h") == int(shown)
