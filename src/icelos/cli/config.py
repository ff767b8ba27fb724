"""`icelos config`: show every setting, its value and where it came from."""

from __future__ import annotations

from typing import Annotated

import typer

from icelos.cli import output

app = typer.Typer(help="Settings: what is in force, and why.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Settings come from icelos.toml, then ICELOS_… variables, then flags; the last one wins."""


@app.command()
def show(json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False) -> None:
    """Print every setting with its value and its origin.

    Example: ICELOS_LLM_MODEL=qwen3 icelos config show
    """
    from icelos.settings import load

    shown = list(load().shown())
    if json:
        for item in shown:
            output.json_line(item)
        return
    rows = [(item.name, item.value, item.origin, item.description) for item in shown]
    output.table(("setting", "value", "from", "what it does"), rows)
