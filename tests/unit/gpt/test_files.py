from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from icelos.errors import InputError
from icelos.gpt.files import read_json, replace_file, write_json


class Shape(msgspec.Struct):
    n: int


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, lambda p: p.write_bytes(b"old"))

    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        replace_file(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_comes_back_and_broken_json_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, Shape(3))
    assert read_json(path, Shape).n == 3
    for content in (b"{", b'{"n":"x"}', b"[" * 100_000, b"\xff"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a\.json"):
            read_json(path, Shape)
    with pytest.raises(InputError, match="cannot read"):
        read_json(tmp_path / "none", Shape)


def test_what_is_written_is_its_owners_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "a", Shape(1))
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0
