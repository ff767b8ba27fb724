"""`icelos feeds watch`, and the schedule's part of `icelos feeds status`."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from types import FrameType

    from icelos.data.schedule import TaskState
    from icelos.engine.upkeep import TaskStatus
    from icelos.settings import Settings


def watch(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, and end: for cron and closed sites")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for each run of a task")] = False,
) -> None:
    """Keep the workspace up to date by the settings' schedule, until Ctrl-C or SIGTERM.

    What is fetched is what [schedule] names; without it, only what is on this machine is kept up to date:
    registered files, and kept inventories. `icelos serve` does the same in the background; one process at a
    time does it.

    Examples:
      icelos feeds watch
      icelos feeds watch --once
    """
    from icelos.data.schedule import Schedule, alone
    from icelos.engine.upkeep import keep_up, tasks_of
    from icelos.errors import RunError
    from icelos.settings import load

    settings, stop = load().settings, threading.Event()
    told = _Told(json=json)
    if once:
        with alone(settings.home):
            schedule = Schedule(settings.home, tasks_of(settings), changed=told.changed)
            while schedule.run_due(stop):  # what has come wakes what rests on it
                pass
        if told.failed:
            raise RunError(f"not brought up to date: {', '.join(told.failed)}", hint="icelos feeds status")
        return
    _stop_by_signal(stop)
    keep_up(settings, stop, changed=told.changed)
    output.note("icelos: stopped")


def _stop_by_signal(stop: threading.Event) -> None:
    """The task under way ends first where it can; a second signal ends the process, which harms nothing."""

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


class _Told:
    """Says what came of each run."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self.failed: list[str] = []

    def changed(self, name: str, state: TaskState) -> None:
        """A task's state was written; told where it has ended."""
        if state.ended < state.started or not state.ended:
            return
        if state.error:
            self.failed.append(name)
        if self._json:
            output.json_line({"task": name, "told": state.told, "error": state.error, "next": state.next})
        else:
            output.note(f"{name}: {state.error or state.told}")


def show(settings: Settings, *, json: bool) -> None:
    """News feeds and tasks, behind the public feeds."""
    from msgspec.structs import replace

    from icelos.data.feeds.news import news_statuses
    from icelos.engine.upkeep import is_running, statuses

    news, tasks = news_statuses(settings), statuses(settings)
    if json:
        for one in news:
            output.json_line(replace(one, name=f"news:{one.name}"))
        for task in tasks:
            output.json_line(replace(task, name=f"task:{task.name}"))
        return
    if news:
        output.line()
        rows = [(one.name, one.checked or "never", one.entries or 0, one.collection, one.url) for one in news]
        output.table(("news", "looked at", "entries", "collection", "address"), rows)
    output.line()
    output.table(
        ("task", "every", "last", "next", "failed", "what came of it"), [_row(task) for task in tasks]
    )
    if not is_running(settings):
        output.note("nobody keeps the schedule now: icelos serve, or icelos feeds watch")


def _row(task: TaskStatus) -> tuple[object, ...]:
    from icelos.data.durations import told

    return (
        task.name, told(task.every), task.ended or "never", task.next or "now", task.failures or "",
        task.error or task.told,
    )  # fmt: skip
