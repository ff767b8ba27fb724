"""`icelos notes`, `icelos questions`, `icelos shift` and `icelos me`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output
from icelos.cli.copilot import Groups, User

if TYPE_CHECKING:
    from datetime import datetime

    from icelos.jobs.copilot.learning.colleague import Colleague
    from icelos.jobs.copilot.learning.questions import Difference

notes = typer.Typer(help="Write notes that answers can cite.", no_args_is_help=True)
questions = typer.Typer(
    help="Save questions, and see what has changed in their answers.", no_args_is_help=True
)
me = typer.Typer(help="See, export or delete everything that is kept about a person.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Text = Annotated[str, typer.Argument(help="The text; - reads it from standard input")]
About = Annotated[list[str] | None, typer.Option("--about", help="An identifier; may be repeated")]
Readers = Annotated[
    list[str] | None, typer.Option("--for", help="A group that may read it, instead of your own")
]
Person = Annotated[str, typer.Option(help="About this person, for admins")]
NoteId = Annotated[str, typer.Argument(help="The note's id: note:…")]
Name = Annotated[str, typer.Argument(help="Its name")]

LONGEST = 64 * 1024


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.add_typer(notes, name="notes")
    app.add_typer(questions, name="questions")
    app.add_typer(me, name="me")
    app.command()(shift)


# ---- notes


@notes.command("add")
def add_note(
    text: Text,
    title: Annotated[str, typer.Option(help="A title")] = "",
    about: About = None,
    readers: Readers = None,
    json: Json = False,
    user: User = "",
    group: Groups = None,
) -> None:
    """Write a note: it is searched and cited at once, as yours.

    Example: icelos notes add "Sign-ins from 10.2.0.0/16 are our scanner" --about T1110.003
    """
    mine = _mine(user, group)
    note = mine.note(_read(text), title=title, related=about or (), groups=readers)
    if json:
        output.json_line(note)
    else:
        output.line(note.id)


@notes.command("list")
def list_notes(
    author: Annotated[str, typer.Option(help="Only this author's")] = "",
    json: Json = False,
    user: User = "",
    group: Groups = None,
) -> None:
    """List the notes that you may read, the newest first.

    Example: icelos notes list --author ann
    """
    mine = _mine(user, group)
    found = mine.notes(author)
    if json:
        for note in found:
            output.json_line(note)
        return
    rows = [
        (n.id, f"{n.written:%Y-%m-%d}", n.author, ", ".join(n.groups) or "everyone", n.title or n.text[:80])
        for n in found
    ]
    output.table(("id", "written", "author", "for", "note"), rows)


@notes.command("edit")
def edit_note(
    note_id: NoteId,
    text: Text,
    title: Annotated[str | None, typer.Option(help="Another title")] = None,
    about: About = None,
    json: Json = False,
    user: User = "",
    group: Groups = None,
) -> None:
    """Replace the text of a note of yours; what cites the old one goes on to show it.

    Example: icelos notes edit note:1f2e3d4c5b6a "Also 10.3.0.0/16"
    """
    mine = _mine(user, group)
    note = mine.edit_note(note_id, _read(text), title=title, related=about)
    if json:
        output.json_line(note)
    else:
        output.line(f"{note.id}, version {note.version}")


@notes.command("remove")
def remove_note(note_id: NoteId, user: User = "", group: Groups = None) -> None:
    """Delete a note of yours with its versions.

    Example: icelos notes remove note:1f2e3d4c5b6a
    """
    _mine(user, group).remove_note(note_id)


# ---- saved questions


@questions.command("save")
def save_question(
    name: Name,
    question: Annotated[str, typer.Argument(help="The question, in quotes")],
    user: User = "",
    group: Groups = None,
) -> None:
    """Ask a question and keep it by a name.

    Example: icelos questions save "our kev" "which advisories are in KEV?"
    """
    answer = _mine(user, group).save(name, question)
    output.line(answer.text or " ".join(answer.notices))


@questions.command("list")
def list_questions(json: Json = False, user: User = "", group: Groups = None) -> None:
    """List your saved questions.

    Example: icelos questions list
    """
    found = _mine(user, group).saved()
    if json:
        for one in found:
            output.json_line(one)
        return
    rows = [(q.name, q.question, f"{q.ran:%Y-%m-%d %H:%M}", q.status.value) for q in found]
    output.table(("name", "question", "last asked", "status"), rows)


@questions.command("run")
def run_question(name: Name, json: Json = False, user: User = "", group: Groups = None) -> None:
    """Ask a saved question again, and say what has changed.

    Example: icelos questions run "our kev"
    """
    change = _mine(user, group).run(name)
    if json:
        output.json_line(change)
    else:
        _print_change(change)


@questions.command("remove")
def remove_question(name: Name, user: User = "", group: Groups = None) -> None:
    """Forget a saved question.

    Example: icelos questions remove "our kev"
    """
    _mine(user, group).remove(name)


def _print_change(change: Difference) -> None:
    output.line(change.answer.text or " ".join(change.answer.notices))
    output.line()
    if not change.changed:
        output.line(f"Nothing has changed since {change.before:%Y-%m-%d %H:%M}.")
        return
    output.line(f"Since {change.before:%Y-%m-%d %H:%M}:")
    for sign, texts in (("+", change.added), ("-", change.gone), ("source:", change.sources)):
        for text in texts:
            output.line(f"  {sign} {text}")
    if change.status_before is not change.answer.status:
        output.line(f"  {change.status_before.value} before, {change.answer.status.value} now")


# ---- shifts


def shift(
    since: Annotated[str, typer.Option(help="From then on, instead of since your last shift ended")] = "",
    end: Annotated[
        bool, typer.Option("--end", help="Your shift ends now: the next report begins here")
    ] = False,
    json: Json = False,
    user: User = "",
    group: Groups = None,
) -> None:
    """What has changed since your last shift: findings, sources, failures, notes, saved questions.

    Examples:
      icelos shift
      icelos shift --since 2026-11-30T22:00 --json
      icelos shift --end
    """
    mine = _mine(user, group)
    report = mine.shift(_moment(since) if since else None)
    if json:
        output.json_line(report)
    else:
        output.line(f"Since {report.since:%Y-%m-%d %H:%M} UTC{'' if report.sections else ': nothing new'}")
        for section in report.sections:
            output.line(f"\n{section.name}: {section.total}")
            for line in section.lines:
                marks = " ".join(part for part in (line.what, line.verdict) if part)
                output.line(f"  {marks}  {line.text}  [{line.ref}]")
    if end:
        mine.end_shift(report.until)
        output.note("your shift has ended: the next report begins here")


def _moment(text: str) -> datetime:
    from datetime import UTC, datetime

    from icelos.errors import InputError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--since {text!r} is no time", hint="2026-11-30 or 2026-11-30T22:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# ---- people


@me.command("show")
def show_me(person: Person = "", json: Json = False, user: User = "", group: Groups = None) -> None:
    """How much is kept about you.

    Example: icelos me show
    """
    found = _mine(user, group).summary(person)
    if json:
        output.json_line(found)
        return
    profile = found.profile
    output.table(
        ("what", "how much"),
        [
            ("answers", found.answers), ("conversations", found.conversations),
            ("feedback", found.feedback), ("votes in what was learned", found.votes),
            ("saved questions", found.questions), ("notes", found.notes),
            ("last shift ended", found.shift_ended or "never"), ("role", profile.role or "not said"),
            ("stack", ", ".join(profile.stack) or "not said"),
            ("language", profile.language or "not said"), ("verbosity", profile.verbosity),
        ],
    )  # fmt: skip


@me.command("profile")
def set_profile(
    role: Annotated[str | None, typer.Option(help="What you do, for a model")] = None,
    stack: Annotated[
        list[str] | None, typer.Option(help="Something that you work with; may be repeated")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of a model's answers")] = None,
    verbosity: Annotated[str | None, typer.Option(help="short, normal or long")] = None,
    user: User = "",
    group: Groups = None,
) -> None:
    """Say what you work with and how long answers should be. What is not given stays.

    Example: icelos me profile --stack Fortinet --stack "Windows Server" --verbosity short
    """
    import msgspec

    from icelos.errors import InputError
    from icelos.jobs.copilot.learning.profile import Profile

    mine = _mine(user, group)
    given = {"role": role, "stack": stack, "language": language, "verbosity": verbosity}
    old = msgspec.structs.asdict(mine.profile())
    try:
        wanted = msgspec.convert(
            old | {name: value for name, value in given.items() if value is not None}, Profile
        )
    except msgspec.ValidationError as error:
        raise InputError(f"the profile is not valid: {error}") from error
    mine.set_profile(wanted)


@me.command("export")
def export_me(person: Person = "", user: User = "", group: Groups = None) -> None:
    """Print everything that is kept about you, one JSON object a line.

    Example: icelos me export > me.jsonl
    """
    for one in _mine(user, group).exported(person):
        output.json_line(one)


@me.command("delete")
def delete_me(
    person: Person = "",
    keep_notes: Annotated[
        bool, typer.Option("--keep-notes", help="Leave the notes to their readers")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    json: Json = False,
    user: User = "",
    group: Groups = None,
) -> None:
    """Delete everything that is kept about you, and take your votes out of what was learned.

    Example: icelos me delete --keep-notes
    """
    mine = _mine(user, group)
    if not yes:
        typer.confirm(f"Delete everything about {person or mine.principal.name}?", abort=True)
    gone = mine.forget(person, keep_notes=keep_notes)
    if json:
        output.json_line(gone)
        return
    counts = f"{gone.answers} answers, {gone.feedback} lines of feedback, {gone.questions} saved questions"
    output.line(f"Deleted: {counts}, {gone.notes} notes.")
    output.line(gone.told)


def _mine(user: str, groups: list[str] | None) -> Colleague:
    from functools import partial

    from icelos.cli.audit import done
    from icelos.data.workspace import Workspace
    from icelos.jobs.copilot.answer import Copilot
    from icelos.jobs.copilot.job import principal_of
    from icelos.jobs.copilot.learning.colleague import Colleague
    from icelos.knowledge.index import ensure_bundled
    from icelos.knowledge.store import KnowledgeStore
    from icelos.settings import load

    settings = load().settings
    ensure_bundled(settings)
    copilot = Copilot.open(settings)
    store = copilot.store
    if not isinstance(store, KnowledgeStore):
        store = KnowledgeStore.open(settings)
    principal = principal_of(settings, user=user, groups=groups or ())
    record = partial(done, settings, principal=principal)
    return Colleague(copilot, store, Workspace.of(settings), principal, record=record)


def _read(text: str) -> str:
    return sys.stdin.read(LONGEST) if text == "-" else text
