"""One version of a detector is in force, whole, whenever and wherever a run is killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.jobs.logs.detect.conftest import blind

from icelos.errors import InputError
from icelos.jobs.logs.detect.model import Detector, load
from icelos.jobs.logs.detect.versions import (
    Change,
    alone,
    history,
    home_of,
    in_force,
    keep,
    kept,
    put,
    put_trained,
    roll_back,
)


class Killed(BaseException):
    """Nothing catches it."""


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "model"))


@pytest.fixture(scope="module")
def other(trained: Path) -> Detector:
    """Another detector of the same log, whose state is another, too."""
    found = blind(load(trained))
    found.behaviour.clock += 1000
    return found


def change(detector: Detector) -> Change:
    return Change(what="replaced", in_force=0, before=0, detector=detector.version, why="a test", seed=1)


def identity(folder: Path) -> tuple[str, float]:
    """What tells two detectors apart: trees and state."""
    found = load(folder)
    return found.version, found.behaviour.clock


def test_a_folder_without_a_history_is_its_first_version(model: Path) -> None:
    assert (in_force(model), home_of(model), kept(model), history(model)) == (1, model, [1], [])


def test_another_version_is_in_force_and_the_first_comes_back(model: Path, other: Detector) -> None:
    before = identity(model)
    (model / "feedback.jsonl").touch()
    made = put(model, other, change(other))
    assert (made.in_force, made.before, kept(model)) == (2, 1, [1, 2])
    assert identity(model) == (other.version, other.behaviour.clock) != before
    back = roll_back(model)
    assert (back.what, back.in_force, back.before, back.detector) == ("rolled-back", 1, 2, before[0])
    assert identity(model) == before
    roll_back(model, to=2)
    assert identity(model)[0] == other.version
    assert [one.what for one in history(model)] == ["replaced", "rolled-back", "rolled-back"]
    assert (model / "feedback.jsonl").is_file()


def test_rolling_back_twice_goes_two_versions_back(model: Path, other: Detector) -> None:
    for _ in range(2):
        put(model, other, change(other))
    assert [roll_back(model).in_force for _ in range(2)] == [2, 1]
    with pytest.raises(InputError, match="version 1 is the first one"):
        roll_back(model)
    assert put(model, other, change(other)).in_force == 4
    assert roll_back(model).in_force == 1


def test_few_versions_are_kept_and_never_the_one_in_force_lost(model: Path, other: Detector) -> None:
    for number in range(2, 9):
        assert put(model, other, change(other)).in_force == number
    assert kept(model) == [4, 5, 6, 7, 8]
    assert not (model / "detector.json").exists()
    assert {path.name for path in (model / "versions").iterdir()} == set("45678")
    roll_back(model, to=4)
    put(model, other, change(other))
    assert kept(model) == [4, 6, 7, 8, 9]
    with pytest.raises(InputError, match="version 1 is not kept"):
        roll_back(model, to=1)


def test_what_was_seen_is_kept_beside_the_trees_that_saw_it(model: Path, other: Detector) -> None:
    running = load(model)
    put(model, other, change(other))
    running.behaviour.clock = 5.0
    running.save_state()
    assert identity(model) == (other.version, other.behaviour.clock)
    roll_back(model)
    assert identity(model) == (running.version, 5.0)
    with pytest.raises(ValueError, match="never loaded"):
        other.save_state()


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> Callable[[], int]:
    """The process dies at the rename of a file, just before or after it; the count of renames so far."""
    count, replace = 0, Path.replace

    def dying(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == step and not after:
            raise Killed
        found = replace(self, target)
        if count == step:
            raise Killed
        return found

    monkeypatch.setattr(Path, "replace", dying)
    return lambda: count


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_killed_anywhere_one_of_both_is_whole(
    model: Path, other: Detector, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
) -> None:
    old, new = identity(model), (other.version, other.behaviour.clock)
    with monkeypatch.context() as patched:
        killed_at(step, patched, after=after)
        with pytest.raises(Killed), alone(model):
            put(model, other, change(other))
    is_new = step == 4 and after
    assert identity(model) == (new if is_new else old)
    assert len(history(model)) == is_new
    with alone(model):
        put(model, other, change(other))
    assert identity(model) == new
    assert sorted(path.name for path in (model / "versions").iterdir() if path.is_dir()) == [
        str(number) for number in kept(model) if number > 1
    ]


def test_a_new_version_is_four_renames(model: Path, other: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    count = killed_at(99, monkeypatch, after=True)
    put(model, other, change(other))
    assert count() == 4


@pytest.mark.parametrize("after", [False, True])
def test_a_roll_back_is_one_rename(
    model: Path, other: Detector, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    put(model, other, change(other))
    with monkeypatch.context() as patched:
        killed_at(1, patched, after=after)
        with pytest.raises(Killed):
            roll_back(model)
    assert in_force(model) == (1 if after else 2)
    load(model)


def test_killed_while_old_versions_are_removed(
    model: Path, other: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        put(model, other, change(other))
    unlink = Path.unlink

    def dying(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", dying)
        with pytest.raises(Killed):
            put(model, other, change(other))
    assert in_force(model) == 6
    assert kept(model) == [2, 3, 4, 5, 6]
    put(model, other, change(other))
    assert not (model / "trees.txt").exists()


def test_training_anew_is_a_version_too(model: Path, other: Detector, tmp_path: Path) -> None:
    put_trained(model, other, 3)
    assert (in_force(model), history(model)[0].what, history(model)[0].seed) == (2, "trained", 3)
    put_trained(tmp_path / "fresh", other, 3)
    assert (tmp_path / "fresh" / "detector.json").is_file()
    assert not history(tmp_path / "fresh")


def test_a_broken_version_in_force_can_be_left_and_is_not_gone_back_to(model: Path, other: Detector) -> None:
    put(model, other, change(other))
    (home_of(model) / "trees.txt").write_text("no trees")
    with pytest.raises(InputError):
        load(model)
    assert roll_back(model).in_force == 1
    with pytest.raises(InputError, match="not trees"):
        roll_back(model, to=2)
    assert in_force(model) == 1


def test_what_cannot_be_is_one_line(model: Path, other: Detector, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no detector"):
        roll_back(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(InputError, match="is in force"):
        roll_back(model, to=1)
    with pytest.raises(InputError, match="another run is changing"), alone(model), alone(model):
        pass
    keep(model, change(other))
    assert (history(model)[0].in_force, load(model).version) == (1, load(model).version)
    (model / "history.jsonl").write_text("no")
    with pytest.raises(InputError, match="not a history"):
        load(model)


def test_a_state_of_other_fields_is_refused(model: Path, other: Detector) -> None:
    settings = load(model).settings
    layout = settings.layout.__class__(
        **{**settings.layout.__dict__, "facets": tuple(reversed(settings.layout.facets))}
    )
    with pytest.raises(ValueError, match="other fields"):
        type(other.behaviour)(layout).restore(other.behaviour.snapshot())
