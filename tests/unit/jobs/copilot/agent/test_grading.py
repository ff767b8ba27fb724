from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.copilot.agent.grading import Case, Grade, cases, grade, stands, summary
from icelos.jobs.copilot.answers import Answer, Sentence, Status

CASE = Case(question="who?", all_of=("ann", ("3", "three")), none_of=("bob",))


def answer(text: str, status: Status = Status.ANSWERED) -> Answer:
    said = (Sentence(text=text, handles=()),) if text else ()
    return Answer(question="who?", status=status, sentences=said, seconds=0.5, tokens=7)


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("ann, three times.", Status.ANSWERED, Grade.FULL),
        ("ann 3 and bob 2.", Status.ANSWERED, Grade.WRONG),
        ("ann 13 times.", Status.ANSWERED, Grade.WRONG),
        ("ann.", Status.PARTIAL, Grade.PARTIAL),
        ("ann 3.", Status.PARTIAL, Grade.PARTIAL),
        ("", Status.NOT_IN_SOURCES, Grade.NONE),
    ],
)
def test_grades(text: str, status: Status, expected: Grade) -> None:
    assert grade(CASE, answer(text, status)).grade is expected


def test_what_nothing_answers() -> None:
    case = Case(question="?", answerable=False)
    assert grade(case, answer("", Status.NOT_IN_SOURCES)).grade is Grade.FULL
    assert grade(case, answer("It is so.")).grade is Grade.WRONG


def test_words_of_their_own() -> None:
    assert stands("web-1", "on web-1, web-2.")
    assert not stands("web-1", "on web-10")
    assert not stands("ann", "ann@corp.example")


def test_files_and_figures(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text('[{"question": "who?", "all_of": ["ann", ["3", "three"]]}]')
    figures = dict(summary([grade(one, answer("ann 3")) for one in cases(file)]))
    assert figures["full"] == "1 of 1 (100.0%)"
    assert figures["tokens"] == "7"
    file.write_text('[{"ask": 1}]')
    with pytest.raises(InputError):
        cases(file)
