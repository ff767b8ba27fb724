"""What an answer is: sentences, their citations, or why there is none. Shared by command, page and API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Status(StrEnum):
    """How a question ended. PARTIAL: a part of it was answered, and the notices say which was not."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    NOT_IN_SOURCES = "not_in_sources"
    UNKNOWN_IDENTIFIER = "unknown_identifier"
    FAILED = "failed"


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """One passage or fact that carries a sentence. `handle` ("K7f2") is opaque, valid in this answer only.

    `ref` and `tier` are those of a fact that a tool found; a passage has a `chunk_id` instead. `quote` is the
    part of the chunk that carries the sentence, exactly as it stands there. `version`, `indexed` and
    `modified` pin what was read; `old` is true past the stale limit of the settings. `flags` say what the
    reader must know: "hidden-text" was taken out, or it "speaks-to-assistant".
    """

    handle: str
    chunk_id: str
    document_id: str
    version: int
    title: str
    heading: str
    quote: str
    source: str
    place: str
    kind: str
    collection: str
    url: str
    indexed: datetime
    modified: datetime | None
    truncated: bool = False
    old: bool = False
    ref: str = ""
    tier: str = ""
    flags: tuple[str, ...] = ()


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence and the handles that carry it. `supported` is false only where it is shown marked."""

    text: str
    handles: tuple[str, ...]
    supported: bool = True


class Nearest(msgspec.Struct, frozen=True, kw_only=True):
    """A source near to a question that has no answer here."""

    title: str
    source: str
    place: str
    document_id: str
    chunk_id: str
    url: str = ""
    version: int = 1


class AgentStep(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a tool, or one turn of a model, on the way to an answer.

    `why` is the part of the question that it was for. `facts` of `total` were found (None: not known).
    `outcome`: "ok"; "again" for a call that was made before and answered from memory; "refused" for unknown
    tools, bad arguments and missing rights; "failed" where the tool or the model did. `tokens` are those of
    a model's turn.
    """

    tool: str
    arguments: Mapping[str, Any] = {}
    why: str = ""
    outcome: str = "ok"
    note: str = ""
    facts: int = 0
    total: int | None = None
    seconds: float = 0.0
    tokens: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `notices` are lines for the reader (no model configured, a source is old or cut short).

    `dropped` are sentences of a model that no passage carried. `explain` says what was retrieved and why.
    `steps` are what was done for it, where tools were asked; `tokens` those of the model.
    """

    question: str
    status: Status
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    notices: tuple[str, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    dropped: tuple[str, ...] = ()
    conversation: str = ""
    answer_id: str = ""
    made_by: Mapping[str, str] = {}
    seconds: float = 0.0
    explain: Mapping[str, Any] | None = None
    steps: tuple[AgentStep, ...] = ()
    tokens: int = 0

    @property
    def text(self) -> str:
        """The sentences with their handles, as one paragraph."""
        return " ".join(f"{s.text} {''.join(f'[{h}]' for h in s.handles)}".strip() for s in self.sentences)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a streamed answer: "status" (a phase), "step", "sentence", or "answer" (the end, whole)."""

    kind: str
    text: str = ""
    sentence: Sentence | None = None
    citations: tuple[Citation, ...] = ()
    answer: Answer | None = None
    step: AgentStep | None = None
