"""A detector from training to findings, on an organisation with attacks in it."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from icelos.contracts import Stateful
from icelos.data.sources import JsonLinesSource
from icelos.errors import InputError
from icelos.findings import Failure, Finding
from icelos.jobs.logs.detect import model, scoring, training
from icelos.jobs.logs.detect.columns import Reader
from icelos.jobs.logs.detect.explaining import explain, read_findings
from icelos.jobs.logs.detect.feedback import add
from icelos.jobs.logs.detect.findings import LABEL
from icelos.jobs.logs.detect.model import Detector, load
from icelos.jobs.logs.detect.reading import BATCH, batches, read_values
from icelos.jobs.logs.detect.scoring import Scored, score_log
from icelos.jobs.logs.detect.training import Options, scenarios_for, train
from icelos.jobs.logs.job import build
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import whatif
from icelos.jobs.logs.whatif.scenario import named
from icelos.records import LogLine
from icelos.settings import Settings

UNSEEN = "token-theft"
TAUGHT = ["impossible-travel", "password-spray", "device-code", "travel"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of an organisation: six to learn from, four with attacks in them, and a detector."""
    folder = tmp_path_factory.mktemp("detect")
    simulate(folder / "whole.jsonl", rows=8000, users=16, seed=5, workers=1)
    rows = (folder / "whole.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "before.jsonl").write_bytes(b"".join(rows[:5000]))
    (folder / "after.jsonl").write_bytes(b"".join(rows[5000:]))
    whatif(str(folder / "after.jsonl"), folder / "attacked.jsonl", named([UNSEEN]), Wanted(6, 0.2, 3))
    detector = train(str(folder / "before.jsonl"), named(TAUGHT), Options(episodes=4, budget=4))
    detector.save(folder / "model")
    return folder


@pytest.fixture
def detector(folder: Path) -> Detector:
    return load(folder / "model")


def labelled(path: Path) -> list[dict[str, Any]]:
    """The labels of a file."""
    return outcomes(path.with_name(f"{path.name}.labels.jsonl"))


def outcomes(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_attacks_of_a_kind_that_was_never_seen_are_found(
    folder: Path, detector: Detector, tmp_path: Path
) -> None:
    scored = score_log(str(folder / "attacked.jsonl"), tmp_path / "alerts.jsonl", detector)
    found = outcomes(tmp_path / "alerts.jsonl")
    assert (
        scored.rows
        == scored.alerts + scored.clear
        == len((folder / "attacked.jsonl").read_bytes().splitlines())
    )
    assert len(found) == scored.alerts
    labels = labelled(folder / "attacked.jsonl")
    alerted = {one["record_id"] for one in found}
    episodes = {one["episode"] for one in labels}
    seen = {one["episode"] for one in labels if one["record_id"] in alerted}
    assert len(seen) >= 0.8 * len(episodes)
    assert scored.alerts_per_day <= 8
    again = score_log(str(folder / "attacked.jsonl"), tmp_path / "again.jsonl", detector)
    assert again.old_rows > 0.9 * again.rows


def test_a_finding_says_why(folder: Path, detector: Detector, tmp_path: Path) -> None:
    score_log(str(folder / "attacked.jsonl"), tmp_path / "alerts.jsonl", detector)
    labels = {one["record_id"] for one in labelled(folder / "attacked.jsonl")}
    first = next(one for one in outcomes(tmp_path / "alerts.jsonl") if one["record_id"] in labels)
    assert "new to this user" in first["summary"]
    assert "earlier rows of" in first["summary"]
    assert 0 <= first["score"] <= 1
    assert first["made_by"]["detector"] == detector.version
    assert len(first["attributes"]["incident"]) == 12


def test_alerts_of_one_entity_are_one_incident(folder: Path, detector: Detector, tmp_path: Path) -> None:
    scored = score_log(str(folder / "attacked.jsonl"), tmp_path / "alerts.jsonl", detector)
    labels = labelled(folder / "attacked.jsonl")
    incidents = {
        one["record_id"]: one["attributes"]["incident"] for one in outcomes(tmp_path / "alerts.jsonl")
    }
    for episode in {one["episode"] for one in labels}:
        rows = [one["record_id"] for one in labels if one["episode"] == episode]
        found = {incidents[row] for row in rows if row in incidents}
        assert len(found) <= 1
    assert scored.incidents == len(set(incidents.values())) <= scored.alerts


def stopped_at(rows: int) -> Any:
    def progress(count: int) -> None:
        if count >= rows:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("processes", [1, 2])
def test_what_was_stopped_goes_on_to_the_same_end(
    folder: Path, detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(scoring, "BATCH", 97)
    monkeypatch.setattr(scoring, "_SECONDS", 0.0)
    source = str(folder / "attacked.jsonl")
    whole = score_log(source, tmp_path / "whole.jsonl", detector)
    for rows in (150, 700, 1800):
        with pytest.raises(KeyboardInterrupt):
            score_log(
                source, tmp_path / "parts.jsonl", load(folder / "model"), processes=processes,
                progress=stopped_at(rows),
            )  # fmt: skip
        assert not (tmp_path / "parts.jsonl").exists()
        assert not multiprocessing.active_children()
    again = score_log(source, tmp_path / "parts.jsonl", load(folder / "model"), processes=processes)
    assert again == whole
    assert whole.old_rows < 0.1 * whole.rows
    assert (tmp_path / "parts.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_batches_of_another_size_give_the_same(
    folder: Path, detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(folder / "attacked.jsonl")
    score_log(source, tmp_path / "one.jsonl", detector)
    for size, processes in ((501, 1), (501, 2), (8192, 2)):
        monkeypatch.setattr(scoring, "BATCH", size)
        score_log(source, tmp_path / "other.jsonl", load(folder / "model"), processes=processes)
        assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()
        assert (tmp_path / "one.jsonl.meta.json").read_bytes() == (
            tmp_path / "other.jsonl.meta.json"
        ).read_bytes()


def test_rows_are_let_go_early_only_where_they_cannot_reach_the_threshold(
    folder: Path, detector: Detector
) -> None:
    reader = Reader(detector.settings.layout)
    columns = next(batches(reader, read_values(str(folder / "attacked.jsonl"), reader)))
    features = detector.behaviour.features(columns)
    scores = detector.scores(features)
    for threshold in (-np.inf, *np.quantile(scores, [0.2, 0.9, 0.999]), detector.threshold, np.inf):
        thresholds = np.where(np.arange(len(columns)) % 7, threshold, np.inf)
        rows, reached = detector.reaching(features, thresholds)
        assert np.array_equal(rows, np.flatnonzero(scores >= thresholds))
        assert np.array_equal(reached, scores[rows])
    assert detector.reaching(features[:0], scores[:0])[0].size == 0


def test_training_again_gives_the_same_detector(folder: Path, detector: Detector) -> None:
    again = train(str(folder / "before.jsonl"), named(TAUGHT), Options(episodes=4, budget=4))
    assert again.settings == detector.settings
    assert again.version == detector.version


def test_rows_that_cannot_be_read_are_failures(folder: Path, detector: Detector, tmp_path: Path) -> None:
    source = tmp_path / "dirty.jsonl"
    source.write_bytes(b"nothing\x00\n" + (folder / "after.jsonl").read_bytes()[:50_000] + b"\n")
    for processes in (1, 2):
        scored = score_log(str(source), tmp_path / "out.jsonl", detector, processes=processes)
        failures = [one for one in outcomes(tmp_path / "out.jsonl") if "error" in one]
        assert scored.failures == len(failures) >= 1
        assert failures[0]["source"] == "dirty.jsonl:1"
        with pytest.raises(InputError, match="no such file"):
            score_log(str(tmp_path / "none"), tmp_path / "never.jsonl", detector, processes=processes)


def test_a_log_of_any_kind_is_learned_by_takeovers(tmp_path: Path) -> None:
    source = tmp_path / "app.csv"
    rows = ["time,user,host,action"]
    for n in range(3000):
        user, day, hour = n * 7 % 11, 1 + n // 200, n // 10 % 24
        did = "read" if n % 3 else "write"
        rows.append(f"2025-01-{day:02d}T{hour:02d}:00:{n % 60:02d}Z,u{user},pc{user},{did}")
    source.write_text("\n".join(rows) + "\n")
    assert scenarios_for(str(source), ["attacks"])[0] == []
    found = train(str(source), [], Options(budget=1))
    assert set(found.settings.taught) == {"takeover"}
    assert found.settings.layout.user == "user"
    source.write_text("\n".join([*rows[:1500], "2025-01-09T11:00:00Z,u3,pc9,write"]) + "\n")
    found.save(tmp_path / "model")
    scored: Scored = score_log(str(source), tmp_path / "out.jsonl", load(tmp_path / "model"))
    assert any("pc9" in one["summary"] for one in outcomes(tmp_path / "out.jsonl"))
    assert scored.failures == 0


def test_what_cannot_be_is_said(folder: Path, detector: Detector, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(InputError, match="has no rows"):
        train(str(empty), [])
    with pytest.raises(InputError, match="has no rows"):
        score_log(str(empty), tmp_path / "out.jsonl", detector)
    few = tmp_path / "few.jsonl"
    few.write_bytes(b"".join((folder / "after.jsonl").read_bytes().splitlines(keepends=True)[:60]))
    with pytest.raises(InputError, match="too few to learn from"):
        train(str(few), [])
    nobody = tmp_path / "nobody.jsonl"
    nobody.write_text('{"a": 1}\n' * 50)
    with pytest.raises(InputError, match="names a user"):
        train(str(nobody), [])
    with pytest.raises(InputError, match="no detector"):
        load(tmp_path)
    broken = tmp_path / "broken"
    detector.save(broken)
    (broken / "state.npz").write_bytes(gzip.compress(b"no"))
    with pytest.raises(InputError, match="not a state"):
        load(broken)
    (broken / "trees.txt").write_text("no trees")
    with pytest.raises(InputError):
        load(broken)
    (broken / "detector.json").write_text("{}")
    with pytest.raises(InputError, match="not a detector"):
        load(broken)


def test_another_run_is_not_gone_on_with(folder: Path, detector: Detector, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        score_log(str(folder / "after.jsonl"), tmp_path / "out.jsonl", detector, progress=stopped_at(1))
    with pytest.raises(InputError, match="a run of something else"):
        score_log(str(folder / "attacked.jsonl"), tmp_path / "out.jsonl", detector)


def test_the_sample_stays_small(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(training, "_BENIGN", 300)
    found = train(str(folder / "before.jsonl"), named(TAUGHT), Options(episodes=4))
    assert found.settings.rows == 5000


def test_the_job_finds_what_the_command_finds_and_goes_on_from_a_snapshot(
    folder: Path, detector: Detector, tmp_path: Path
) -> None:
    score_log(str(folder / "attacked.jsonl"), tmp_path / "alerts.jsonl", detector)
    wanted = [one["record_id"] for one in outcomes(tmp_path / "alerts.jsonl")]
    rows = [row for row in JsonLinesSource(folder / "attacked.jsonl") if isinstance(row, LogLine)]
    jobs: list[Any] = [build(Settings(), {"detector": str(folder / "model")}) for _ in range(2)]
    assert all(isinstance(job, Stateful) for job in jobs)
    found: list[Any] = []
    for begin in range(0, len(rows), 64):
        job = jobs[begin >= 1024]
        if begin == 1024:
            jobs[1].restore(jobs[0].snapshot())
        found += job.score(rows[begin : begin + 64])
    named = [one.record_id for one in found if one is not None and "detector" in one.made_by]
    assert named == wanted
    assert jobs[0].key(rows[0]) == json.loads(rows[0].text)["userPrincipalName"]
    assert jobs[0].key(LogLine(id="x", source="a:1", text="{}", fields={"userPrincipalName": "a@b"})) == ""
    assert jobs[0].version == detector.version
    with pytest.raises(ValueError, match="not a state"):
        jobs[1].restore(b"nothing")


def test_rows_that_no_typed_decoder_reads_are_judged_as_the_command_judges_them(
    folder: Path, tmp_path: Path
) -> None:
    """Whatever stands between them, in batches of any size; what has no fields to decode costs itself."""
    lines = (folder / "attacked.jsonl").read_bytes().splitlines()
    lines[300:300] = [
        b'{"status": {"errorCode": 1e999}}',
        b'{"status": "odd"}',
        b'{"location": [1], "z": 1e999}',
    ]
    path = tmp_path / "odd.jsonl"
    path.write_bytes(b"\n".join(lines))
    rows = [row for row in JsonLinesSource(path) if isinstance(row, LogLine)]
    assert len(rows) == len(lines)
    found: list[list[Any]] = []
    for size in (len(rows), 64):
        job = build(Settings(), {"detector": str(folder / "model")})
        assert job.needs.batch_size == BATCH
        found.append([one for at in range(0, len(rows), size) for one in job.score(rows[at : at + size])])
    assert found[0] == found[1]
    assert [type(one) for one in found[0][300:303]] == [Failure, Finding, Failure]
    detector = load(folder / "model")
    score_log(str(folder / "attacked.jsonl"), tmp_path / "alerts.jsonl", detector)
    alerts = [one.summary for one in found[0] if isinstance(one, Finding) and one.label == LABEL]
    assert len(alerts) >= len(outcomes(tmp_path / "alerts.jsonl")) > 0


def test_incidents_say_whom_when_why_and_what_is_usual(
    folder: Path, detector: Detector, tmp_path: Path
) -> None:
    source = str(folder / "attacked.jsonl")
    score_log(source, tmp_path / "alerts.jsonl", detector)
    found = explain(tmp_path / "alerts.jsonl", detector.settings.layout, source)
    alerts = outcomes(tmp_path / "alerts.jsonl")
    assert sum(len(one.alerts) for one in found) == len(alerts)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    played = {one["user"] for one in labelled(folder / "attacked.jsonl")}
    attacked = [one for one in found if one.entity in played]
    assert attacked
    for one in attacked:
        assert one.first <= one.last
        assert one.techniques
        assert one.reasons
        assert all(usual.rows and len(usual.values) <= 3 for usual in one.usual)
    assert any(usual.field == "ipAddress" for one in attacked for usual in one.usual)
    (tmp_path / "broken.jsonl").write_text('{"verdict": 3}\n')
    with pytest.raises(InputError, match="not a finding"):
        explain(tmp_path / "broken.jsonl", detector.settings.layout)


def test_rows_resemble_the_technique_that_they_are_of(folder: Path, tmp_path: Path) -> None:
    """Of scenarios that were taught, in other days: better than by chance among four."""
    whatif(
        str(folder / "after.jsonl"), tmp_path / "known.jsonl", named(["password-spray"]), Wanted(2, 0.2, 8)
    )
    score_log(str(tmp_path / "known.jsonl"), tmp_path / "alerts.jsonl", load(folder / "model"))
    labels = {one["record_id"]: one["technique"] for one in labelled(tmp_path / "known.jsonl")}
    found = [
        one for one in outcomes(tmp_path / "alerts.jsonl") if labels.get(one["record_id"]) == "T1110.003"
    ]
    assert len(found) > 10
    assert sum(one["attributes"]["resembles"] == "T1110.003" for one in found) > 0.6 * len(found)


def test_what_was_called_benign_is_held_back_until_its_day_and_says_so(folder: Path, tmp_path: Path) -> None:
    home, source = tmp_path / "model", str(folder / "attacked.jsonl")
    load(folder / "model").save(home)
    before = score_log(source, tmp_path / "before.jsonl", load(home))
    found = read_findings(tmp_path / "before.jsonl")
    played = {one["record_id"] for one in labelled(folder / "attacked.jsonl")}
    alert = next(one for one in found if one.record_id in played and "field:ipAddress" in one.attributes)
    said = add(home, found, alert.attributes["incident"], "benign", days=30, note="a test")
    assert alert.attributes["field:ipAddress"] in said.values["ipAddress"]
    after = score_log(source, tmp_path / "after.jsonl", load(home))
    assert after.rows == before.rows == after.alerts + after.clear
    assert after.alerts == before.alerts - after.held_back < before.alerts
    held = [one for one in read_findings(tmp_path / "after.jsonl") if one.label == "held-back"]
    assert len(held) == after.held_back
    assert all(one.verdict == "clear" and "(a test)" in one.summary for one in held)
    assert {one.attributes["entity"] for one in held} == {said.entity}
    (home / "feedback.jsonl").unlink()
    add(home, found, alert.attributes["incident"], "benign", days=-40, note="long ago")
    assert score_log(source, tmp_path / "expired.jsonl", load(home)).alerts == before.alerts


def test_whom_an_incident_was_confirmed_of_is_watched_closer(folder: Path, tmp_path: Path) -> None:
    home, source = tmp_path / "model", str(folder / "attacked.jsonl")
    load(folder / "model").save(home)
    score_log(source, tmp_path / "before.jsonl", load(home))
    found = read_findings(tmp_path / "before.jsonl")
    said = add(home, found, found[0].attributes["incident"], "confirmed", days=30, note="")
    score_log(source, tmp_path / "after.jsonl", load(home))
    after = read_findings(tmp_path / "after.jsonl")
    of_entity = [sum(one.attributes["entity"] == said.entity for one in some) for some in (found, after)]
    assert of_entity[1] >= of_entity[0]
    assert len(after) - len(found) == of_entity[1] - of_entity[0]
    with pytest.raises(InputError, match="no incident"):
        add(home, found, "nothing", "benign", days=1, note="")
    (home / "feedback.jsonl").write_text("no")
    with pytest.raises(InputError, match="not verdicts"):
        load(home)


def test_no_row_is_left_out_of_what_is_learned(tmp_path: Path) -> None:
    """Audit rows of services have no user object; attacks and the log's own rows are learned all the same."""
    source = tmp_path / "audit.jsonl"
    with source.open("w") as file:
        for n in range(1200):
            user = {
                "userPrincipalName": f"u{n % 7}@x.example",
                "id": str(n % 7),
                "ipAddress": f"192.0.2.{n % 7}",
            }
            by = {"user": user, "app": None} if n % 3 else {"user": None, "app": {"displayName": "sync"}}
            row = {
                "id": f"{n:08x}-0000-4000-a000-000000000000", "category": "UserManagement",
                "activityDisplayName": ("Update user", "Add member to group")[n % 2],
                "activityDateTime": f"2025-01-{1 + n // 100:02d}T{n % 24:02d}:00:00Z", "result": "success",
                "initiatedBy": by,
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")
    found = train(str(source), named(["role-grant", "new-device"]), Options(episodes=10, budget=1))
    assert found.settings.rows == 1200
    assert {"role-grant", "new-device", "takeover"} >= set(found.settings.taught) > {"takeover"}
    layout = found.settings.layout
    lesson = training._Lesson(layout, warm=0, seed=0)
    wanted = Wanted(2, 0.0, 0, hardest=1.0)
    played = training.attacked(str(source), Reader(layout), named(["role-grant"]), wanted, lesson.number)
    assert sum(np.count_nonzero(episodes == 0) for _, episodes, _ in played) == 1200


def test_a_large_state_can_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of many entities is larger than what a detector's other files may be."""
    monkeypatch.setattr(model, "_LARGEST", 1000)
    with (tmp_path / "state.npz").open("wb") as file:
        np.savez(file, counts=np.arange(5000))
    assert model.load_arrays(tmp_path / "state.npz")["counts"].size == 5000


def test_rows_of_another_kind_are_unknown_and_not_clear(detector: Detector, tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"kind": "another", "who": "ada"}\n' * 40)
    scored = score_log(str(tmp_path / "other.jsonl"), tmp_path / "out.jsonl", detector)
    assert (scored.rows, scored.unknown, scored.clear, scored.alerts) == (40, 40, 0, 0)
    found = read_findings(tmp_path / "out.jsonl")
    assert {one.verdict for one in found} == {"unknown"}
    assert len({one.record_id for one in found}) == 40
    assert explain(tmp_path / "out.jsonl", detector.settings.layout) == []
