"""Reading in workers: the same outcomes as one after the other, whoever dies and wherever it is stopped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from icelos import registry
from icelos.contracts import Needs, Scored
from icelos.engine.jobs import items_of
from icelos.engine.ray.distributed import PendingPiece, Reading, ScoredBatch
from icelos.engine.ray.parts import FATAL, Group, PartReader, Piece, Readings
from icelos.engine.run import score_safely
from icelos.engine.workers import Host, JobSpec, WorkerDied
from icelos.errors import InputError, RunError
from icelos.findings import Failure, Finding, Verdict, failure
from icelos.records import LogLine, Record
from icelos.settings import Settings


class Killed(BaseException):
    """What kill -9 is here: nothing of the worker's own catches it."""


class Marker:
    """A finding for texts of odd length; some end their worker."""

    name = "marker-job"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        text = getattr(record, "text", "")
        if "kills" in text:
            raise Killed
        if "poison" in text:
            raise ValueError("poison")
        if len(text) % 2 == 0:
            return None
        return Finding(record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="l", summary=text)


class Remembering(Marker):
    def key(self, record: Record) -> str:
        return ""

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        """Nothing."""


class Shelf:
    """A source with parts of its own; reading on in "bad" ends who does it."""

    def __init__(self, location: str) -> None:
        self._parts = ("one", "bad", "two")

    def parts(self) -> Iterator[str | Failure]:
        yield self._parts[0]
        yield failure(record_id="unlisted", job="", error="cannot list", source="shelf/x")
        yield from self._parts[1:]

    def part(self, name: str) -> Iterator[Record | Failure | None]:
        for number in range(5):
            if name == "bad" and number == 3:
                raise Killed
            yield None
            yield LogLine(id=f"{name}{number}", source=f"{name}:{number}", text=name)


def marker(settings: Settings, options: Mapping[str, str]) -> Marker:
    return Marker()


def remembering(settings: Settings, options: Mapping[str, str]) -> Remembering:
    return Remembering()


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {group: dict(registry.names(group)) for group in ("jobs", "sources", "sinks")}
    known["jobs"] |= {"marker": f"{__name__}:marker", "remembering": f"{__name__}:remembering"}
    known["sources"]["shelf"] = f"{__name__}:Shelf"
    monkeypatch.setattr(registry, "names", known.__getitem__)


class Here:
    """A real reader in this process, which ends after so many answers."""

    def __init__(self, readings: Readings, spec: JobSpec, life: int) -> None:
        self._reader = PartReader(Host(spec), readings)
        self._life = life
        self.closed = False

    def read(self, group: Group) -> PendingPiece:
        return Answer(self, lambda: self._reader.read(group))

    def more(self) -> PendingPiece:
        return Answer(self, self._reader.more)

    def close(self) -> None:
        self.closed = True

    def call(self, what: object) -> Piece | None:
        assert not self.closed
        try:
            return what() if self._life > 0 else None  # type: ignore[operator]
        except Killed:
            self._life = 0
            return None

    def give(self, piece: Piece | None) -> Piece:
        """What it has worked out and not handed over is lost with it."""
        self._life -= 1
        if self._life < 0 or piece is None:
            self._life = 0
            raise WorkerDied("killed")
        return piece


class Answer:
    def __init__(self, reader: Here, what: object) -> None:
        self._reader = reader
        self._error: Exception | None = None
        self._piece: Piece | None = None
        try:
            self._piece = reader.call(what)
        except Exception as error:  # noqa: BLE001
            self._error = error

    def done(self) -> bool:
        return True

    def result(self) -> Piece:
        if self._error is not None:
            raise self._error
        return self._reader.give(self._piece)


class Crew:
    """Up to three readers; the lives of those that come, then long ones."""

    def __init__(self, readings: Readings, lives: Sequence[int] = (), job: str = "marker") -> None:
        self._readings = readings
        self._spec = JobSpec(job, Settings())
        self._lives = list(lives)
        self.all: list[Here] = []

    def start(self) -> Here:
        self.all.append(Here(self._readings, self._spec, self._lives.pop(0) if self._lives else 10**9))
        return self.all[-1]

    def grown(self, waiting: int, workers: int) -> list[Here]:
        return [self.start()] if 0 < workers < 3 else []

    def wait(self, pending: Sequence[PendingPiece]) -> None:
        assert pending


