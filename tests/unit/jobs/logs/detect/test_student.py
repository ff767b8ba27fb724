from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from icelos.data.parse.flat import flat_fields
from icelos.errors import InputError
from icelos.jobs.logs.detect.columns import Columns, Reader
from icelos.jobs.logs.detect.model import load
from icelos.jobs.logs.detect.reading import batches
from icelos.jobs.logs.detect.student import asked, teach
from icelos.jobs.logs.detect.teacher import STRUCTURE, Teacher, shared, value_spans
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.training import train_on
from icelos.jobs.logs.whatif.scenario import named

Json = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(-9, 999), some.text(max_size=6)),
    lambda inner: some.one_of(
        some.dictionaries(some.text(min_size=1, max_size=5), inner, max_size=3), some.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    row=some.dictionaries(some.text(min_size=1, max_size=5), Json, min_size=1, max_size=4),
    close=some.booleans(),
)
def test_each_scalar_is_found_under_its_path(row: dict[str, object], close: bool) -> None:
    data = json.dumps(row, separators=(",", ":") if close else (", ", ": ")).encode()
    spans = list(value_spans(data))
    assert all(json.loads(data[begin:end]) is not Ellipsis for _, begin, end in spans)
    found = [(path, json.loads(data[begin:end])) for path, begin, end in spans]
    plain = {
        path: value for path, value in flat_fields(row).items()
        if "[" not in path and not path.endswith("{}") and "[" not in json.dumps(row)
    }  # fmt: skip
    assert Counter(map(repr, plain.items())) <= Counter(map(repr, found))


@pytest.mark.parametrize("row", [b"", b"[1]", b'{"a":', b'{"a":1}}', b"CEF:0|a"])
def test_what_is_no_object_is_refused(row: bytes) -> None:
    with pytest.raises(InputError):
        list(value_spans(row))


def test_bits_go_to_the_values_that_a_token_spells() -> None:
    row = b'{"a":"xy","b":7}'
    spans = list(value_spans(row))
    assert [(path, row[begin:end]) for path, begin, end in spans] == [("a", b'"xy"'), ("b", b"7")]
    ends = np.array([5, 8, 14, 15, 16])  # {"a": | "xy | ","b": | 7 | }
    found = shared(np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), ends, spans)
    assert found == {STRUCTURE: 49.0, "a": 6.0, "b": 8.0}


def test_a_teacher_says_all_bits_of_a_row(log: Path, tmp_path: Path) -> None:
    from icelos.gpt import folder
    from icelos.gpt.surprise import token_bits

    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:300]))
    train_on(str(rows), tmp_path / "model", given={"size": "pico", "steps": 2, "seed": 1})
    teacher, model = Teacher(tmp_path / "model"), folder.load(tmp_path / "model")
    for row in rows.read_bytes().splitlines()[:3]:
        bits = teacher.bits(row)
        assert sum(bits.values()) == pytest.approx(
            token_bits(model.network, model.tokenizer.encode(row)).sum(), rel=1e-6
        )
        assert bits["userPrincipalName"] > 0
    with pytest.raises(InputError):
        teacher.bits(b"no row")


class _Counting(Teacher):
    """Says of the addresses and the countries of rows how rare they are: what a student is to find out."""

    def __init__(self, log: Path) -> None:
        self.version = "counting@0"
        self._rows = [json.loads(line) for line in log.read_bytes().splitlines()]
        self._counts = [Counter(self._value(row, path) for row in self._rows) for path in _PATHS]

    def bits(self, row: bytes) -> dict[str, float]:
        try:
            found = json.loads(row)
        except ValueError as error:
            raise InputError("no row") from error
        return {
            path: float(-np.log2((counts[self._value(found, path)] + 0.1) / len(self._rows)))
            for path, counts in zip(_PATHS, self._counts, strict=True)
        }

    def _value(self, row: dict[str, object], path: str) -> str:
        value: object = row
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return str(value)


_PATHS = ("ipAddress", "location.countryOrRegion")


def test_a_student_says_what_its_teacher_would(log: Path, tmp_path: Path) -> None:
    teacher = _Counting(log)
    student = teach(
        str(log), teacher, named(["impossible-travel", "password-spray"]), Options(4, 2, 1), lessons=1500
    )
    assert student.settings.teacher == "counting@0"
    assert set(student.settings.likenesses) == {"T1078.004", "T1110.003"}
    student.save(tmp_path)
    found = load(tmp_path)
    lines = log.read_bytes().splitlines()[-1500:]
    reader = Reader(found.settings.layout)
    rows = [row for line in lines if (row := reader.row(line)) is not None]
    features = found.behaviour.features(Columns.joined(list(batches(reader, rows))))
    scores = found.scores(features)
    reached, high = found.reaching(features, np.full(len(features), found.threshold))
    assert reached.tolist() == np.flatnonzero(scores >= found.threshold).tolist()
    assert high.tolist() == scores[reached].tolist()
    bits = asked(teacher, lines, found.settings.layout)
    assert np.isnan(asked(teacher, [b"nothing"], found.settings.layout)).all()
    ranks = [np.argsort(np.argsort(values)) for values in (scores, bits)]
    assert np.corrcoef(ranks[0], ranks[1])[0, 1] > 0.6


def test_a_student_of_a_log_without_scenarios_learns_by_takeovers(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rng = np.random.default_rng(0)
    rows = []
    for number in range(4000):
        user = int(rng.integers(12))
        rows.append({"CreationTime": f"2026-01-{1 + number // 200:02d}T{number % 24:02d}:00:00Z",
                     "UserId": f"user{user}@x", "Workload": f"w{user % 4}",
                     "Operation": ("Read", "Write", "Send")[int(rng.integers(3))]})  # fmt: skip
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    student = teach(str(log), _Counting(log), [], Options(4, 2, 1), lessons=600)
    assert student.settings.taught["takeover"] > 20
    assert student.settings.calibration.threshold < np.inf
    with pytest.raises(InputError):
        teach(str(_first(log, 60)), _Counting(log), [], Options(4, 2, 1), lessons=600)
    assert train(str(log), [], Options(4, 2, 1)).settings.teacher == ""


def _first(log: Path, rows: int) -> Path:
    path = log.with_name("first.jsonl")
    path.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:rows]))
    return path
