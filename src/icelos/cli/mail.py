"""`icelos mail`."""

from __future__ import annotations

import typer

app = typer.Typer(help="Mail: detectors and their data.", no_args_is_help=True)
