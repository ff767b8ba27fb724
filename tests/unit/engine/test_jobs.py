"""Names to a run: which source, which sink, several places, options of a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from icelos import registry
from icelos.contracts import Needs, Scored
from icelos.data.sinks import JsonLinesSink, ParquetSink, SqliteSink
from icelos.data.sources import JsonLinesSource, LineSource, MailSource, ParquetSource, SqliteSource
from icelos.engine.jobs import open_sink, open_source, scan
from icelos.errors import InputError, SettingsError
from icelos.records import Record
from icelos.settings import Settings


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jsonl", JsonLinesSink), ("a.parquet", ParquetSink), ("a.sqlite", SqliteSink), ("a.db", SqliteSink)],
)
def test_a_sink_by_its_suffix(tmp_path: Path, name: str, kind: type) -> None:
    with open_sink(tmp_path / name) as sink:
        assert isinstance(sink, kind)


def test_no_sink_for_another_suffix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.jsonl, \.parquet, \.sqlite, \.db"):
        open_sink(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("name", "job", "form", "kind"),
    [
        ("a.mbox", "mail", "", MailSource),
        ("a.log", "logs", "", JsonLinesSource),
        ("a.log", "logs", "lines", LineSource),
        ("a.parquet", "logs", "", ParquetSource),
        ("a.db", "mail", "", SqliteSource),
        ("a.db", "mail", "mail", MailSource),
    ],
)
def test_a_source_by_format_suffix_and_job(
    tmp_path: Path, name: str, job: str, form: str, kind: type
) -> None:
    (tmp_path / name).touch()
    assert type(open_source(str(tmp_path / name), job=job, source_format=form)) is kind


def test_a_source_is_given_its_own_options_only(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    source = open_source(str(tmp_path / "a.db"), job="logs", options={"table": "events", "model": "m"})
    assert source.table == "events"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_source(str(tmp_path / "none"), job="mail")
    with pytest.raises(SettingsError, match="no source called 'csv'"):
        open_source("-", job="mail", source_format="csv")


class _Counter:
    name = "counter"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [None] * len(batch)


def test_several_places_are_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = registry.resolve
    monkeypatch.setattr(
        "icelos.engine.jobs.resolve",
        lambda group, name: (lambda settings, options: _Counter()) if group == "jobs" else real(group, name),
    )
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"a": 1}\nbroken\n')
    places = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        report = scan("counter", places, sink, settings=Settings())
        assert (report.clear, report.failures, sink.count("failure")) == (2, 2, 2)
        with pytest.raises(InputError, match="no such file"):
            scan("counter", [*places, str(tmp_path / "none")], sink, settings=Settings())
