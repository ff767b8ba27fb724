from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.unit.jobs.copilot.learning.conftest import ANN, BEN, Desk, person

from icelos.contracts import Right
from icelos.errors import InputError, StoreError
from icelos.jobs.copilot.history import History, key
from icelos.jobs.copilot.learning.feedback import Kind, read, shown
from icelos.jobs.copilot.learning.tables import ANSWERS


def test_a_line_holds_what_learning_needs(desk: Desk, history: History) -> None:
    answer = desk.ask("pins of a lock", ANN)
    history.feedback(answer.answer_id, "wrong_citation", principal=ANN, citation="K3a3")
    with history.opened() as database:
        (line,) = read(database)
    assert (line.kind, line.person, line.groups, line.query) == (
        "wrong_citation",
        "ann",
        ("soc",),
        "pins of a lock",
    )
    assert line.chunk_id == answer.citations[1].chunk_id
    assert [p.rank for p in line.shown] == list(range(1, len(line.shown) + 1))
    assert line.teaches


def test_who_may_not_write_is_kept_and_does_not_teach(desk: Desk, history: History) -> None:
    reader = person("rea", "soc", rights=frozenset({Right.READ, Right.ASK}))
    desk.mark("pins of a lock", "doc/LOCK-1", reader, "opened")
    with history.opened() as database:
        assert [line.teaches for line in read(database)] == [False]


@pytest.mark.parametrize(
    ("kind", "citation", "correction"),
    [
        ("sideways", "", ""), ("opened", "", ""), ("wrong_citation", "", ""), ("up", "Z9z9", ""),
        ("up", "c999999", ""), ("corrected", "", ""), ("corrected", "", "x" * 4001), ("up", "", "text"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    desk: Desk, history: History, kind: str, citation: str, correction: str
) -> None:
    answer = desk.ask("pins of a lock", ANN)
    with pytest.raises(InputError):
        history.feedback(answer.answer_id, kind, principal=ANN, citation=citation, correction=correction)
    with pytest.raises(InputError, match="no answer"):
        history.feedback(answer.answer_id, "up", principal=BEN)


def test_identifiers_of_a_correction_are_noted(desk: Desk, history: History) -> None:
    answer = desk.ask("pins of a lock", ANN)
    history.feedback(answer.answer_id, "corrected", principal=ANN, correction="No: T1110.003, not T1110")
    with history.opened() as database:
        assert read(database)[0].named == ("T1110.003", "T1110")


def test_the_log_cannot_be_rewritten(desk: Desk, history: History) -> None:
    desk.mark("pins of a lock", "doc/LOCK-1", ANN)
    with pytest.raises(StoreError, match="append-only"), history.opened() as database:
        database.execute("UPDATE log SET kind = 'down'")


def test_sources_are_ranked_as_they_are_shown(desk: Desk) -> None:
    answer = desk.ask("pins of a lock", ANN)
    assert [p.chunk_id for p in shown(answer)] == [c.chunk_id for c in answer.citations]


def test_an_older_file_keeps_its_thumbs(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with sqlite3.connect(path) as database:
        database.executescript(ANSWERS)
        body = b'{"question":"q","status":"answered","answer_id":"a1","conversation":"c"}'
        database.execute(
            "INSERT INTO answers VALUES ('a1', 'c', ?, '2026-01-01', 'q', 'q', ?)", (key(ANN), body)
        )
        database.execute(
            "INSERT INTO feedback VALUES (1, 'a1', ?, '2026-01-01T10:00:00+00:00', 'down')", (key(ANN),)
        )
    database.close()
    for _ in range(2):  # the second time there is nothing to do
        history = History(path)
        assert [(one.answer_id, one.thumb) for one in history.given(principal=ANN)] == [("a1", "down")]
    history.feedback("a1", Kind.UP, principal=ANN)
    assert [one.thumb for one in history.given(principal=ANN)] == ["down", "up"]
    with history.opened() as database:
        assert [one.teaches for one in read(database)] == [False, True]
