"""The report as one HTML file: no script, nothing fetched, readable in light and in dark.

Every text from outside goes through `_text`. The policy in the head forbids scripts and requests even
where that should fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from icelos import __version__
from icelos.findings import Outcome
from icelos.jobs.vulns.changes import COLUMNS, Since
from icelos.jobs.vulns.documents.people import (
    CLOSING,
    Entry,
    Report,
    Section,
    clean,
    report_of,
    told_moves,
    told_rebuild,
)

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a4049); --soft: light-dark(#f5f6f8, #1b1f25);
  --alert: light-dark(#b3261e, #ff8a80); --unknown: light-dark(#8a5a00, #ffc46b);
  --clear: light-dark(#1f6f43, #7fd6a4); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#fff, #14171b); color: light-dark(#1c1f24, #e4e7eb); overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; } h3 { font-size: 1rem; margin: .6rem 0 0; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .2rem 1rem; margin: .4rem 0; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem 1rem; }
details[open] { background: var(--soft); } summary { cursor: pointer; }
summary b { margin-right: .5rem; } code { font-size: .9em; }
dt { font-weight: 600; } dd { margin: 0; } ol { margin: .3rem 0; }
.label { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .6rem; font-size: .85em; }
.act .label { color: var(--alert); } .ruled .label { color: var(--clear); }
.undecided .label, .accepted .label, .ignored .label { color: var(--unknown); }
.why { margin: .4rem 0; }
@media print { details { break-inside: avoid; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(outcomes: Sequence[Outcome], since: Since | None = None) -> str:
    """The whole page. Raises InputError for findings of another job."""
    report = report_of(outcomes)
    title = f"Vulnerabilities of {_text(', '.join(report.targets) or 'nothing')}"
    made_by = "; ".join((__version__, *report.made_by))
    return "\n".join(
        (
            "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">', f"<title>{title}</title>",
            f"<style>{_STYLE}</style>", "</head>", "<body>", f"<h1>{title}</h1>", *_body(report, since),
            f"<footer><p>Made by Icelos {_text(made_by)}. {CLOSING}</p></footer>",
            "</body>", "</html>", "",
        )
    )  # fmt: skip


def _text(text: str) -> str:
    return escape(text, quote=True)


def _body(report: Report, since: Since | None) -> Iterator[str]:
    yield "<table>"
    for section in report.sections:
        yield f'<tr><th scope="row">{section.title}</th><td>{len(section.entries)}</td></tr>'
    yield "</table>"
    yield from _fixes(report)
    if since is not None:
        yield from _changes(since)
    for section in report.sections:
        if section.entries:
            yield from _section(section)
    if report.failures:
        yield "<section><h2>Not judged</h2><ul>"
        yield from (f"<li><code>{_text(a)}</code>: {_text(b)}</li>" for a, b in report.failures)
        yield "</ul></section>"


def _fixes(report: Report) -> Iterator[str]:
    if not report.advice.rebuilds and not report.advice.moves:
        return
    yield '<section class="fixes"><h2>Fixes</h2><ul>'
    for rebuild in report.advice.rebuilds:
        inner = "".join(f"<li>{_text(line)}</li>" for line in told_moves(rebuild.moves))
        yield f"<li>{_text(told_rebuild(rebuild))}<ul>{inner}</ul></li>"
    yield from (f"<li>{_text(line)}</li>" for line in told_moves(report.advice.moves))
    yield "</ul></section>"


def _changes(since: Since) -> Iterator[str]:
    yield f'<section class="changes"><h2>Changes</h2><p>{_text(clean(since.told))}</p>'
    if since.rows:
        head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        yield f"<table><tr>{head}</tr>"
        for row in since.rows:
            yield f"<tr>{''.join(f'<td>{_text(clean(cell))}</td>' for cell in row)}</tr>"
        yield "</table>"
    yield "</section>"


def _section(section: Section) -> Iterator[str]:
    kind = section.title.split()[0].lower()
    yield f'<section class="{kind}"><h2>{section.title}</h2>'
    for entry in section.entries:
        yield from _entry(entry, is_open=kind == "act")
    yield "</section>"


def _entry(entry: Entry, *, is_open: bool) -> Iterator[str]:
    numbers = ", ".join(f"{name} {value}" for name, value in entry.numbers)
    yield f'<details id="{_text(entry.id)}"{" open" if is_open else ""}>'
    yield (
        f"<summary><b>{_text(entry.vulnerability)}</b> {_text(entry.component)} "
        f'<span class="label">{_text(entry.label)}</span> {_text(numbers)}</summary>'
    )
    yield f'<p class="why"><b>{_text(entry.status)}</b>: {_text(entry.why)}</p>'
    told = [("Fix", entry.fix), ("Accepted", entry.excepted), ("Ignored", entry.ignored), *entry.facts]
    yield from _listed([*told, ("What would change it", entry.change)])
    yield "<h3>Evidence</h3><ol>"
    yield from (
        f"<li>{_text(how)}, <code>{_text(where)}</code>: <q>{_text(quote)}</q></li>"
        for how, where, quote in entry.evidence
    )
    yield "</ol></details>"


def _listed(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "<dl>"
    yield from (f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in pairs if value)
    yield "</dl>"
