"""The wheel: the same bytes from the same source, with everything in it that the program reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DAY = 86_400


def build(source: Path, out: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=source, capture_output=True, text=True, timeout=120,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(20_000 * DAY)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def copy(target: Path, *, files: int, age: int) -> Path:
    """The source as another machine may have it: with other modes and times, in another place."""
    shutil.copytree(ROOT / "src", target / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    for path in target.rglob("*"):
        if path.is_file():
            path.chmod(files)
            os.utime(path, (age * DAY, age * DAY))
    return target


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    here = copy(tmp_path / "here", files=0o644, age=19_000)
    there = copy(tmp_path / "some" / "where" / "else", files=0o600, age=20_500)
    first, second = build(here, tmp_path / "1"), build(there, tmp_path / "2")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_all_files_are_inside_and_nothing_else(tmp_path: Path) -> None:
    wheel = build(copy(tmp_path / "here", files=0o644, age=19_000), tmp_path / "out")
    source = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "icelos").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in inside if not name.startswith("icelos-")} == source
    assert {Path(name).suffix for name in source} >= {
        ".py",
        ".toml",
        ".npz",
        ".html",
        ".css",
        ".js",
        ".svg",
        ".gz",
    }
    assert any(name.endswith("licenses/LICENSE") for name in inside)
