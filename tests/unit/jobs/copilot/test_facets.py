from __future__ import annotations

import time

import pytest

from icelos.jobs.copilot.facets import BY_NAME, FACETS, asks_by


def test_names_are_unique_and_labels_are_as_they_are_compared() -> None:
    assert len(BY_NAME) == len(FACETS)
    for facet in FACETS:
        assert all(label == label.lower().strip() for label in (*facet.labels, *facet.headings))
        assert facet.asked.search("") is None


def test_asks_by_the_words_of_its_pattern() -> None:
    assert asks_by(BY_NAME["tactic"], "tactics")
    assert asks_by(BY_NAME["mitigations"], "mitigate")
    assert not asks_by(BY_NAME["tactic"], "mimikatz")


def test_every_edge_has_a_verb() -> None:
    assert all(edge.verb for facet in FACETS for edge in facet.edges)


@pytest.mark.parametrize("text", ["which " * 400, "who " * 500, "date " * 400 + "x", "a" * 2000])
def test_patterns_are_fast_on_long_questions(text: str) -> None:
    started = time.perf_counter()
    for facet in FACETS:
        facet.asked.search(text)
    assert time.perf_counter() - started < 3
