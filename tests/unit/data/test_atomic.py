"""Whole or absent: exceptions, kill -9, two writers, devices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from icelos.data import atomic
from icelos.data.atomic import atomic_write, is_special, open_alone, remove_abandoned

KILLED = """
import os, signal, sys
from pathlib import Path
from icelos.data.atomic import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    for content in (b"one", b"two"):
        with atomic_write(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_write(path) as file:  # noqa: PT012 - the error comes in mid-write
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_kill_9_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with atomic_write(path) as one, atomic_write(path) as other:
        one.write(b"1" * 1000)
        other.write(b"2" * 1000)
    assert path.read_bytes() == b"1" * 1000


def test_a_device_is_written_into_and_stays_a_device() -> None:
    with atomic_write(Path(os.devnull)) as file:
        file.write(b"gone")
    assert not Path(os.devnull).is_file()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError), atomic_write(tmp_path) as file:  # noqa: PT011 - the kind is the platform's
        file.write(b"x")


def test_who_opens_alone_finds_nothing_and_is_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.part"
    path.write_bytes(b"left by one who was killed")
    with open_alone(path) as file:
        file.write(b"mine")
        with pytest.raises(BlockingIOError):
            open_alone(path)
    assert path.read_bytes() == b"mine"


def test_a_file_that_is_published_meanwhile_is_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first writer renames between the second one's opening and locking: the second begins a new file."""
    path, real = tmp_path / "a.part", atomic._lock
    first = open_alone(path)
    first.write(b"published")

    def late(file: IO[bytes]) -> None:
        if not first.closed:
            path.replace(tmp_path / "a")
            first.close()
        real(file)

    monkeypatch.setattr(atomic, "_lock", late)
    with open_alone(path) as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"published"
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system has no /proc")
def test_an_open_file_that_the_system_links_to_is_written_into(tmp_path: Path) -> None:
    """As /dev/stdout is where standard output is a file: a rename would replace the link for everybody."""
    link = tmp_path / "stdout"
    with (tmp_path / "out").open("wb") as opened:
        link.symlink_to(f"/proc/self/fd/{opened.fileno()}")
        for path in (link, Path(f"/proc/self/fd/{opened.fileno()}")):
            assert is_special(path)
            with atomic_write(path) as file:
                file.write(b"into")
    assert link.is_symlink()
    assert (tmp_path / "out").read_bytes() == b"into"


def test_a_link_to_a_plain_file_is_none_of_the_systems(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert not is_special(tmp_path / "link")
    assert not is_special(tmp_path / "absent")
    assert is_special(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_named() -> None:
    with (
        pytest.raises(OSError, match="No space left on device: '/dev/full'"),
        atomic_write(Path("/dev/full")) as file,
    ):
        file.write(b"x" * 100_000)


def test_what_a_killed_writer_left_is_removed_and_what_one_writes_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a[1].jsonl"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    remove_abandoned(path)
    assert left.exists()  # it may be a moment old
    os.utime(left, (0, 0))
    with atomic_write(path) as file:
        (mine,) = set(tmp_path.iterdir()) - {left}
        os.utime(mine, (0, 0))
        remove_abandoned(path)
        file.write(b"x")
    assert list(tmp_path.iterdir()) == [path]
