"""The one place where errors become exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icelos import errors
from icelos.cli import config, main
from icelos.errors import IcelosError

ICELOS = [sys.executable, "-m", "icelos.cli.main"]
LAUNCH = [sys.executable, "-c", "from icelos.cli.main import main; main()"]


def _environment(home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "ICELOS_HOME": str(home), **more}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError("bad"), 2),
        (errors.SettingsError("bad"), 2),
        (errors.MissingExtra("Ray", extra="ray"), 2),
        (errors.ModelError("bad"), 3),
        (errors.RunError("bad"), 3),
        (errors.BudgetError("bad"), 4),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device", "/x"), 3),
    ],
)
def test_errors_become_exit_codes_and_one_line(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("icelos.settings.load", broken)
    assert main.run(["config", "show"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") <= 1
    assert isinstance(error, IcelosError) <= ("bad" in shown.err or "Ray" in shown.err)
    assert config is not None


def test_a_defect_of_ours_is_not_hidden(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("icelos.settings.load", broken)
    with pytest.raises(ZeroDivisionError):
        main.run(["config", "show"])


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["--help"], 0), (["nonsense"], 2), ([], 2)]
)
def test_exit_codes_of_the_root(home: Path, arguments: list[str], code: int) -> None:
    assert main.run(arguments) == code


def test_every_command_has_help_with_an_example(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("scan", "findings", "failures"):
        assert main.run([command, "--help"]) == 0
        assert f"icelos {command}" in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_a_settings_file_by_flag(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("ICELOS_CONFIG", "")  # restored afterwards: the flag sets it
    (tmp_path / "mine.toml").write_text("[engine]\nworkers = 3\n")
    assert main.run(["--config", str(tmp_path / "mine.toml"), "config", "show", "--json"]) == 0
    assert '"name":"engine.workers","value":3' in capsys.readouterr().out


def test_importing_the_command_line_is_light() -> None:
    """The bound is on what is loaded, which does not depend on who else uses the machine."""
    script = "import sys, icelos.cli.main; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {
        "numpy",
        "torch",
        "duckdb",
        "httpx",
        "fastapi",
        "pydantic",
        "onnxruntime",
        "univers",
        "tldextract",
    }
    assert not heavy & set(loaded.stdout.split())


def test_a_reader_that_has_seen_enough_is_no_error(home: Path, tmp_path: Path) -> None:
    box = tmp_path / "many.mbox"
    bad = b'From a\nFrom: "x@paypal.com" <a@evil.example>\nSubject: Your account is suspended\n'
    text = b"Content-Type: text/html\n\n<p>Verify your password now, or your account will be closed.</p>"
    link = b"<a href='http://www.bank.com@198.41.0.4/'>www.bank.com</a>\n\n"
    box.write_bytes((bad + text + link) * 1500)
    with subprocess.Popen(
        [*LAUNCH, "scan", "mail", str(box), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(home),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"finding"')
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


@pytest.mark.parametrize("sink", ["", "out.jsonl"])
def test_ctrl_c_in_a_run(home: Path, tmp_path: Path, sink: str) -> None:
    """Standard input that does not end: the run waits in the source when the signal comes."""
    target = tmp_path / sink
    if sink:
        target.write_text("old\n")
    with subprocess.Popen(
        [*LAUNCH, "scan", "mail", "-", *(["--sink", str(target)] if sink else [])],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(home, ICELOS_ENGINE_BATCH_SIZE="1"),
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        mail = b"From a\nFrom: a@b.example\nSubject: s\nX-Padding: " + b"x" * 8000 + b"\n\nhi\n\n"
        process.stdin.write(mail * 30)  # more than a pipe holds: when this returns, the run has begun to read
        process.stdin.flush()
        _wait_for(home / "findings.sqlite" if not sink else target.with_name("out.jsonl.part"))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "mail: read" in said
    assert "stopped" in said
    if sink:
        assert target.read_text() == "old\n", "an interrupted run is not published"


def _wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_old_terminal_is_no_error(home: Path, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "ünï 日本.eml").write_bytes(b"\xff\xfe no mail \xe2\x80\xa6")
    done = subprocess.run(
        [*LAUNCH, "scan", "mail", str(tmp_path / "ünï 日本.eml")],
        env=_environment(home, PYTHONIOENCODING=encoding), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [*LAUNCH, "failures"],
        env=_environment(home, PYTHONIOENCODING=encoding),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"no mail header" in done.stdout
