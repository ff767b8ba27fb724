"""Checks that any plug-in can run on itself, and a scripted model for tests.

from icelos.testing import check_job
check_job(MyJob(), records)          # raises AssertionError with what is wrong
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from icelos.contracts import (
    LLM,
    Job,
    Message,
    Needs,
    Observation,
    Principal,
    ReadTool,
    Reply,
    Scored,
    Stateful,
    Store,
    Tool,
    Usage,
)
from icelos.engine.run import score_safely
from icelos.errors import IcelosError, InputError
from icelos.findings import Failure, Finding
from icelos.llm.schema import violations
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


def check_tool(
    tool: ReadTool, arguments: Mapping[str, Any], *, principal: Principal, folder: Path | None = None
) -> Observation:
    """The contract of a ReadTool, on arguments that find something.

    Its schema is one and fits them; what does not fit is an InputError; results are bounded, plain, and the
    same when asked again; nobody sees anything without a principal, or without the tool's right. With
    `folder`, the workspace, nothing in it is written. Returns what was found. Raises AssertionError.
    """
    assert isinstance(tool, ReadTool), "not a ReadTool: needs tool, right and call()"
    schema = tool.tool.parameters
    Draft202012Validator.check_schema(dict(schema))
    assert schema.get("type") == "object", "parameters must be the JSON schema of an object"
    assert not violations(dict(arguments), schema), "the arguments must fit the tool's own schema"
    before = _state_of(folder)
    found = tool.call(arguments, principal=principal)
    _check_facts(found)
    assert tool.call(arguments, principal=principal) == found, "asked again, it must find the same"
    for wrong in _wrong(arguments, schema):
        _must_refuse(tool, wrong, principal)
    _check_rights(tool, arguments, principal)
    assert _state_of(folder) == before, "a tool that reads must not write"
    return found


def _check_facts(found: Observation) -> None:
    assert isinstance(found, Observation), "call() must give an Observation"
    assert len(found.facts) <= 100, "at most 100 facts"
    assert found.total is None or found.total >= 0
    refs = [fact.ref for fact in found.facts]
    assert len(set(refs)) == len(refs), "two facts have the same ref"
    for fact in found.facts:
        assert fact.ref.partition(":")[0] in {"finding", "passage", "document", "log", "computed"}, fact.ref
        assert 0 < len(fact.text) <= 4000, "a fact's text must be there, and short"
        assert fact.text.isprintable(), "a fact's text must be one line of plain text"
        for value in fact.values.values():
            assert value is None or isinstance(value, str | int | float | bool), "values must be plain"


def _wrong(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Arguments that do not fit: one too many, and of each some of another type."""
    yield {**arguments, "no-such-argument": 1}
    for name in schema.get("required", ()):
        yield {key: value for key, value in arguments.items() if key != name}
    for name in schema.get("properties", {}):
        yield {**arguments, name: {"$where": [[None]]}}


def _must_refuse(tool: ReadTool, arguments: Mapping[str, Any], principal: Principal) -> None:
    try:
        tool.call(arguments, principal=principal)
    except InputError:
        return
    raise AssertionError(f"must be refused with an InputError: {arguments!r}")


def _check_rights(tool: ReadTool, arguments: Mapping[str, Any], principal: Principal) -> None:
    nobody: Any = None
    try:
        seen = tool.call(arguments, principal=nobody)
    except IcelosError:
        seen = Observation()
    assert seen == Observation(), "without a principal nothing may be found"
    powerless = Principal(principal.name, principal.groups, frozenset())
    _must_refuse(tool, arguments, powerless)


def _state_of(folder: Path | None) -> dict[str, bytes]:
    """What stands in a folder, but for what SQLite keeps beside a file while it is read."""
    if folder is None:
        return {}
    files = (
        path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    )
    return {str(path.relative_to(folder)): hashlib.blake2b(path.read_bytes()).digest() for path in files}


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
