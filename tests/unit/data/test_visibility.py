"""Who sees which findings: the rule in words, against every way of reading."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from icelos.contracts import Principal
from icelos.data import listing, visibility
from icelos.data.sinks import SqliteSink
from icelos.errors import StoreError
from icelos.findings import Finding, Outcome, Verdict, failure

GROUPS = ("soc", "it", "board", "abuse")
JOBS = ("mail", "logs", "vulns", "copilot")
VERDICTS = tuple(Verdict)


class Told:
    """What was written and shared, to say by itself who may see it."""

    def __init__(self, sink: SqliteSink, rng: random.Random) -> None:
        self.sink, self.rng = sink, rng
        self.outcomes: dict[str, Outcome] = {}
        self.jobs: dict[str, set[str]] = {}
        self.shared: dict[str, set[str]] = {}

    def write(self, number: int) -> None:
        job, needs = self.rng.choice(JOBS), tuple(self.some(2)) if self.rng.random() < 0.4 else ()
        one: Outcome
        if self.rng.random() < 0.2:
            one = failure(record_id=str(number), job=job, error="bad", source=f"a:{number}")
            one = type(one)(
                **{name: getattr(one, name) for name in one.__struct_fields__} | {"needs_groups": needs}
            )
        else:
            one = Finding(
                record_id=str(number), job=job, verdict=self.rng.choice(VERDICTS), label="x",
                summary=f"m{number}", needs_groups=needs,
            )  # fmt: skip
        self.sink.write([one])
        self.outcomes.pop(one.id, None)
        self.outcomes[one.id] = one

    def share(self) -> None:
        if self.rng.random() < 0.5:
            job, groups = self.rng.choice(JOBS), self.some(3)
            self.sink.share_job(job, groups)
            self.jobs[job] = set(groups)
        elif self.outcomes:
            one, groups = self.rng.choice(list(self.outcomes)), self.some(3)
            self.sink.share_finding(one, groups)
            self.shared[one] = set(groups)

    def some(self, most: int) -> list[str]:
        return self.rng.sample(GROUPS, self.rng.randrange(most + 1))

    def sees(self, principal: Principal, one: Outcome) -> bool:
        job, shared = self.jobs.get(one.job, set()), self.shared.get(one.id, set())
        return (
            (not job or bool(job & principal.groups))
            and (not shared or bool(shared & principal.groups))
            and set(one.needs_groups) <= principal.groups
        )

    def seen(self, principal: Principal | None, kind: type, job: str = "", verdict: str = "") -> list[str]:
        return [
            one.record_id
            for one in reversed(self.outcomes.values())
            if isinstance(one, kind)
            and job in ("", one.job)
            and verdict in ("", getattr(one, "verdict", ""))
            and (principal is None or self.sees(principal, one))
        ]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SqliteSink]:
    with SqliteSink(tmp_path / "findings.sqlite") as opened:
        yield opened


@pytest.mark.parametrize("most_runs", [listing.MOST_RUNS, 3])
def test_every_way_of_reading_shows_what_may_be_seen(
    sink: SqliteSink, most_runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_RUNS", most_runs)
    from icelos.findings import Failure

    told = Told(sink, random.Random(7))
    for number in range(300):
        told.write(number % 200)  # some are written again, after they were shared
        if number % 10 == 0:
            told.share()
    people = [Principal("p", frozenset(told.some(4))) for _ in range(20)]
    for principal in (None, Principal("nobody"), *people):
        for job, verdict in (("", ""), ("mail", ""), ("copilot", "alert"), ("", "review"), ("none", "")):
            wanted = told.seen(principal, Finding, job, verdict)
            walked, before = [], None
            while True:
                found, before = sink.page(
                    job=job, verdict=verdict, limit=7, before=before, principal=principal
                )
                walked += [one.record_id for one in found]
                if before is None:
                    break
            assert walked == wanted
            assert sink.count("finding", job=job, principal=principal) == len(
                told.seen(principal, Finding, job)
            )
        failed = told.seen(principal, Failure)
        assert [one.record_id for one in sink.failures(limit=500, principal=principal)] == failed
        assert sink.count("failure", principal=principal) == len(failed)
        ids = {one.id for one in told.outcomes.values() if isinstance(one, Finding)}
        mine = {one for one in ids if principal is None or told.sees(principal, told.outcomes[one])}
        assert {one for one in ids if sink.finding(one, principal=principal)} == mine
        assert set(sink.ids_from("", most=1000, principal=principal)) == mine
        assert {one.id for one, _ in sink.oldest_first(principal=principal)} == mine


def test_the_condition_holds_for_tables_beside_the_findings(sink: SqliteSink) -> None:
    needs = [(), ("soc",), ("soc", "board")]
    sink.write([
        Finding(record_id=str(n), job="mail", verdict=Verdict.ALERT, label="x", summary="s",
                needs_groups=needs[n])
        for n in range(3)
    ])  # fmt: skip
    with closing(sqlite3.connect(sink.path)) as database:
        database.execute("CREATE TABLE beside AS SELECT id, job, record_id FROM outcomes")
        query = f"SELECT record_id FROM beside AS outcomes WHERE {visibility.VISIBLE} ORDER BY record_id"
        for groups, seen in (((), "0"), (("soc",), "01"), (("soc", "board"), "012"), (("board",), "0")):
            values = visibility.parameters(Principal("p", frozenset(groups)))
            assert "".join(row[0] for row in database.execute(query, values)) == seen
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert any("kept USING COVERING INDEX outcomes_restricted" in step for step in plan)


def test_access_is_that_of_now(sink: SqliteSink) -> None:
    sink.write([Finding(record_id="1", job="mail", verdict=Verdict.ALERT, label="x", summary="s")])
    ann, bob = Principal("ann", frozenset({"soc"})), Principal("bob")
    assert sink.count("finding", principal=bob) == 1
    sink.share_job("mail", ["soc"])
    assert (sink.count("finding", principal=ann), sink.count("finding", principal=bob)) == (1, 0)
    sink.share_job("mail", [])
    assert sink.count("finding", principal=bob) == 1
    assert sink.job_groups() == {}


def test_a_page_tells_nothing_of_what_is_between(sink: SqliteSink) -> None:
    needs = [("board",), ()]
    sink.write([
        Finding(record_id=str(n), job="mail", verdict=Verdict.ALERT, label="x", summary="s",
                needs_groups=needs[n % 100 == 0])
        for n in range(1000)
    ])  # fmt: skip
    _, before = sink.page(limit=1, principal=Principal("bob"))
    assert before is not None
    assert before > 10**6  # a row's number would be below 1,001


def test_a_principal_is_needed(sink: SqliteSink) -> None:
    with pytest.raises(StoreError, match="no principal"):
        visibility.parameters(cast("Principal", None))
    with pytest.raises(StoreError, match="no principal"):
        sink.finding("x", principal=cast("Principal", "ann"))
    with pytest.raises(StoreError, match="no principal"):
        sink.page(principal=cast("Principal", "ann"))
