"""Follow-ups take their subject from what the user asked before, and from nothing else."""

from __future__ import annotations

from icelos.contracts import Principal, Where
from icelos.jobs.copilot.retrieve import Reader
from icelos.knowledge.store import KnowledgeStore
from icelos.web.openai.conversation import TURNS, resolved


def question(store: KnowledgeStore, *asked: str) -> str:
    return resolved(asked, Reader(store, Principal("ann"), Where()).lookup)


def test_a_follow_up_names_what_was_asked_about(store: KnowledgeStore) -> None:
    assert question(store, "What is T1110.003?", "How is it detected?") == "How is T1110.003 detected?"


def test_the_subject_goes_on_over_several_turns(store: KnowledgeStore) -> None:
    asked = ("What is T1110.003?", "How is it detected?", "and its mitigations?")
    assert "T1110.003" in question(store, *asked)


def test_a_question_that_stands_alone_stays_as_it_is(store: KnowledgeStore) -> None:
    assert question(store, "What is T1110.003?") == "What is T1110.003?"
    assert question(store, "  ", "What is the mailbox runbook?") == "What is the mailbox runbook?"


def test_old_turns_are_left_out(store: KnowledgeStore) -> None:
    filler = ["What is the mailbox runbook?"] * TURNS
    assert "T1110.003" not in question(store, "What is T1110.003?", *filler, "How is it detected?")
