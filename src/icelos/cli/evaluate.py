"""`icelos evaluate`: measure retrieval and the copilot on labelled cases."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    del app
