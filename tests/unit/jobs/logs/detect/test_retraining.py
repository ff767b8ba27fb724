"""A challenger replaces the detector in force where it is better on held-out days, and only there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.jobs.logs.detect.conftest import SCENARIOS, blind

from icelos.errors import InputError
from icelos.jobs.logs.detect import comparing, retraining, scoring
from icelos.jobs.logs.detect.columns import Reader
from icelos.jobs.logs.detect.comparing import chance
from icelos.jobs.logs.detect.model import Detector, load
from icelos.jobs.logs.detect.reading import batches, read_values
from icelos.jobs.logs.detect.retraining import Retraining, retrain
from icelos.jobs.logs.detect.scoring import score_log
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.detect.versions import history, in_force, kept, roll_back

FEW = Retraining(held_out_days=2, episodes=6)


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    """A detector that has not seen the log's rows."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


def stored(folder: Path, detector: Detector) -> Path:
    """A detector as the only version of a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    detector.save(folder)
    return folder


def scores(folder: Path, log: Path) -> Any:
    """Of a log's first rows, by the version in force."""
    detector = load(folder)
    reader = Reader(detector.settings.layout)
    columns = next(batches(reader, read_values(str(log), reader)))
    return detector.scores(detector.behaviour.features(columns))


def test_a_better_one_is_taken_and_the_old_one_comes_back(log: Path, model: Path) -> None:
    stored(model, blind(load(model)))
    (model / "feedback.jsonl").write_text(
        '{"incident":"a","verdict":"benign","entity":"x","values":{},"until":"2025-01-01T00:00:00Z"}\n'
    )
    before, old = scores(model, log), load(model)
    found = retrain(str(log), model, SCENARIOS, FEW)
    assert (found.what, found.in_force, found.before) == ("replaced", 2, 1)
    compared = found.compared
    assert compared.challenger.recall > compared.champion.recall
    assert chance(compared.won, compared.lost) <= comparing.CHANCE
    assert (compared.by, compared.days) == ("scenarios", 2)
    assert 16 <= compared.episodes <= 24
    assert found.why.startswith("the new one finds ")
    new = load(model)
    assert new.version == compared.challenger.detector != old.version
    assert new.settings.rows == old.settings.rows == 6500
    assert new.settings.calibration.budget == old.settings.calibration.budget
    assert new.behaviour.clock == old.behaviour.clock  # it knows the held-out days, too
    assert len(new.feedback.verdicts) == 1
    line = history(model)[0]
    assert (line.what, line.seed, line.until) == ("replaced", 0, found.held_out[1])
    assert line.challenger is not None
    assert line.challenger["recall"] == compared.challenger.recall
    assert roll_back(model).in_force == 1
    assert np.array_equal(scores(model, log), before)
    assert len(load(model).feedback.verdicts) == 1


def test_what_is_no_better_is_not_taken_but_by_force(log: Path, model: Path) -> None:
    before = load(model).version
    found = retrain(str(log), model, SCENARIOS, FEW)
    assert (found.what, found.in_force, load(model).version) == ("kept", 1, before)
    assert [one.what for one in history(model)] == ["kept"]
    again = retrain(str(log), model, SCENARIOS, FEW._replace(force=True))
    assert (again.what, again.in_force, kept(model)) == ("replaced", 2, [1, 2])
    assert again.why == f"forced: {found.why}"
    assert again.compared == found.compared


def test_a_worse_one_is_not_taken(log: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining, "train", lambda *a, **k: blind(train(*a, **k)))
    found = retrain(str(log), model, SCENARIOS, FEW)
    assert found.what == "kept"
    assert found.compared.lost > found.compared.won
    assert f"but {found.compared.lost} less" in found.why


def test_who_was_taught_less_is_judged_by_what_the_old_one_knew(log: Path, model: Path) -> None:
    found = retrain(str(log), model, ["none"], FEW)
    assert found.compared.by == "scenarios"
    assert found.compared.episodes >= 16
    assert found.what == "kept"


@pytest.mark.parametrize("quantile", [0.0, 0.9])
def test_a_threshold_that_no_longer_fits_is_replaced(log: Path, model: Path, quantile: float) -> None:
    """Far too many alerts; the trees are as good as before."""
    old = load(model)
    low = old.settings.calibration.quantiles[{0.0: 0, 0.9: 2}[quantile]]
    calibration = msgspec.structs.replace(old.settings.calibration, threshold=low)
    old.settings = msgspec.structs.replace(old.settings, calibration=calibration)
    stored(model, old)
    found = retrain(str(log), model, SCENARIOS, FEW)
    compared = found.compared
    assert compared.champion.drift > 3
    assert compared.challenger.drift < 2
    assert (found.what, compared.won >= compared.lost) == ("replaced", True)
    assert "times the alerts that they should" in found.why


