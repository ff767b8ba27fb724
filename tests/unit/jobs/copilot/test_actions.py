from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Hit
from icelos.jobs.copilot.actions import Action, actions, is_list, merged
from icelos.jobs.copilot.subjects import Part

LISTED = """Before anything else, breathe.

1. **Scope the flood** Somebody has usually called already.
    * Count the wet rooms
    * Find what else is wet. Check:
        * the cellar
        * the garage
1. Close the valve, then note
   when it was closed. Tell nobody.
1. `TODO: name the plumber`
1. Ask the plumber, determine: `TODO: which plumber`
    * who came
    * when they came
"""


def part(text: str) -> Part:
    hit = Hit(
        chunk_id="c", document_id="d", version=1, title="Playbook: Flood", heading="Investigate", text=text,
        source="flood.md", place="line 1", kind="runbook", collection="x", url="", identifiers=(),
        indexed=datetime(2026, 1, 1, tzinfo=UTC), modified=None, truncated=False, score=1.0, why={},
    )  # fmt: skip
    return Part(hit, 0, len(text), "Investigate")


def test_items_with_what_they_introduce_and_without_what_introduces_them() -> None:
    told = actions(part(LISTED))
    assert [one.text for one in told] == [
        "Scope the flood: Somebody has usually called already.",
        "Count the wet rooms",
        "Find what else is wet. Check: the cellar; the garage",
        "Close the valve, then note when it was closed.",
        "Ask the plumber, determine: who came; when they came",
    ]
    assert "the garage" in told[2].quote.text
    assert told[1].owner != told[2].owner != told[3].owner


def test_sentences_where_nothing_is_listed() -> None:
    text = "Close the valve first. Why is it open? Call the plumber then."
    assert not is_list(part(text))
    assert [one.text for one in actions(part(text))] == ["Close the valve first.", "Call the plumber then."]


def test_only_short_neighbours_of_one_list_are_told_together() -> None:
    told = actions(part("* Close the valve\n* Move the servers\n* Call the plumber\n\n* " + "dry it " * 20))
    groups = merged(told, most=2, longest=400)
    assert [[one.text for one in group] for group in groups] == [
        ["Close the valve", "Move the servers"],
        ["Call the plumber"],
    ]
    assert all(len(group) == 1 for group in merged(told, most=9, longest=400))
    assert all(len(group) == 1 for group in merged(told, most=2, longest=20))


LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "* ", "  * ", "    1. ", "- [ ] ", "  "]), st.text("ab :?.\t", max_size=12)
    )
)


@given(LINES)
def test_any_list_gives_quotes_of_itself_in_order(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(marker + line for marker, line in lines)
    told: list[Action] = actions(part(text))
    assert all(one.quote.text in text and one.quote.text for one in told)
    starts = [one.quote.start for one in told]
    assert starts == sorted(starts)


@pytest.mark.parametrize("depth", [3000])
def test_deep_nesting_ends(depth: int) -> None:
    text = "\n".join(f"{' ' * level}* step number {level}" for level in range(depth))
    assert len(actions(part(text))) == depth
