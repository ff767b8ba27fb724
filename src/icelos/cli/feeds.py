"""`icelos feeds`: update and status."""

from __future__ import annotations

import typer

app = typer.Typer(help="Public feeds: fetch, refresh, show their age.", no_args_is_help=True)
