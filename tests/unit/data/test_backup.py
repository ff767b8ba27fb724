"""Backups that are taken while a workspace is written to."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from icelos.data.backup import ASIDE, MANIFEST, create
from icelos.data.restore import restore, verify
from icelos.data.sinks import SqliteSink
from icelos.errors import InputError, StoreError
from icelos.findings import Failure


def stored(file: Path) -> int:
    with SqliteSink(file) as sink:
        return sink.count("failure", job="logs")


def write_until(stop: threading.Event, file: Path, begun: threading.Event) -> None:
    with SqliteSink(file) as sink:
        number = 0
        while not stop.is_set():
            rows = [
                Failure(record_id=f"{number}-{row}", job="logs", error="bad", source=f"app.log:{row}", raw="")
                for row in range(50)
            ]
            sink.write(rows)
            number += 1
            begun.set()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in (
        "runs/1/checkpoint", "mail/quarantine/a.eml", "cache/replies.sqlite", "models/mail/v1.npz",
        "audit.key", "feeds/kev/.lock", "feeds/kev/.part.kev.json", "feeds/kev/kev.json",
        f"{ASIDE}2026/old", ".restore/new/x",
    ):  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    with closing(sqlite3.connect(home / "people.sqlite")) as database:
        database.execute("CREATE TABLE users (name TEXT)")
    (home / "link").symlink_to("/etc/passwd")
    return home


def below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


KEPT = ["audit.key", "feeds/kev/kev.json", "mail/quarantine/a.eml", "models/mail/v1.npz", "people.sqlite",
        "runs/1/checkpoint"]  # fmt: skip


@pytest.mark.parametrize("name", ["backup", "backup.tar.zst"])
def test_what_is_written_meanwhile_does_not_break_it(tmp_path: Path, home: Path, name: str) -> None:
    file, stop, begun = home / "findings.sqlite", threading.Event(), threading.Event()
    writer = threading.Thread(target=write_until, args=(stop, file, begun))
    writer.start()
    try:
        assert begun.wait(30)
        before = stored(file)
        made = create(home, tmp_path / name, version="1.2")
    finally:
        stop.set()
        writer.join()
    assert sorted(one.path for one in made.files) == sorted(["findings.sqlite", *KEPT])
    assert verify(tmp_path / name) == made
    back = tmp_path / "back"
    restore(tmp_path / name, back)
    copied = stored(back / "findings.sqlite")
    assert before <= copied <= stored(file)
    assert copied % 50 == 0, "half of a write"
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert below(tmp_path) == below(tmp_path), "nothing is left beside it"
    assert {p.name for p in tmp_path.iterdir()} == {"home", name, "back"}


def test_secrets_are_left_out_by_choice(tmp_path: Path, home: Path) -> None:
    made = create(home, tmp_path / "b", version="1", with_secrets=False)
    assert [one.path for one in made.files] == [
        name for name in KEPT if name not in {"audit.key", "people.sqlite"}
    ]
    assert not made.secrets


def test_it_replaces_nothing_and_says_why(tmp_path: Path, home: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="is there already"):
        create(home, tmp_path / "there", version="1")
    with pytest.raises(InputError, match="no such workspace"):
        create(tmp_path / "nowhere", tmp_path / "new", version="1")
    with pytest.raises(InputError, match="in the workspace itself"):
        create(home, home / "backup", version="1")


@pytest.mark.parametrize("name", ["new", "new.tar.zst"])
def test_what_is_no_database_fails_it_and_leaves_no_target(tmp_path: Path, home: Path, name: str) -> None:
    (home / "findings.sqlite").write_bytes(b"not a database, but long enough to be read as one " * 20)
    with pytest.raises(StoreError, match="not a database"):
        create(home, tmp_path / name, version="1")
    assert {p.name for p in tmp_path.iterdir()} == {"home"}


def test_what_appears_while_it_is_copied_is_in_it(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that is replaced meanwhile: what names it and what it names come together."""
    from icelos.data import backup

    folder = home / "inventories" / "shop"
    folder.mkdir(parents=True)
    (folder / "old.sbom").write_text("old")
    (folder / "about.json").write_text("old.sbom")
    copied = backup._copied

    def meanwhile(source: Path, target: Path) -> tuple[int, str] | None:
        if source.name == "old.sbom":
            (folder / "new.sbom").write_text("new")
            (folder / "about.json").write_text("new.sbom")
            source.unlink()
        return copied(source, target)

    monkeypatch.setattr(backup, "_copied", meanwhile)
    create(home, tmp_path / "b", version="1")
    there = tmp_path / "b" / "inventories" / "shop"
    assert (there / (there / "about.json").read_text()).read_text() == "new"


SLOW = """
import sys, time
from pathlib import Path
from icelos.data import backup
copied = backup._copied
def slow(source, target):
    print(source, flush=True)
    time.sleep(0.3)
    return copied(source, target)
backup._copied = slow
backup.create(Path(sys.argv[1]), Path(sys.argv[2]), version="1")
"""


@pytest.mark.parametrize("name", ["b", "b.tar.zst"])
def test_who_is_killed_leaves_no_backup_and_the_next_one_cleans_up(
    tmp_path: Path, home: Path, name: str
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(home), str(tmp_path / name)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for _ in range(3):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not (tmp_path / name).exists()
    assert len(list(tmp_path.iterdir())) > 1, "it was killed in the middle"
    for left in tmp_path.glob(".*"):
        os.utime(left, (time.time() - 60,) * 2)
    create(home, tmp_path / name, version="1")
    assert {p.name for p in tmp_path.iterdir()} == {"home", name}
    verify(tmp_path / name)


def test_the_manifest_is_written_last(tmp_path: Path, home: Path) -> None:
    create(home, tmp_path / "b", version="1")
    (tmp_path / "b" / MANIFEST).unlink()
    with pytest.raises(InputError, match="not a whole backup"):
        verify(tmp_path / "b")
