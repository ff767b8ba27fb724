"""What an answer is: sentences, their citations, or why there is none. Shared by command, page and API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    NOT_IN_SOURCES = "not_in_sources"
    UNKNOWN_IDENTIFIER = "unknown_identifier"
    FAILED = "failed"


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """One passage that carries a sentence. `handle` ("K7f2") is opaque and valid in this answer only.

    `quote` is the part of the chunk that carries the sentence, exactly as it stands there. `version`,
    `indexed` and `modified` pin what was read; `old` is true past the stale limit of the settings.
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


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `notices` are lines for the reader (no model configured, a source is old or cut short).

    `dropped` are sentences of a model that no passage carried. `explain` says what was retrieved and why.
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

    @property
    def text(self) -> str:
        """The sentences with their handles, as one paragraph."""
        return " ".join(f"{s.text} {''.join(f'[{h}]' for h in s.handles)}".strip() for s in self.sentences)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a streamed answer: "status" (a phase), "sentence", or "answer" (the end, whole)."""

    kind: str
    text: str = ""
    sentence: Sentence | None = None
    citations: tuple[Citation, ...] = ()
    answer: Answer | None = None
