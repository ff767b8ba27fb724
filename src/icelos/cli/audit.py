"""`icelos audit`, and how commands put what they do into the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.contracts import Principal
    from icelos.people.audit import Entry
    from icelos.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The audit log: who did what, in a chain that shows changes.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@app.command("list")
def list_entries(
    actor: Annotated[str, typer.Option(help="Only what this person did")] = "",
    action: Annotated[str, typer.Option(help="Only this: ask, search, user, token.create …")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most entries")] = 50,
    json: Json = False,
) -> None:
    """List what was done, the newest first.

    Example: icelos audit list --actor ann --action ask
    """
    from icelos.data.workspace import Workspace
    from icelos.people.audit import Audit
    from icelos.settings import load

    with Audit(Workspace.of(load().settings).audit) as log:
        found = log.entries(actor=actor, action=action, limit=limit)
    if json:
        for one in found:
            output.json_line(one)
        return
    output.table(("number", "time", "actor", "how", "action", "subject", "details"), map(_row, found))


@app.command("verify")
def verify(
    head: Annotated[str, typer.Option(help="A head that was noted elsewhere: NUMBER:HASH")] = "",
    json: Json = False,
) -> None:
    """Check the whole log, and print its head: note that where nobody who can write here can write.

    Exit codes: 0 whole, 1 changed, 3 it cannot be read.

    Example: icelos audit verify --head 4711:9f0c…
    """
    from icelos.data.workspace import Workspace
    from icelos.people.audit import verify
    from icelos.settings import load

    found = verify(Workspace.of(load().settings).audit, head)
    if json:
        output.json_line(found)
    else:
        for problem in found.problems:
            output.note(problem)
        output.line(f"{found.entries:,} entries, {'CHANGED' if found.problems else 'whole'}")
        output.line(f"head {found.head}")
    if found.problems:
        raise typer.Exit(1)


@app.command("export")
def export(
    file: Annotated[Path, typer.Option("--output", help="Where to write it: JSON lines")],
) -> None:
    """Write the whole log, the oldest first, with every hash. The export itself is recorded before it.

    Example: icelos audit export --output audit.jsonl
    """
    import msgspec

    from icelos.data.atomic import atomic_write
    from icelos.data.workspace import Workspace
    from icelos.people.audit import Audit
    from icelos.settings import load

    settings = load().settings
    done(settings, "audit.export")
    written = 0
    with Audit(Workspace.of(settings).audit) as log, atomic_write(file, mode=0o600) as stream:
        for entry in log.oldest_first():
            stream.write(msgspec.json.encode(entry) + b"\n")
            written += 1
    output.note(f"{written:,} entries in {file}")


def done(
    settings: Settings, action: str, subject: str = "", /, *, principal: Principal | None = None,
    **details: object,
) -> None:  # fmt: skip
    """Record what is done at the command line, by its owner unless told. Raises StoreError."""
    from icelos.data.workspace import Workspace
    from icelos.people.audit import Audit

    with Audit(Workspace.of(settings).audit) as log:
        log.record(principal or _owner(settings), action, subject, **details)


@contextmanager
def doing(settings: Settings, action: str, subject: str = "", /, **details: object) -> Iterator[None]:
    """Record a change at the command line, then make it in the block; a failure is recorded, too."""
    from icelos.data.workspace import Workspace
    from icelos.people.audit import Audit

    with (
        Audit(Workspace.of(settings).audit) as log,
        log.doing(_owner(settings), action, subject, **details),
    ):
        yield


def _owner(settings: Settings) -> Principal:
    from icelos.jobs.copilot.job import principal_of

    return principal_of(settings)


def _row(entry: Entry) -> tuple[object, ...]:
    told = " ".join(f"{name}={_plain(value)}" for name, value in entry.details.items() if value)
    when = entry.time.isoformat(timespec="seconds")
    return entry.number, when, entry.actor, entry.how, entry.action, entry.subject, told


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
