"""A table and a plot of what `benchmarks.logs_models` measured, by size and kind of log.

    python -m benchmarks.logs_models_report RESULTS.jsonl [--plot FILE.svg]

RESULTS has the lines of one or more runs. ROUGE-2 is of free rows against rows held out, best reference, as a
share of what rows that were learnt from reach.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from icelos.data.atomic import atomic_write
from icelos.evaluate.plots import escaped
from icelos.gpt.sizes import SIZES

Line = Mapping[str, Any]
WIDTH, HEIGHT, LEFT, TOP, GAP = 240, 180, 44, 40, 24
COLOURS = ("#1f5fa8", "#b5482a", "#3a7d44", "#7a4fa3")
PANELS: tuple[tuple[str, Callable[[Line], float], float, float], ...] = (
    ("ROUGE-2 / ceiling", lambda line: relative(line, "free: ROUGE-2 best"), 0.5, 1.05),
    ("bits per byte", lambda line: float(line["bits/byte"]), 0.0, 1.0),
    ("valid, unconstrained", lambda line: float(line["free: valid"]), 0.0, 1.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    lines = [json.loads(line) for line in given.results.read_text().splitlines() if line.startswith("{")]
    lines.sort(key=lambda line: (line["corpus"], list(SIZES).index(line["size"])))
    print("| rows | size | minutes | passes | bits/byte | valid, free | ROUGE-2 free | by the grammar |")
    print("|---|---|---|---|---|---|---|---|")
    for line in lines:
        shares = [f"{relative(line, f'{how}: ROUGE-2 best'):.3f}" for how in ("free", "constrained")]
        cells = (line["corpus"], line["size"], line["minutes"], line["epochs"], f"{line['bits/byte']:.3f}",
                 f"{line['free: valid']:.3f}", *shares)  # fmt: skip
        print("| " + " | ".join(map(str, cells)) + " |")
    if given.plot:
        with atomic_write(given.plot) as file:
            file.write(plot(lines).encode())


def relative(line: Line, name: str) -> float:
    """A figure's share of its ceiling; 0 where too few rows were valid to measure it."""
    value, ceiling = line.get(name) or (0.0, 1.0)
    return float(value / ceiling)


def plot(lines: Sequence[Line]) -> str:
    """Three panels by size, a line for each kind of log."""
    sizes = [size for size in SIZES if any(line["size"] == size for line in lines)]
    corpora = list(dict.fromkeys(line["corpus"] for line in lines))
    wide = 3 * (WIDTH + GAP) + LEFT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {HEIGHT + TOP + 40}" role="img" '
        f'font-family="sans-serif" font-size="11"><title>Log models by size</title>'
        f'<rect width="{wide}" height="{HEIGHT + TOP + 40}" fill="white"/>'
    ]
    for number, corpus in enumerate(corpora):
        x = LEFT + number * 190
        parts.append(f'<rect x="{x}" y="6" width="14" height="4" fill="{COLOURS[number % 4]}"/>')
        parts.append(f'<text x="{x + 20}" y="13">{escaped(corpus)}</text>')
    for panel, (title, take, low, high) in enumerate(PANELS):
        left = LEFT + panel * (WIDTH + GAP)
        parts.append(_axes(left, title, low, high, sizes))
        for number, corpus in enumerate(corpora):
            points = {line["size"]: take(line) for line in lines if line["corpus"] == corpus}
            parts.append(_line(left, points, sizes, low, high, COLOURS[number % 4]))
    return "".join([*parts, "</svg>\n"])


def _place(left: int, number: int, sizes: Sequence[str], value: float, low: float, high: float) -> str:
    x = left + 20 + (WIDTH - 70) * number / max(1, len(sizes) - 1)
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return f"{x:.1f},{TOP + HEIGHT * (1 - share):.1f}"


def _axes(left: int, title: str, low: float, high: float, sizes: Sequence[str]) -> str:
    parts = [f'<text x="{left}" y="{TOP - 8}" font-weight="bold">{escaped(title)}</text>']
    for step in range(5):
        y = TOP + HEIGHT * (1 - step / 4)
        parts.append(f'<line x1="{left}" x2="{left + WIDTH - 30}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        value = low + (high - low) * step / 4
        parts.append(f'<text x="{left - 4}" y="{y + 4}" text-anchor="end">{value:.2f}</text>')
    for number, size in enumerate(sizes):
        x = _place(left, number, sizes, low, low, high).split(",")[0]
        parts.append(f'<text x="{x}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{escaped(size)}</text>')
    return "".join(parts)


def _line(
    left: int, points: Mapping[str, float], sizes: Sequence[str], low: float, high: float, colour: str
) -> str:
    places = [_place(left, sizes.index(size), sizes, value, low, high) for size, value in points.items()]
    dots = "".join(
        f'<circle cx="{place.split(",")[0]}" cy="{place.split(",")[1]}" r="3" fill="{colour}"/>'
        for place in places
    )
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(places)}"/>{dots}'


if __name__ == "__main__":
    main()
