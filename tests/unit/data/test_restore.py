"""Backups put back: whole and sound, or not at all; hostile ones; and kills between any two steps."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import zstandard

from icelos.data.backup import ASIDE, MANIFEST, Kept, Manifest, create
from icelos.data.parse import tar_streams
from icelos.data.restore import is_unfinished, restore, verify
from icelos.data.schedule import alone
from icelos.data.sinks import SqliteSink
from icelos.errors import IcelosError, InputError, RunError
from icelos.findings import Failure


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").mkdir()
    (home / "models" / "a.npz").write_bytes(b"a" * 1000)
    with SqliteSink(home / "findings.sqlite") as sink:
        sink.write([Failure(record_id="1", job="logs", error="bad", source="a:1")])
    return home


@pytest.fixture
def archive(tmp_path: Path, home: Path) -> Path:
    create(home, tmp_path / "b.tar.zst", version="1")
    return tmp_path / "b.tar.zst"


def packed(
    path: Path, *members: tuple[str | tarfile.TarInfo, bytes], manifest: Manifest | None = None
) -> Path:
    """An archive as somebody else would write it."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            if isinstance(name, str):
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if manifest is not None:
            data = msgspec.json.encode(manifest)
            info = tarfile.TarInfo(MANIFEST)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    path.write_bytes(zstandard.ZstdCompressor().compress(plain.getvalue()))
    return path


def manifest_of(*names: str, sha256: str = "0" * 64) -> Manifest:
    files = tuple(Kept(name, 1, sha256) for name in names)
    return Manifest(version="1", created="2026-01-01T00:00:00+00:00", secrets=True, files=files)


