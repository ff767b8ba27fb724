"""`icelos ask` and `icelos chat`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from datetime import datetime

    from icelos.contracts import Principal, Where
    from icelos.jobs.copilot.answer import Copilot
    from icelos.jobs.copilot.answers import AgentStep, Answer, Citation

User = Annotated[str, typer.Option(help="Who asks, instead of the login name")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group of who asks; may be repeated")]
Collections = Annotated[list[str] | None, typer.Option("--collection", help="Only these collections")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", help="Only these kinds: technique, rule, runbook …")
]
AsOf = Annotated[str, typer.Option("--as-of", help="What the sources said then: 2025-06-30")]
Steps = Annotated[bool, typer.Option("--steps", help="Show every call of a tool, with its arguments")]
Agent = Annotated[
    bool, typer.Option("--agent", help="Answer by tools over findings and logs, whatever the question")
]
Explain = Annotated[bool, typer.Option("--explain", help="Show what was retrieved and why")]

FLAGS = {
    "speaks-to-assistant": "holds text addressed to an assistant",
    "hidden-text": "hid text from readers",
}
MOST_HANDLES = 4
MOST_SOURCES = 12
"""Handles of one sentence and sources of an answer that are printed; --json has all."""


def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes; - reads it from standard input")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object with the answer")] = False,
    explain: Explain = False,
    steps: Steps = False,
    agent: Agent = False,
    collection: Collections = None,
    kind: Kinds = None,
    as_of: AsOf = "",
    conversation: Annotated[str, typer.Option(help="Go on with this conversation")] = "",
    user: User = "",
    group: Groups = None,
) -> None:
    """Answer a question from the sources, findings and logs, with a citation on every sentence.

    Exit codes: 0 answered or not in the sources, 2 bad input, 3 the sources could not be read.

    Examples:
      icelos ask "what is T1110.003 and which of our rules see it?"
      icelos ask "when is CVE-2024-8068 due?" --json
      icelos ask "which of our exploitable CVEs are in KEV, and who logs in to those hosts?" --steps
    """
    where = _where(collection, kind, as_of)
    copilot, principal = _open(user, group, agent=agent)
    text = sys.stdin.read(64 * 1024) if question == "-" else question
    _check(text)
    _asked(copilot, principal, text, conversation)
    arguments = {"principal": principal, "conversation": conversation, "where": where, "explain": explain}
    if json:
        answer = copilot.ask(text, **arguments)  # type: ignore[arg-type]
        output.json_line(answer)
    else:
        answer = _print_as_it_comes(
            copilot, text, principal, conversation, where, explain=explain, steps=steps
        )
    _answered(copilot, principal, answer)
    if answer.status == "failed":
        raise typer.Exit(3)


def chat(
    conversation: Annotated[str, typer.Option(help="Go on with this conversation")] = "",
    collection: Collections = None,
    kind: Kinds = None,
    explain: Explain = False,
    steps: Steps = False,
    agent: Agent = False,
    user: User = "",
    group: Groups = None,
) -> None:
    """Ask one question after the other; "and its mitigations?" refers to the one before.

    /sources shows the sources again in full, /new begins another conversation, /quit or Ctrl-D ends.

    Example:
      icelos chat --kind technique
    """
    where = _where(collection, kind, "")
    copilot, principal = _open(user, group, agent=agent)
    last: Answer | None = None
    while (line := _read_line()) is not None:
        if line in ("/quit", "/exit", "/q"):
            break
        if line == "/new":
            conversation, last = "", None
        elif line == "/sources":
            _print_sources(last, whole=True)
        elif line.startswith("/"):
            output.note("/sources, /new or /quit")
        elif line:
            _asked(copilot, principal, line, conversation)
            last = _print_as_it_comes(
                copilot, line, principal, conversation, where, explain=explain, steps=steps
            )
            _answered(copilot, principal, last)
            conversation = last.conversation


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(ask)
    app.command()(chat)


def _open(user: str, groups: list[str] | None, *, agent: bool) -> tuple[Copilot, Principal]:
    """The copilot and who asks; the bundled knowledge is indexed where the store has none."""
    from icelos.jobs.copilot.answer import Copilot
    from icelos.jobs.copilot.job import principal_of
    from icelos.knowledge.index import ensure_bundled
    from icelos.settings import load

    settings = load(flags={"copilot.agent": "on" if agent else None}).settings
    ensure_bundled(settings)
    return Copilot.open(settings), principal_of(settings, user=user, groups=groups or ())


def _asked(copilot: Copilot, principal: Principal, question: str, conversation: str) -> None:
    """Put the question into the audit log, before it is answered."""
    from icelos.cli.audit import done

    done(copilot.settings, "ask", conversation, principal=principal, question=question)


def _answered(copilot: Copilot, principal: Principal, answer: Answer) -> None:
    """Put what the answer showed into the audit log."""
    from icelos.cli.audit import done
    from icelos.web.services import shown_by

    done(copilot.settings, "answer", answer.answer_id, principal=principal, **shown_by(answer))


def _where(collections: list[str] | None, kinds: list[str] | None, as_of: str) -> Where:
    from icelos.contracts import Where

    return Where(
        collections=tuple(collections or ()),
        kinds=tuple(kinds or ()),
        as_of=_moment(as_of) if as_of else None,
    )


def _moment(text: str) -> datetime:
    from datetime import UTC, datetime, time

    from icelos.errors import InputError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--as-of {text!r} is no date", hint="2025-06-30 or 2025-06-30T12:00") from error
    if len(text) <= 10:  # a day means its end
        moment = datetime.combine(moment, time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check(question: str) -> None:
    from icelos.errors import InputError

    if not any(character.isalnum() for character in question):
        raise InputError("the question is empty")


def _read_line() -> str | None:
    try:
        return input("> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        if sys.stdin.isatty():
            output.line()
        return None


def _print_as_it_comes(
    copilot: Copilot, question: str, principal: Principal, conversation: str, where: Where, *, explain: bool,
    steps: bool,
) -> Answer:  # fmt: skip
    """Steps where they are wanted, sentences as they come, then notices and sources; the whole answer."""
    for event in copilot.stream(
        question, principal=principal, conversation=conversation, where=where, explain=explain
    ):
        if steps and event.step is not None:
            _print_step(event.step)
        if event.sentence is not None:
            handles = "".join(f"[{handle}]" for handle in event.sentence.handles[:MOST_HANDLES])
            if len(event.sentence.handles) > MOST_HANDLES:
                handles += f" and {len(event.sentence.handles) - MOST_HANDLES} more"
            output.line(f"{event.sentence.text} {handles}")
            sys.stdout.flush()
        if event.answer is not None:
            _print_rest(event.answer, steps=steps)
            return event.answer
    raise AssertionError("a stream ends with its answer")


def _print_step(step: AgentStep) -> None:
    """On standard error, as progress is."""
    import json

    arguments = json.dumps(step.arguments, ensure_ascii=False) if step.arguments else step.why
    found = (
        f"{step.facts} facts" if step.total in {None, step.facts} else f"{step.facts} facts of {step.total}"
    )
    came = f"{step.tokens} tokens" if step.tool == "model" else found
    outcome = "" if step.outcome == "ok" else f", {step.outcome}"
    note = f": {step.note}" if step.note else ""
    output.note(f"{step.tool} {arguments}: {came}, {step.seconds:.2f} s{outcome}{note}")


def _print_rest(answer: Answer, *, steps: bool) -> None:
    for notice in answer.notices:
        (output.line if not answer.sentences else output.note)(notice)
    _print_sources(answer)
    if answer.nearest:
        output.line("Nearest sources:")
        for source in answer.nearest:
            output.line(f"  {source.title}: {_place(source.source, source.place)}")
    if answer.dropped:
        output.note(f"{len(answer.dropped)} sentences of the model were left out: no source carries them")
    if steps:
        output.note(f"{len(answer.steps)} steps, {answer.tokens} tokens, {answer.seconds:.2f} s")
    if answer.explain is not None:
        _print_explained(answer)


def _print_sources(answer: Answer | None, *, whole: bool = False) -> None:
    if answer is None or not answer.citations:
        return
    output.line()
    if whole:
        for citation in answer.citations:
            output.line(f"  [{citation.handle}] {citation.title}: {_where_it_stands(citation)}")
            output.line(f"         {' '.join(citation.quote.split())}")
        return
    by_place: dict[str, list[str]] = {}
    for citation in answer.citations:
        shown = f"{citation.title}: {_where_it_stands(citation)}"
        by_place.setdefault(shown, []).append(f"[{citation.handle}]")
    for shown, handles in list(by_place.items())[:MOST_SOURCES]:
        more = f" and {len(handles) - MOST_HANDLES} more" if len(handles) > MOST_HANDLES else ""
        output.line(f"  {''.join(handles[:MOST_HANDLES])}{more} {shown}")
    if len(by_place) > MOST_SOURCES:
        output.note(f"{len(by_place) - MOST_SOURCES} more sources: --json lists all, with their quotes")


def _where_it_stands(citation: Citation) -> str:
    if citation.ref and not citation.chunk_id:
        return ", ".join(part for part in (citation.source, citation.ref, _when(citation)) if part)
    moment = citation.modified or citation.indexed
    dated = "modified" if citation.modified else "indexed"
    marks = [mark for mark, on in (("old", citation.old), ("cut short", citation.truncated)) if on]
    marks += [FLAGS[flag] for flag in citation.flags if flag in FLAGS]
    place = _place(citation.source, citation.place)
    return ", ".join([place, f"version {citation.version}", f"{dated} {moment.date().isoformat()}", *marks])


def _when(citation: Citation) -> str:
    return citation.modified.isoformat(timespec="seconds") if citation.modified else ""


def _place(source: str, place: str) -> str:
    return source if source.endswith(f":{place}") else f"{source} {place}".strip()


def _print_explained(answer: Answer) -> None:
    explain = answer.explain or {}
    output.note(f"question: {explain.get('question', '')}")
    for named in explain.get("named", ()):
        output.note(f"named: {named['text']} = {', '.join(named['documents'])}")
    output.note(f"asked for: {', '.join(explain.get('facets', ())) or 'nothing special'}")
    for hit in explain.get("retrieved", ()):
        why = ", ".join(f"{name} {value:.2f}" for name, value in hit["why"].items())
        output.note(f"{hit['score']:8.3f}  {hit['title']}: {_place(hit['source'], hit['place'])} ({why})")
    output.note(f"verdict: {explain.get('verdict', {}).get('why', '')}")
