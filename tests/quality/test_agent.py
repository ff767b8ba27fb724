"""The agent without a model over the simulated organisation: what it must keep of what it answers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.quality.agent.gold import questions
from tests.quality.agent.grading import grade
from tests.quality.agent.workspace import prepared

from icelos.contracts import Principal, Right

LEAST_RIGHT, MOST_WRONG = 0.94, 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_questions_of_the_development_set(tmp_path: Path) -> None:
    copilot = prepared(tmp_path, attack=True)
    graded = Counter[str]()
    for one in (asked := questions("dev")):
        asker = Principal("analyst", frozenset(one.groups), frozenset(Right))
        answer = copilot.ask(one.question, principal=asker)
        text = "\n".join((*(s.text for s in answer.sentences), *answer.notices))
        refs = [citation.ref for citation in answer.citations]
        graded[grade(text, answer.status.value, refs, one.expect)] += 1
    assert graded["right"] / len(asked) >= LEAST_RIGHT, graded
    assert graded["wrong"] <= MOST_WRONG, graded