def linked(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "upwards": lambda p: packed(p, ("../evil", b"x"), manifest=manifest_of("../evil")),
    "inside upwards": lambda p: packed(p, ("a/../../evil", b"x"), manifest=manifest_of("a/../../evil")),
    "absolute": lambda p: packed(p, ("/tmp/evil-icelos", b"x"), manifest=manifest_of("/tmp/evil-icelos")),
    "symbolic link": lambda p: packed(p, (linked("a", "/etc", tarfile.SYMTYPE), b""), ("a/b", b"x")),
    "hard link": lambda p: packed(p, (linked("a", "/etc/passwd", tarfile.LNKTYPE), b"")),
    "device": lambda p: packed(p, (linked("a", "", tarfile.CHRTYPE), b"")),
    "folder": lambda p: packed(p, (linked("a", "", tarfile.DIRTYPE), b"")),
    "own folder": lambda p: packed(p, (".restore/new/x", b"x"), manifest=manifest_of(".restore/new/x")),
    "twice": lambda p: packed(p, ("a", b"x"), ("a", b"y"), manifest=manifest_of("a")),
    "file and folder": lambda p: packed(p, ("a", b"x"), ("a/b", b"y"), manifest=manifest_of("a", "a/b")),
    "behind the manifest": lambda p: packed(p, (MANIFEST, msgspec.json.encode(manifest_of())), ("a", b"x")),
    "no manifest": lambda p: packed(p, ("a", b"x")),
    "another content": lambda p: packed(p, ("a", b"x"), manifest=manifest_of("a")),
    "missing": lambda p: packed(p, manifest=manifest_of("a")),
    "not named": lambda p: packed(p, ("a", b"x"), manifest=manifest_of()),
    "broken manifest": lambda p: packed(p, (MANIFEST, b"{" * 100_000)),
    "no archive": lambda p: Path(str(p.write_bytes(b"no archive at all" * 100) and p)),
    "empty": lambda p: Path(str(p.write_bytes(b"") or p)),
    "bomb": lambda p: packed(p, ("a", b"\0" * (64 << 20)), manifest=manifest_of("a")),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archives_change_nothing(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_streams, "BYTES_FREE", 1 << 20)
    bad, home = HOSTILE[kind](tmp_path / "bad.tar.zst"), tmp_path / "home"
    with pytest.raises(IcelosError):
        restore(bad, home)
    assert [p.name for p in home.iterdir() if p.name not in {".schedule.lock", ".restore"}] == []
    assert not is_unfinished(home)
    assert not (tmp_path / "evil").exists()
    with pytest.raises(IcelosError):
        verify(bad)


def test_a_changed_byte_and_a_cut_end_are_seen(tmp_path: Path, archive: Path) -> None:
    data = archive.read_bytes()
    for bad in (data[: len(data) // 2], data[:-1], data[:200] + bytes([data[200] ^ 1]) + data[201:]):
        (tmp_path / "bad.tar.zst").write_bytes(bad)
        with pytest.raises(InputError):
            verify(tmp_path / "bad.tar.zst")


def test_a_folder_with_a_link_in_it_is_refused(tmp_path: Path, home: Path) -> None:
    create(home, tmp_path / "b", version="1")
    (tmp_path / "b" / "models" / "link").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="link"):
        restore(tmp_path / "b", tmp_path / "new")


def test_a_database_that_is_broken_inside_is_refused(tmp_path: Path, home: Path) -> None:
    with closing(sqlite3.connect(home / "findings.sqlite")) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("CREATE TABLE filler (x)")
        database.executemany("INSERT INTO filler VALUES (?)", [("x" * 500,) for _ in range(500)])
        database.commit()
    create(home, tmp_path / "b", version="1")
    place = tmp_path / "b" / "findings.sqlite"
    data = bytearray(place.read_bytes())
    data[-4096 * 20 : -4096 * 10] = os.urandom(4096 * 10)
    place.write_bytes(data)
    manifest = msgspec.json.decode((tmp_path / "b" / MANIFEST).read_bytes(), type=Manifest)
    import hashlib

    files = tuple(
        msgspec.structs.replace(one, sha256=hashlib.sha256(data).hexdigest())
        if one.path == "findings.sqlite"
        else one
        for one in manifest.files
    )
    (tmp_path / "b" / MANIFEST).write_bytes(
        msgspec.json.encode(msgspec.structs.replace(manifest, files=files))
    )
    with pytest.raises(InputError, match="database is broken"):
        verify(tmp_path / "b")


def test_a_workspace_that_holds_something_is_moved_aside_by_force_only(
    tmp_path: Path, home: Path, archive: Path
) -> None:
    (home / "models" / "a.npz").write_bytes(b"newer")
    with pytest.raises(InputError, match="not empty"):
        restore(archive, home)
    assert (home / "models" / "a.npz").read_bytes() == b"newer"
    done = restore(archive, home, force=True)
    assert (home / "models" / "a.npz").read_bytes() == b"a" * 1000
    assert done.aside is not None
    assert (done.aside / "models" / "a.npz").read_bytes() == b"newer"
    assert done.aside.name.startswith(ASIDE)


def test_while_it_is_kept_up_to_date_nothing_is_restored(tmp_path: Path, archive: Path) -> None:
    with alone(tmp_path / "new"), pytest.raises(RunError, match="another process"):
        restore(archive, tmp_path / "new")


def test_what_an_older_version_wrote_is_brought_up_to_date(tmp_path: Path) -> None:
    """A findings store as it was before it had its indexes and groups."""
    old = tmp_path / "old"
    old.mkdir()
    with closing(sqlite3.connect(old / "findings.sqlite")) as database:
        database.executescript(
            "CREATE TABLE outcomes (id TEXT PRIMARY KEY, kind TEXT NOT NULL, job TEXT NOT NULL,"
            " record_id TEXT NOT NULL, verdict TEXT NOT NULL, label TEXT NOT NULL, score REAL,"
            " source TEXT NOT NULL, seen TEXT NOT NULL, body BLOB NOT NULL) STRICT;"
            "CREATE INDEX outcomes_listed ON outcomes (kind, seen);"
        )
    with SqliteSink(old / "findings.sqlite") as sink:
        sink.write([Failure(record_id="1", job="logs", error="bad", source="a:1")])
    create(old, tmp_path / "b.tar.zst", version="0.0.1")
    done = restore(tmp_path / "b.tar.zst", tmp_path / "new")
    assert done.manifest.version == "0.0.1"
    with SqliteSink(tmp_path / "new" / "findings.sqlite") as sink:
        assert sink.count("failure") == 1
        assert sink.findings() == []


KILLED = """
import os, sys, signal
from pathlib import Path
from icelos.data import restore as module
left = int(sys.argv[3])
rename = Path.rename
def counted(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return rename(self, target)
Path.rename = counted
module.restore(Path(sys.argv[1]), Path(sys.argv[2]), force=True)
"""


def test_killed_between_any_two_steps_it_goes_on_and_loses_nothing(
    tmp_path: Path, home: Path, archive: Path
) -> None:
    for step in range(8):
        place = tmp_path / f"home-{step}"
        (place / "models").mkdir(parents=True)
        (place / "models" / "a.npz").write_bytes(b"newer")
        (place / "mine.txt").write_text("mine")
        command = [sys.executable, "-c", KILLED, str(archive), str(place), str(step)]
        code = subprocess.run(command, check=False, timeout=60).returncode
        if is_unfinished(place):
            assert code == -9
        with_force = not is_unfinished(place)
        if code != 0:
            try:
                restore(archive, place, force=with_force)
            except InputError:  # the one that was killed came to its end first: the workspace is full
                assert not with_force
        assert (place / "models" / "a.npz").read_bytes() == b"a" * 1000, step
        with SqliteSink(place / "findings.sqlite") as sink:
            assert sink.count("failure") == 1
        aside = [p for p in place.glob(f"{ASIDE}*/**/*") if p.is_file()]
        assert {p.read_bytes() for p in aside} >= {b"newer", b"mine"}, step
        if code == 0:
            assert step > 3
            return
    raise AssertionError("it never came to its end")
