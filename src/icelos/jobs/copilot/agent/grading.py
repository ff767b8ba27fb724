"""Is an answer right, partial, wrong or none, against what is known to be true?

Wrong is what a reader would be misled by: a name or number that contradicts, or a set that is not whole and
says nothing of it. An answer that says what it lacks is partial, however little it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from icelos.errors import InputError
from icelos.evaluate.metrics import percentile
from icelos.jobs.copilot.answers import Answer, Status


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with what is true: texts that must be said (each a text or alternatives), and must not.

    `answerable` is false where nothing here answers it: saying so is right then.
    """

    question: str
    all_of: tuple[str | tuple[str, ...], ...] = ()
    none_of: tuple[str, ...] = ()
    answerable: bool = True
    kind: str = ""


class Grade(StrEnum):
    """What an answer is worth."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    WRONG = "wrong"


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """One case with its grade and what the answer cost."""

    case: Case
    grade: Grade
    why: str = ""
    said: str = ""
    seconds: float = 0.0
    steps: int = 0
    tokens: int = 0


def cases(path: Path) -> list[Case]:
    """The cases of a JSON file. Raises InputError for one that is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Case])
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"no cases: {error}", source=str(path)) from error


def grade(case: Case, answer: Answer) -> Graded:
    """The grade of one answer."""
    said = " ".join(sentence.text for sentence in answer.sentences)
    verdict, why = _judged(case, answer, said)
    return Graded(
        case=case, grade=verdict, why=why, said=said, seconds=answer.seconds, steps=len(answer.steps),
        tokens=answer.tokens,
    )  # fmt: skip


def _judged(case: Case, answer: Answer, said: str) -> tuple[Grade, str]:
    if not answer.sentences:
        return (Grade.NONE, "; ".join(answer.notices)) if case.answerable else (Grade.FULL, "")
    if bad := [text for text in case.none_of if stands(text, said)]:
        return Grade.WRONG, f"says {bad[0]}"
    if not case.answerable:
        return Grade.WRONG, "answers what nothing answers"
    missing = [one for one in case.all_of if not any(stands(text, said) for text in _alternatives(one))]
    if not missing:
        return (Grade.FULL, "") if answer.status is Status.ANSWERED else (Grade.PARTIAL, "says it is partial")
    if answer.status is Status.ANSWERED:
        return Grade.WRONG, f"claims to be whole without {missing[0]}"
    return Grade.PARTIAL, f"without {missing[0]}"


def _alternatives(one: str | tuple[str, ...]) -> Sequence[str]:
    return (one,) if isinstance(one, str) else one


def stands(text: str, said: str) -> bool:
    """Does a text stand in another as words of its own: "3" not in "13", "web-1" not in "web-10"?"""
    return re.search(rf"(?<![\w.@-]){re.escape(text)}(?![\w@]|[-.]\w)", said, re.IGNORECASE) is not None


def summary(graded: Sequence[Graded]) -> list[tuple[str, str]]:
    """The figures by name: shares, seconds, steps and tokens."""
    number = len(graded) or 1
    shares = [
        (one.value, f"{_count(graded, one)} of {len(graded)} ({_count(graded, one) / number:.1%})")
        for one in Grade
    ]
    seconds, steps = [one.seconds for one in graded], [float(one.steps) for one in graded]
    return [
        *shares,
        ("seconds, p50 and p95", f"{percentile(seconds, 0.5):.3f}, {percentile(seconds, 0.95):.3f}"),
        ("steps, p50 and p95", f"{percentile(steps, 0.5):.0f}, {percentile(steps, 0.95):.0f}"),
        ("tokens", f"{sum(one.tokens for one in graded):,}"),
    ]


def _count(graded: Iterable[Graded], wanted: Grade) -> int:
    return sum(one.grade is wanted for one in graded)
