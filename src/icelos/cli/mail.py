"""`icelos mail`: improve, calibrate, feedback, models; and the servers of `mail_serve`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import mail_serve, output

if TYPE_CHECKING:
    from icelos.jobs.mail.improve.commands import Kept
    from icelos.jobs.mail.improve.loop import Measured, Share
    from icelos.jobs.mail.senders.store import SenderStore

app = typer.Typer(
    help="Mail: close gaps, calibrate, give feedback, serve mail servers.", no_args_is_help=True
)
senders_app = typer.Typer(help="What is known of senders: learn, export, forget.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="The result as one JSON object")]
Ham = Annotated[list[str], typer.Option("--ham", help="Ham: a file or folder; may be given several times")]
Fpr = Annotated[float, typer.Option(min=1e-6, max=0.2, help="Share of ham that may be flagged")]


@app.command()
def improve(
    malicious: Annotated[list[str], typer.Argument(help="Mail that should have been found: files, folders")],
    ham: Ham,
    number: Annotated[int, typer.Option(min=200, help="Synthetic mails to learn from")] = 12_000,
    generator: Annotated[
        str, typer.Option(help="Who writes them: compose, llm (the configured model) or embedded")
    ] = "compose",
    real: Annotated[
        bool,
        typer.Option("--real", help="Learn from the real malicious mail as well as from synthetic"),
    ] = False,
    fpr: Fpr = 0.001,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Use the model even if it is not better")] = False,
    json: Json = False,
) -> None:
    """Find what the detector misses in labelled mail, learn its intents from synthetic mail, measure the
    gain.

    Nothing of the mail leaves this machine: a generator is told intents and languages only.

    Examples:
      icelos mail improve reported/ --ham inbox.mbox --ham archive/
      icelos mail improve reported/ --ham inbox.mbox --real --fpr 0.0005
    """
    from icelos.errors import SettingsError
    from icelos.jobs.mail.improve.commands import improve_from
    from icelos.settings import load

    if generator not in ("compose", "llm", "embedded"):
        raise SettingsError(f"no generator called {generator!r}", hint="compose, llm or embedded")
    with _counting() as progress:
        kept = improve_from(
            load().settings, malicious, ham, number=number, generator=generator, real=real,  # type: ignore[arg-type]
            wanted_fpr=fpr, seed=seed, force=force, progress=progress,
        )  # fmt: skip
    if json:
        output.json_line(kept)
        return
    _tell(kept)


def _tell(kept: Kept) -> None:
    measured = kept.measured
    missed = ", ".join(
        f"{number} {name}" for name, number in sorted(measured.missed.items(), key=lambda m: -m[1])
    )
    output.line(f"missed of what was to learn from: {missed or 'nothing'}")
    output.line(
        f"learnt from {measured.synthetic:,} synthetic mails; {measured.refused:,} near copies refused"
    )
    rows = [
        ("before", measured.before), ("threshold alone", measured.rethresholded), ("after", measured.after),
    ]  # fmt: skip
    output.table(
        ["", "recall", "95 %", "false positives", "95 %"],
        [(name, *_cells(one.recall), *_cells(one.false_positives, 4)) for name, one in rows],
    )
    _parts("intent", measured.before, measured.after)
    _parts("language", measured.before, measured.after)
    if kept.failures:
        output.note(f"left out: {kept.failures:,} that could not be read as mail")
    state = "in force" if kept.in_force else "kept, not in force: it is not better (--force overrules)"
    output.note(f"model {kept.version}: {state}; `icelos mail models` lists, --roll-back goes back")


def _cells(share: Share, digits: int = 3) -> tuple[str, str]:
    return f"{share.value:.{digits}f}", f"{share.low:.{digits}f}-{share.high:.{digits}f}, n = {share.n:,}"


def _parts(what: str, before: Measured, after: Measured) -> None:
    earlier = before.by_intent if what == "intent" else before.by_language
    later = after.by_intent if what == "intent" else after.by_language
    rows = [
        (name or "unknown", f"{earlier[name].value:.3f}", f"{one.value:.3f}", f"{one.n:,}")
        for name, one in sorted(later.items(), key=lambda item: -item[1].n)
        if name in earlier
    ]
    if rows:
        output.table([what, "before", "after", "mails"], rows)


@app.command()
def calibrate(ham: Annotated[list[str], typer.Argument(help="Own ham: files, folders")], fpr: Fpr = 0.001,
              json: Json = False) -> None:  # fmt: skip
    """Choose the threshold by your own ham, for the share of it that may be flagged.

    Example: icelos mail calibrate archive.mbox --fpr 0.0005
    """
    from icelos.jobs.mail.improve.commands import calibrate_from
    from icelos.settings import load

    with _counting() as progress:
        version, found = calibrate_from(load().settings, ham, wanted_fpr=fpr, progress=progress)
    if json:
        output.json_line({"version": version, "thresholds": found})
        return
    output.note(
        f"model {version} is in force: reviews from log-odds {found.review:.2f}, by {found.ham:,} mails "
        f"of ham for {found.wanted_fpr:.2%} flagged"
    )
    if found.ham * fpr < 1:
        output.note(
            f"{found.ham:,} mails cannot show a rate of {fpr:.3%}: the threshold beyond them is extrapolated"
        )


@app.command()
def feedback(
    mails: Annotated[list[str], typer.Argument(help="Files, folders, or - for standard input")],
    verdict: Annotated[str, typer.Option("--as", help="spam, ham, or forget")],
) -> None:
    """Say of mails what they are; `icelos mail improve` learns from it.

    The mails are kept in the workspace for that, readable by you alone, until you say `--as forget`.

    Example: icelos mail feedback missed.eml --as spam
    """
    from icelos.errors import InputError
    from icelos.jobs.mail.improve.commands import tell
    from icelos.settings import load

    said = {"spam": True, "ham": False, "forget": None}
    if verdict not in said:
        raise InputError(f"--as {verdict!r} is not a verdict", hint="spam, ham or forget")
    number = tell(load().settings, mails, spam=said[verdict])
    output.note(f"{number:,} mails: {verdict}")


@app.command()
def models(
    use: Annotated[str, typer.Option("--use", help="Put a version in force")] = "",
    roll_back: Annotated[bool, typer.Option("--roll-back", help="Go back to the version before")] = False,
    json: Json = False,
) -> None:
    """List the models, what they were learnt from, and which is in force.

    Examples:
      icelos mail models
      icelos mail models --roll-back
    """
    from icelos.errors import InputError
    from icelos.jobs.mail.detector.versions import Versions
    from icelos.jobs.mail.judge import models_folder
    from icelos.settings import load

    if use and roll_back:
        raise InputError("--use and --roll-back do not go together", hint="give one of them")
    versions = Versions(models_folder(load().settings))
    if roll_back or use:
        if use:
            versions.use(use)
        now = use or versions.roll_back()
        output.json_line({"in_force": now}) if json else output.note(f"in force: {now}")
        return
    now = versions.in_force
    cards, wrong = versions.cards()
    for error in wrong:
        output.error(error.message, source=error.source)
    for card in cards:
        if json:
            output.json_line({"in_force": card.version == now, "card": card})
            continue
        output.line(
            f"{card.version}{'  (in force)' if card.version == now else ''}  made {card.created[:19]}"
        )
        for line in [*card.trained_on, card.notes]:
            if line:
                output.line(f"    {line}")


@senders_app.command("learn")
def learn(
    ham: Annotated[list[str], typer.Argument(help="Clean mail: files, folders")],
    json: Json = False,
) -> None:
    """Get to know the senders of an archive, and calibrate what counts as a takeover.

    Hashes and counts are kept, never the text. A scan goes on learning from what it judges clear.

    Example: icelos mail senders learn archive.mbox
    """
    from icelos.jobs.mail.improve.commands import know_senders
    from icelos.settings import load

    with _counting() as progress:
        learnt = know_senders(load().settings, ham, progress=progress)
    if json:
        output.json_line(learnt)
        return
    output.note(
        f"{learnt.mails:,} mails; {learnt.senders:,} senders known; judged by weights of {learnt.weights}"
    )


@senders_app.command("export")
def export(address: Annotated[str, typer.Argument(help="The sender's address")]) -> None:
    """Print what is kept of a sender, as one JSON object.

    Example: icelos mail senders export a.smith@example.org
    """
    from icelos.errors import InputError

    with _store() as store:
        kept = store.export(address)
    if not kept:
        raise InputError("nothing is kept of this sender", source=address)
    output.json_line(kept)


@senders_app.command("forget")
def forget(address: Annotated[str, typer.Argument(help="The sender's address")]) -> None:
    """Delete what is kept of a sender.

    Example: icelos mail senders forget a.smith@example.org
    """
    from icelos.errors import InputError

    with _store() as store:
        if not store.forget(address):
            raise InputError("nothing is kept of this sender", source=address)
    output.note(f"{address}: forgotten")


@contextmanager
def _store() -> Iterator[SenderStore]:
    from icelos.jobs.mail.judge import senders_path
    from icelos.jobs.mail.senders.store import SenderStore
    from icelos.settings import load

    store = SenderStore(senders_path(load().settings))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _counting() -> Iterator[Callable[[str, int], None]]:
    """What is being done, and how many mails of it, on stderr where that is a terminal."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"))
    with Progress(*columns, console=output.console(stderr=True), transient=True) as bar:
        bar.disable = not bar.console.is_terminal
        task = bar.add_task("", total=None)
        yield lambda what, done: bar.update(task, completed=done, description=what)


def add_to(parent: typer.Typer) -> None:
    """Register the group."""
    mail_serve.add_to(app)
    app.add_typer(senders_app, name="senders")
    parent.add_typer(app, name="mail")
