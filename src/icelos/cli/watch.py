"""What watches a run, by the options of its command: a server for Prometheus, a log, a view."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from icelos.cli import output
from icelos.engine.health import STALLED_AFTER, Health
from icelos.engine.json_log import JsonLogObserver, Level, to_file, to_stderr
from icelos.engine.observing import Observer, Observers
from icelos.engine.run import Report

STDERR = "-"
"""The file name that is standard error."""


@contextmanager
def observers_of(
    job: str,
    *,
    listen: str = "",
    token: str = "",
    stalled_after: float = STALLED_AFTER,
    log_json: str = "",
    log_level: Level = "info",
    live: bool = True,
    printing: bool = False,
    secrets: Sequence[str] = (),
    others: Sequence[Observer] = (),
) -> Iterator[Observer]:
    """One observer for all that was asked for and `others`; it is closed with the context, whatever ends it.
    A run that fails before it begins is told as ended, too.

    `listen` is an address for /metrics, /healthz and /readyz; `log_json` a file, or "-" for standard error.
    The view is shown where standard error is a terminal that has nothing else to show: no log, and no
    outcomes, which `printing` says go to standard output. `secrets` never appear in the log. Raises
    SettingsError for an address that cannot be had, InputError for a log that cannot be written.
    """
    watching = list(others)
    with ExitStack() as stack:
        if log_json:
            write = to_stderr if log_json == STDERR else to_file(Path(log_json))
            watching.append(JsonLogObserver(write, level=log_level, secrets=secrets))
        if listen:
            watching += _served(stack, listen, token, stalled_after)
        if live and log_json != STDERR and sys.stderr.isatty() and not (printing and sys.stdout.isatty()):
            from icelos.cli.live import LiveView

            view = LiveView(output.console(stderr=True))
            stack.callback(view.close)
            watching.append(view)
        told = _Told(watching)
        try:
            yield told
        except BaseException as error:
            told.left(job, error)
            raise


class _Told(Observers):
    """Knows whether the run's end was told."""

    _ended = False

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        self._ended = True
        super().ended(report, error)

    def left(self, job: str, error: BaseException) -> None:
        """The context is left by an exception."""
        if not self._ended:
            stopped = isinstance(error, KeyboardInterrupt)
            self.ended(Report(job=job, interrupted=stopped), None if stopped else error)


def _served(stack: ExitStack, listen: str, token: str, stalled_after: float) -> list[Observer]:
    from icelos.engine.metrics import MetricsObserver
    from icelos.engine.serving import serve

    health, metrics = Health(stalled_after=stalled_after), MetricsObserver()
    address = stack.enter_context(serve(listen, health, metrics.registry, token=token))
    output.note(f"icelos: {address}/metrics, /healthz, /readyz")
    return [health, metrics]