def _folder(root: Path, texts: Sequence[Sequence[str]]) -> Path:
    for number, lines in enumerate(texts):
        path = root / f"d{number % 3}" / f"{number}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
    return root


def _readings(root: Path, **more: int) -> Readings:
    return Readings("marker", (str(root),), source_format="lines", **more)  # type: ignore[arg-type]


def _serial(root: Path) -> Counter[str]:
    items = list(items_of("marker", str(root), source_format="lines", options=None))
    outcomes = score_safely(Marker(), [item for item in items if isinstance(item, Record)])
    return Counter(str(one) for one in outcomes if one is not None)


def _stored(batches: Sequence[ScoredBatch]) -> Counter[str]:
    return Counter(str(one) for batch in batches for one in batch.outcomes if one is not None)


TEXTS = [[f"{file} line {number}" + "x" * (number % 2) for number in range(file * 3)] for file in range(40)]


def test_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    root = _folder(tmp_path, [*TEXTS, ["poison", "fine"], ["\N{SNOWMAN}"], []])
    (root / "d0" / "broken.log").write_bytes(b"good\n\xff\xfe\nalso good\n")
    readings = _readings(root, batch_size=7)
    crew = Crew(readings)
    batches = list(Reading(crew, readings))
    items = list(items_of("marker", str(root), source_format="lines", options=None))
    assert sum(len(batch.outcomes) for batch in batches) == len(items)
    broken = [one for batch in batches for one in batch.outcomes if isinstance(one, Failure)]
    assert sorted(one.error.partition(":")[0] for one in broken) == ["ValueError", "not UTF-8 at byte 0"]
    assert {one.job for one in broken} == {"marker-job"}
    serial = _serial(root)
    stored = _stored(batches)
    assert {one: n for one, n in stored.items() if "UTF-8" not in one} == serial
    clear = [one for batch in batches for one in batch.clear]
    assert len(clear) == len(set(clear)) == sum(one is None for batch in batches for one in batch.outcomes)
    assert len(crew.all) == 3
    assert all(reader.closed for reader in crew.all)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.integers(0, 12), max_size=12), stops=st.lists(st.integers(1, 9), max_size=4))
def test_nothing_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, lives: list[int], stops: list[int]
) -> None:
    """Workers end at any answer, and the run is stopped and taken up at any batch.

    Four ends in a row without an answer are what a record is blamed for.
    """
    assume(lives.count(0) <= 2)
    root = _folder(tmp_path_factory.mktemp("logs"), TEXTS[:12])
    readings = _readings(root, batch_size=5)
    crew = Crew(readings, lives)
    position: bytes | None = None
    came: list[ScoredBatch] = []
    for stop in [*stops, 10**9]:
        reading = Reading(crew, readings)
        if position is not None:
            reading.resume(position)
        batches = iter(reading)
        for _ in range(stop):
            batch = next(batches, None)
            if batch is None:
                break
            came.append(batch)
            position = reading.position()
        batches.close()
    assert _stored(came) == _serial(root)
    items = list(items_of("marker", str(root), source_format="lines", options=None))
    assert sum(len(batch.outcomes) for batch in came) == len(items)


def test_a_record_that_ends_its_worker_becomes_its_failure(tmp_path: Path) -> None:
    texts = [[f"{number}" for number in range(20)] for _ in range(3)]
    texts[1][7] = texts[1][8] = "this kills"
    root = _folder(tmp_path, texts)
    readings = _readings(root, batch_size=6)
    reading = Reading(Crew(readings), readings)
    batches = list(reading)
    outcomes = [one for batch in batches for one in batch.outcomes]
    assert len(outcomes) == 60
    failed = [one for one in outcomes if isinstance(one, Failure)]
    assert [one.error for one in failed] == [FATAL, FATAL]
    assert sorted(one.source for one in failed) == ["d1/1.log:8", "d1/1.log:9"]
    assert failed[0].raw == "this kills"
    assert reading.died == 2 + 2 + 2 + 2  # of two batches ahead, of the second alone, of each record


