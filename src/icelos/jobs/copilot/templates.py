"""Typed answers: a facet of something named, from labelled lines, headed sections and relations.

Every sentence made here is carried by the lines that it quotes: its words stand in them or in their
title; nothing is said that only a table knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from icelos.contracts import Hit
from icelos.jobs.copilot import relations
from icelos.jobs.copilot.extract import Draft, Quote, plain
from icelos.jobs.copilot.facets import BY_NAME, Facet
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.sentences import Span, split
from icelos.jobs.copilot.subjects import Part, Subject, subject
from icelos.jobs.copilot.telling import LONGEST, about, shortened, stopped
from icelos.jobs.copilot.understand import Entity

ITEMS_IN_LIST = 8
ITEMS_IN_RUN = 12
SHORT = 14
"""Words up to which list items are joined into one sentence."""
GENERAL = frozenset({"affected", "vendor", "date", "due", "consequences"})
"""Facets that a document answers for all that it holds."""
DESCRIBING = BY_NAME["definition"].headings

LABEL = re.compile(
    r"^[ \t>*_|-]*([A-Z][\w &/().'-]{1,48}?)[*_]{0,2}\s*(?::|\|)[*_]{0,2}\s+(?=\S)", re.MULTILINE
)


def answer(thing: Subject, facet: Facet, reader: Reader, *, most: int) -> list[Draft]:
    """Up to `most` sentences that answer one facet of one thing; none where the sources are silent."""
    documents = [hit for hit in thing.documents if not facet.of or hit.kind in facet.of]
    if not documents:
        return []
    if facet.name == "definition":
        return definition(thing, reader, most=min(2, most)) or _lines(thing, documents, facet, reader)[:most]
    found = list(_labelled(thing, documents, facet, reader))
    if not found:
        found = relations.related(thing, facet, reader, most=most)
    if not found:
        found = list(_headed(thing, documents, facet, reader))
    return _unlike(found)[:most]


_SUB_TECHNIQUE = re.compile(r"(T\d{4})\.\d{3}", re.IGNORECASE)


def broader(thing: Subject, facet: Facet, reader: Reader, *, most: int) -> list[Draft]:
    """For a sub-technique without rules of its own: those of its technique, told as that one's."""
    match = _SUB_TECHNIQUE.fullmatch(thing.name)
    if match is None or facet.name != "rules":
        return []
    hits = tuple(reader.lookup(match.group(1)))
    parent = subject(Entity(match.group(1), 0, hits, True), reader) if hits else None
    return relations.related(parent, facet, reader, most=most) if parent is not None else []


def _parts(thing: Subject, hit: Hit, facet: Facet, reader: Reader) -> Iterator[Part]:
    yield from thing.parts(hit, reader)
    if facet.name in GENERAL and hit not in thing.own:
        yield from thing.general(hit, reader)


def _labelled(thing: Subject, documents: Sequence[Hit], facet: Facet, reader: Reader) -> Iterator[Draft]:
    """ "Tactics: Credential Access" -> "Tactics of T1110.003 Password Spraying: Credential Access."."""
    for hit in documents if facet.labels else ():
        for part in _parts(thing, hit, facet, reader):
            for match in LABEL.finditer(part.text):
                if label(match.group(1)) in facet.labels:
                    yield from _line(thing, hit, part, match, facet)


def _line(thing: Subject, hit: Hit, part: Part, match: re.Match[str], facet: Facet) -> Iterator[Draft]:
    start, end = part.start + match.start(), _line_end(part, match.end())
    name = f"{match.group(1)} of {thing.called(hit)}"
    if re.search(r"\b(?:by|of|in)$", match.group(1)):
        name = f"{thing.called(hit)}, {match.group(1).lower()}"
    for first, last in _runs(part.passage.text, part.start + match.end(), end):
        value = shortened(plain(part.passage.text[first:last]).rstrip(", "))
        quote = Quote(part.passage, start if first < start + 80 else first, last)
        yield Draft(stopped(f"{name}: {value}"), (quote,), facet.name, 1.0, 1.0)


def _lines(thing: Subject, documents: Sequence[Hit], facet: Facet, reader: Reader) -> list[Draft]:
    """What labelled lines say of a thing that nothing describes."""
    found = (
        _line(thing, hit, part, match, facet)
        for hit in documents
        for part in _parts(thing, hit, facet, reader)
        for match in LABEL.finditer(part.text)
        if "|" not in match.group()
    )
    return _unlike([draft for drafts in found for draft in drafts])


