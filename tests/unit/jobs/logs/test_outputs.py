from __future__ import annotations

import os
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.logs.outputs import check_output, meta_path, open_output


def test_where_a_file_and_its_side_file_can_be(tmp_path: Path) -> None:
    check_output(tmp_path / "a.jsonl")
    check_output(tmp_path / "new" / "folder" / "a.jsonl")
    (tmp_path / "file").write_bytes(b"")
    check_output(tmp_path / "file")


@pytest.mark.parametrize(("name", "reason"), [(".", "a folder"), ("file/a.jsonl", "is no folder")])
def test_what_cannot_be_is_said_before_the_work(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=reason):
        check_output(tmp_path / name)


def test_no_side_file_beside_a_device() -> None:
    with pytest.raises(InputError, match="regular"):
        check_output(Path(os.devnull))


def test_a_run_that_was_killed_leaves_nothing_behind_for_long(tmp_path: Path) -> None:
    left = tmp_path / ".a.jsonl.0123456789ab.part"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    with open_output(tmp_path / "a.jsonl") as file:
        file.write(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert meta_path(tmp_path / "a.jsonl").name == "a.jsonl.meta.json"
