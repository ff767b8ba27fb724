from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.gpt.train import unfinished
from icelos.jobs.logs.training import RawRows, new_plan, prepare, train_on

SHORT = {"size": "pico", "steps": 2}


def test_unreadable_rows_are_counted_and_the_rest_is_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n\xff\xfe\n\ntwo\n" + b"y" * (9 << 20) + b"\nthree\n")
    rows = RawRows(str(path))
    assert list(rows) == [b"one", b"two", b"three"]
    assert list(rows) == [b"one", b"two", b"three"]
    assert rows.failures == 2
    assert rows.first_failures == ["a.log:2: not UTF-8 at byte 0", "a.log:5: line is too long"]


def test_a_folder_that_is_taken_is_refused(model: Path, signins: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is a model already"):
        train_on(str(signins), model, given=SHORT)
    stopped = tmp_path / "m"
    assert train_on(str(signins), stopped, given=SHORT, stop=lambda: True).interrupted
    with pytest.raises(InputError, match="--resume"):
        train_on(str(signins), stopped, given=SHORT)


def test_a_resumed_run_must_be_the_same_run(signins: Path, tmp_path: Path) -> None:
    model = tmp_path / "m"
    train_on(str(signins), model, given=SHORT, stop=lambda: True)
    with pytest.raises(InputError, match="steps 2, not 3"):
        train_on(str(signins), model, given={"steps": 3}, resume=True)
    other = tmp_path / "other.jsonl"
    other.write_text("{}\n")
    with pytest.raises(InputError, match=r"started on signins\.jsonl\.gz"):
        train_on(str(other), model, given={}, resume=True)
    with pytest.raises(InputError, match="no unfinished run"):
        train_on(str(signins), tmp_path / "none", given={}, resume=True)
    assert train_on(str(signins), model, given={}, resume=True).position.step == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"one row\n", b"\xff\n\xfe\n"])
def test_too_few_rows_are_a_clear_error_and_leave_nothing(content: bytes, tmp_path: Path) -> None:
    path, model = tmp_path / "a.log", tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(InputError, match="needs at least two"):
        train_on(str(path), model, given=SHORT)
    assert unfinished(model) is None
    assert not list(model.glob("**/*.*"))


def test_bad_values_and_places_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model size"):
        train_on("x", tmp_path / "m", given={"size": "huge"})
    with pytest.raises(InputError, match="no such file"):
        train_on(str(tmp_path / "none"), tmp_path / "m", given=SHORT)
    with pytest.raises(InputError, match="more than once"):
        prepare("-", tmp_path / "m", new_plan("-", SHORT))
    assert new_plan("x", {}).minutes == 10
    assert new_plan("x", {"steps": 5}).minutes == 0
