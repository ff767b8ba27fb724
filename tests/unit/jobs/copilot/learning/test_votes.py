from __future__ import annotations

from datetime import UTC, datetime

import pytest

from icelos.jobs.copilot.learning.feedback import Feedback, Kind, Passage
from icelos.jobs.copilot.learning.votes import MOST_OPENED, OPENED, Vote, votes

SHOWN = tuple(Passage(f"doc{n}", 1, f"c{n}", n, True) for n in range(1, 6))


def line(number: int, kind: Kind, *, person: str = "ann", chunk: str = "", **extra: object) -> Feedback:
    values: dict[str, object] = {
        "groups": ("soc",), "teaches": True, "given": datetime(2026, 5, number, tzinfo=UTC), "answer_id": "a",
        "query": "q", "shown": SHOWN,
    }  # fmt: skip
    return Feedback(number=number, kind=kind, person=person, chunk_id=chunk, **(values | extra))  # type: ignore[arg-type]


def said(*lines: Feedback) -> dict[str, float]:
    return {vote.document_id: round(vote.value, 3) for vote in voted(*lines)}


def voted(*lines: Feedback) -> list[Vote]:
    return votes(lines, lambda name, groups: [f"named {name} {','.join(groups)}"])


def test_a_marked_source_counts_in_full_and_a_whole_answer_is_shared() -> None:
    assert said(line(1, Kind.UP, chunk="c2")) == {"doc2": 1.0}
    assert said(line(1, Kind.WRONG_CITATION, chunk="c2")) == {"doc2": -1.0}
    assert said(line(1, Kind.UP)) == {f"doc{n}": 0.2 for n in range(1, 6)}
    assert said(line(1, Kind.DOWN)) == {f"doc{n}": -0.1 for n in range(1, 6)}


def test_the_last_mark_counts_and_a_look_does_not_undo_it() -> None:
    assert said(line(1, Kind.UP, chunk="c1"), line(2, Kind.WRONG_CITATION, chunk="c1")) == {"doc1": -1.0}
    assert said(line(1, Kind.WRONG_CITATION, chunk="c1"), line(2, Kind.OPENED, chunk="c1")) == {"doc1": -1.0}
    assert said(line(1, Kind.OPENED, chunk="c1"), line(2, Kind.UP, chunk="c1")) == {"doc1": 1.0}


def test_looks_are_corrected_for_the_rank() -> None:
    looks = [voted(line(1, Kind.OPENED, chunk=f"c{n}"))[0].value for n in range(1, 6)]
    assert looks == sorted(looks)
    assert looks[0] == pytest.approx(OPENED)
    far = (Passage("far", 1, "far", 1000, True),)
    assert voted(line(1, Kind.OPENED, chunk="far", shown=far))[0].value == MOST_OPENED


def test_a_correction_names_what_is_right() -> None:
    found = said(line(1, Kind.CORRECTED, correction="T1", named=("T1",)))
    assert found.pop("named T1 soc") == 1.0
    assert set(found.values()) == {-0.1}


def test_others_do_not_teach() -> None:
    assert voted(line(1, Kind.UP, chunk="c1", teaches=False), line(2, Kind.UP, chunk="c1", query="")) == []
