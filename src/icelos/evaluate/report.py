"""Reports of measurements: one row a figure, with its interval, its bar and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write
from icelos.evaluate.metrics import Estimate


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. `bar` is the least it must be, None where nothing is demanded of it."""

    set: str
    measure: str
    value: float
    low: float
    high: float
    n: int
    baseline: float | None = None
    bar: float | None = None

    @property
    def met(self) -> bool:
        """At or above its bar, and not below its baseline."""
        return (self.bar is None or self.value >= self.bar) and (
            self.baseline is None or self.value >= self.baseline - 1e-9
        )


def row(
    name: str, measure: str, found: Estimate, *, baseline: float | None = None, bar: float | None = None
) -> Row:
    """A row of an estimate, rounded to four places."""
    return Row(
        set=name,
        measure=measure,
        value=round(found.value, 4),
        low=round(found.low, 4),
        high=round(found.high, 4),
        n=found.n,
        baseline=None if baseline is None else round(baseline, 4),
        bar=bar,
    )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on what, and when. `about` names versions and settings that it hangs on."""

    name: str
    rows: tuple[Row, ...]
    about: Mapping[str, str] = {}
    made: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))

    @property
    def met(self) -> bool:
        """Whether every figure meets its bar and its baseline."""
        return all(one.met for one in self.rows)

    def figures(self) -> dict[str, float]:
        """ "set/measure" to value: what a gate keeps."""
        return {f"{one.set}/{one.measure}": one.value for one in self.rows}


COLUMNS = ("set", "measure", "value", "95 % interval", "n", "baseline", "bar", "met")


def cells(report: Report) -> Iterator[tuple[str, ...]]:
    """The rows as text, for `COLUMNS`."""
    for one in report.rows:
        yield (
            one.set,
            one.measure,
            f"{one.value:.3f}",
            f"{one.low:.3f}–{one.high:.3f}",
            str(one.n),
            "" if one.baseline is None else f"{one.baseline:.3f}",
            "" if one.bar is None else f"{one.bar:.2f}",
            "yes" if one.met else "NO",
        )


def markdown(report: Report) -> str:
    """The report as a Markdown page."""
    lines = [f"# {report.name}", "", f"Measured {report.made:%Y-%m-%d %H:%M} UTC."]
    lines += [f"- {name}: {value}" for name, value in report.about.items()]
    lines += ["", "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(texts) + " |" for texts in cells(report)]
    return "\n".join(lines) + "\n"


def write(report: Report, path: Path) -> None:
    """Write a report, whole or not at all: Markdown for *.md, else JSON. Raises OSError."""
    if path.suffix == ".md":
        data = markdown(report).encode()
    else:
        data = msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
    with atomic_write(path) as file:
        file.write(data)
