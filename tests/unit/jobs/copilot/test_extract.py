from __future__ import annotations

import time

import pytest

from icelos.contracts import Principal
from icelos.jobs.copilot.extract import covered, diverse, plain, ranked
from icelos.jobs.copilot.retrieve import Reader


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![pixel](http://x.example/a.png) seen", "pixel seen"),
        ("[Guide](http://x.example/(a)) here", "Guide here"),
        ("<img src=x onerror=alert(1)>**Lock** the `door`", "Lock the door"),
        ("part BND-1802W000-**): all; BND-1803W000-**)", "part BND-1802W000-**): all; BND-1803W000-**)"),
        ("a\n  b", "a b"),
        ("**Scope the flood** Usually it is wet", "Scope the flood: Usually it is wet"),
        ("**Breathe, then (slowly) look!", "Breathe, then (slowly) look!"),
        ("Close it accordingly.**", "Close it accordingly."),
        (
            "_e.g._, *wet* rooms, my_file_name, *.exe and *.dll",
            "e.g., wet rooms, my_file_name, *.exe and *.dll",
        ),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_coverage_counts_rare_words_more_and_titles_less() -> None:
    weights = {"rattl": 3.0, "door": 1.0}
    assert covered({"rattl", "door"}, set(), weights) == 1.0
    assert covered({"rattl"}, set(), weights) == 0.75
    assert covered({"rattl"}, {"door"}, weights) == 0.875
    assert covered(set(), set(), {}) == 0.0


def test_ranked_sentences_are_slices_and_differ(reader: Reader) -> None:
    hits = reader.search("slow rattling avoids the alarm", k=5, per_document=3)
    drafts = ranked(hits, reader.weights(["rattling", "alarm"]), most=3)
    assert "alarm" in drafts[0].text
    assert all(quote.text in quote.hit.text for draft in drafts for quote in draft.quotes)
    assert len(diverse([drafts[0], drafts[0]], most=5)) == 1


def test_hostile_markdown_takes_no_time() -> None:
    started = time.perf_counter()
    for text in ("[" * 5000, "[a](" * 2000, "**a" * 2000, "<a " * 3000):
        plain(text)
    assert time.perf_counter() - started < 5
    assert Principal("x").groups == frozenset()
