from __future__ import annotations

from pathlib import Path

import pytest

from icelos.data.feeds.files import copy
from icelos.errors import InputError


def test_a_mirrors_file_takes_the_old_ones_place(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    target = tmp_path / "feeds" / "a.json"
    found = copy(tmp_path / "source", target)
    assert target.read_bytes() == b"new"
    assert found.size == 3
    assert found.url == str(tmp_path / "source")


def test_what_cannot_be_copied_leaves_the_old_in_force(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(InputError, match="cannot copy"):
        copy(tmp_path / "absent", target)
    (tmp_path / "big").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="larger than"):
        copy(tmp_path / "big", target, limit=10)
    assert target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "big"}
