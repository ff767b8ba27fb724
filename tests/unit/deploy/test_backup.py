"""A backup taken while the workspace is written to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from icelos.data.sinks import SqliteSink
from icelos.findings import Failure

SCRIPT = Path(__file__).parents[3] / "deploy" / "backup.py"


def back_up(workspace: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), str(workspace), str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def stored(file: Path) -> int:
    with SqliteSink(file) as sink:
        return sink.count("failure", job="logs")


def write_until(stop: threading.Event, file: Path, begun: threading.Event) -> None:
    with SqliteSink(file) as sink:
        number = 0
        while not stop.is_set():
            failures = [
                Failure(record_id=f"{number}-{row}", job="logs", error="bad", source=f"app.log:{row}", raw="")
                for row in range(50)
            ]
            sink.write(failures)
            number += 1
            begun.set()


def test_what_is_written_meanwhile_does_not_break_it(tmp_path: Path) -> None:
    workspace, target = tmp_path / "home", tmp_path / "backup"
    workspace.mkdir()
    for name in ("runs/1/checkpoint", "mail/quarantine/a.eml", "cache/replies.sqlite", "models/mail/v1.npz"):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(name)
    file, stop, begun = workspace / "findings.sqlite", threading.Event(), threading.Event()
    writer = threading.Thread(target=write_until, args=(stop, file, begun))
    writer.start()
    try:
        assert begun.wait(30)
        before = stored(file)
        done = back_up(workspace, target)
    finally:
        stop.set()
        writer.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()) == [
        "findings.sqlite", "mail/quarantine/a.eml", "models/mail/v1.npz", "runs/1/checkpoint",
    ]  # fmt: skip
    with closing(sqlite3.connect(target / "findings.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copied = stored(target / "findings.sqlite")
    assert before <= copied <= stored(file)
    assert copied % 50 == 0, "half of a write"
    assert target.stat().st_mode & 0o077 == 0


def test_it_replaces_nothing_and_says_why_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    done = back_up(tmp_path, tmp_path / "there")
    assert (done.returncode, done.stderr) == (3, f"backup: is there already: {tmp_path / 'there'}\n")
    done = back_up(tmp_path / "nowhere", tmp_path / "new")
    assert (done.returncode, done.stderr) == (3, f"backup: no such folder: {tmp_path / 'nowhere'}\n")
    assert not (tmp_path / "new").exists()


def test_what_is_no_database_fails_the_backup_and_leaves_no_target(tmp_path: Path) -> None:
    workspace = tmp_path / "home"
    workspace.mkdir()
    (workspace / "findings.sqlite").write_bytes(b"not a database, but long enough to be read as one " * 20)
    done = back_up(workspace, tmp_path / "backup")
    assert done.returncode == 3
    assert "not a database" in done.stderr
    assert not (tmp_path / "backup").exists()
