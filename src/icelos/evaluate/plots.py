"""Plots as inline SVG: no script, nothing fetched, every text escaped. Colours come from classes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 720, 180
_LEFT, _BOTTOM = 40, 24


def escaped(text: object) -> str:
    """Text from anywhere, safe between tags and in quoted attributes, without control characters."""
    clean = "".join(c if c.isprintable() or c == " " else "\ufffd" for c in str(text))
    return escape(clean, quote=True)


def paired_bars(labels: Sequence[str], first: Sequence[float], second: Sequence[float], title: str) -> str:
    """Two bars a label, side by side, of classes "first" and "second"; values are shares from 0 to 1."""
    most = max([*first, *second, 1e-9])
    step = (_WIDTH - _LEFT) / max(1, len(labels))
    room = _HEIGHT - _BOTTOM
    parts = [_opening(_WIDTH, _HEIGHT, title)]
    for number, label in enumerate(labels):
        x = _LEFT + number * step
        for place, (name, values) in enumerate((("first", first), ("second", second))):
            height = room * values[number] / most
            parts.append(
                f'<rect class="{name}" x="{x + place * step * 0.42:.1f}" y="{room - height:.1f}" '
                f'width="{step * 0.4:.1f}" height="{height:.1f}"><title>{escaped(label)}: '
                f"{values[number]:.1%}</title></rect>"
            )
        if number % max(1, len(labels) // 12) == 0:
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}">{escaped(label)}</text>')
    parts.append(f'<text x="0" y="12">{most:.0%}</text><text x="0" y="{room}">0</text></svg>')
    return "".join(parts)


def ranked_bars(rows: Sequence[tuple[str, float, float]], title: str) -> str:
    """Horizontal bars of (label, value, mark): a value from 0 to 1, and a line at the mark."""
    height = 20 * len(rows) + 10
    wide = _WIDTH - 320
    parts = [_opening(_WIDTH, height, title)]
    for number, (label, value, mark) in enumerate(rows):
        y = 20 * number + 4
        shown = label if len(label) <= 46 else f"...{label[-43:]}"
        at = 300 + wide * min(max(mark, 0.0), 1.0)
        parts.append(
            f'<svg x="0" y="{y - 3}" width="292" height="20"><text y="14">{escaped(shown)}</text></svg>'
            f'<rect class="first" x="300" y="{y}" width="{wide * min(max(value, 0.0), 1.0):.1f}" height="14">'
            f"<title>{escaped(label)}: {value:.3f}, real rows {mark:.3f}</title></rect>"
            f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 2}" y2="{y + 16}"/>'
        )
    return "".join([*parts, "</svg>"])


def _opening(width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escaped(title)}"><title>{escaped(title)}</title>'
    )
