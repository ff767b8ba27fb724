"""The questions: each is written as it is asked, has one answer, and needs every one of its filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.quality.agent.asking import Asked
from tests.quality.agent.expecting import Expect
from tests.quality.agent.gold import HERE, SETS, questions, written
from tests.quality.agent.grading import grade
from tests.quality.agent.looking import Skipped, TieError

ASKED = [one for asked in SETS.values() for one in asked]
KINDS = {
    "count", "list", "top", "window", "comparison", "why", "absence", "unanswerable", "trap", "restricted",
    "timeline", "technique", "state", "join", "two-part",
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_files_are_what_the_rows_say(name: str) -> None:
    assert (HERE / name).read_bytes() == written(SETS[name])


def test_there_are_enough_of_every_kind() -> None:
    assert len(questions("dev")) >= 60
    assert len(questions("held_out")) >= 70
    for asked in SETS.values():
        counts = Counter(one.kind for one in asked)
        assert set(counts) == KINDS
        assert min(counts.values()) >= 2


def test_each_is_asked_once() -> None:
    assert len({one.id for one in ASKED}) == len(ASKED)
    assert max(Counter((one.words.lower(), one.groups) for one in ASKED).values()) == 1


def test_no_gold_answer_is_everything_or_nothing() -> None:
    """Lists are short enough to be told, and numbers mostly none that a guess would hit."""
    numbers = [n for one in ASKED if one.kind != "absence" for n in one.expect()[0].numbers]
    assert sum(n > 3 for n in numbers) >= 0.8 * len(numbers)
    sizes = [len(part.items) for one in ASKED for part in one.expect()[0].lists]
    assert max(sizes) <= 16
    assert sum(size > 1 for size in sizes) >= 0.7 * len(sizes)
    absent = [one.expect()[0].numbers for one in ASKED if one.kind == "absence"]
    assert set(absent) == {(0,)}


def test_whoever_declines_everything_gets_little() -> None:
    text = "I cannot answer that from what I have."
    grades = Counter(grade(text, "not_in_sources", (), one.expect()[0]) for one in ASKED)
    assert grades["wrong"] == 0
    assert grades["right"] <= 0.2 * len(ASKED)


def test_whoever_says_none_to_everything_gets_little() -> None:
    grades = Counter(grade("None: there are 0.", "answered", (), one.expect()[0]) for one in ASKED)
    assert grades["right"] <= 0.2 * len(ASKED)


@pytest.mark.parametrize("asked", ASKED, ids=lambda one: one.id)
def test_an_answer_that_says_the_gold_is_right(asked: Asked) -> None:
    expect = asked.expect()[0]
    assert grade(spoken(expect), "answered", (), expect) == "right"


@pytest.mark.parametrize("asked", [one for one in ASKED if not one.loose], ids=lambda one: one.id)
def test_every_condition_matters(asked: Asked) -> None:
    """Without any one of its conditions a question has another answer, and that one is graded as wrong."""
    expect, conditions = asked.expect()
    for skipped in (
        Skipped(pick, place) for pick, number in enumerate(conditions) for place in range(number)
    ):
        try:
            sloppy = asked.expect(skipped)[0]
        except (TieError, ValueError, IndexError, AssertionError, StopIteration):
            continue  # without it there is no single answer
        assert sloppy != expect, f"{asked.id} has the same answer without {skipped}"
        if not {"refuse", "either"} & set(_fields(expect)):
            assert grade(spoken(sloppy), "answered", (), expect) != "right", (asked.id, skipped)


def _fields(expect: Expect) -> Iterator[str]:
    return (name for name in expect.__struct_fields__ if getattr(expect, name))


def spoken(expect: Expect) -> str:
    """The plainest text that says all of a gold answer."""
    if expect.either:
        return spoken(expect.either[0])
    if expect.refuse:
        return "The sources do not say that."
    first = {name: name.partition("|")[0] for part in expect.lists for name in part.items}
    said = [f"It is {number:g}." for number in expect.numbers if number]
    said += ["There is none."] if 0 in expect.numbers else []
    said += [f"Found: {', '.join(first[name] for name in part.items)}." for part in expect.lists]
    said += [f"{label.partition('|')[0]}: {number:g}." for label, number in expect.counts.items()]
    said += [f"It says: {text.partition('|')[0]}." for text in expect.contains]
    return " ".join([*said, "The rest is not recorded." if expect.missing else ""])
