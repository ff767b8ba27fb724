"""Documents to chunks: along headings, on sentence boundaries, each with its place.

A chunk's text is an exact slice of its section, so that a quotation can be found where it stands; what
surrounds it (title, heading) goes into `context`, which is indexed and not shown as text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from icelos.records import Document, Section

WORDS = 220
"""Words aimed at in a chunk: the sentence encoder reads 256 word pieces, about 200 words of prose."""
CHARACTERS = 2400
"""Most characters in a chunk, for text without word boundaries."""

_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n\s*\n|\n(?=\s*(?:[-*+•]|\d+[.)])\s)"
)
_LINE_PLACE = re.compile(r"line (\d+)$")
_WORD = re.compile(r"\S+")


class Chunk(msgspec.Struct, frozen=True):
    """One passage. `context` is what it is indexed under beside its own words."""

    heading: str
    place: str
    text: str
    context: str


def chunk(document: Document) -> list[Chunk]:
    """The passages of a document, at least one: a document without text is its title.

    Sections that share a heading are items of a list (examples, entries) and stay apart; other short
    neighbours are joined, so that a small document is one chunk.
    """
    pieces = [piece for group in _groups(document.sections) for piece in _pieces(group)]
    if not pieces:
        pieces = [Section(heading="", text=document.title)]
    names = " ".join((*document.identifiers[:8], *document.aliases[:16]))
    return [
        Chunk(piece.heading, piece.place, piece.text, _context(document.title, piece.heading, names, index))
        for index, piece in enumerate(pieces)
    ]


def _context(title: str, heading: str, names: str, index: int) -> str:
    """Names stand with the first chunk only: in every chunk they would make themselves common words."""
    return "\n".join(part for part in (title, heading, names if index == 0 else "") if part)


def _groups(sections: tuple[Section, ...]) -> Iterator[list[Section]]:
    """Runs of sections that make one chunk: items alone, short neighbours together."""
    repeated = {h for h, number in Counter(s.heading for s in sections).items() if number > 1 and h}
    group: list[Section] = []
    words = 0
    for section in sections:
        if not section.text.strip():
            continue
        size = _count(section.text)
        if group and (section.heading in repeated or group[-1].heading in repeated or words + size > WORDS):
            yield group
            group, words = [], 0
        group.append(section)
        words += size
    if group:
        yield group


def _pieces(group: list[Section]) -> Iterator[Section]:
    if len(group) > 1:
        text = "\n\n".join(
            f"{s.heading}\n{s.text.strip()}" if s.heading and index else s.text.strip()
            for index, s in enumerate(group)
        )
        yield Section(group[0].heading, text, group[0].place)
        return
    section = group[0]
    for start, end in _spans(section.text):
        text = section.text[start:end]
        offset = start + len(text) - len(text.lstrip())
        yield Section(section.heading, text.strip(), _place(section, offset))


def _place(section: Section, offset: int) -> str:
    match = _LINE_PLACE.search(section.place)
    if match is None or offset == 0:
        return section.place
    line = int(match.group(1)) + section.text.count("\n", 0, offset)
    return f"{section.place[: match.start()]}line {line}"


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Slices of at most about `WORDS` words that end where a sentence does."""
    start, words, last = 0, 0, 0
    for end in _boundaries(text):
        size = _count(text, last, end)
        if last > start and (words + size > WORDS or end - start > CHARACTERS):
            yield start, last
            start, words = last, 0
        words += size
        last = end
    if text[start:].strip():
        yield start, len(text)


def _boundaries(text: str) -> Iterator[int]:
    """Ends of sentences; a sentence that is itself too long is cut between words, or anywhere."""
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        yield from _cuts(text, start, end)
        yield end
        start = end


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    while end - start > CHARACTERS or _count(text, start, end) > WORDS:
        window = start + CHARACTERS
        ends = [
            m.end() for _, m in zip(range(WORDS), _WORD.finditer(text, start, min(end, window)), strict=False)
        ]
        cut = ends[-1] if len(ends) > 1 else window
        if len(ends) > 1 and cut == window:  # the window cut a word in two
            cut = ends[-2]
        if cut >= end:
            return
        yield cut
        start = cut


def _count(text: str, start: int = 0, end: int | None = None) -> int:
    return len(text[start:end].split())
