"""`icelos serve`: the console."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from types import FrameType

    from icelos.settings import Settings
    from icelos.web.signin import SignIn


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to bind to; anything but loopback must be named here")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 = any free one")] = None,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Print a new sign-in link for the console that runs")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print address, token and link as one JSON object")
    ] = False,
) -> None:
    """Start the console, and print its address and a one-time sign-in link.

    Examples:
      icelos serve
      icelos serve --port 9000
      icelos serve --new-token
    """
    from icelos.settings import load

    settings = load(flags={"web.host": host, "web.port": port}).settings
    if new_token:
        _print_new_token(settings, json=json)
        return
    _check_host(settings, named=host is not None)
    _run(settings, json=json)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(serve)


def _check_host(settings: Settings, *, named: bool) -> None:
    from icelos.errors import SettingsError
    from icelos.web.guard import is_loopback

    host = settings.web.host
    if is_loopback(host):
        return
    if not named:
        raise SettingsError(
            f"web.host = {host!r} is not a loopback address",
            hint=f"to serve the network, say so: icelos serve --host {host}",
        )
    output.note(
        f"warning: {host} can be reached from the network, and without TLS: put a TLS proxy before it"
    )


def _run(settings: Settings, *, json: bool) -> None:
    from icelos.engine.upkeep import tasks_of
    from icelos.web import server
    from icelos.web.app import create_app

    tasks_of(settings)  # a schedule that makes no sense is told now, not by a thread
    app = create_app(settings, metrics_token=settings.web.metrics_token)
    signin: SignIn = app.state.signin
    with server.listen(settings.web.host, settings.web.port) as listener:
        taken = listener.getsockname()[1]
        if settings.web.port not in {0, taken}:
            output.note(f"port {settings.web.port} is taken: using {taken}")
        address = server.address_of(listener, settings.web.host)
        signin.announce(address)
        _print_link(address, signin.new_token(), json=json)
        _watch_enter(lambda: _print_link(address, signin.new_token(), json=json))
        signal.signal(signal.SIGTERM, _end)
        code = 0
        try:
            server.run(app, listener)
        except SystemExit:
            output.note("icelos: stopped")
        except KeyboardInterrupt:
            output.note("icelos: stopped")
            code = 130
        finally:
            signin.withdraw()
    _leave(code)


def _end(_number: int, _frame: FrameType | None) -> None:
    """uvicorn raises SIGTERM again after it has shut down; being asked to stop is not a failure."""
    raise SystemExit(0)


def _leave(code: int) -> NoReturn:
    """End the process at once. What is kept is durable by now, and a thread that is still inside native
    code (a batch of vectors) would abort the process when the interpreter goes down under it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _print_new_token(settings: Settings, *, json: bool) -> None:
    from icelos.data.workspace import Workspace
    from icelos.errors import InputError
    from icelos.web.signin import SignIn

    signin = SignIn(Workspace.of(settings).console, hours=settings.web.session_hours)
    addresses = signin.running()
    if not addresses:
        raise InputError("no console runs on this workspace", hint="start one: icelos serve")
    _print_link(addresses[0], signin.new_token(), json=json)


def _print_link(address: str, token: str, *, json: bool) -> None:
    from icelos.web.server import link

    if json:
        output.json_line({"address": address, "token": token, "link": link(address, token)})
        return
    output.line(f"Console        {address}")
    output.line(f"Sign-in token  {token}")
    output.line(f"Open           {link(address, token)}")
    output.line("The link works once, within 15 minutes." + (f" {KEYS}" if _is_foreground() else ""))
    sys.stdout.flush()


KEYS = "Enter prints a new one, Ctrl-C stops."


def _watch_enter(pressed: Callable[[], None]) -> None:
    """Call `pressed` for every line typed, in a thread that ends with the process."""
    if sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=_wait_for_enter, args=(pressed,), name="keys", daemon=True).start()


def _wait_for_enter(pressed: Callable[[], None]) -> None:
    while True:
        if not _is_foreground():  # a background job that reads the terminal would be stopped
            time.sleep(1)
            continue
        if not select.select([sys.stdin], [], [], 1.0)[0]:
            continue
        if not sys.stdin.readline():
            return
        pressed()


def _is_foreground() -> bool:
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False
