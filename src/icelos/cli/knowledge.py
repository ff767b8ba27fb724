"""`icelos kb`: add, update, list, remove, search, stats, watch."""

from __future__ import annotations

import typer

app = typer.Typer(help="Documents that the copilot answers from.", no_args_is_help=True)
