"""`icelos`: the command groups and the one place where errors become exit codes.

Exit codes: 0 ok, 1 findings at or above --fail-on, 2 bad input or settings, 3 run failed,
4 budget used up, 130 Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from icelos import __version__
from icelos.cli import (
    audit,
    backup,
    canary,
    casework,
    colleague,
    config,
    copilot,
    evaluate,
    feeds,
    findings,
    knowledge,
    learning,
    logs,
    mail,
    mcp,
    news,
    output,
    people,
    pipelines,
    retention,
    scan,
    serve,
    vulns,
)
from icelos.errors import IcelosError


class _Commands(TyperGroup):
    """A reader that has seen enough (`icelos findings | head`) is no error, and Ctrl-C is told; Typer would
    exit with 1, and say nothing."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with _ended_early():
            return super().make_context(*args, **extra)

    def invoke(self, *args: Any, **extra: Any) -> Any:
        with _ended_early():
            return super().invoke(*args, **extra)


@contextmanager
def _ended_early() -> Iterator[None]:
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        output.unread()
        raise typer.Exit from None
    except KeyboardInterrupt as interrupt:
        output.stopped(interrupt)
        raise typer.Exit(130) from None


app = typer.Typer(
    name="icelos",
    cls=_Commands,
    help="Generative AI for defenders: ask, scan, analyse, train. Offline unless told otherwise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        output.line(f"icelos {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Settings file instead of ./icelos.toml", show_default=False),
    ] = None,
    _print_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    if config_file is not None:
        os.environ["ICELOS_CONFIG"] = str(config_file)


copilot.add_to(app)
app.add_typer(learning.app, name="copilot")
colleague.add_to(app)
scan.add_to(app)
findings.add_to(app)
news.add_to(app)
casework.add_to(findings.group)
serve.add_to(app)
mcp.add_to(app)
evaluate.add_to(app)
canary.add_to(app)
app.add_typer(knowledge.app, name="kb")
app.add_typer(feeds.app, name="feeds")
app.add_typer(vulns.app, name="vulns")
app.add_typer(logs.app, name="logs")
mail.add_to(app)
app.add_typer(pipelines.app, name="pipelines")
app.add_typer(backup.app, name="backup")
app.add_typer(retention.app, name="retention")
app.add_typer(config.app, name="config")
people.add_to(app)
app.add_typer(audit.app, name="audit")


def main() -> None:
    """The console script: run, and turn errors into one line and an exit code."""
    sys.exit(run(sys.argv[1:]))


@cache
def _command() -> Any:
    """All commands, built once: that takes longer than most of them."""
    return get_command(app)


def run(arguments: list[str]) -> int:
    """Run one command; the exit code. Nothing but a defect of ours shows a traceback."""
    output.prepare()
    try:
        _command()(arguments, standalone_mode=True, prog_name="icelos")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except IcelosError as error:
        output.error(error.message, hint=error.hint, source=error.source)
        return error.exit_code
    except KeyboardInterrupt as interrupt:  # outside of all commands
        output.stopped(interrupt)
        return 130
    except OSError as error:
        output.error(error.strerror or str(error), source=str(error.filename or ""))
        return 3
    return 0
