"""The loss of a training run by step as a picture: inline SVG from its metrics.csv."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from icelos.data.atomic import atomic_write
from icelos.errors import InputError
from icelos.evaluate.plots import escaped

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 300, 56, 32, 24
POINTS = 600
"""At most; longer runs are averaged over equal counts of steps."""


def plot_loss(metrics: Path, target: Path) -> None:
    """Write the picture of a metrics.csv, whole or absent. Raises InputError, OSError."""
    points = _averaged(_read(metrics))
    with atomic_write(target) as file:
        file.write(svg(points, title=f"Loss of {metrics.parent.name}").encode())


def svg(points: Sequence[tuple[float, float]], *, title: str) -> str:
    """A line of (step, nats per token); both axes are linear, the lower one begins at 0."""
    last, most = max(step for step, _ in points), max(loss for _, loss in points) or 1.0
    wide, high = WIDTH - LEFT - 8, HEIGHT - TOP - BOTTOM

    def place(step: float, loss: float) -> str:
        return f"{LEFT + wide * step / last:.1f},{TOP + high * (1 - loss / most):.1f}"

    line = " ".join(place(*point) for point in points)
    marks = "".join(_mark(TOP + high * (1 - part / 4), most * part / 4) for part in range(5))
    step, loss = points[-1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{escaped(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{marks}'
        f'<polyline fill="none" stroke="#1f5fa8" stroke-width="1.5" points="{line}"/>'
        f'<text x="{LEFT}" y="16">{escaped(title)}: {loss:.3f} nats a token at step {step:,.0f}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 10}">0</text>'
        f'<text x="{WIDTH - 8}" y="{HEIGHT - 10}" text-anchor="end">step {last:,.0f}</text></svg>\n'
    )


def _mark(y: float, value: float) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>'
    )


def _read(path: Path) -> list[tuple[float, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(float(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError("not the metrics of a run", source=str(path)) from error
    finite = [row for row in rows if all(map(math.isfinite, row)) and row[0] > 0]
    if not finite:
        raise InputError("no steps to show", source=str(path))
    return finite


def _averaged(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = -(-len(points) // POINTS)
    parts = [points[at : at + size] for at in range(0, len(points), size)]
    return [(part[-1][0], sum(loss for _, loss in part) / len(part)) for part in parts]
