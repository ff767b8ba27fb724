"""Feedback in full, notes, profile, saved questions, shift reports, and what is kept about people."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from icelos.contracts import Principal, Right
from icelos.data.durations import since as moment
from icelos.jobs.copilot.answers import Answer
from icelos.jobs.copilot.learning.colleague import Colleague
from icelos.jobs.copilot.learning.feedback import Kind
from icelos.jobs.copilot.learning.notes import Note
from icelos.jobs.copilot.learning.person import Deleted, Summary
from icelos.jobs.copilot.learning.profile import Profile
from icelos.jobs.copilot.learning.questions import Difference
from icelos.jobs.copilot.learning.shift import Shift
from icelos.web.routes.access import Asking, Here, Reading, Writing
from icelos.web.schemas import (
    NoteChange,
    NoteList,
    NoteRequest,
    QuestionName,
    QuestionRequest,
    SavedList,
    ShiftEnd,
    SourceFeedback,
    body_of,
    describe,
    reply,
)

router = APIRouter(tags=["learning"])

Person = Annotated[str, Query(max_length=200, description="About this person, for admins")]
Given = Annotated[SourceFeedback, Depends(body_of(SourceFeedback))]
NoteId = Annotated[str, Path(max_length=100)]


async def colleague(here: Here, asker: Asking) -> Colleague:
    """What the one who asks has in the workspace."""
    return _colleague(here, asker)


def _colleague(here: Here, who: Principal) -> Colleague:
    return Colleague(here.copilot, here.knowledge, here.workspace, who, record=partial(here.record, who))


Mine = Annotated[Colleague, Depends(colleague)]


@router.post(
    "/api/answers/{answer_id}/feedback", status_code=204, openapi_extra=describe(takes=SourceFeedback)
)
def feedback(
    answer_id: Annotated[str, Path(max_length=200)], given: Given, here: Here, asker: Asking
) -> Response:
    """Say what an answer, or one of its sources, is worth; whoever may only ask may only open sources."""
    if given.kind is not Kind.OPENED and Right.WRITE not in asker.rights:
        raise HTTPException(403, "this needs the right 'write', which you do not have")
    if given.kind is Kind.OPENED and here.history.answer(answer_id, principal=asker) is None:
        return Response(status_code=204)  # only a hint, and there is nothing that it could be kept with
    with here.audit.doing(asker, "feedback", answer_id, kind=given.kind, citation=given.citation):
        here.history.feedback(
            answer_id, given.kind, principal=asker, citation=given.citation, correction=given.correction
        )
    return Response(status_code=204)


# ---- notes


@router.get("/api/notes", openapi_extra=describe(gives=NoteList))
def notes(here: Here, reader: Reading, author: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The notes that may be read, the newest first."""
    found = _colleague(here, reader).notes(author)
    return reply(NoteList(notes=tuple(found)))


@router.post("/api/notes", status_code=201, openapi_extra=describe(takes=NoteRequest, gives=Note))
def add_note(
    wanted: Annotated[NoteRequest, Depends(body_of(NoteRequest))], here: Here, writer: Writing
) -> Response:
    """Write a note; it can be found and cited at once."""
    note = _colleague(here, writer).note(
        wanted.text, title=wanted.title, related=wanted.related, groups=wanted.groups
    )
    return reply(note, 201)


@router.put("/api/notes/{note_id}", openapi_extra=describe(takes=NoteChange, gives=Note))
def edit_note(
    note_id: NoteId,
    wanted: Annotated[NoteChange, Depends(body_of(NoteChange))],
    here: Here,
    writer: Writing,
) -> Response:
    """A new version of a note of one's own."""
    note = _colleague(here, writer).edit_note(
        note_id, wanted.text, title=wanted.title, related=wanted.related
    )
    return reply(note)


@router.delete("/api/notes/{note_id}", status_code=204, openapi_extra=describe())
def remove_note(note_id: NoteId, here: Here, writer: Writing) -> Response:
    """Delete a note of one's own, with its versions."""
    _colleague(here, writer).remove_note(note_id)
    return Response(status_code=204)


# ---- saved questions and shifts


@router.get("/api/questions", openapi_extra=describe(gives=SavedList))
def questions(mine: Mine) -> Response:
    """The saved questions."""
    return reply(SavedList(questions=tuple(mine.saved())))


@router.post("/api/questions", status_code=201, openapi_extra=describe(takes=QuestionRequest, gives=Answer))
def save_question(
    wanted: Annotated[QuestionRequest, Depends(body_of(QuestionRequest))], mine: Mine
) -> Response:
    """Ask a question and keep it by a name."""
    return reply(mine.save(wanted.name, wanted.question), 201)


@router.post("/api/questions/run", openapi_extra=describe(takes=QuestionName, gives=Difference))
def run_question(wanted: Annotated[QuestionName, Depends(body_of(QuestionName))], mine: Mine) -> Response:
    """Ask a saved question again, and say what has changed."""
    return reply(mine.run(wanted.name))


@router.delete("/api/questions", status_code=204, openapi_extra=describe())
def remove_question(mine: Mine, name: Annotated[str, Query(max_length=200)]) -> Response:
    """Forget a saved question."""
    mine.remove(name)
    return Response(status_code=204)


@router.get("/api/shift", openapi_extra=describe(gives=Shift))
def shift(
    mine: Mine,
    since: Annotated[
        str,
        Query(max_length=40, description="How long ago (24h), or a date; else since the last shift"),
    ] = "",
) -> Response:
    """What has changed since the last shift. Changes nothing."""
    return reply(mine.shift(moment(since) if since else None))


@router.post("/api/shift/end", openapi_extra=describe(takes=ShiftEnd, gives=ShiftEnd))
def end_shift(wanted: Annotated[ShiftEnd, Depends(body_of(ShiftEnd))], mine: Mine) -> Response:
    """The next report begins at `until`; the same time again changes nothing."""
    return reply(ShiftEnd(until=mine.end_shift(wanted.until)))


# ---- people


@router.get("/api/me", openapi_extra=describe(gives=Summary))
def me(mine: Mine, person: Person = "") -> Response:
    """How much is kept about who asks."""
    return reply(mine.summary(person))


LINES = "application/jsonl"


PROBLEM = describe()["responses"]["default"]


@router.get("/api/me/export", openapi_extra={"responses": {"default": PROBLEM, "200": {
    "description": "OK", "content": {LINES: {"schema": {"type": "string"}}},
}}})  # fmt: skip
def export_me(mine: Mine, person: Person = "") -> Response:
    """Everything that is kept, one JSON object a line."""
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in mine.exported(person))
    return Response(lines, media_type=LINES)


@router.delete("/api/me", openapi_extra=describe(gives=Deleted))
def delete_me(mine: Mine, person: Person = "", keep_notes: bool = False) -> Response:
    """Delete everything that is kept, and take the votes out of what was learned."""
    return reply(mine.forget(person, keep_notes=keep_notes))


@router.get("/api/me/profile", openapi_extra=describe(gives=Profile))
def profile(mine: Mine) -> Response:
    """What who asks has said of themselves."""
    return reply(mine.profile())


@router.put("/api/me/profile", openapi_extra=describe(takes=Profile, gives=Profile))
def set_profile(wanted: Annotated[Profile, Depends(body_of(Profile))], mine: Mine) -> Response:
    """Replace it."""
    return reply(mine.set_profile(wanted))
