"""The app: settings in, FastAPI out. `icelos serve` runs it; tests call it without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from icelos import __version__
from icelos.engine.exposition import check_token
from icelos.people.limits import Limit
from icelos.settings import Settings
from icelos.web import problems
from icelos.web.guard import Guard
from icelos.web.lockout import Lockouts
from icelos.web.mcp.asking import Door
from icelos.web.mcp.http import Endpoint
from icelos.web.metrics import Measured, WebMetrics
from icelos.web.openapi import describe_api, operation_id
from icelos.web.prepare import Prepare
from icelos.web.routes import (
    ask,
    casework,
    conversations,
    findings,
    health,
    knowledge,
    learning,
    mcp,
    metrics,
    openai,
    page,
    people,
    session,
    upkeep,
)
from icelos.web.routes.access import signed_in
from icelos.web.schemas import reply
from icelos.web.services import Services
from icelos.web.signin import SignIn
from icelos.web.turns import AT_ONCE, AT_ONCE_HERE, Turns

THREADS = 8
"""Handlers at work at once; more only take the interpreter from each other. The others wait in order."""


def create_app(
    settings: Settings, *, services: Services | None = None, prepare: Prepare | None = None,
    metrics_token: str = "",
) -> FastAPI:  # fmt: skip
    """The console and its API.

    `services` and `prepare` replace what would be opened from the settings. `metrics_token` lets Prometheus
    read /metrics, which needs a session else. Raises StoreError where the workspace cannot be written, and
    SettingsError for a token that could be guessed.
    """
    check_token(metrics_token)
    services = services or Services(settings)
    app = FastAPI(
        title="Icelos", version=__version__, openapi_url=None, docs_url=None, redoc_url=None,
        lifespan=_lifespan, redirect_slashes=False, generate_unique_id_function=operation_id,
    )  # fmt: skip
    services.audit, services.people  # noqa: B018 - opened now: what is amiss with them is told at the start
    app.state.services = services
    app.state.signin = SignIn(services.workspace.console, hours=settings.web.session_hours)
    app.state.lockout = Lockouts()
    app.state.requests = Limit(settings.web.requests_per_minute)
    app.state.questions = Limit(settings.web.questions_per_minute)
    app.state.turns = Turns(AT_ONCE if settings.llm.base_url else AT_ONCE_HERE)
    app.state.prepare = prepare or Prepare(services)
    app.state.metrics = WebMetrics()
    app.state.metrics_token = metrics_token
    problems.install(app)
    app.add_middleware(Guard, host=settings.web.host, hosts=settings.web.hosts)
    app.add_middleware(Measured, metrics=app.state.metrics)
    if settings.web.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.web.proxies))
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(session.outside)
    app.include_router(_signed_in_routes())
    app.include_router(page.router)
    page.mount(app)
    return app


def _signed_in_routes() -> APIRouter:
    """Everything that needs a session; the check stands here once, before any body is read."""
    router = APIRouter(dependencies=[Depends(signed_in)])
    router.add_api_route("/api/openapi.json", openapi, include_in_schema=False)
    for part in (
        session.inside,
        ask.router,
        knowledge.router,
        conversations.router,
        findings.router,
        casework.router,
        people.router,
        upkeep.router,
        openai.router,
        mcp.router,
        learning.router,
    ):
        router.include_router(part)
    return router


def openapi(request: Request) -> Response:
    """The API's description, OpenAPI 3.1."""
    return reply(describe_api(request.app))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    app.state.prepare.start()
    door = Door(app.state.services, app.state.turns, app.state.prepare)
    app.state.mcp = Endpoint(door, mcp.counted)
    try:
        yield
    finally:
        await app.state.mcp.stop()
        app.state.prepare.stop()
        app.state.services.close()
