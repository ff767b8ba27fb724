"""`icelos mcp`: Icelos for an assistant, by the Model Context Protocol over standard streams."""

from __future__ import annotations

from typing import Annotated

import typer

User = Annotated[str, typer.Option(help="Who asks, instead of the login name")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group of who asks; may be repeated")]


def mcp(user: User = "", group: Groups = None) -> None:
    """Serve an assistant over standard input and output; it starts this itself.

    In the assistant's settings: {"mcpServers": {"icelos": {"command": "icelos", "args": ["mcp"]}}}. The
    console serves the same over HTTP at /mcp, with a token.

    Examples:
      icelos mcp
      icelos mcp --user ann --group soc
    """
    from icelos.jobs.copilot.job import principal_of
    from icelos.people.roles import Signed
    from icelos.settings import load
    from icelos.web.mcp.stdio import run

    settings = load().settings
    owner = principal_of(settings, user=user, groups=group or ())
    run(settings, Signed(owner.name, owner.groups, owner.rights, "icelos mcp"))


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(mcp)