_ITEM = re.compile(r"(?:[^,(]|\([^)]*\))+,\s*")


def _runs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A value whole, or a long list in runs of items."""
    items = [match.end() for match in _ITEM.finditer(text, start, end)]
    if end - start <= LONGEST or len(items) < ITEMS_IN_RUN or (end - start) / len(items) > 60:
        yield start, end
        return
    for number in range(0, len(items) + 1, ITEMS_IN_RUN):
        first = items[number - 1] if number else start
        last = items[number + ITEMS_IN_RUN - 1] if number + ITEMS_IN_RUN <= len(items) else end
        if first < last:
            yield first, last


def label(text: str) -> str:
    """A label or heading as the table of facets writes it."""
    return re.sub(r"[\s_-]+", " ", text.lower()).strip(" *:")


def _line_end(part: Part, start: int) -> int:
    end = part.text.find("\n", start)
    return part.start + (end if end >= 0 else len(part.text))


# ---- sections


def _headed(thing: Subject, documents: Sequence[Hit], facet: Facet, reader: Reader) -> Iterator[Draft]:
    """The sections under one of the facet's headings: short items joined, else first sentences first."""
    for hit in documents if facet.headings else ():
        parts = [p for p in _parts(thing, hit, facet, reader) if label(p.heading) in facet.headings]
        items = [(part, span) for part in parts for span in split(part.text)]
        if (
            len(items) > 2
            and median(len(span.text.split()) for _, span in items) <= SHORT
            and len(parts) <= 3
        ):
            yield from _joined(thing, hit, facet, parts)
        else:
            yield from _first_sentences(thing, hit, facet, items)


def _joined(thing: Subject, hit: Hit, facet: Facet, parts: Sequence[Part]) -> Iterator[Draft]:
    for part in parts:
        spans = split(part.text)
        for first in range(0, len(spans), ITEMS_IN_LIST):
            group = spans[first : first + ITEMS_IN_LIST]
            listed = "; ".join(plain(span.text).rstrip(".;") for span in group)
            text = stopped(f"{part.heading} of {thing.called(hit)}: {shortened(listed, most=700)}")
            quote = Quote(part.passage, part.start + group[0].start, part.start + group[-1].end)
            yield Draft(text, (quote,), facet.name, 0.9, 1.0)


def _first_sentences(
    thing: Subject, hit: Hit, facet: Facet, items: Sequence[tuple[Part, Span]]
) -> Iterator[Draft]:
    """The first sentence of every item, then what else they say."""
    seen: set[tuple[str, int]] = set()
    firsts: list[tuple[Part, Span]] = []
    others: list[tuple[Part, Span]] = []
    for part, span in items:
        line = (part.passage.chunk_id, part.passage.text.rfind("\n", 0, part.start + span.start))
        (others if line in seen else firsts).append((part, span))
        seen.add(line)
    for index, (part, span) in enumerate([*firsts, *others]):
        text = plain(span.text)
        told = about(hit, text, name=thing.called(hit)) if index == 0 else stopped(text)
        quote = Quote(part.passage, part.start + span.start, part.start + span.end)
        yield Draft(told, (quote,), facet.name, 0.9, 1.0)


# ---- definitions


def definition(thing: Subject, reader: Reader, *, most: int) -> list[Draft]:
    """The first sentences of the thing's own description."""
    for hit in thing.documents:
        found: list[Draft] = []
        heading = ""
        for part in thing.parts(hit, reader):
            if found and part.heading != heading and label(part.heading) not in DESCRIBING:
                continue
            heading = part.heading
            for span in split(part.text):
                if LABEL.match(span.text) or len(span.text.split()) < 4:
                    continue
                text = plain(span.text)
                if found and part.passage.truncated and text.endswith(("...", "…")):
                    continue
                told = stopped(text) if found else about(hit, text, name=thing.called(hit))
                quote = Quote(part.passage, part.start + span.start, part.start + span.end)
                found.append(Draft(told, (quote,), "definition", 1.0, 1.0))
                if len(found) >= most:
                    return found
        if found:
            return found
    return []


def _unlike(drafts: Sequence[Draft]) -> list[Draft]:
    return list({draft.text.lower(): draft for draft in reversed(drafts)}.values())[::-1]
