from __future__ import annotations

from icelos.jobs.copilot import prompts
from icelos.jobs.copilot.retrieve import Reader


def test_passages_stand_fenced_under_their_handles(reader: Reader) -> None:
    hit = reader.lookup("S9055")[0]
    system, user = prompts.messages("what is it?", {"K7f2": hit}, sentences=3)
    assert "NOT IN SOURCES" in system.content
    assert "At most 3" in system.content
    assert "[K7f2] S9055 LockSnail" in user.content
    assert user.content.index("slow lock picker") < user.content.index("Question: what is it?")
    other = prompts.messages("what is it?", {"K7f2": hit}, sentences=3)[1]
    assert other.content != user.content  # the delimiters are drawn anew
