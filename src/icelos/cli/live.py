"""What a run does just now, for people: a few lines at the foot of the terminal, drawn anew as it goes.

A thread of its own draws, so that a slow or stopped terminal never holds up the run, and a run that waits
still shows for how long. Where standard error is no terminal there is nothing.
"""
# ruff: noqa: ARG002 - an observer is told all, and uses some

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from icelos.contracts import Scored
from icelos.engine.observing import Observer
from icelos.engine.pace import Pace
from icelos.engine.run import Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

EVERY = 0.5
"""Seconds between two drawings."""
_STOP_SECONDS = 1.0

Part = tuple[str, str]
"""Words and their style."""


class LiveView(Observer):
    """Shows from `began` to `ended`, or to `close`; then the lines are gone."""

    def __init__(
        self, console: Console, *, every: float = EVERY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console, self._every, self._clock = console, max(0.25, every), clock
        self._pace = Pace(clock)
        self._report = Report(job="")
        self._engine = ""
        self._phase = ""
        self._lag: int | None = None
        self._deaths = 0
        self._checkpoint: tuple[float, int] | None = None
        self._sink_again: float | None = None
        self._stop = threading.Event()
        self._live: Live | None = None
        self._thread: threading.Thread | None = None

    def began(self, report: Report, *, engine: str) -> None:
        self._report, self._engine = report, engine
        self._pace.begin(report.read)
        if self._console.is_terminal and not self._console.is_dumb_terminal and self._thread is None:
            from rich.live import Live

            self._live = Live(
                console=self._console, auto_refresh=False, transient=True,
                redirect_stdout=sys.stdout.isatty(),  # into a pipe goes what is printed, not into the view
            )  # fmt: skip
            self._thread = threading.Thread(target=self._draw, name="live-view", daemon=True)
            self._live.start()
            self._thread.start()

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        self._pace.scored(seconds)

    def stored(self, report: Report, seconds: float) -> None:
        self._report = report
        self._sink_again = None

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        self._sink_again = self._clock() + again_in

    def worker_died(self) -> None:
        self._deaths += 1

    def checkpointed(self, seconds: float, size: int) -> None:
        self._checkpoint = (self._clock(), size)

    def lagging(self, lag: int) -> None:
        self._lag = lag

    def draining(self) -> None:
        self._phase = "stopping"

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back as it was; may be called again."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_STOP_SECONDS)
        live, self._live = self._live, None
        if live is not None:
            with suppress(OSError, ValueError):
                live.stop()

    def _draw(self) -> None:
        """Until it is told to stop, or the terminal is gone."""
        live = self._live
        while live is not None:
            try:
                live.update(self.text(self._console.width), refresh=True)
            except (OSError, ValueError):
                return
            if self._stop.wait(self._every):
                return

    def text(self, width: int) -> Text:
        """The lines, none wider than `width` columns."""
        from rich.text import Text

        lines = (self._head(), self._counts(), self._speeds(), self._state())
        return Text("\n").join(folded for line in lines for folded in _fold(line, width))

    def _head(self) -> Iterator[list[Part]]:
        yield [(self._report.job, "bold")]
        yield [(self._engine, "")]
        yield [(_duration(self._pace.seconds), "")]
        if self._phase:
            yield [(self._phase, "yellow")]

    def _counts(self) -> Iterator[list[Part]]:
        report = self._report
        yield _labelled("read", f"{report.read:,}")
        verdicts = ", ".join(
            f"{number:,} {verdict}" for verdict, number in sorted(report.verdicts.copy().items())
        )
        yield _labelled("findings", f"{report.findings:,}" + (f" ({verdicts})" if verdicts else ""))
        yield _labelled("clear", f"{report.clear:,}")
        yield _labelled("failures", f"{report.failures:,}", "yellow" if report.failures else "")

    def _speeds(self) -> Iterator[list[Part]]:
        read = self._report.read
        yield _labelled("rate", f"{self._pace.now(read):,.0f}/s")
        yield _labelled("mean", f"{self._pace.mean(read):,.0f}/s")
        half, most = self._pace.quantile(0.5), self._pace.quantile(0.95)
        if half is not None and most is not None:
            yield _labelled("batch p50", _latency(half))
            yield _labelled("p95", _latency(most))
        if self._lag is not None:
            yield _labelled("lag", f"{self._lag:,}")

    def _state(self) -> Iterator[list[Part]]:
        again = self._sink_again
        if again is None:
            yield _labelled("sink", "ok")
        else:
            wait = max(0.0, again - self._clock())
            yield _labelled(
                "sink", f"failing, next try in {wait:.0f} s" if wait else "failing, trying", "red"
            )
        if self._deaths:
            yield _labelled("workers died", f"{self._deaths:,}", "red")
        if self._checkpoint is not None:
            when, size = self._checkpoint
            yield _labelled(
                "checkpoint", f"{_duration(self._clock() - when)} ago" + (f", {_size(size)}" if size else "")
            )


def _labelled(name: str, value: str, style: str = "") -> list[Part]:
    return [(f"{name} ", "dim"), (value, style)]


def _fold(cells: Iterator[list[Part]], width: int) -> Iterator[Text]:
    """Cells side by side as far as they go, three columns apart; a cell that is too wide alone is cut."""
    from rich.text import Text

    line = Text()
    for cell in cells:
        text = Text.assemble(*cell)
        if line and len(line) + 3 + len(text) > width:
            yield line
            line = Text()
        line = line + Text("   ") + text if line else text
        line.truncate(max(1, width), overflow="ellipsis")
    yield line


def _latency(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _duration(seconds: float) -> str:
    whole = int(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GiB"
