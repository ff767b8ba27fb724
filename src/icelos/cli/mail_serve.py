"""`icelos mail serve`, `icelos mail quarantine` and `icelos mail report`: mail servers and what they need."""

from __future__ import annotations

import datetime
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.jobs.mail.delivery.quarantine import Entry, Quarantine
    from icelos.jobs.mail.delivery.release import Deliver
    from icelos.settings import Settings

FOLDER = "mail"
"""Below the workspace: quarantine and what users told."""


def serve(
    spamd: Annotated[
        str | None, typer.Option(help="Where the spamd server listens: HOST:PORT or /path; '' = not")
    ] = None,
    smtp: Annotated[
        str | None, typer.Option(help="Where the SMTP filter listens: HOST:PORT; '' = not")
    ] = None,
    next_hop: Annotated[
        str | None, typer.Option(help="Mail server that the SMTP filter hands mail to: HOST:PORT or /path")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that judge")] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Allow addresses that other machines can reach")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each mail")] = False,
) -> None:
    """Serve mail servers: the spamd protocol, and an SMTP filter between two of them.

    Examples:
      icelos mail serve
      icelos mail serve --spamd /run/icelos/spamd.sock
      icelos mail serve --spamd '' --smtp 127.0.0.1:10025 --next-hop 127.0.0.1:10026
    """
    from icelos.jobs.mail.delivery.service import run, service_of

    settings = _settings()
    service = service_of(
        settings.mail, _folder(settings), remote=remote, spamd=spamd, smtp_filter=smtp, next_hop=next_hop,
        workers=workers,
    )  # fmt: skip
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    logging.getLogger("icelos.mail").setLevel(logging.WARNING if quiet else logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    if remote:
        output.note(
            "warning: spamd and SMTP know no passwords here: name the clients in mail.allowed_clients"
        )
    run(service, _say_ready)
    output.note("icelos: stopped")


def _say_ready(places: Sequence[str]) -> None:
    for place in places:
        output.line(f"listening: {place}")
    sys.stdout.flush()


def quarantine_list(
    state: Annotated[str, typer.Option(help="held or released; '' = both")] = "held",
    most: Annotated[int, typer.Option(min=1, help="The newest so many")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
) -> None:
    """List the mail that is kept back, the newest first.

    Examples:
      icelos mail quarantine list
      icelos mail quarantine list --state released --json
    """
    entries = _quarantine(_settings()).entries(state=state, most=most)
    if json:
        for entry in entries:
            output.json_line(entry)
        return
    rows = [(e.id[:12], _when(e.kept_at), e.verdict, f"{e.score:.2f}", e.author, e.subject) for e in entries]
    output.table(("id", "kept", "verdict", "score", "from", "subject"), rows)


def quarantine_show(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="Of `icelos mail quarantine list`, or its beginning")
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The mail itself, as it came")] = False,
) -> None:
    """Show a mail's envelope and header, and why it is kept back.

    Examples:
      icelos mail quarantine show 3f2a
      icelos mail quarantine show 3f2a --raw > mail.eml
    """
    quarantine = _quarantine(_settings())
    entry = quarantine.entry(name)
    if raw:
        output.document(quarantine.raw(entry))
    elif json:
        output.json_line(entry)
    else:
        _show(entry, quarantine)


def _show(entry: Entry, quarantine: Quarantine) -> None:
    from icelos.jobs.mail.delivery.fields import name_of, split, value_of

    output.line(f"{entry.id}  {entry.state} since {_when(entry.kept_at)}, {entry.size:,} bytes")
    output.line(f"envelope   from <{entry.sender}> to {', '.join(entry.recipients)}")
    output.line(f"verdict    {entry.verdict}, score {entry.score:.3f}")
    output.line(f"why        {entry.sentence}")
    output.table(("weight", "signal", "why"), [(f"{w:+.2f}", name, why) for name, w, why in entry.symbols])
    output.line("")
    for field in split(quarantine.raw(entry)).fields[:100]:
        output.line(f"{name_of(field)}: {value_of(field)[:500]}")


def quarantine_release(
    names: Annotated[list[str], typer.Argument(metavar="ID...", help="Of `icelos mail quarantine list`")],
    to: Annotated[
        str | None, typer.Option(help="HOST:PORT of a mail server (default: mail.next_hop), or a Maildir")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Write the mail to this file instead")] = None,
    false: Annotated[bool, typer.Option("--false", help="Report the verdict as false: feedback")] = False,
) -> None:
    """Deliver mail that was kept back to the recipients that it had.

    Examples:
      icelos mail quarantine release 3f2a --false
      icelos mail quarantine release 3f2a --to /home/ann/Maildir
      icelos mail quarantine release 3f2a --file mail.eml
    """
    from icelos.errors import InputError
    from icelos.jobs.mail.delivery.outbox import Outbox
    from icelos.jobs.mail.delivery.release import release, report_false

    if file is not None and len(names) != 1:
        raise InputError("--file takes one mail", hint="use --to with a Maildir for several")
    settings = _settings()
    quarantine, deliver = _quarantine(settings), _way_out(settings, to, file)
    for name in names:
        entry = quarantine.entry(name)
        release(quarantine, entry, deliver)
        if false:
            report_false(quarantine, entry, Outbox(_folder(settings) / "feedback").tell)
        output.note(f"released {entry.id}")


def quarantine_expire(
    days: Annotated[
        int | None, typer.Option(min=0, help="Older than so many days (default: mail.quarantine_days)")
    ] = None,
) -> None:
    """Delete mail that has been in quarantine for long.

    Examples:
      icelos mail quarantine expire
      icelos mail quarantine expire --days 7
    """

    settings = _settings()
    limit = settings.mail.quarantine_days if days is None else days
    output.note(f"deleted {_quarantine(settings).expire(days=limit)} mails")


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mail, or - for standard input")],
    form: Annotated[str, typer.Option("--format", help="json, stix (2.1) or arf (RFC 5965)")] = "json",
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Write to this file instead of standard output")
    ] = None,
) -> None:
    """Judge one mail and write what is found for another program: JSON, STIX 2.1 or an abuse report.

    Examples:
      icelos mail report lure.eml
      icelos mail report lure.eml --format stix --output lure.json
      icelos mail report lure.eml --format arf
    """
    from icelos.data.atomic import atomic_write
    from icelos.errors import InputError
    from icelos.jobs.mail.delivery.report import report_of
    from icelos.jobs.mail.judge import open_judge

    if str(file) != "-" and not file.is_file():
        raise InputError("no such file", source=str(file))
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    written = report_of(raw, open_judge(_settings()), form)
    if output_file is None:
        output.document(written)
        return
    with atomic_write(output_file) as target:
        target.write(written)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file in the group `icelos mail`."""
    app.command("serve")(serve)
    app.command("report")(report)
    group = typer.Typer(help="Mail that is kept back: list, show, release, expire.", no_args_is_help=True)
    group.command("list")(quarantine_list)
    group.command("show")(quarantine_show)
    group.command("release")(quarantine_release)
    group.command("expire")(quarantine_expire)
    app.add_typer(group, name="quarantine")


def _settings() -> Settings:
    from icelos.settings import load

    return load().settings


def _folder(settings: Settings) -> Path:
    from icelos.data.workspace import Workspace

    return Workspace.of(settings).folder(FOLDER)


def _quarantine(settings: Settings) -> Quarantine:
    from icelos.jobs.mail.delivery.quarantine import Quarantine

    return Quarantine(_folder(settings) / "quarantine")


def _way_out(settings: Settings, to: str | None, file: Path | None) -> Deliver:
    from icelos.jobs.mail.delivery.listening import parse_address
    from icelos.jobs.mail.delivery.release import to_file, to_folder, to_server

    if file is not None:
        return to_file(file)
    if to is not None and ("/" in to or ":" not in to):
        return to_folder(Path(to))
    place = settings.mail.next_hop if to is None else to
    return to_server(parse_address(place, name="--to"))


def _when(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
