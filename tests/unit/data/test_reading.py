"""Bounded reading: compression by content, overlong lines, folders that cannot be read."""

from __future__ import annotations

import gzip
import io
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from icelos.data import reading
from icelos.data.reading import Line, files_below, open_input, read_blocks, read_lines
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


@given(
    st.lists(st.sampled_from([b"", b"\n", b"\r", b"\r\n", b"a", b"bcd" * 4]), max_size=30),
    st.integers(1, 20), st.integers(1, 40),
)  # fmt: skip
def test_blocks_of_lines_are_the_lines(parts: list[bytes], limit: int, block: int) -> None:
    wanted = list(read_lines(io.BytesIO(b"".join(parts)), limit=limit))
    found: list[Line] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK", block)
        for one in read_blocks(io.BytesIO(b"".join(parts)), limit=limit):
            found += [one] if isinstance(one, Line) else map(Line, range(one.number, 99), one.data)
    assert found == wanted


@pytest.mark.parametrize("read", [read_lines, read_blocks])
def test_what_stands_before_the_end_of_a_torn_file_is_read(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "torn.gz"
    lines = b"".join(b"%d of many\n" % number for number in range(100_000))
    path.write_bytes(gzip.compress(lines)[:100_000])
    found: list[Any] = []
    with open_input(path) as stream, pytest.raises(EOFError):
        found.extend(read(stream))
    assert sum(1 if isinstance(one, Line) else len(one.data) for one in found) > 10_000


@pytest.mark.parametrize("read", [read_lines, read_blocks])
def test_a_huge_line_is_not_held_in_memory(read: Any) -> None:
    stream = io.BufferedReader(_Zeros(64 << 20))
    tracemalloc.start()
    lines = list(read(stream, limit=1 << 20))
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
