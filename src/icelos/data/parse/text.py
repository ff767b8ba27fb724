"""Plain text and logs: one document a file, in sections of some pages, each with its line."""

from __future__ import annotations

from collections.abc import Iterator

from icelos.data.parse.fields import HIDDEN, Content, Parsed, mentions
from icelos.data.parse.limits import normalise
from icelos.records import Document, Section, record_id

SOFT, HARD = 4_000, 8_000
"""Characters after which a section ends at the next empty line, and at once."""
TITLE = 120


def text_documents(content: Content) -> Iterator[Parsed]:
    """The file as one document, titled by its name."""
    normal = normalise(content.text)
    yield Document(
        id=record_id(content.name, ""),
        source=content.name,
        title=content.base,
        sections=tuple(cut("", normal.text, 1)),
        kind="document",
        relations=mentions(content.stem, normal.text),
        tags=(HIDDEN,) if normal.hidden else (),
    )


def cut(heading: str, text: str, line: int) -> Iterator[Section]:
    """Sections of bounded length, at empty lines where there are any; `line` is that of the first."""
    start, position, first = 0, 0, line
    for row in text.splitlines(keepends=True):
        size = position - start
        full = size + len(row) > HARD or (size > SOFT and not row.strip())
        if full and size:
            yield from _section(heading, text[start:position], first)
            start, first = position, line
        position += len(row)
        line += 1
    yield from _section(heading, text[start:], first)


def _section(heading: str, text: str, line: int) -> Iterator[Section]:
    """Without empty lines around it; a line too long for a section is cut between words."""
    body = text.lstrip("\n")
    line += len(text) - len(body)
    body = body.rstrip()
    start = 0
    while len(body) - start > HARD:
        space = body.rfind(" ", start + HARD // 2, start + HARD)
        end = space + 1 if space > 0 else start + HARD
        yield Section(heading, body[start:end], f"line {line}")
        line += body.count("\n", start, end)
        start = end
    if body[start:].strip():
        yield Section(heading, body[start:], f"line {line}")
