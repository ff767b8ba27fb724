"""One text out of sentences, notices and sources; stops and lengths are held however it comes in pieces."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.copilot.answers import Answer, Citation, Event, Nearest, Sentence, Status
from icelos.web.openai.telling import SOURCES, Bounded, Telling, address, pieces

WORDS = st.text(alphabet="ab.", max_size=12)


def cut(parts: list[str], stops: list[str], most: int | None) -> tuple[str, str]:
    bounded = Bounded(stops, most)
    text = "".join(bounded.add(part) for part in parts) + bounded.end()
    assert bounded.length == len(text)
    return text, bounded.finish


@given(st.lists(WORDS, max_size=6), st.lists(WORDS.filter(bool), max_size=3), st.none() | st.integers(1, 40))
def test_pieces_are_cut_as_the_whole_is(parts: list[str], stops: list[str], most: int | None) -> None:
    whole = "".join(parts)
    expected = whole[: min((at for stop in stops if (at := whole.find(stop)) >= 0), default=len(whole))]
    text, finish = cut(parts, stops, most)
    assert text == (expected if most is None else expected[:most])
    assert finish == ("length" if most is not None and len(expected) > most else "stop")


def citation(handle: str, place: str) -> Citation:
    return Citation(
        handle=handle, chunk_id="c1", document_id="d", version=2, title="Runbook", heading="", quote="q",
        source="r.md", place=place, kind="runbook", collection="r", url="https://r.example/a", old=True,
        indexed=datetime(2026, 1, 1, tzinfo=UTC), modified=datetime(2019, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_an_answer_reads_as_sentences_notices_and_numbered_sources() -> None:
    sentences = (
        Sentence(text="Reset it.", handles=("K7f2", "M3k4")),
        Sentence(text="Then wait.", handles=()),
    )
    cited = (citation("K7f2", "line 1"), citation("M3k4", "line 1"))
    answer = Answer(
        question="q", status=Status.ANSWERED, sentences=sentences, citations=cited, notices=("Old.",)
    )
    events = [
        *(Event(kind="sentence", sentence=one) for one in sentences),
        Event(kind="answer", answer=answer),
    ]
    telling = Telling()
    text = "".join(piece for piece, _ in pieces(iter(events), telling))
    assert text == (
        "Reset it. [K7f2][M3k4] Then wait.\n\nOld.\n\nSources:\n"
        "1. [K7f2][M3k4] Runbook: r.md line 1, version 2, modified 2019-01-01, old, https://r.example/a"
    )
    assert [text[mark.start : mark.end] for mark in telling.marks] == ["[K7f2]", "[M3k4]"]
    assert telling.length == len(text)


def test_a_question_without_answer_names_the_nearest() -> None:
    near = Nearest(title="Runbook", source="r.md:3", place="3", document_id="d", chunk_id="c1")
    answer = Answer(question="q", status=Status.NOT_IN_SOURCES, notices=("Not here.",), nearest=(near,))
    assert Telling().rest(answer) == "Not here.\n\nNearest sources:\n1. Runbook: r.md:3"


def test_a_long_list_of_sources_is_cut_and_counted() -> None:
    cited = tuple(citation("K7f2", f"line {number}") for number in range(SOURCES + 3))
    text = Telling().rest(Answer(question="q", status=Status.ANSWERED, citations=cited))
    assert text.count("\n") == SOURCES + 1
    assert text.endswith("\nand 3 more")


def test_titles_and_addresses_are_text_and_nothing_more() -> None:
    hostile = msgspec.structs.replace(
        citation("K7f2", "line 1"), url="javascript:alert(1)",
        title="![p](https://leak.example/p.png) [Log in](https://evil.example) <img src=x> a\u200bb",
    )  # fmt: skip
    told = Telling().rest(
        Answer(question="q", status=Status.ANSWERED, citations=(hostile,), notices=(f"Old: {hostile.title}",))
    )
    assert not re.search(r"!\[|\]\(|<|javascript:|leak\.example|\u200b", told)
    for url in (
        "https://x.example/a]b",
        "https://x.example/<b>",
        "https://x.example/a b",
        "data:text/html,x",
    ):
        assert address(url) == ""
    assert address("https://x.example/a?b=c#d") == "https://x.example/a?b=c#d"
