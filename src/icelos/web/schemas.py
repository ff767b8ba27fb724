"""What the API takes and gives beyond the structs of the other rooms, and how it stands in OpenAPI.

Bodies are decoded by msgspec, strictly; answers are encoded by msgspec. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import HTTPException, Request, Response
from msgspec import Meta

from icelos.contracts import Hit, Right
from icelos.data.casework.desk import Worked
from icelos.data.casework.model import COMMENT_LIMIT, Case
from icelos.data.feeds.news import NewsStatus
from icelos.data.feeds.status import FeedStatus
from icelos.engine.upkeep import TaskStatus
from icelos.errors import InputError
from icelos.findings import Failure, Finding
from icelos.jobs.copilot.answers import Answer, Event
from icelos.jobs.copilot.history import Conversation, Turn
from icelos.jobs.copilot.learning.feedback import LONGEST_CORRECTION, Kind
from icelos.jobs.copilot.learning.notes import LONGEST as LONGEST_NOTE
from icelos.jobs.copilot.learning.notes import Note
from icelos.jobs.copilot.learning.person import Deleted, Summary
from icelos.jobs.copilot.learning.profile import Profile
from icelos.jobs.copilot.learning.questions import Difference, Saved
from icelos.jobs.copilot.learning.shift import Shift
from icelos.jobs.vulns.news.model import News
from icelos.people.audit import Entry, Verified
from icelos.people.passwords import LONGEST
from icelos.people.roles import Role
from icelos.people.store import User
from icelos.people.tokens import Token
from icelos.records import Section
from icelos.web.problems import Problem

QUESTION_LIMIT = 8000
"""Characters in one question."""

T = TypeVar("T")
Text = Annotated[str, Meta(max_length=200)]


Secret = Annotated[str, Meta(max_length=4 * LONGEST)]


class SignInRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one-time token that `icelos serve` printed, or a user and their password."""

    token: Text = ""
    user: Text = ""
    password: Secret = ""

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"SignInRequest(user={self.user!r})"


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """The session: who asks, when it ends, what X-CSRF-Token unsafe requests carry, which model answers.

    `owner` says that it is the owner of the workspace, who is no user. With an API token `csrf` is empty.
    """

    user: str
    groups: tuple[str, ...]
    rights: tuple[Right, ...]
    owner: bool
    csrf: str
    expires: datetime
    model: str
    version: str


class AskRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question. `conversation` is empty for a new one, else the `conversation` of an earlier answer."""

    question: Annotated[str, Meta(min_length=1, max_length=QUESTION_LIMIT)]
    conversation: Text = ""
    explain: bool = False


class FeedbackRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thumb for an answer; the last one counts."""

    answer_id: Text
    thumb: Literal["up", "down"]


class CaseStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a case. `assign` takes `assignee`, `comment` and `reopen` take `text`, `close` a `reason`
    and perhaps `text`, `merge` takes `into`, an id. `version` is the one that was seen.
    """

    step: Literal["assign", "comment", "close", "reopen", "merge"]
    assignee: Text = ""
    text: Annotated[str, Meta(max_length=COMMENT_LIMIT)] = ""
    reason: Text = ""
    into: Text = ""
    version: Annotated[int, Meta(ge=0)] | None = None


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to be added. `returns` gives a name again that somebody had before."""

    name: Text
    role: Role
    groups: tuple[Text, ...] = ()
    password: Secret
    returns: bool = False

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"NewUser(name={self.name!r})"


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a user; what is not named stays."""

    role: Role | None = None
    groups: tuple[Text, ...] | None = None
    disabled: bool | None = None
    password: Secret | None = None

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"UserChange(role={self.role!r}, groups={self.groups!r}, disabled={self.disabled!r})"


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The own password, and the one that it is to be."""

    old: Secret
    new: Secret

    def __repr__(self) -> str:
        """Without what is secret."""
        return "NewPassword()"


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An API token to be made: what it is for, what it may do, and for how many days."""

    label: Text
    scopes: tuple[Right, ...]
    days: Annotated[int, Meta(ge=1, le=366)] = 90


class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new API token: `secret` is shown this once."""

    secret: str
    token: Token


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """All users, by name."""

    users: tuple[User, ...]


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """API tokens, the newest first."""

    tokens: tuple[Token, ...]


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the audit log, the newest first; `next` is the `before` of the rest, None at the end."""

    entries: tuple[Entry, ...]
    next: int | None


class SourceFeedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of an answer or, with `citation` (a handle or chunk of it), of one of its sources.

    `correction` is what the answer should have said; identifiers in it name the right sources.
    """

    kind: Kind
    citation: Text = ""
    correction: Annotated[str, Meta(max_length=LONGEST_CORRECTION)] = ""


class NoteRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note; `groups` may read it, the author's own where null."""

    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]
    title: Text = ""
    related: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    groups: Annotated[tuple[Text, ...], Meta(max_length=100)] | None = None


class NoteChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new text; title and related identifiers stay where null."""

    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]
    title: Text | None = None
    related: Annotated[tuple[Text, ...], Meta(max_length=100)] | None = None


class NoteList(msgspec.Struct, frozen=True, kw_only=True):
    """Notes, the newest first."""

    notes: tuple[Note, ...]


class QuestionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question to keep by a name."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    question: Annotated[str, Meta(min_length=1, max_length=4000)]


class QuestionName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A saved question."""

    name: Text


class SavedList(msgspec.Struct, frozen=True, kw_only=True):
    """Saved questions, by name."""

    questions: tuple[Saved, ...]


class ShiftEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a shift ended; null for now."""

    until: Annotated[datetime, Meta(tz=True)] | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A section of a document, cut in three at the passage; `passage` is empty outside of it."""

    heading: str
    place: str
    before: str = ""
    passage: str = ""
    after: str = ""


class PassageView(msgspec.Struct, frozen=True, kw_only=True):
    """A passage at its place. `parts` are the sections around it; `more_*` say that some were left out.

    `current` is false where a newer version of the document is in force, `old` past the stale limit.
    """

    passage: Hit
    parts: tuple[Part, ...]
    more_before: bool
    more_after: bool
    current: bool
    old: bool
    path: str
    licence: str
    groups: tuple[str, ...]


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A document from section `first` on; `next` is where the rest begins, None at the end."""

    id: str
    title: str
    kind: str
    collection: str
    source: str
    path: str
    url: str
    version: int
    identifiers: tuple[str, ...]
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    facts: dict[str, str]
    indexed: datetime
    modified: datetime | None
    truncated: bool
    old: bool
    licence: str
    first: int
    next: int | None
    sections: tuple[Section, ...]


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """One file or feed, with its freshness; `old` where its newest document is past the stale limit."""

    collection: str
    path: str
    documents: int
    passages: int
    kinds: tuple[str, ...]
    indexed: datetime
    modified: datetime | None
    truncated: int
    licence: str
    old: bool


class Preparation(msgspec.Struct, frozen=True, kw_only=True):
    """How far the knowledge is: "starting", "indexing", "ready" or "failed", and why."""

    phase: Literal["starting", "indexing", "ready", "failed"] = "starting"
    done: int = 0
    total: int = 0
    detail: str = ""


class SourceList(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that answers may come from, and whether indexing is still under way."""

    sources: tuple[SourceView, ...]
    documents: int
    stale_days: int
    preparation: Preparation


class ConversationList(msgspec.Struct, frozen=True, kw_only=True):
    """The conversations of the one who asks, the latest first."""

    conversations: tuple[Conversation, ...]


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, turn by turn; `thumbs` maps answer ids to the thumb in force."""

    conversation: str
    turns: tuple[Turn, ...]
    thumbs: dict[str, str]


class FindingList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of findings, the newest first; `total` counts those of the job.

    `next` is the `before` of the page that follows, None at the end.
    """

    findings: tuple[Finding, ...]
    total: int
    next: int | None


