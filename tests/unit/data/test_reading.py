"""Bounded reading: compression by content, overlong lines, folders that cannot be read."""

from __future__ import annotations

import gzip
import io
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.reading import files_below, open_input, read_lines
from icelos.errors import InputError

CONTENT = b"one\ntwo\n"
PACKED = {
    "plain": CONTENT,
    "gzip": gzip.compress(CONTENT),
    "two gzip members": gzip.compress(b"one\n") + gzip.compress(b"two\n"),
    "zstd": zstandard.compress(CONTENT),
    "two zstd frames": zstandard.compress(b"one\n") + zstandard.compress(b"two\n"),
}


@pytest.mark.parametrize("packing", PACKED)
def test_compression_is_undone_by_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str
) -> None:
    path = tmp_path / "misnamed.log"
    path.write_bytes(PACKED[packing])
    with open_input(path) as stream:
        assert stream.read() == CONTENT
    stdin = io.BufferedReader(io.BytesIO(PACKED[packing]))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stdin))
    with open_input(None) as stream:
        assert stream.read() == CONTENT


def test_what_cannot_be_opened_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="cannot open"), open_input(path):
            pass


@given(st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), max_size=8))
def test_lines_come_back_with_their_numbers(lines: list[bytes]) -> None:
    stream = io.BytesIO(b"".join(line + b"\n" for line in lines))
    assert [(line.number, line.data) for line in read_lines(stream)] == list(enumerate(lines, 1))


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 20))
def test_only_overlong_lines_are_cut(sizes: list[int], limit: int) -> None:
    stream = io.BytesIO(b"".join(b"x" * size + b"\n" for size in sizes))
    read = list(read_lines(stream, limit=limit))
    assert [line.overlong for line in read] == [size > limit for size in sizes]


def test_a_huge_line_is_not_held_in_memory() -> None:
    stream = io.BufferedReader(_Zeros(64 << 20))
    tracemalloc.start()
    lines = list(read_lines(stream, limit=1 << 20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [line.overlong for line in lines] == [True]
    assert peak < 8 << 20


class _Zeros(io.RawIOBase):
    """A line of that many bytes, without its end."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self._left)
        buffer[:size] = b"0" * size
        self._left -= size
        return size


def test_files_come_in_order_and_links_are_not_followed(tmp_path: Path) -> None:
    for name in ("b/2.log", "b/1.log", "a.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)]
    assert found == ["a.log", "b/1.log", "b/2.log"]
    assert list(files_below(tmp_path / "a.log")) == [tmp_path / "a.log"]
    with pytest.raises(InputError, match="no such file"):
        list(files_below(tmp_path / "none"))


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.log").touch()
    real = Path.iterdir

    def guarded(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", guarded)
    told: list[Path] = []
    found = list(files_below(tmp_path, unreadable=lambda path, error: told.append(path)))
    assert [path.name for path in found] == ["open.log"]
    assert [path.name for path in told] == ["closed"]
    with pytest.raises(InputError, match="cannot list: Permission denied"):
        list(files_below(tmp_path))


def test_folders_may_be_nested_deeper_than_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1050):
        Path("d").mkdir()
        monkeypatch.chdir("d")
    Path("deep.log").touch()
    try:
        found = list(files_below(tmp_path, unreadable=lambda path, error: None))
    finally:  # shutil.rmtree would not get to the bottom of it
        Path("deep.log").unlink()
        for _ in range(1050):
            monkeypatch.chdir("..")
            Path("d").rmdir()
    assert [path.name for path in found] == ["deep.log"]
