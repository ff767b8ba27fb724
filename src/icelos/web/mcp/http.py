"""MCP over HTTP (streamable HTTP), without sessions: each request says who sends it, and is checked anew.

The package's session manager has to live in one task; that is begun with the first request, so that a console
without assistants does not pay for the import.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from icelos.contracts import Principal
from icelos.web.mcp.asking import Door

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

STOP_SECONDS = 5.0


class Endpoint:
    """The HTTP end of one app's MCP server. To be used on one event loop."""

    def __init__(self, door: Door, counted: Callable[[Request], Awaitable[None]]) -> None:
        self._door = door
        self._count = counted
        self._lock = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._manager: StreamableHTTPSessionManager | None = None

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request whose sender stands in the scope's state as `principal`."""
        manager = await self._running()
        await manager.handle_request(scope, receive, send)

    async def stop(self) -> None:
        """End what is under way, and begin nothing more."""
        self._stopping.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, STOP_SECONDS)

    async def _counted(self, context: ServerRequestContext[dict[str, Any], Any]) -> None:
        await self._count(request_of(context))

    async def _running(self) -> StreamableHTTPSessionManager:
        async with self._lock:
            if self._manager is None:
                started: asyncio.Future[StreamableHTTPSessionManager] = (
                    asyncio.get_running_loop().create_future()
                )
                self._task = asyncio.create_task(self._run(started))
                self._manager = await started
            return self._manager

    async def _run(self, started: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        try:
            from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

            from icelos.web.mcp.server import build

            manager = StreamableHTTPSessionManager(
                build(self._door, principal_of, self._counted), stateless=True
            )
            async with manager.run():
                started.set_result(manager)
                await self._stopping.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)


class Handed(Response):
    """A response that is made by the endpoint, with the request as it came."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint.answer(scope, receive, send)


def principal_of(context: ServerRequestContext[dict[str, Any], Any]) -> Principal:
    """Who sent a request: the route has put it there."""
    return cast("Principal", request_of(context).state.principal)


def request_of(context: ServerRequestContext[dict[str, Any], Any]) -> Request:
    """The HTTP request that a message of the protocol came with."""
    return cast("Request", context.request)
