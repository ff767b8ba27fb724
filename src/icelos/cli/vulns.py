"""`icelos vulns`: analyze."""

from __future__ import annotations

import typer

app = typer.Typer(help="Vulnerabilities: from a target to verdicts with proof.", no_args_is_help=True)
