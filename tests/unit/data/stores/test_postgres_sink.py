"""Outcomes in a real PostgreSQL: keyed, whole or not at all, by many writers, over kills of both sides."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.contracts import Sink
from icelos.data.stores.postgres_sink import TABLE, PostgresSink
from icelos.errors import StoreError
from icelos.findings import Evidence, Failure, Finding, How, Outcome, Verdict, failure


def _finding(number: int, *, text: str = "s") -> Finding:
    return Finding(
        record_id=str(number), job="j", verdict=Verdict.ALERT, label="l", summary=text, score=0.5,
        evidence=(Evidence("q", f"a:{number}", How.RULE),), source=f"a:{number}",
    )  # fmt: skip


def _failure(number: int) -> Failure:
    return Failure(record_id=str(number), job="j", error="bad", source=f"a:{number}", raw="\x01\r\n\t\"'\\")


def _stored(sink: PostgresSink) -> list[Outcome]:
    found: list[Outcome] = [*sink.findings(limit=10**6), *sink.failures(limit=10**6)]
    return sorted(found, key=lambda outcome: int(outcome.record_id))


def test_what_goes_in_comes_out_and_is_overwritten(postgres: Any) -> None:
    with PostgresSink(postgres.url) as sink:
        assert isinstance(sink, Sink)
        sink.write([])
        sink.write([_failure(1), _failure(2), _finding(3)])
        assert _stored(sink) == [_failure(1), _failure(2), _finding(3)]
        sink.write([_finding(1, text="first"), _finding(3), _finding(1, text="second")])
        assert _stored(sink) == [_finding(1, text="second"), _failure(2), _finding(3)]
        assert (sink.count("finding"), sink.count("failure", job="j"), sink.count("failure", job="k")) == (
            2,
            1,
            0,
        )
        assert sink.open_failures("j") == {"2": "a:2"}
        assert not sink.findings(verdict="review") + sink.findings(job="k")
        assert not sink.failures(job="k")
    with PostgresSink(postgres.url) as sink:
        assert len(sink.findings(job="j", verdict="alert", limit=1, offset=1)) == 1


def test_resolve_forgets_failures_and_no_findings(postgres: Any) -> None:
    with PostgresSink(postgres.url) as sink:
        sink.write([_failure(1), _finding(2), _failure(3)])
        assert sink.resolve("j", []) == sink.resolve("k", ["1"]) == 0
        assert sink.resolve("j", ["1", "2", "4"]) == 1
        assert _stored(sink) == [_finding(2), _failure(3)]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "\x00",
        "a\x00b",
        "\\u0000",
        "'; DROP TABLE icelos_outcomes; --",
        "{NULL}",
        '",\\"',
        "\\N",
        "%s",
        "\ufffe\U0010ffff",
    ]
)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=6, max_size=6))
def test_hostile_texts_come_back_as_they_were(postgres: Any, texts: list[str]) -> None:
    one, two, three, four, five, six = texts
    outcomes: list[Outcome] = [
        Finding(
            record_id=f"1{one}", job=two, verdict=Verdict.REVIEW, label=three, summary=four, source=five,
            evidence=(Evidence(six, one, How.TOOL),), attributes={two: three}, made_by={four: five},
        ),
        failure(record_id=f"2{one}", job=two, error=three, source=four, raw=six),
    ]  # fmt: skip
    with PostgresSink(postgres.url) as sink:
        postgres.execute(f"TRUNCATE {TABLE}")
        sink.write(outcomes)
        assert [*sink.findings(), *sink.failures()] == outcomes
        assert sink.resolve(two, [f"2{one}"]) == 1
    shown = postgres.execute(f"SELECT label, body->>'job', body->>'summary' FROM {TABLE}")
    assert shown == [tuple(text.replace("\0", "\u2400") for text in (three, two, four))]


def test_ten_thousand_outcomes(postgres: Any) -> None:
    outcomes: list[Outcome] = [_finding(number, text="x" * 500) for number in range(10_000)]
    with PostgresSink(postgres.url) as sink:
        begin = time.monotonic()
        sink.write(outcomes)
        print(f"10,000 outcomes in {time.monotonic() - begin:.2f} s")
        for place in range(0, 2000, 64):
            sink.write(outcomes[place : place + 64])
        assert _stored(sink) == outcomes


def test_all_of_a_write_or_nothing(postgres: Any) -> None:
    with PostgresSink(postgres.url) as sink:
        sink.write([_finding(1)])
        postgres.execute(f"ALTER TABLE {TABLE} ADD CHECK (record_id <> '2999')")
        with pytest.raises(StoreError, match="cannot write"):
            sink.write([_finding(number) for number in range(3000)])
        assert _stored(sink) == [_finding(1)]


def test_many_writers_at_once(postgres: Any) -> None:
    """Of the same records, in different orders, from an empty database on, with failures being resolved."""
    started = threading.Barrier(8)

    def write(writer: int) -> None:
        started.wait()
        with PostgresSink(postgres.url) as sink:
            numbers = list(range(300)) if writer % 2 else list(reversed(range(300)))
            for _ in range(5):
                sink.write([_finding(number) if number % 3 else _failure(number) for number in numbers])
                sink.resolve("j", [str(number) for number in numbers])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with PostgresSink(postgres.url) as sink:
        assert _stored(sink) == [_finding(number) for number in range(300) if number % 3]


@pytest.mark.slow
def test_a_server_killed_and_started_again(postgres: Any) -> None:
    """In the middle of writes that are tried until they are durable: nothing lost, nothing twice."""
    outcomes: list[Outcome] = [_finding(number) for number in range(3000)]
    refused = 0
    done = threading.Event()

    def restart() -> None:
        for _ in range(3):
            time.sleep(0.3)
            postgres.kill()
            time.sleep(0.2)
            postgres.start()
        done.set()

    sink = PostgresSink(postgres.url)
    chaos = threading.Thread(target=restart)
    chaos.start()
    written = 0
    while written < len(outcomes) or not done.is_set():
        try:
            sink.write(outcomes[written % 3000 : written % 3000 + 10])
            written += 10
        except StoreError:
            refused += 1
            time.sleep(0.02)
    chaos.join()
    assert refused
    assert _stored(sink) == outcomes
    sink.close()


# Writes outcomes one by one until it is killed, and says after each that it is written.
WRITER = """
import sys
from icelos.data.stores.postgres_sink import PostgresSink
from icelos.findings import Failure
sink = PostgresSink(sys.argv[1])
for number in range(10**6):
    sink.write([Failure(record_id=str(number), job="j", error="bad", source="a")])
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_written(postgres: Any) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, postgres.url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(200)]
    writer.kill()
    said += [int(line) for line in writer.stdout.read().split("\n") if line]
    writer.wait()
    writer.stdout.close()
    with PostgresSink(postgres.url) as sink:
        assert [int(one.record_id) for one in _stored(sink)][: len(said)] == said


def test_commits_are_durable_whatever_the_default(postgres: Any) -> None:
    postgres.execute("ALTER ROLE icelos SET synchronous_commit = off")
    try:
        with PostgresSink(postgres.url) as sink, sink._connected("look") as connection:
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    finally:
        postgres.execute("ALTER ROLE icelos RESET synchronous_commit")


def test_what_is_refused(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StoreError, match="not UTF8"):
        PostgresSink(f"{postgres.url.rpartition('/')[0]}/latin")
    postgres.execute("DROP DATABASE latin")
    with pytest.raises(StoreError, match="cannot open"):
        PostgresSink("postgresql://icelos@127.0.0.1:9/postgres")
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    with pytest.raises(StoreError, match="set PGPASSWORD"):
        PostgresSink(postgres.url)
    PostgresSink(postgres.url, password=postgres.PASSWORD).close()
