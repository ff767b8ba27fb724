"""Folder, signals, output and words around Ray."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import pytest

from icelos.engine.ray.support import (
    first_line,
    last_line,
    log_message,
    private_folder,
    said_of_death,
    signals_kept,
)  # fmt: skip


def test_the_folder_is_private_and_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 80)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    folder = private_folder()
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(str(folder / "r/session_2026-12-01_02-53-16_386708_4194304/sockets/plasma_store")) < 107
    finally:
        folder.rmdir()


def test_sigterm_is_given_back() -> None:
    def ours(number: int, frame: object) -> None:
        """Stop."""

    before = signal.signal(signal.SIGTERM, ours)
    try:
        with signals_kept():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)


def test_messages_go_to_the_log(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level("INFO")
    log_message({"lines": ["a worker died: 100 %"], "pid": "raylet", "is_err": False}, ignore_prefix=False)
    log_message({})
    assert caplog.messages == ["a worker died: 100 %"]
    assert capsys.readouterr().out == ""


def test_the_line_that_says_it() -> None:
    died = "The actor died unexpectedly.\n\tclass_name: Actor\n\tpid: 5\nIts node is gone."
    assert said_of_death(died) == "Its node is gone."
    assert said_of_death("One line") == "One line"
    assert first_line("\n\none\n  two\n") == "one"
    assert last_line("RayTask\n  File x\n    ^^^\nKeyError: 1\n") == "KeyError: 1"
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line("x" * 10_000)) == 300
