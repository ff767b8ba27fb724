"""Checks that any plug-in can run on itself, and a scripted model for tests.

from icelos.testing import check_job
check_job(MyJob(), records)          # raises AssertionError with what is wrong
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from icelos.contracts import (
    LLM,
    Job,
    Message,
    Needs,
    Principal,
    Reply,
    Scored,
    Stateful,
    Store,
    Tool,
    Usage,
)
from icelos.engine.run import score_safely
from icelos.findings import Failure, Finding
from icelos.records import Document, Record


def check_job(job: Job, records: Sequence[Record]) -> list[Scored]:
    """The contract of a Job on real records (at least two): length, order, names, chunking, empty batch.

    Returns the outcomes of one whole batch. Raises AssertionError.
    """
    assert isinstance(job, Job), "not a Job: needs name, needs and score()"
    assert isinstance(job.needs, Needs), "needs must be a Needs"
    assert len(records) >= 2, "give at least two records"
    assert list(job.score([])) == [], "an empty batch must give an empty list"
    begin = job.snapshot() if isinstance(job, Stateful) else b""
    whole = list(job.score(records))
    assert len(whole) == len(records), "one outcome for each record, in order"
    for record, outcome in zip(records, whole, strict=True):
        assert outcome is None or isinstance(outcome, Finding | Failure), f"not an outcome: {outcome!r}"
        if outcome is not None:
            assert outcome.record_id == record.id, "an outcome must answer for its own record"
            assert outcome.job == job.name, "an outcome must carry the job's name"
    if isinstance(job, Stateful):
        _check_state(job, records, begin, whole)
    pieces = [one for record in records for one in score_safely(job, [record])]
    assert pieces == whole, "outcomes must not depend on how records are batched"
    return whole


def _check_state(job: Stateful, records: Sequence[Record], begin: bytes, whole: list[Scored]) -> None:
    """States say what was seen, and a batch that fails leaves them as they were. The job is as at `begin`
    afterwards."""
    assert all(isinstance(job.key(record), str) for record in records), "key() must give text"
    job.restore(begin)
    assert list(job.score(records)) == whole, "from the same state the same must be found"
    job.restore(begin)
    try:
        job.score([records[0], Record(id="stranger", source="nowhere:1")])
    except Exception:  # noqa: BLE001 - whatever it raises, as long as nothing was counted
        assert list(job.score(records)) == whole, "a batch that fails must leave the state as it was"
    job.restore(begin)


def check_llm(llm: LLM) -> Reply:
    """The contract of an LLM: a reply with text and usage; a stream that gives text."""
    assert isinstance(llm, LLM), "not an LLM: needs name, reply() and stream()"
    messages = [Message("user", "Say one word.")]
    reply = llm.reply(messages)
    assert isinstance(reply, Reply)
    assert isinstance(reply.text, str)
    assert isinstance(reply.usage, Usage)
    assert reply.usage.prompt_tokens >= 0
    assert all(isinstance(piece, str) for piece in llm.stream(messages))
    return reply


def check_store(store: Store, documents: Sequence[Document], *, principal: Principal) -> None:
    """The contract of a Store: what is added is found, what is deleted is not, nobody sees all."""
    assert isinstance(store, Store), "not a Store: needs add(), delete() and search()"
    store.add(documents)
    for document in documents:
        query = document.identifiers[0] if document.identifiers else document.title
        hits = store.search(query, k=10, principal=principal)
        readable = not document.groups or bool(principal.groups & set(document.groups))
        assert any(hit.document_id == document.id for hit in hits) == readable, f"{query}: wrong visibility"
    store.delete([document.id for document in documents])
    for document in documents:
        hits = store.search(document.title, k=10, principal=principal)
        assert all(hit.document_id != document.id for hit in hits), "deleted, and still found"


Answer = str | Reply | Exception | Callable[[Sequence[Message]], "str | Reply"]


class ScriptedLLM:
    """A model that says what it is told, in order, and then repeats its last line; calls are kept."""

    name = "scripted"

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers or ("",)
        self.calls: list[tuple[Message, ...]] = []

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The next answer; an exception in the script is raised."""
        del tools, schema
        answer = self._answers[min(len(self.calls), len(self._answers) - 1)]
        self.calls.append(tuple(messages))
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(messages)
        return answer if isinstance(answer, Reply) else Reply(text=answer, model=self.name)

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The next answer in pieces of about a word."""
        text = self.reply(messages).text
        for start in range(0, len(text), 5):
            yield text[start : start + 5]
