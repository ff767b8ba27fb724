"""A passage put back at its place: the sections of its document, cut where the passage stands.

Knows how chunks are cut (`icelos.knowledge.chunks`): a chunk is a slice of one section, or short
neighbouring sections joined by blank lines with the headings of all but the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from icelos.records import Section
from icelos.web.schemas import Part

WINDOW = 20_000
"""Characters of a document shown on each side of a passage."""
PAGE = 200_000
"""Characters of a document in one answer."""


class _Piece(msgspec.Struct, frozen=True):
    """A section's text in the text of the whole document: where it starts there."""

    section: Section
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def around(
    sections: Sequence[Section], passage: str, *, heading: str = "", place: str = "", window: int = WINDOW
) -> tuple[tuple[Part, ...], bool, bool]:
    """The parts around a passage, and whether something was left out before and after them.

    A passage that stands nowhere (a document without text) is given alone.
    """
    whole, pieces = _laid_out(sections)
    start = _find(whole, pieces, passage, heading, place)
    if start < 0:
        return (Part(heading=heading, place=place, passage=passage),), False, False
    end = start + len(passage)
    first, last = max(0, start - window), min(len(whole), end + window)
    shown = [piece for piece in pieces if piece.end > first and piece.start < last]
    parts = tuple(_part(piece, start, end, first, last) for piece in shown)
    return parts, first > 0, last < len(whole)


def page(
    sections: Sequence[Section], first: int, *, limit: int = PAGE
) -> tuple[tuple[Section, ...], int | None]:
    """Sections from `first` on within the limit, and the number of the next one; a longer one is cut."""
    shown: list[Section] = []
    room = limit
    for number in range(first, len(sections)):
        section = sections[number]
        if shown and len(section.text) > room:
            return tuple(shown), number
        if len(section.text) > limit:
            section = msgspec.structs.replace(section, text=section.text[:limit] + " […]")
        shown.append(section)
        room -= len(section.text)
    return tuple(shown), None


def _laid_out(sections: Sequence[Section]) -> tuple[str, list[_Piece]]:
    texts: list[str] = []
    pieces: list[_Piece] = []
    length = 0
    for section in sections:
        text = section.text.strip()
        if not text:
            continue
        head = f"{section.heading}\n" if section.heading else ""
        pieces.append(_Piece(section, text, length + len(head)))
        texts.append(head + text)
        length += len(texts[-1]) + 2
    return "\n\n".join(texts), pieces


def _find(whole: str, pieces: Sequence[_Piece], passage: str, heading: str, place: str) -> int:
    """Where the passage starts, by preference in the section of its heading and place; -1 for nowhere."""
    if not passage:
        return -1
    named = [p for p in pieces if p.section.heading == heading]
    placed = [p for p in named if p.section.place == place]
    for start in _occurrences(whole, passage, placed, named):
        return start
    return whole.find(passage)


def _occurrences(whole: str, passage: str, *preferred: Sequence[_Piece]) -> Iterator[int]:
    for pieces in preferred:
        for piece in pieces:
            start = whole.find(passage, piece.start)
            if piece.start <= start < piece.end:
                yield start


def _part(piece: _Piece, start: int, end: int, first: int, last: int) -> Part:
    """One section cut at the passage [start, end) and trimmed to the window [first, last)."""

    def cut(begin: int, stop: int) -> str:
        return piece.text[max(0, begin - piece.start) : max(0, stop - piece.start)]

    return Part(
        heading=piece.section.heading,
        place=piece.section.place,
        before=cut(first, min(start, last)),
        passage=cut(start, end),
        after=cut(max(end, first), last),
    )
