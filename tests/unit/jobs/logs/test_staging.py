from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.logs.staging import Position, Staging


def test_what_was_added_is_there_for_the_next_run_and_the_rest_is_cut_off(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "a", {"seed": 1})
    staging.add([b"x", b"yy"], json_rows=1, unfinished=1)
    staging._file.write(b"half")
    staging.close()
    again = Staging(tmp_path / "a", {"seed": 1})
    assert again.position == Position(rows=2, bytes=5, json_rows=1, unfinished=1)
    again.add([b"z"], json_rows=0, unfinished=0)
    assert list(again) == [b"x", b"yy", b"z"]
    again.remove()
    assert not list(tmp_path.iterdir())


def test_another_plan_and_a_broken_position_are_clear_errors(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "a", {"seed": 1})
    staging.close()
    with pytest.raises(InputError, match="other options"):
        Staging(tmp_path / "a", {"seed": 2})
    (staging.folder / "position.json").write_bytes(b"{")
    with pytest.raises(InputError, match="not a position"):
        Staging(tmp_path / "a", {"seed": 1})


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "a", {"seed": 1})
    with pytest.raises(InputError, match="another run"):
        Staging(tmp_path / "a", {"seed": 1})
    staging.add([b"x"], json_rows=1, unfinished=0)
    staging.close()
    again = Staging(tmp_path / "a", {"seed": 1})
    assert list(again) == [b"x"]
    again.remove()


def test_rows_that_are_gone_are_not_filled_with_nothing(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "a", {"seed": 1})
    staging.add([b"x"], json_rows=1, unfinished=0)
    staging.close()
    staging.rows_path.write_bytes(b"")
    for _ in range(2):  # nor does the lock stay
        with pytest.raises(InputError, match="are gone"):
            Staging(tmp_path / "a", {"seed": 1})