def test_the_old_ones_state_and_other_fields_do_not_matter(log: Path, model: Path) -> None:
    """Both know the same rows, also where the old one watches other fields, and whatever it has seen."""
    layout = load(model).settings.layout
    fewer = layout.__class__(**{**layout.__dict__, "facets": layout.facets[:-1]})
    old = train(str(log), [], Options(budget=2), layout=fewer)
    stored(model, old)
    one = retrain(str(log), model, SCENARIOS, FEW).compared
    old.behaviour = type(old.behaviour)(fewer)
    stored(model, old)
    assert retrain(str(log), model, SCENARIOS, FEW).compared == one


def table(days: int) -> str:
    rows = ["time,user,host,action"]
    for n in range(200 * days):
        user, hour = n * 7 % 11, n // 10 % 24
        did = "read" if n % 3 else "write"
        rows.append(f"2025-01-{1 + n // 200:02d}T{hour:02d}:00:{n % 60:02d}Z,u{user},pc{user},{did}")
    return "\n".join(rows) + "\n"


def test_a_log_of_any_kind_is_compared_by_takeovers(tmp_path: Path) -> None:
    source = tmp_path / "app.csv"
    source.write_text(table(15))
    stored(tmp_path / "model", train(str(source), [], Options(budget=1)))
    found = retrain(str(source), tmp_path / "model")
    assert found.compared.by == "takeovers"
    assert found.compared.days == 3
    assert 3 <= found.compared.episodes <= 40
    assert found.held_out == ("2025-01-13T00:00:00Z", "2025-01-15T23:00:59Z")
    assert found.compared.challenger.recall > 0.8
    assert "token-theft" in found.left_out


def test_a_stopped_run_leaves_all_as_it_was(log: Path, model: Path) -> None:
    def stop(what: str, _: int) -> None:
        if what.startswith("held-out"):
            raise KeyboardInterrupt

    before = sorted(path.name for path in model.iterdir())
    with pytest.raises(KeyboardInterrupt):
        retrain(str(log), model, SCENARIOS, FEW, progress=stop)
    assert sorted(path.name for path in model.iterdir()) == sorted([*before, "versions"])
    assert in_force(model) == 1
    load(model)


def test_what_cannot_be_is_one_line(log: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no detector"):
        retrain(str(log), tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(InputError, match="has 9 days of rows: 9 held out leave none"):
        retrain(str(log), model, SCENARIOS, Retraining(held_out_days=9))
    short = tmp_path / "short.jsonl"
    short.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:200]))
    with pytest.raises(InputError, match="has 1 days of rows"):
        retrain(str(short), model)
    other = tmp_path / "other.csv"
    other.write_text(table(5))
    with pytest.raises(InputError, match="names its users and times by user and time"):
        retrain(str(other), model)
    bare = tmp_path / "bare.jsonl"
    with bare.open("w") as file:
        for line in log.read_bytes().splitlines():
            row = json.loads(line)
            kept_fields = {name: row[name] for name in ("createdDateTime", "userPrincipalName")}
            file.write(json.dumps({**kept_fields, "fruit": len(line) % 3}) + "\n")
    with pytest.raises(InputError, match="none of the fields that the detector watches"):
        retrain(str(bare), model)
    with pytest.raises(InputError, match="no scenario is called"):
        retrain(str(log), model, ["nothing"])
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(InputError, match="has no rows"):
        retrain(str(empty), model)
    assert not history(model)


def test_a_wrong_clocks_day_is_not_held_out(log: Path, model: Path, tmp_path: Path) -> None:
    source = tmp_path / "late.jsonl"
    row = json.loads(log.read_bytes().splitlines()[-1])
    row["createdDateTime"] = "2031-01-01T00:00:00Z"
    source.write_bytes(log.read_bytes() + json.dumps(row).encode() + b"\n")
    found = retrain(str(source), model, SCENARIOS, FEW)
    assert found.held_out[0].startswith("2025-01-")
    assert found.compared.days == 3


def test_a_gain_has_to_be_more_than_chance() -> None:
    assert chance(5, 0) == pytest.approx(1 / 32)
    assert chance(6, 0) <= comparing.CHANCE < chance(8, 2)
    assert chance(0, 0) == 1
    assert chance(900, 600) < 1e-9 < chance(1500, 1500)


def test_the_shift_of_scores_does_not_depend_on_batches(
    log: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = score_log(str(log), tmp_path / "one.jsonl", load(trained))
    monkeypatch.setattr(scoring, "BATCH", 501)
    assert score_log(str(log), tmp_path / "other.jsonl", load(trained)) == one
    assert 0 < one.shift < 0.5
