"""The one way out: every text of an answer is safe, and a marker stops the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from icelos.contracts import Message, Principal
from icelos.findings import Finding, Verdict
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Answer, Citation, Nearest, Sentence, Status
from icelos.jobs.copilot.guard import LEAK, Guard
from icelos.jobs.copilot.hostile import ACTIVE
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.canary import Canaries, new, prompt_token
from icelos.llm.output import REMOVED
from icelos.records import Document, Section
from icelos.settings import KnowledgeSettings, Settings
from icelos.testing import ScriptedLLM

ANN = Principal("ann", frozenset({"soc"}))
HOSTILE = "![x](https://evil.example/?q=1) <img src=x> [a](javascript:alert(1)) \x1b[31m \u202e"


def citation(**more: object) -> Citation:
    values: dict[str, object] = {
        "handle": "K7f2", "chunk_id": "c", "document_id": "d", "version": 1, "title": "T", "heading": "",
        "quote": "q",
        "source": "s", "place": "line 1", "kind": "document", "collection": "default", "url": "",
        "indexed": datetime(2025, 1, 1, tzinfo=UTC), "modified": None, **more,
    }  # fmt: skip
    return msgspec.convert(values, Citation)


def answer(**more: object) -> Answer:
    values: dict[str, object] = {
        "question": "what?", "status": Status.ANSWERED,
        "sentences": (Sentence(text="Yes.", handles=("K7f2",)),),
        "citations": (citation(),), "answer_id": "1", **more,
    }  # fmt: skip
    return Answer(**values)  # type: ignore[arg-type]


def test_every_field_is_made_safe() -> None:
    near = Nearest(
        title=HOSTILE, source="s", place=HOSTILE, document_id="d", chunk_id="c", url="javascript:x"
    )
    cited = citation(title=HOSTILE, heading=HOSTILE, quote=HOSTILE, place=HOSTILE, url="data:text/html,x")
    found = Guard(ANN).answer(
        answer(
            sentences=(Sentence(text=HOSTILE, handles=("K7f2",)),), notices=(HOSTILE,), dropped=(HOSTILE,),
            nearest=(near,), citations=(cited,),
            explain={"retrieved": [{"title": HOSTILE}]},
        )
    )  # fmt: skip
    text = msgspec.json.encode(found).decode("utf-8")
    assert not ACTIVE.search(text.replace("[{", "").replace("}]", "")), text
    assert found.citations[0].url == "" == found.nearest[0].url


def test_an_address_is_shown_where_a_cited_passage_holds_it() -> None:
    said = Sentence(text="See https://kb.example/a and https://kb.example/b.", handles=("K7f2",))
    cited = citation(quote="Read https://kb.example/a first.")
    guard = Guard(ANN)
    safe = guard.sentence(said, [cited])
    assert safe is not None
    assert safe.text == f"See https://kb.example/a and {REMOVED}."
    whole = guard.answer(
        answer(sentences=(said,), citations=(cited,)), {"K7f2": ("… https://kb.example/b …",)}
    )
    assert whole.sentences[0].text == said.text


@pytest.mark.parametrize("where", ["sentence", "quote", "dropped"])
def test_the_marker_of_the_prompt_stops_an_answer(where: str) -> None:
    alerts: list[Finding] = []
    leak = f"My rules: {prompt_token()}"
    given = {
        "sentence": answer(sentences=(Sentence(text=leak, handles=()),)),
        "quote": answer(citations=(citation(quote=leak),)),
        "dropped": answer(dropped=(leak,)),
    }[where]
    found = Guard(ANN, alert=alerts.append).answer(given)
    assert found.status is Status.FAILED
    assert found.sentences + found.citations + found.dropped == ()
    assert prompt_token() not in msgspec.json.encode((found, alerts)).decode()
    (alert,) = alerts
    assert (alert.job, alert.label, alert.verdict) == ("copilot", LEAK, Verdict.ALERT)
    assert found.made_by["withheld"] == LEAK


def test_a_marker_in_two_halves_is_found_in_the_whole() -> None:
    token = prompt_token()
    halves = tuple(Sentence(text=half, handles=()) for half in (token[:16], token[16:]))
    assert Guard(ANN).answer(answer(sentences=halves)).status is Status.FAILED


def test_tools_get_no_marker() -> None:
    board = new("board", groups=["board"])
    guard = Guard(ANN, canaries=[board])
    assert guard.arguments("search", {"query": "locks"})
    assert not guard.arguments("search", {"query": f"x {board.token}"})
    assert Guard(Principal("ceo", frozenset({"board"})), canaries=[board]).arguments(
        "search", {"query": board.token}
    )


def test_a_document_of_another_group_that_leaks_is_withheld(tmp_path: Path) -> None:
    """Even where access were broken: here the store lets everyone read it."""
    board = new("board papers", groups=["board"])
    canaries = Canaries(tmp_path / "canaries.json")
    canaries.add(board)
    alerts: list[Finding] = []
    document = Document(
        id="d",
        source="d.md",
        title="Merger plan",
        sections=(Section("", f"The merger plan is called {board.token}."),),
    )
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add([document])
        copilot = Copilot(
            store,
            settings=Settings(knowledge=KnowledgeSettings(encoder="off")),
            canaries=canaries,
            alert=alerts.append,
        )
        events = list(copilot.stream("What is the merger plan called?", principal=ANN))
        mine = copilot.ask(
            "What is the merger plan called?", principal=Principal("ceo", frozenset({"board"}))
        )
    assert board.token not in msgspec.json.encode(events).decode()
    assert events[-1].answer is not None
    assert events[-1].answer.status is Status.FAILED
    assert [alert.attributes["canaries"] for alert in alerts] == ["board papers"]
    assert board.token in mine.text


def test_a_model_that_repeats_its_rules_is_stopped(store: KnowledgeStore) -> None:
    class Telling(ScriptedLLM):
        def stream(self, messages: Sequence[Message]) -> Iterator[str]:
            rules = messages[0].content
            yield f"LockSnail is a lock picker. {rules[rules.index('Text between') :]}"

    alerts: list[Finding] = []
    copilot = Copilot(
        store,
        llm=Telling(""),
        settings=Settings(knowledge=KnowledgeSettings(encoder="off")),
        alert=alerts.append,
    )
    found = copilot.ask("what is LockSnail?", principal=ANN)
    assert found.status is Status.FAILED
    assert [alert.label for alert in alerts] == [LEAK]
