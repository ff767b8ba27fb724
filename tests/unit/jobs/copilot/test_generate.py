from __future__ import annotations

from icelos.contracts import Message
from icelos.jobs.copilot import generate
from icelos.jobs.copilot.cite import Citing
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import understand
from icelos.testing import ScriptedLLM


def verified(reply: str, reader: Reader) -> list[generate.Verified]:
    query = understand("what is LockSnail?", lookup=reader.lookup)
    hits = [reader.lookup("S9055")[0], reader.lookup("G9007")[0]]
    citing = Citing(stale_days=730)
    handle = citing.handles.of(hits[0].chunk_id)
    llm = ScriptedLLM(reply.replace("@", f"[{handle}]"))
    return list(generate.answer(llm, query, hits, citing, reader, most=5))


def test_what_the_passage_says_goes_through(reader: Reader) -> None:
    (one,) = verified("LockSnail is a lock picker in Forth @.", reader)
    assert one.draft is not None
    assert one.text == "LockSnail is a lock picker in Forth."
    assert "Forth" in one.draft.quotes[0].text


def test_lies_are_dropped_with_their_reason(reader: Reader) -> None:
    true, lie = verified("LockSnail is a slow lock picker. @ LockSnail is written in Rust @.", reader)
    assert true.draft is not None
    assert lie.draft is None
    assert "Rust" in lie.reason


def test_a_wrong_or_missing_handle_is_put_right_by_the_passage(reader: Reader) -> None:
    for reply in (
        "Quiet Otter has listened at doors since 2014 @.",
        "Quiet Otter has listened at doors since 2014 [Z9z9].",
    ):
        (one,) = verified(reply, reader)
        assert one.draft is not None
        assert one.draft.quotes[0].hit.title == "G9007 Quiet Otter"
        assert "[" not in one.text


def test_markup_does_not_pass(reader: Reader) -> None:
    reply = "LockSnail is a slow lock picker ![x](https://a.example/?q=1) <b>written</b> in Forth @."
    (one,) = verified(reply, reader)
    assert "http" not in one.text
    assert "<" not in one.text


def test_not_in_sources_says_nothing(reader: Reader) -> None:
    assert verified("NOT IN SOURCES", reader) == []


def test_sentences_come_before_the_reply_ends() -> None:
    class Endless(ScriptedLLM):
        def stream(self, messages: object) -> object:  # type: ignore[override]
            yield "One is here [K7f2]. Two"
            yield " is"
            raise AssertionError("was read further than needed")

    spoken = generate.spoken(Endless(), [Message("user", "x")])  # type: ignore[arg-type]
    assert next(spoken) == "One is here [K7f2]."
