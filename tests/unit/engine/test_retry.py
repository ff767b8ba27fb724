"""What failed once is scored once more, and nothing else; what is mended is no failure any more."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from icelos import registry
from icelos.contracts import Needs, Scored
from icelos.data.sinks import SqliteSink
from icelos.engine.jobs import scan
from icelos.engine.retry import retry
from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.records import LogLine, Record
from icelos.settings import Settings


class Moody:
    """Fails at rows with a word of `bad`; a finding for "odd", clear for the rest."""

    name = "moody"
    needs = Needs()

    def __init__(self) -> None:
        self.bad: tuple[str, ...] = ()
        self.scored: list[str] = []

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        assert isinstance(record, LogLine)
        if any(word in record.text for word in self.bad):
            raise ValueError("the model is down")
        self.scored.append(record.source)
        if "odd" in record.text:
            return Finding(
                record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="l", summary="s",
                source=record.source,
            )  # fmt: skip
        return None


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Moody:
    moody, real = Moody(), registry.resolve
    for module in ("jobs", "retry"):
        monkeypatch.setattr(
            f"icelos.engine.{module}.resolve",
            lambda group, name: (lambda settings, options: moody) if group == "jobs" else real(group, name),
        )
    return moody


def _open(sink: SqliteSink) -> set[str]:
    return {failure.source for failure in sink.failures()}


def test_only_what_failed_is_scored_again(tmp_path: Path, job: Moody) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": "odd"}\n{"n": "odd", "m": 1}\n{"n": "even"}\n{"n": "never"}\n')
    job.bad = ("m", "e")
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        scan("moody", str(path), sink, settings=Settings())
        assert _open(sink) == {"a.jsonl:2", "a.jsonl:3", "a.jsonl:4"}
        job.bad, job.scored = ("never",), []
        report = retry("moody", str(path), sink, settings=Settings())
        assert set(job.scored) == {"a.jsonl:2", "a.jsonl:3"}
        assert (report.read, report.findings, report.clear, report.failures) == (3, 1, 1, 1)
        assert _open(sink) == {"a.jsonl:4"}
        assert sink.count("finding") == 2


def test_a_line_mended_where_it_stands_is_no_failure_any_more(tmp_path: Path, job: Moody) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\nbroken\nbroken, too\n')
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        scan("moody", str(path), sink, settings=Settings())
        path.write_text('{"n": 1}\n{"n": "odd"}\nbroken, too\n')
        retry("moody", str(path), sink, settings=Settings())
        assert _open(sink) == {"a.jsonl:3"}
        assert [finding.source for finding in sink.findings()] == ["a.jsonl:2"]


def test_a_stream_that_can_be_read_to_its_end_is_no_failure_any_more(tmp_path: Path, job: Moody) -> None:
    path = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(b'{"n": 1}\n{"n": 2}\n')
    path.write_bytes(whole[:-6])
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        scan("moody", str(path), sink, settings=Settings())
        assert _open(sink) == {"a.jsonl.gz"}
        retry("moody", str(path), sink, settings=Settings())
        assert _open(sink) == {"a.jsonl.gz"}
        path.write_bytes(whole)
        retry("moody", str(path), sink, settings=Settings())
        assert _open(sink) == set()


def test_failures_elsewhere_and_of_other_jobs_stay_open(tmp_path: Path, job: Moody) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("broken\n")
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        scan("moody", [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")], sink, settings=Settings())
        (tmp_path / "a.jsonl").write_text('{"n": 1}\n')
        retry("moody", str(tmp_path / "a.jsonl"), sink, settings=Settings())
        assert _open(sink) == {"b.jsonl:1"}
        with pytest.raises(InputError, match="no such file"):
            retry("moody", str(tmp_path / "none"), sink, settings=Settings())