class FailureList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of failures, the newest first; `total` counts those of the job."""

    failures: tuple[Failure, ...]
    total: int


class HitList(msgspec.Struct, frozen=True, kw_only=True):
    """Passages that a search found, the best first."""

    hits: tuple[Hit, ...]


class FeedList(msgspec.Struct, frozen=True, kw_only=True):
    """Public feeds, news feeds and the tasks that keep them; `running` where a process does so now."""

    feeds: tuple[FeedStatus, ...]
    news: tuple[NewsStatus, ...]
    tasks: tuple[TaskStatus, ...]
    running: bool


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the process answers, or the knowledge can be asked."""

    status: str


SCHEMAS = (
    SignInRequest, SessionView, AskRequest, FeedbackRequest, PassageView, DocumentView, SourceList,
    ConversationList, ConversationView, FindingList, FailureList, HitList, FeedList, News, Health, Answer,
    Event, Problem, CaseStep, Case, Worked, NewUser, UserChange, NewPassword, NewToken, TokenMade, UserList,
    TokenList, User, AuditList, Verified,
    ConversationList, ConversationView, FindingList, FailureList, HitList, Health, Answer, Event, Problem,
    SourceFeedback, NoteRequest, NoteChange, NoteList, QuestionRequest, QuestionName, SavedList, ShiftEnd,
    Difference, Shift, Summary, Deleted, Profile,
)  # fmt: skip


def reply(value: object, status: int = 200) -> Response:
    """JSON by msgspec."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def body_of(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency that decodes a JSON body strictly. Raises InputError, or 415 for another type."""

    async def decode(request: Request) -> T:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "the body must be application/json")
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"the body is not valid: {error}") from error

    return decode


def describe(
    *, takes: type | None = None, gives: type | None = None, stream: bool = False,
    streams: type | None = None, fails: type | None = None, status: int = 200,
) -> dict[str, Any]:  # fmt: skip
    """The `openapi_extra` of a route: its body and its answer by reference, and problems for the rest.

    With `stream` the answer comes as events; `streams` is what they hold where it comes either way. `fails`
    stands for errors that are no problem+json. `status` is that of a good answer.
    """
    answer: dict[str, Any] = {"description": "OK"}
    if gives is not None:
        answer["content"] = (
            _events_of(gives) if stream else {"application/json": {"schema": _reference(gives)}}
        )
    if streams is not None:
        answer["content"] |= _events_of(streams, end="[DONE]")
    failing = ("application/json", fails) if fails else ("application/problem+json", Problem)
    problem = {"description": "Problem", "content": {failing[0]: {"schema": _reference(failing[1])}}}
    extra: dict[str, Any] = {"responses": {str(status if gives else 204): answer, "default": problem}}
    if takes is not None:
        extra["requestBody"] = {
            "required": True, "content": {"application/json": {"schema": _reference(takes)}}
        }  # fmt: skip
    return extra


def _events_of(kind: type, *, end: str = "") -> dict[str, Any]:
    """Server-sent events whose data is JSON of a kind, but for the mark that may end them."""
    data: dict[str, Any] = {
        "type": "string", "contentMediaType": "application/json", "contentSchema": _reference(kind)
    }  # fmt: skip
    data = {"anyOf": [data, {"const": end}]} if end else data
    event = {
        "type": "object",
        "properties": {"event": {"type": "string"}, "data": data},
        "required": ["data"],
    }
    return {"text/event-stream": {"schema": event}}


def components(*more: type) -> dict[str, Any]:
    """The JSON schemas of everything in `SCHEMAS`, in `more` and below, by name."""
    _, found = msgspec.json.schema_components((*SCHEMAS, *more), ref_template="#/components/schemas/{name}")
    return found


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
