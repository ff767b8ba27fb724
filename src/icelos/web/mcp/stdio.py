"""MCP over standard streams: an assistant starts `icelos mcp` and talks to it alone, as its owner."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server

from icelos.contracts import Principal
from icelos.settings import Settings
from icelos.web.mcp.asking import Door
from icelos.web.mcp.server import build
from icelos.web.prepare import Prepare
from icelos.web.services import Services
from icelos.web.turns import AT_ONCE, AT_ONCE_HERE, Turns


def run(settings: Settings, principal: Principal) -> None:
    """Serve until standard input ends. The bundled knowledge is indexed meanwhile where it has to be.

    Standard output holds the protocol and nothing else: what is printed elsewhere goes to standard error.
    """
    asyncio.run(_serve(settings, principal))


async def _serve(settings: Settings, principal: Principal) -> None:
    def caller(_: ServerRequestContext[dict[str, Any], Any]) -> Principal:
        return principal

    async def counted(_: ServerRequestContext[dict[str, Any], Any]) -> None:
        """Whoever runs the command has no limit."""

    services = Services(settings)
    prepare = Prepare(services, keep_up=False)
    turns = Turns(AT_ONCE if settings.llm.base_url else AT_ONCE_HERE)
    server = build(Door(services, turns, prepare), caller, counted)
    prepare.start()
    try:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    finally:
        prepare.stop()
        services.close()
