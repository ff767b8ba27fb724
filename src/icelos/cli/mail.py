"""`icelos mail`: detectors and their data; to score mail, `icelos scan mail`."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Mail: detectors and their data. To score mail: icelos scan mail inbox.mbox", no_args_is_help=True
)
