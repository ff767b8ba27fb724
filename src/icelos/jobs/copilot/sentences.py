"""Text into sentences with their offsets, robust to abbreviations, versions, file names and lists.

Offsets are kept so that a citation can quote exactly what stands in the passage. Knows nothing of
questions or retrieval.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import msgspec

from icelos.jobs.copilot.words import word_set

_ABBREVIATIONS = word_set("""
    e.g i.e etc. vs cf al fig no nos vol approx incl inc ltd corp co dept st dr mr mrs ms prof sr jr
    u.s u.k u.n a.k.a jan feb mar apr jun jul aug sep sept oct nov dec ver rev resp est ca sec ext
    p pp ch art
""")
_BREAK = re.compile(r"\n[ \t]*\n+|\n(?=[ \t]*#{1,6} )")
_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+•–]|\d{1,3}[.)]|[a-z][.)])[ \t]+", re.MULTILINE)
_LINE_END = re.compile(r"\n")
_STOP = re.compile(r"[.!?…]+[\"'”’)\]*_`]*(?=\s|$)|(?<=[a-z)])[.!?](?=[A-Z][a-z]+ [a-z]|CVE-\d)")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+")
_WORD_BEFORE = re.compile(r"([\w.]+)$")


class Span(msgspec.Struct, frozen=True):
    """One sentence: `text` is exactly source[start:end]."""

    text: str
    start: int
    end: int


def split(text: str) -> list[Span]:
    """The sentences of a text in order; list items, table rows and label lines count as sentences."""
    return [span for start, end in _blocks(text) for span in _sentences(text, start, end)]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Headings, paragraphs, list items, and lines that stand for themselves."""
    for start, end in _between(text, _BREAK, 0, len(text)):
        if _HEADING.match(text, start, end):
            line_end = text.find("\n", start, end)
            yield start, (end if line_end < 0 else line_end)
            start = end if line_end < 0 else line_end + 1
        if _stands_by_line(text[start:end]):
            yield from _between(text, _LINE_END, start, end)
        elif start < end:
            yield from _items(text, start, end)


def _between(text: str, pattern: re.Pattern[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    position = start
    for match in pattern.finditer(text, start, end):
        if match.start() > position:
            yield position, match.start()
        position = match.end()
    if end > position:
        yield position, end


def _items(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut before every list marker at the beginning of a line."""
    cuts = [match.start() for match in _LIST_ITEM.finditer(text, start, end)]
    bounds = [start, *(cut for cut in cuts if cut > start), end]
    for left, right in itertools.pairwise(bounds):
        marker = _LIST_ITEM.match(text, left, right)
        yield (marker.end() if marker else left), right


_LABEL = re.compile(r"[ \t]*(?:\|.*|#{1,6} .*|[A-Z][\w /&()-]{0,40}:(?: .*)?)$")


def _stands_by_line(block: str) -> bool:
    """Are most lines labels ("Due date: 2025-09-15"), headings or table rows?"""
    lines = [line for line in block.split("\n") if line.strip()]
    return len(lines) > 0 and sum(bool(_LABEL.match(line)) for line in lines) * 2 > len(lines)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in _STOP.finditer(text, start, end):
        if _is_end(text, match, begin, end):
            yield from _trimmed(text, begin, match.end())
            begin = match.end()
    yield from _trimmed(text, begin, end)


def _is_end(text: str, match: re.Match[str], begin: int, end: int) -> bool:
    if match.end() >= end:
        return True
    if text[match.start() - 1] in "]】":  # a citation closes its sentence
        return True
    following = text[match.end() : match.end() + 3].lstrip("\n\t \"'“‘(*_`[")
    if match.group().startswith("."):
        before = _WORD_BEFORE.search(text, begin, match.start())
        word = before.group(1).lower() if before else ""
        if word.rstrip(".") in _ABBREVIATIONS or _is_initial(text, begin, match.start()):
            return False
        if word.isdigit() and begin == (before.start() if before else -1):
            return False
    return not following or not following[0].islower()


_INITIAL = re.compile(r"(?:^|[A-Z][\w.]*\s|[(\"“])[A-Z]$")


def _is_initial(text: str, begin: int, end: int) -> bool:
    """Is the letter before this full stop that of a name ("J. Smith", "Franklin D. Roosevelt")?"""
    return _INITIAL.search(text[max(begin, end - 40) : end].lstrip()) is not None


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """Without white space and list or heading marks around; nothing where no letter or digit is left."""
    while start < end and text[start].isspace():
        start += 1
    for pattern in (_LIST_ITEM, _HEADING):
        marker = pattern.match(text, start, end)
        start = marker.end() if marker else start
    while end > start and text[end - 1].isspace():
        end -= 1
    if any(character.isalnum() for character in text[start:end]):
        yield Span(text[start:end], start, end)
