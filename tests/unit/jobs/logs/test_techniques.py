from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from icelos.errors import InputError
from icelos.jobs.logs import techniques
from icelos.jobs.logs.generation import Wanted, generate_rows
from icelos.jobs.logs.outputs import labels_path, meta_path
from icelos.jobs.logs.surprise import Surprise
from icelos.jobs.logs.time_order import time_of
from icelos.jobs.logs.training import MOST, RawRows, _shown, train_on

Objects = some.dictionaries(
    some.text(min_size=1, max_size=8).filter(lambda key: key != techniques.MARK),
    some.one_of(some.integers(), some.text(max_size=8), some.none(), some.lists(some.integers(), max_size=2)),
    min_size=1,
    max_size=4,
)


@given(
    row=Objects, ascii_only=some.booleans(), close=some.booleans(), technique=some.sampled_from(["T1078.004"])
)
def test_a_label_comes_off_as_it_went_on(
    row: dict[str, object], ascii_only: bool, close: bool, technique: str
) -> None:
    separators = (",", ":") if close else (", ", ": ")
    data = json.dumps(row, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")
    made = techniques.marked(data, technique)
    assert techniques.unmarked(made) == (data, technique)
    decoded = json.loads(made)
    assert next(iter(decoded)) == techniques.MARK
    assert (
        json.dumps(decoded, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")
        == made
    )


def test_spacing_stays() -> None:
    row = b'{ "a" : 1, "b" : 2 }'
    assert techniques.unmarked(techniques.marked(row, "T1")) == (row, "T1")


@pytest.mark.parametrize("row", [b"{}", b"[1]", b"CEF:0|a", b'{"_technique":"x","a":1}', b""])
def test_rows_that_cannot_be_labelled_say_so(row: bytes) -> None:
    with pytest.raises(InputError):
        techniques.marked(row, "T1078")


def test_labels_are_read_and_bad_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"row":3,"technique":"T1","benign":false}\n{"row":4,"technique":"T2","benign":true}\n')
    assert techniques.read_labels(path) == {3: "T1"}
    path.write_text('{"row":3,"technique":"T1"}\nnonsense\n')
    with pytest.raises(InputError, match="not a label") as caught:
        techniques.read_labels(path)
    assert caught.value.source == f"{path}:2"
    path.write_text("")
    with pytest.raises(InputError, match="labels no row"):
        techniques.read_labels(path)
    with pytest.raises(InputError, match="cannot read the labels"):
        techniques.read_labels(tmp_path / "absent")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A log with rows of an attack, and a model that hardly learned it: only its grammar knows what goes with
    what."""
    folder = tmp_path_factory.mktemp("labelled")
    log = folder / "log.jsonl"
    rows, labels = [], []
    for number in range(600):
        attack = number % 20 == 0
        rows.append({
            "time": f"2026-01-{1 + number % 28:02d}T10:{number % 60:02d}:00Z", "user": f"user{number % 7}",
            "operation": "New-InboxRule" if attack else ("Send", "MailItemsAccessed")[number % 2],
            "address": f"192.0.2.{number % 40}",
        })  # fmt: skip
        if attack:
            labels.append({"row": number + 1, "technique": "T1564.008", "benign": False})
    log.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    labels_path(log).write_bytes(b"".join(msgspec.json.encode(label) + b"\n" for label in labels))
    train_on(
        str(log), folder / "model", given={"size": "pico", "steps": 2, "seed": 1}, labels=labels_path(log)
    )
    return log, folder / "model"


def test_rows_are_asked_for_by_technique_and_user(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    meta = generate_rows(
        labelled[1], path, Wanted(rows=12, seed=1, technique="T1564.008", where={"user": "user3"})
    )
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert {(row["operation"], row["user"]) for row in rows} == {("New-InboxRule", "user3")}
    assert all(list(row) == ["time", "user", "operation", "address"] for row in rows)
    assert meta.techniques == {"T1564.008": 12}
    assert techniques.read_labels(labels_path(path)) == dict.fromkeys(range(1, 13), "T1564.008")


def test_labels_stand_beside_rows_of_any_technique_in_the_order_of_time(
    labelled: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "made.jsonl"
    meta = generate_rows(labelled[1], path, Wanted(rows=60, seed=3, by_time=True))
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert sum(meta.techniques.values()) == 60
    told = [json.loads(line)["row"] for line in labels_path(path).read_bytes().splitlines()]
    assert told == [n for n, row in enumerate(rows, 1) if row["operation"] == "New-InboxRule"]
    assert json.loads(meta_path(path).read_text())["simulated"] is True


@pytest.mark.parametrize(
    ("row", "moment"),
    [
        (b'{"userIdentity":{"sessionContext":{"attributes":{"creationDate":"2020-01-01T00:00:00Z"}},"arn":"a"},'
         b'"eventTime":"2026-01-01T00:00:00Z","eventName":"b","eventSource":"c"}', 1767225600.0),
        (b'{"Event":{"System":{"EventID":1,"TimeCreated":{"#attributes":{"SystemTime":"2026-01-01T00:00:00Z"}}}}}',
         1767225600.0),
        (b'{"a":"x","b":{"c":"2026-01-01T00:00:00Z"}}', 1767225600.0),
        (b'{"a":1}', -math.inf),
        (b"no row", -math.inf),
    ],
)  # fmt: skip
def test_a_row_happened_when_its_kind_of_log_says(row: bytes, moment: float) -> None:
    assert time_of(row) == moment


def test_labels_of_a_file_that_was_there_before_go(model: Path, tmp_path: Path) -> None:
    labels_path(tmp_path / "a").write_text('{"row":1,"technique":"T1"}\n')
    generate_rows(model, tmp_path / "a", Wanted(rows=2, seed=0))
    assert not labels_path(tmp_path / "a").exists()


def test_a_technique_that_no_row_was_of_is_named(
    labelled: tuple[Path, Path], model: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"no rows of T1110") as caught:
        generate_rows(labelled[1], tmp_path / "a", Wanted(rows=1, seed=0, technique="T1110"))
    assert "T1564.008" in (caught.value.hint or "")
    with pytest.raises(InputError, match="without techniques"):
        generate_rows(model, tmp_path / "a", Wanted(rows=1, seed=0, technique="T1110"))


def test_rows_that_are_scored_count_as_rows_of_no_attack(labelled: tuple[Path, Path]) -> None:
    surprise = Surprise(labelled[1])
    row = labelled[0].read_bytes().splitlines()[1]
    assert surprise.bits_per_byte(row) == pytest.approx(
        surprise.bits_per_byte(techniques.marked(row, techniques.NONE)), rel=0.5
    )


def test_labels_of_other_rows_are_refused(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"row":100000,"technique":"T1"}\n')
    with pytest.raises(InputError, match="labels none of these rows"):
        train_on(str(labelled[0]), tmp_path / "m", given={"size": "pico", "steps": 1}, labels=path)
    assert not (tmp_path / "m" / techniques.NAME).exists()
    with pytest.raises(InputError, match="rows of one file"):
        train_on(str(tmp_path), tmp_path / "m", given={"size": "pico", "steps": 1}, labels=path)


def test_rows_of_rare_techniques_are_shown_more_often(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(f'{{"a":{n}}}\n' for n in range(1000)))
    rows = RawRows(str(path), {1: "T1", 2: "T1", **dict.fromkeys(range(3, 203), "T2")}, {"T1": 3})
    found = list(rows)
    assert len(found) == 1004
    assert found[:4] == [b'{"_technique":"T1","a":0}'] * 3 + [b'{"_technique":"T1","a":1}']
    assert dict(rows.techniques) == {"T1": 2, "T2": 200, techniques.NONE: 798}
    assert _shown(RawRows(str(path), rows.labels)) == {"T1": MOST, "T2": 1, techniques.NONE: 1}
    assert _shown(RawRows(str(path))) == {}


def test_rows_that_have_no_room_for_a_label_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a":1}\n{}\n{"_technique":"T1","a":2}\n')
    rows = RawRows(str(path), {1: "T1"})
    assert list(rows) == [b'{"_technique":"T1","a":1}']
    assert rows.failures == 2
    assert dict(rows.techniques) == {"T1": 1}
