"""An evaluation as one HTML file: no script, nothing fetched, every text from outside escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icelos import __version__
from icelos.evaluate.plots import escaped, paired_bars, ranked_bars
from icelos.jobs.logs.evaluation.evaluate import Evaluation
from icelos.jobs.logs.evaluation.gate import Check

SHOWN = 40
_FIGURE = 12
"""Characters of a cell that holds a figure or one word."""
_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a4049); --first: light-dark(#2f6fb2, #79b4f0);
  --second: light-dark(#9aa3af, #6b7480); --bad: light-dark(#b3261e, #ff8a80);
  --good: light-dark(#1f6f43, #7fd6a4); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#fff, #14171b); color: light-dark(#1c1f24, #e4e7eb); overflow-wrap: break-word; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th, td, li, p { unicode-bidi: isolate; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
th.f, td.f { min-width: 9rem; max-width: 24rem; overflow-wrap: anywhere; }
.yes { color: var(--good); } .no { color: var(--bad); font-weight: 600; }
svg[role] { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; unicode-bidi: isolate; }
svg .first { fill: var(--first); } svg .second { fill: var(--second); }
svg .mark { stroke: currentColor; stroke-width: 2; }
.key span { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; }
.key .first { background: var(--first); } .key .second { background: var(--second); }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_KEY = '<p class="key"><span class="first"></span>synthetic<span class="second"></span>real</p>'


def render(found: Evaluation) -> str:
    """The whole page."""
    title = "Synthetic logs beside real ones"
    return "\n".join(
        (
            "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">', f"<title>{title}</title>",
            f"<style>{_STYLE}</style>", "</head>", "<body>", f"<h1>{title}</h1>", *_body(found),
            f"<footer><p>Made by Icelos {escaped(__version__)}.</p></footer>", "</body>", "</html>", "",
        )
    )  # fmt: skip


def _body(found: Evaluation) -> Iterator[str]:
    failed = sum(one.passed is False for one in found.checks)
    verdict = f"{failed} check{'s' if failed > 1 else ''} failed." if failed else "No check failed."
    yield f'<p class="{"yes" if found.passed else "no"}">{verdict}</p>'
    yield from _table(("", ""), [(name, text) for name, text in found.about.items()])
    if found.notes:
        yield "<ul>" + "".join(f"<li>{escaped(note)}</li>" for note in found.notes) + "</ul>"
    yield "<h2>Checks</h2>"
    yield (
        "<p>The ceiling is what as many real rows reach in place of the synthetic ones. Demands grant three "
        "standard errors for the chance of the draw.</p>"
    )
    yield from _checks(found.checks)
    yield "<h2>All measures</h2>"
    yield from _table(
        ("measure", "value", "ceiling", "of ceiling", "standard error", ""),
        [
            (
                one.name,
                _number(one.value),
                _number(one.ceiling),
                _number(one.relative),
                _number(one.noise) if one.value is not None else "",
                one.note,
            )
            for one in found.measures
        ],
    )
    yield from _fields(found)
    yield from _bonds(found)
    for one in found.histograms:
        yield f"<h2>{escaped(one.name)}</h2>{_KEY}"
        yield paired_bars(one.labels, one.synthetic, one.real, one.name)


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    yield '<div class="wide"><table><tr>'
    yield "<th>measure</th><th></th><th>value</th><th>ceiling</th><th>demand</th><th>why</th></tr>"
    for one in checks:
        kind, word = {True: ("yes", "holds"), False: ("no", "fails"), None: ("", "not measured")}[one.passed]
        why = f"{one.why} ({one.note})" if one.note else one.why
        yield (
            f'<tr><th>{escaped(one.measure)}</th><td class="{kind}">{word}</td>'
            f'<td class="n">{_number(one.value)}</td>'
            f'<td class="n">{_number(one.ceiling)}</td><td class="n">{escaped(one.demand)}</td>'
            f'<td class="f">{escaped(why)}</td></tr>'
        )
    yield "</table></div>"


def _fields(found: Evaluation) -> Iterator[str]:
    shown = found.fields[:SHOWN]
    if not shown:
        return
    yield f"<h2>Fields, the furthest apart first ({len(shown)} of {len(found.fields)})</h2>"
    yield "<p>Bars: total variation distance of the synthetic rows. Marks: that of real rows.</p>"
    yield ranked_bars([(one.path, one.distance, one.ceiling) for one in shown], "Distance by field")
    yield from _table(
        ("field", "kind", "distance", "ceiling", "missing", "missing in real rows"),
        [
            (one.path, one.kind, _number(one.distance), _number(one.ceiling), f"{one.missing:.1%}",
             f"{one.missing_real:.1%}")
            for one in shown
        ],
    )  # fmt: skip


def _bonds(found: Evaluation) -> Iterator[str]:
    if not found.bonds:
        return
    yield "<h2>Bonds between fields, the most broken first</h2>"
    yield "<p>Share of rows whose combination of two values real rows have, too.</p>"
    yield from _table(
        ("field", "with", "kept", "by real rows", "by chance"),
        [
            (one.left, one.right, f"{one.kept:.1%}", f"{one.ceiling:.1%}", f"{one.chance:.1%}")
            for one in found.bonds
        ],
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head = "".join(f"<th>{escaped(name)}</th>" for name in columns)
    yield '<div class="wide"><table>' + (f"<tr>{head}</tr>" if any(columns) else "")
    for first, *rest in rows:
        cells = "".join(f'<td class="{_kind(cell)}">{escaped(cell)}</td>' for cell in rest)
        yield f'<tr><th class="f">{escaped(first)}</th>{cells}</tr>'
    yield "</table></div>"


def _kind(cell: str) -> str:
    """Figures stand on one line; names and notes, of any length, are broken."""
    return "n" if len(cell) <= _FIGURE else "f"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