def test_a_part_that_ends_who_reads_it_is_given_up(tmp_path: Path) -> None:
    readings = Readings("marker", (str(tmp_path),), source_format="shelf", batch_size=2)
    batches = list(Reading(Crew(readings), readings))
    outcomes = [one for batch in batches for one in batch.outcomes]
    failed = [one for one in outcomes if isinstance(one, Failure)]
    assert [(one.source, one.job) for one in failed] == [("shelf/x", "marker"), ("bad", "marker")]
    assert "given up" in failed[1].error
    assert len(outcomes) == 5 + 3 + 5 + 2


def test_what_cannot_be_listed_is_told_once(tmp_path: Path) -> None:
    readings = Readings("marker", (str(tmp_path),), source_format="shelf", batch_size=2)
    reading = Reading(Crew(readings), readings)
    batches = iter(reading)
    before = 0
    while not isinstance((told := next(batches)).outcomes[0], Failure):
        before += len(told.outcomes)
    assert [one.error for one in told.outcomes if isinstance(one, Failure)] == ["cannot list"]
    position = reading.position()
    batches.close()
    again = Reading(Crew(readings), readings)
    again.resume(position)
    rest = [one for batch in again for one in batch.outcomes]
    assert before + len(rest) == 5 + 3 + 5 + 1
    assert "unlisted" not in {one.record_id for one in rest if one is not None}


def test_a_job_with_state_is_refused(tmp_path: Path) -> None:
    root = _folder(tmp_path, TEXTS[:3])
    readings = _readings(root)
    crew = Crew(readings, job="remembering")
    with pytest.raises(RunError, match="with state"):
        list(Reading(crew, readings))
    assert all(reader.closed for reader in crew.all)


def test_standard_input_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    for location, why in (("-", "standard input"), (str(tmp_path / "no"), "no such file")):
        readings = Readings("marker", (location,), source_format="lines")
        with pytest.raises(InputError, match=why):
            Reading(Crew(readings), readings)


def test_where_the_last_run_stood_may_be_gone(tmp_path: Path) -> None:
    root = _folder(tmp_path, TEXTS[:30])
    readings = _readings(root)
    reading = Reading(Crew(readings), readings)
    batches = iter(reading)
    next(batches)
    position = reading.position()
    batches.close()
    Path(json.loads(position)["last"][1]).unlink()
    again = Reading(Crew(readings), readings)
    again.resume(position)
    with pytest.raises(InputError, match="where the last run stood is gone"):
        list(again)


@pytest.mark.parametrize(
    "position", [b"", b"5", b"{}", b'{"last": 5, "listed": 1, "open": []}', b'{"last": [1]}']
)
def test_what_is_no_position(tmp_path: Path, position: bytes) -> None:
    readings = _readings(_folder(tmp_path, TEXTS[:3]))
    with pytest.raises(ValueError, match=r".+"):
        Reading(Crew(readings), readings).resume(position)


def test_file_names_of_any_bytes(tmp_path: Path) -> None:
    name = b"caf\xe9.log"
    with open(bytes(tmp_path) + b"/" + name, "w") as stream:  # noqa: PTH123 - no Path of bytes
        stream.write("one\ntwo\n")
    readings = _readings(tmp_path, batch_size=1)
    reading = Reading(Crew(readings), readings)
    batches = iter(reading)
    next(batches)
    position = reading.position()
    batches.close()
    again = Reading(Crew(readings), readings)
    again.resume(position)
    assert sum(len(batch.outcomes) for batch in again) == 1


def test_one_source_that_has_no_parts_is_one(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (text TEXT)")
        database.executemany("INSERT INTO t VALUES (?)", [("a" * n,) for n in range(20)])
    readings = Readings("marker", (str(path),), batch_size=3)
    batches = list(Reading(Crew(readings, [2, 1]), readings))
    assert sum(len(batch.outcomes) for batch in batches) == 20
    ids = [one.record_id for batch in batches for one in batch.outcomes if one is not None]
    clear = [one for batch in batches for one in batch.clear]
    assert len(set(ids + clear)) == 20
