"""The live view as it stands on the screen: whole at 80 columns, folded below, absent in a pipe."""

from __future__ import annotations

import io
import sys
import time

import pytest
from rich.console import Console

from icelos.cli.live import LiveView
from icelos.engine.run import Report


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(width: int = 80, *, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=24, markup=False)


def written(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(clock: Clock) -> LiveView:
    """A view of a run in which everything has happened; it draws nothing by itself."""
    view = LiveView(console(terminal=False), clock=clock)
    report = Report(job="logs")
    view.began(report, engine="threads")
    for _ in range(20):
        view.scored([], 0.0123)
    view.scored([], 2.5)
    view.scored([], 2.5)
    clock.now += 90
    report.findings, report.clear, report.failures = 120, 1_234_000, 7
    report.verdicts = {"review": 100, "alert": 20}
    view.stored(report, 0.1)
    view.checkpointed(0.1, 5 * 2**20)
    view.lagging(98_765)
    view.worker_died()
    clock.now += 4
    return view


def test_eighty_columns(view: LiveView, clock: Clock) -> None:
    view.sink_failed(OSError("down"), again_in=12)
    clock.now += 2
    assert view.text(80).plain.splitlines() == [
        "logs   threads   1:36",
        "read 1,234,127   findings 120 (20 alert, 100 review)   clear 1,234,000",
        "failures 7",
        "rate 12,855/s   mean 12,855/s   batch p50 12.3 ms   p95 2.5 s   lag 98,765",
        "sink failing, next try in 10 s   workers died 1   checkpoint 6 s ago, 5 MiB",
    ]


def test_what_went_wrong_is_over(view: LiveView, clock: Clock) -> None:
    view.sink_failed(OSError("down"), again_in=1)
    clock.now += 3
    assert "sink failing, trying" in view.text(80).plain
    view.stored(Report(job="logs"), 0.1)
    assert "sink ok" in view.text(80).plain
    view.draining()
    assert view.text(80).plain.splitlines()[0].endswith("stopping")


@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 79, 200])
def test_no_line_is_wider_than_the_terminal(view: LiveView, width: int) -> None:
    lines = view.text(width).plain.splitlines()
    assert all(len(line) <= width for line in lines)
    if width >= 20:
        assert "read 1,234,127" in view.text(width).plain


def test_before_anything_has_happened(clock: Clock) -> None:
    view = LiveView(console(terminal=False), clock=clock)
    view.began(Report(job="mail"), engine="inline")
    assert view.text(80).plain.splitlines() == [
        "mail   inline   0 s",
        "read 0   findings 0   clear 0   failures 0",
        "rate 0/s   mean 0/s",
        "sink ok",
    ]


def test_it_draws_now_and_then_and_leaves_the_terminal_as_it_was() -> None:
    screen = console()
    view = LiveView(screen, every=0)
    report = Report(job="logs")
    view.began(report, engine="threads")
    until = time.monotonic() + 1.1
    while time.monotonic() < until:
        view.scored([None], 0.001)
        report.count([None])
        view.stored(report, 0.001)
    view.ended(report)
    text = written(screen)
    assert 3 <= text.count("threads") <= 6, "at most four a second"
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is back"
    assert text.endswith("\x1b[2K"), "and the lines are gone"
    view.close()
    assert written(screen) == text


def test_nothing_where_there_is_no_terminal() -> None:
    screen = console(terminal=False)
    view = LiveView(screen)
    view.began(Report(job="logs"), engine="threads")
    time.sleep(0.05)
    view.ended(Report(job="logs"))
    assert written(screen) == ""


def test_what_is_printed_into_a_pipe_stays_out_of_the_view(capsys: pytest.CaptureFixture[str]) -> None:
    screen = console()
    view = LiveView(screen)
    view.began(Report(job="logs"), engine="threads")
    print("an outcome")
    print("a note", file=sys.stderr)
    view.ended(Report(job="logs"))
    assert capsys.readouterr().out == "an outcome\n"
    assert "an outcome" not in written(screen)
    assert "a note" in written(screen)


def test_a_terminal_that_goes_away_ends_no_run() -> None:
    screen = console()
    view = LiveView(screen, every=0.25)
    view.began(Report(job="logs"), engine="threads")
    screen.file.close()
    time.sleep(0.4)
    view.stored(Report(job="logs"), 0.1)
    view.ended(Report(job="logs"))
