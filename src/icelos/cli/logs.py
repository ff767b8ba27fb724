"""`icelos logs`: simulate, train, generate."""

from __future__ import annotations

import typer

app = typer.Typer(help="Logs: simulate, train, generate.", no_args_is_help=True)
