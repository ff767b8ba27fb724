"""The actions that a part of a runbook tells: the items of its lists, else its sentences.

Knows nothing of questions or of which part is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

import msgspec

from icelos.jobs.copilot.extract import Quote, plain
from icelos.jobs.copilot.sentences import split
from icelos.jobs.copilot.subjects import Part
from icelos.jobs.copilot.telling import shortened

FEWEST_WORDS = 3
LISTED = 2
"""Items that make a list; sentences around it introduce it and are left out."""
MOST_BELOW = 40
SHORT = 14
"""Words up to which neighbours of a list are told together."""
_TODO = re.compile(r"`TODO\b[^`]{0,500}`")
_PLACEHOLDER = re.compile(r"\bTODO\b|<[A-Z][^>]*>")
_LINE = re.compile(r"[^\n]+")
_MARKER = re.compile(r"[ \t]*(?:[-*+•–]|\d{1,3}[.)])[ \t]+(?:\[[ xX]?\][ \t]+)?")


class Action(msgspec.Struct, frozen=True):
    """One thing to do: how it is told, where it stands, and (-1: no list) where the list's owner begins."""

    text: str
    quote: Quote
    owner: int = -1


class _Item(msgspec.Struct, frozen=True):
    """A list item with the lines that continue it: `start` is after its marker, `depth` its indentation."""

    depth: int
    start: int
    end: int


def actions(part: Part) -> list[Action]:
    """What a part tells to do, in order: no placeholders, questions, tables or bare introductions."""
    items = _items(part.text)
    found = list(_listed(part, items) if len(items) >= LISTED else _told(part))
    return [one for one in found if _is_action(one, part)]


def is_list(part: Part) -> bool:
    """Does the part list what to do?"""
    return len(_items(part.text)) >= LISTED


def _is_action(one: Action, part: Part) -> bool:
    whole = (
        len(one.text.split()) >= FEWEST_WORDS and not one.text.endswith((":", "?")) and "|" not in one.text
    )
    return whole and not _PLACEHOLDER.search(one.text) and one.text != part.heading


def _told(part: Part) -> Iterator[Action]:
    for span in split(part.text):
        yield Action(_text(span.text), _quote(part, span.start, span.end))


def _text(text: str) -> str:
    return plain(_TODO.sub("", text))


def _items(text: str) -> list[_Item]:
    """Every list item of a text, nested ones too."""
    found: list[_Item] = []
    end = -1
    for line in _LINE.finditer(text):
        depth = len(line.group()) - len(line.group().lstrip())
        marker = _MARKER.match(line.group())
        if marker and marker.end() < len(line.group()):
            found.append(_Item(depth, line.start() + marker.end(), line.end()))
        elif found and line.start() == end + 1 and depth > found[-1].depth:
            found[-1] = msgspec.structs.replace(found[-1], end=line.end())
        else:
            continue
        end = line.end()
    return found


def _listed(part: Part, items: Sequence[_Item]) -> Iterator[Action]:
    """Each item by its first sentence; one that only introduces others ("Check:") together with those."""
    above: list[_Item] = []
    position = 0
    while position < len(items):
        item = items[position]
        while above and above[-1].depth >= item.depth:
            above.pop()
        below = _below(items, position)
        text = _text(part.text[item.start : item.end])
        if below and text.endswith(":"):
            told = (_text(part.text[one.start : one.end]).rstrip(" .;:") for one in below)
            quote = _quote(part, item.start, below[-1].end)
            yield Action(shortened(f"{text} {'; '.join(told)}"), quote, item.start)
            position += len(below)
        else:
            owner = item.start if below else above[-1].start if above else 0
            yield from _first_sentence(part, item, owner)
            above.append(item)
        position += 1


def _below(items: Sequence[_Item], position: int) -> list[_Item]:
    """The items that belong to the one at `position`; only so many as a sentence could tell."""
    after = items[position + 1 : position + 1 + MOST_BELOW]
    return list(takewhile(lambda one: one.depth > items[position].depth, after))


def _first_sentence(part: Part, item: _Item, owner: int) -> Iterator[Action]:
    for span in split(part.text[item.start : item.end])[:1]:
        yield Action(_text(span.text), _quote(part, item.start + span.start, item.start + span.end), owner)


def _quote(part: Part, start: int, end: int) -> Quote:
    return Quote(part.passage, part.start + start, part.start + end)


def merged(told: Sequence[Action], *, most: int, longest: int) -> list[list[Action]]:
    """Short neighbours of one list taken together, as evenly as fits into `most` sentences of at most
    `longest` characters; what does not fit is left out."""
    size = -(-len(told) // max(1, most))
    groups: list[list[Action]] = []
    for one in told:
        group = groups[-1] if groups else []
        room = longest - sum(len(other.text) + 2 for other in group)
        if group and _are_neighbours(group[-1], one) and len(group) < size and len(one.text) <= room:
            group.append(one)
        else:
            groups.append([one])
    return groups[:most]


def _are_neighbours(left: Action, right: Action) -> bool:
    together = left.quote.hit.chunk_id == right.quote.hit.chunk_id and left.owner == right.owner >= 0
    return together and all(len(one.text.split()) <= SHORT for one in (left, right))
