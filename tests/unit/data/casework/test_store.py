from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.data.casework.model import OF_PEOPLE, Case, Changed, Reason, State, Step
from icelos.data.casework.store import CaseStore
from icelos.errors import InputError
from icelos.findings import Finding, Verdict


def finding(number: int, verdict: Verdict = Verdict.ALERT) -> Finding:
    return Finding(
        record_id=f"r{number}", job="mail", verdict=verdict, label="bec", summary="a mail", score=0.9
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    with CaseStore(tmp_path / "casework.sqlite") as opened:
        yield opened


def test_what_nobody_has_touched_is_open(store: CaseStore) -> None:
    assert store.case(finding(1)) == Case.untouched(finding(1))
    assert store.events(finding(1).id) == []


def test_a_life(store: CaseStore) -> None:
    one = finding(1)
    store.assign(one, "bob", by="ann")
    store.comment(one, "looks real", by="bob")
    closed = store.close_case(one, Reason.TRUE_POSITIVE, by="bob", comment="sender blocked")
    assert (closed.state, closed.assignee, closed.reason) == (State.CLOSED, "bob", Reason.TRUE_POSITIVE)
    assert closed.judged is not None
    assert closed.judged.label == "bec"
    opened = store.reopen(one, by="ann", why="came again")
    assert (opened.state, opened.assignee, opened.reason, opened.judged) == (State.OPEN, "bob", None, None)
    told = [(event.step, event.actor, event.text) for event in store.events(one.id)]
    assert told == [
        (Step.ASSIGNED, "ann", "bob"), (Step.COMMENTED, "bob", "looks real"),
        (Step.CLOSED, "bob", "sender blocked"), (Step.REOPENED, "ann", "came again"),
    ]  # fmt: skip
    assert [case.finding_id for case in store.listed(state=State.OPEN, assignee="bob")] == [one.id]
    assert store.listed(state=State.CLOSED) == []


def test_what_cannot_be_done_changes_nothing(store: CaseStore) -> None:
    one = finding(1)
    with pytest.raises(InputError, match="it is open"):
        store.reopen(one, by="ann", why="why not")
    store.close_case(one, Reason.FALSE_POSITIVE, by="ann")
    refused: list[Callable[[], object]] = [
        lambda: store.close_case(one, Reason.FIXED, by="ann"),
        lambda: store.close_case(finding(2), Reason.DUPLICATE, by="ann"),
        lambda: store.comment(one, "  ", by="ann"),
        lambda: store.comment(one, "x" * 10_001, by="ann"),
        lambda: store.comment(one, "said", by=" "),
        lambda: store.assign(one, "a\x1b[31mb", by="ann"),
        lambda: store.merge(one, one, by="ann"),
    ]
    for step in refused:
        with pytest.raises(InputError):
            step()
    assert len(store.events(one.id)) == 1


def test_two_people_do_not_overwrite_each_other(store: CaseStore) -> None:
    seen = store.comment(finding(1), "mine?", by="ann")
    store.assign(finding(1), "bob", by="bob", version=seen.version)
    with pytest.raises(Changed):
        store.close_case(finding(1), Reason.FALSE_POSITIVE, by="ann", version=seen.version)
    assert store.case(finding(1)).is_open


def test_what_repeats_something_that_repeats_is_merged_into_the_first(store: CaseStore) -> None:
    one, two, three = finding(1), finding(2), finding(3)
    store.merge(three, two, by="ann")
    store.merge(two, one, by="ann")
    assert store.case(three).duplicate_of == store.case(two).duplicate_of == one.id
    assert set(store.merged_into(one.id)) == {two.id, three.id}
    with pytest.raises(InputError, match="does not repeat itself"):
        store.merge(one, three, by="ann")
    assert store.reopen(two, by="ann", why="another sender").duplicate_of == ""
    assert store.merged_into(one.id) == [three.id]


def test_two_processes_keep_every_step(tmp_path: Path) -> None:
    path = tmp_path / "casework.sqlite"

    def work(name: str) -> None:
        with CaseStore(path) as store:
            for number in range(20):
                store.comment(finding(0), f"{number}", by=name)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("ann", "bob", "cid")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with CaseStore(path) as store:
        events = store.events(finding(0).id)
        assert len(events) == 60
        assert store.case(finding(0)).version == events[-1].number


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "casework.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(Exception, match="cannot open cases"):
        CaseStore(path)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["assign", "comment", "close", "reopen", "merge"]),
        st.integers(0, 3), st.integers(0, 3),
        st.sampled_from(OF_PEOPLE),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_any_order_of_steps_leaves_a_consistent_store(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int, int, Reason]]
) -> None:
    path = tmp_path_factory.mktemp("cases") / "casework.sqlite"
    with CaseStore(path) as store:
        done = 0
        for action, which, other, reason in actions:
            one, two = finding(which), finding(other)
            try:
                match action:
                    case "assign":
                        store.assign(one, "bob" if other else "", by="ann")
                    case "comment":
                        store.comment(one, "said", by="ann")
                    case "close":
                        store.close_case(one, reason, by="ann")
                    case "reopen":
                        store.reopen(one, by="ann", why="again")
                    case _:
                        store.merge(one, two, by="ann")
                done += 1
            except InputError:
                pass
        cases = store.cases(finding(number).id for number in range(4))
        for case in cases.values():
            assert case.is_open == (case.reason is None)
            assert (case.reason is Reason.DUPLICATE) == bool(case.duplicate_of)
            assert case.duplicate_of != case.finding_id
            if case.duplicate_of in cases:
                assert not cases[case.duplicate_of].duplicate_of
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone()[0] == done
