from __future__ import annotations

from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.errors import InputError, StoreError
from icelos.jobs.copilot.answers import Answer, Status
from icelos.jobs.copilot.history import History, key

ANN, BOB = Principal("ann", frozenset({"soc"})), Principal("bob")


def answer(number: int, conversation: str = "c") -> Answer:
    return Answer(
        question=f"q{number}", status=Status.ANSWERED, conversation=conversation, answer_id=f"a{number}"
    )


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = History(tmp_path / "history.sqlite")
    for number in range(3):
        history.add(answer(number), resolved=f"r{number}", principal=ANN)
    return history


def test_turns_come_in_order_and_last_ones_only(history: History) -> None:
    assert [t.question for t in history.turns("c", principal=ANN)] == ["q0", "q1", "q2"]
    assert [t.resolved for t in history.turns("c", principal=ANN, last=1)] == ["r2"]


def test_nobody_sees_anothers(history: History) -> None:
    assert history.turns("c", principal=BOB) == []
    assert history.conversations(principal=BOB) == []
    assert history.answer("a1", principal=BOB) is None
    with pytest.raises(InputError):
        history.feedback("a1", "up", principal=BOB)
    assert history.forget(principal=BOB) == 0


def test_a_lost_group_loses_old_answers(history: History) -> None:
    assert history.turns("c", principal=Principal("ann")) == []
    assert key(ANN) != key(Principal("ann"))


def test_conversations_have_title_size_and_date(history: History) -> None:
    history.add(answer(9, "d"), resolved="r9", principal=ANN)
    latest, first = history.conversations(principal=ANN)
    assert (latest.conversation, first.title, first.turns) == ("d", "q0", 3)
    assert latest.last >= first.last


def test_feedback_is_appended(history: History) -> None:
    history.feedback("a1", "up", principal=ANN)
    history.feedback("a1", "down", principal=ANN)
    assert [f.thumb for f in history.given(principal=ANN)] == ["up", "down"]
    with pytest.raises(InputError):
        history.feedback("a1", "sideways", principal=ANN)


def test_forget_one_and_all(history: History) -> None:
    history.add(answer(9, "d"), resolved="r9", principal=ANN)
    assert history.forget("c", principal=ANN) == 3
    assert history.forget(principal=ANN) == 1


def test_the_file_is_private_and_a_broken_one_says_so(tmp_path: Path, history: History) -> None:
    assert history.path.stat().st_mode & 0o077 == 0
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="history"):
        History(broken)
