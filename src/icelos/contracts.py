"""The protocols that plug-ins implement: Job, Stateful, Source, Sink, LLM, Store, ReadTool.

They are checked by `icelos.testing`: a plug-in author calls `check_job(MyJob(), records)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from icelos.findings import Failure, Finding, Outcome
from icelos.records import Document, Record


class Needs(msgspec.Struct, frozen=True):
    """What a job needs from where it runs; the engine refuses what the environment may not do.

    `network`: it calls a model endpoint or a feed. `extras`: optional packages ("train").
    `memory_mib`: a rough bound for one worker, for placement. `batch_size`: records that it likes to score
    together, 0 where that is all the same to it.
    """

    network: bool = False
    extras: tuple[str, ...] = ()
    memory_mib: int = 256
    batch_size: int = 0


Scored = Finding | Failure | None


@runtime_checkable
class Job(Protocol):
    """A detector or analysis. It is built once per worker and scores batches."""

    name: str
    needs: Needs

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        """Same length and order as `batch`; None means clear: counted, not stored."""
        ...


@runtime_checkable
class Stateful(Job, Protocol):
    """A job with state per entity: records are partitioned by `key`, state is saved with the position.

    Where `score` raises, the state has to be as before: the batch comes again in parts, to find the record
    that is the reason. A job that cannot promise that returns a Failure for the record instead.
    """

    def key(self, record: Record) -> str: ...

    def snapshot(self) -> bytes: ...

    def restore(self, state: bytes) -> None: ...


@runtime_checkable
class Source(Protocol):
    """Bytes from somewhere as records; what cannot be parsed comes as a Failure in its place.

    A source that waits for more (a socket, a topic) yields None at least once a second meanwhile, so that
    what came before need not wait as well. One that cannot says so by an attribute `blocking`.
    """

    def __iter__(self) -> Iterator[Record | Failure | None]: ...


@runtime_checkable
class Live(Source, Protocol):
    """A source that takes in what is sent to it and keeps that until it is scored. Its run ends by a stop.

    `confirm` says that a run which went on would do so from this position: what is before it may go. `lag` is
    what waits, in bytes. After `close` nothing more is taken in.
    """

    endless: bool

    def confirm(self, position: bytes) -> None: ...

    def lag(self) -> int: ...

    def close(self) -> None: ...


@runtime_checkable
class Sink(Protocol):
    """Durable when `write` returns; keyed by (job, record id): a replay overwrites the same outcome."""

    def write(self, outcomes: Sequence[Outcome]) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class Resumable(Protocol):
    """A source or sink that can go on where an earlier run stood.

    A source's position is behind the item that it yielded last; a sink's, behind what it has written. Both
    are asked for between two items; it is None where what is read or written cannot be gone on with, as
    standard input. `resume` comes before the first item, and, where a worker has died, between two as well:
    what came behind the position then comes again, or is forgotten.
    """

    def position(self) -> bytes | None: ...

    def resume(self, position: bytes) -> None: ...


class Tool(msgspec.Struct, frozen=True):
    """A function a model may ask for; `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    """What a model asked for. `arguments` is parsed JSON; it is hostile until checked."""

    id: str
    name: str
    arguments: Mapping[str, Any]


class Message(msgspec.Struct, frozen=True):
    """One message of a conversation, as OpenAI-compatible endpoints take it."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class Usage(msgspec.Struct, frozen=True):
    """What a call cost: tokens, seconds on the wall, money in the currency of the settings' prices."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0


class Reply(msgspec.Struct, frozen=True):
    """A model's reply. `data` is the parsed object where a schema was asked for, else None.

    `truncated` says that the text was cut at the reply's token limit.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    data: Any = None
    usage: Usage = Usage()
    model: str = ""
    cached: bool = False
    truncated: bool = False


@runtime_checkable
class LLM(Protocol):
    """Any model. Raises `icelos.errors.ModelError`, and `BudgetError` where the budget is used up."""

    name: str

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply: ...

    def stream(self, messages: Sequence[Message]) -> Iterator[str]: ...


class Right(StrEnum):
    """What somebody may do, beyond which documents and findings they may see.

    READ: search and read what their groups may see. ASK: have questions answered. WRITE: notes, feedback,
    and what happens to a finding. RUN: analyses and what-if runs, which cost time. ADMIN: people, retention,
    backups, the audit log.
    """

    READ = "read"
    ASK = "ask"
    WRITE = "write"
    RUN = "run"
    ADMIN = "admin"


class Principal(msgspec.Struct, frozen=True):
    """Who asks: a name, the groups they are in, and what they may do.

    No principal, no documents: access fails closed.
    """

    name: str
    groups: frozenset[str] = frozenset()
    rights: frozenset[Right] = frozenset({Right.READ, Right.ASK})


class Tier(StrEnum):
    """How far a text can be trusted, by where it comes from: the first most.

    COMPUTED: Icelos itself made it from data (a count, a verdict). OWN: the organisation wrote it (runbooks,
    notes). PUBLISHED: a known publisher did (ATT&CK, vendors). OUTSIDE: anyone may (mail, logs, tickets).
    """

    COMPUTED = "computed"
    OWN = "own"
    PUBLISHED = "published"
    OUTSIDE = "outside"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One row that a tool found, as it can be cited.

    `ref` names it for good: "finding:JOB/RECORD", "passage:CHUNK", "document:ID", "log:NAME/ROW", or
    "computed:" with a digest of the query, for a count. `values` are its columns, `text` one line of plain
    text for people, `source` the place where a person can look.
    """

    ref: str
    text: str
    source: str = ""
    values: Mapping[str, str | int | float | bool | None] = {}
    tier: Tier = Tier.COMPUTED


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool found: facts in order, how many there are in all, and what the reader must know.

    `total` counts what the query matches, of which `facts` may be the first; None where that is not known.
    """

    facts: tuple[Fact, ...] = ()
    total: int | None = None
    notices: tuple[str, ...] = ()


@runtime_checkable
class ReadTool(Protocol):
    """Something that a question may be answered with. It changes nothing, and sees what its principal sees.

    `right` is what the principal needs besides. `call` raises InputError for arguments that `tool.parameters`
    does not allow, or that name what is not there: its message goes back to the model.
    """

    tool: Tool
    right: Right

    def call(self, arguments: Mapping[str, Any], *, principal: Principal) -> Observation: ...


class Where(msgspec.Struct, frozen=True):
    """Filters of a search; an empty one lets everything through that the principal may read.

    `as_of` searches the versions that were in force at that time. `modified_after` compares the
    publisher's date and drops documents without one.
    """

    kinds: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    modified_after: datetime | None = None
    as_of: datetime | None = None


class Hit(msgspec.Struct, frozen=True):
    """One passage that was found, with all that a citation needs.

    `version` counts the document's versions from 1. `indexed` and `modified` have time zones.
    `score` orders hits within one search only (higher is better); `why` gives its parts by name
    ("exact", "lexical", "dense", "page", "relation"), for `--explain`.
    """

    chunk_id: str
    document_id: str
    version: int
    title: str
    heading: str
    text: str
    source: str
    place: str
    kind: str
    collection: str
    url: str
    identifiers: tuple[str, ...]
    indexed: datetime
    modified: datetime | None
    truncated: bool
    score: float
    why: Mapping[str, float]


@runtime_checkable
class Store(Protocol):
    """Knowledge that can be searched. `principal` is required: there is no search without one."""

    def add(self, documents: Iterable[Document]) -> int: ...

    def delete(self, ids: Iterable[str]) -> int: ...

    def search(
        self, query: str, *, k: int = 10, where: Where | None = None, principal: Principal
    ) -> list[Hit]: ...
