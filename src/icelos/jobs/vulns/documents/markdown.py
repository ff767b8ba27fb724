"""The report as Markdown (CommonMark, GitHub's tables). No text from outside is mark-up or a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

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

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~#!&@$(){}]")
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
_VERBATIM = frozenset(
    {"Package", "Stands in", "Owned by", "Image layer that brought it", "CVSS vector", "Statement"}
)
_LEADING = re.compile(r"^(?:[-+=>]|\d+[.)])")


def render(outcomes: Sequence[Outcome], since: Since | None = None) -> str:
    """The whole report. Raises InputError for findings of another job."""
    return "\n".join(_lines(report_of(outcomes), since)) + "\n"


def escaped(text: str) -> str:
    """A text in which nothing is mark-up: no emphasis, link, image, HTML, table border or mention."""
    plain = _SPECIAL.sub(lambda match: f"\\{match.group()}", text)
    plain = _LINK.sub(lambda match: match.group().replace("://", ":\\//").replace(".", "\\."), plain)
    return _LEADING.sub(lambda match: "\\".join((match.group()[:-1], match.group()[-1])), plain)


def code(text: str) -> str:
    """A text word for word, between more backticks than it has in a row."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def _lines(report: Report, since: Since | None) -> Iterator[str]:
    targets = ", ".join(map(escaped, report.targets)) or "nothing"
    yield f"# Vulnerabilities of {targets}"
    yield ""
    yield from _table(("", "findings"), ((s.title, str(len(s.entries))) for s in report.sections))
    yield from _fixes(report)
    if since is not None:
        yield from ("", "## Changes", "", escaped(clean(since.told)), "")
        if since.rows:
            yield from _table(COLUMNS, (tuple(map(clean, row)) for row in since.rows))
    for section in report.sections:
        if section.entries:
            yield from _section(section)
    if report.failures:
        yield from ("", "## Not judged", "")
        yield from (f"- {code(source)}: {escaped(error)}" for source, error in report.failures)
    made_by = "".join(f"; {escaped(one)}" for one in report.made_by)
    yield from ("", f"Made by Icelos {__version__}{made_by}. {CLOSING}")


def _fixes(report: Report) -> Iterator[str]:
    if report.advice.rebuilds or report.advice.moves:
        yield from ("", "## Fixes", "")
    for rebuild in report.advice.rebuilds:
        yield f"- {escaped(told_rebuild(rebuild))}"
        yield from (f"  - {escaped(line)}" for line in told_moves(rebuild.moves))
    yield from (f"- {escaped(line)}" for line in told_moves(report.advice.moves))


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {section.title}", "")
    rows = (
        (e.vulnerability, e.component, e.label, ", ".join(f"{n} {v}" for n, v in e.numbers), e.fix)
        for e in section.entries
    )
    yield from _table(("vulnerability", "component", "label", "measures", "fix"), rows)
    for entry in section.entries:
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    yield from ("", f"### {escaped(entry.vulnerability)} in {escaped(entry.component)}", "")
    yield f"**{escaped(entry.status)}** ({escaped(entry.label)}): {escaped(entry.why)}"
    yield ""
    told = [("Fix", entry.fix), ("Accepted", entry.excepted), ("Ignored", entry.ignored), *entry.facts]
    yield from (
        f"- {name}: {code(value) if name in _VERBATIM else escaped(value)}" for name, value in told if value
    )
    yield f"- What would change it: {escaped(entry.change)}"
    yield from ("- Evidence:", "")
    yield from (f"  {n}. {how}, {code(where)}: {code(quote)}" for n, (how, where, quote) in _numbered(entry))


def _numbered(entry: Entry) -> Iterable[tuple[int, tuple[str, str, str]]]:
    return enumerate(entry.evidence, 1)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(map(escaped, row))} |" for row in rows)
