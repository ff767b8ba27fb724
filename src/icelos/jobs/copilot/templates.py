"""Typed answers: a facet of something named, from labelled lines, headed sections and relations.

Every sentence made here is carried by the lines that it quotes: its words stand in them or in their
title; nothing is said that only a table knows. Knows no store format beyond passages and relations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from icelos.contracts import Hit
from icelos.jobs.copilot.extract import Draft, Quote, plain
from icelos.jobs.copilot.facets import Edge, Facet
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.sentences import split
from icelos.jobs.copilot.understand import Entity
from icelos.knowledge.identifiers import fold
from icelos.knowledge.reading import Related

LONGEST = 420
"""Characters of one sentence made from a labelled line or a list."""
NAMES_IN_LIST = 8
APART = 3
"""Up to so many related things get a sentence each; more are listed."""

_LABELLED = re.compile(
    r"^[ \t>*_|-]*([A-Z][\w &/().'-]{1,48}?)[*_]{0,2}\s*(?::|\|)[*_]{0,2}\s+(?=\S)", re.MULTILINE
)


def owners(entity: Entity) -> list[Hit]:
    """The documents that are the thing itself, those whose own name it is first."""
    own = [hit for hit in entity.hits if _owns(hit, entity.text)]
    return own or list(entity.hits[:6])


def _owns(hit: Hit, name: str) -> bool:
    first = hit.identifiers[:1]
    return (
        (bool(first) and fold(first[0]) == fold(name)) or fold(hit.title) == fold(name) or "name" in hit.why
    )


def called(hit: Hit) -> str:
    """How to call a document: its title, with its identifier where the title does not hold it."""
    name = hit.identifiers[0] if hit.identifiers else ""
    if not name or name.lower() in hit.title.lower() or len(name) > 24:
        return hit.title
    return f"{hit.title} ({name})"


def answer(entity: Entity, facet: Facet, reader: Reader, *, most: int) -> list[Draft]:
    """Up to `most` sentences that answer one facet of one thing; none where the sources are silent."""
    documents = [hit for hit in entity.hits[:8] if not facet.of or hit.kind in facet.of]
    if not documents:
        return []
    if facet.name == "definition":
        return definition(entity, reader, most=min(2, most))
    found = list(_labelled(documents, facet, reader))
    found += (
        _by_relation(entity, documents, facet, reader, most=most - len(found)) if len(found) < most else []
    )
    if not found:
        found = list(_headed(documents, facet, reader))
    return _unlike(found)[:most]


# ---- labelled lines


def _labelled(documents: Sequence[Hit], facet: Facet, reader: Reader) -> Iterator[Draft]:
    """ "Tactics: Credential Access" -> "Tactics of Password Spraying (T1110.003): Credential Access."."""
    if not facet.labels:
        return
    for hit in documents:
        for passage in reader.passages(hit):
            for match in _LABELLED.finditer(passage.text):
                if _label(match.group(1)) in facet.labels:
                    end = _line_end(passage.text, match.end())
                    value = plain(passage.text[match.end() : end])
                    text = f"{match.group(1)} of {called(passage)}: {shortened(value)}"
                    yield Draft(_stopped(text), (Quote(passage, match.start(), end),), facet.name, 1.0, 1.0)


def _label(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.lower()).strip(" *")


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def shortened(text: str, *, most: int = LONGEST) -> str:
    """A long list or text cut after an item or a word, with an ellipsis."""
    if len(text) <= most:
        return text
    cut = max(text.rfind(mark, 0, most) for mark in ("; ", ", ", ". "))
    cut = cut if cut > most // 2 else text.rfind(" ", 0, most)
    return text[: cut if cut > 0 else most].rstrip(" ,;") + " …"


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."


# ---- sections


def _headed(documents: Sequence[Hit], facet: Facet, reader: Reader) -> Iterator[Draft]:
    """The sentences of the sections under one of the facet's headings."""
    if not facet.headings:
        return
    for hit in documents:
        for passage in reader.passages(hit):
            for start, end in _section(passage, facet.headings):
                for span in split(passage.text[start:end]):
                    quote = Quote(passage, start + span.start, start + span.end)
                    yield Draft(about(passage, plain(span.text)), (quote,), facet.name, 0.9, 1.0)


def _section(passage: Hit, headings: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The parts of a passage under such a heading: all of it, or after a line that is the heading."""
    if _label(passage.heading) in headings:
        yield 0, len(passage.text)
        return
    for match in re.finditer(r"(?m)^[#*\s]*([A-Z][\w &/-]{2,40})[*:]*\s*$", passage.text):
        if _label(match.group(1)) in headings:
            following = passage.text.find("\n\n", match.end() + 2)
            yield match.end(), len(passage.text) if following < 0 else following


def about(hit: Hit, text: str) -> str:
    """The sentence with what it is about before it, where it does not say so itself."""
    names = {hit.title.lower(), *(name.lower() for name in hit.identifiers[:3])}
    if any(name in text.lower() for name in names):
        return _stopped(text)
    return _stopped(f"{called(hit)}: {text}")


# ---- definitions


def definition(entity: Entity, reader: Reader, *, most: int) -> list[Draft]:
    """The first sentences of the thing's own description."""
    for hit in owners(entity):
        found: list[Draft] = []
        for passage in reader.passages(hit):
            for span in split(passage.text):
                if _LABELLED.match(span.text) or len(span.text.split()) < 4:
                    continue
                text = plain(span.text) if found else about(passage, plain(span.text))
                quote = Quote(passage, span.start, span.end)
                found.append(Draft(_stopped(text), (quote,), "definition", 1.0, 1.0))
                if len(found) >= most:
                    return found
        if found:
            return found
    return []


# ---- relations


def _by_relation(
    entity: Entity, documents: Sequence[Hit], facet: Facet, reader: Reader, *, most: int
) -> list[Draft]:
    for edge in facet.edges:
        found = [one for one in _edges(entity, edge, reader) if _stated(one, documents, reader)]
        if found:
            return _told(found, documents, facet, reader, most=most)
    return []


def _edges(entity: Entity, edge: Edge, reader: Reader) -> list[Related]:
    name = next((hit.identifiers[0] for hit in owners(entity) if hit.identifiers), entity.text)
    found = reader.related(name, relation=edge.relation, kinds=edge.kinds)
    seen: dict[str, Related] = {}
    for one in found:
        kind_fits = not edge.kinds or one.hit.kind in edge.kinds
        if kind_fits and edge.direction in ("", one.direction):
            seen.setdefault(one.hit.document_id, one)
    return list(seen.values())


def _stated(one: Related, documents: Sequence[Hit], reader: Reader) -> Quote | None:
    """The line that states a relation: in the neighbour's text, or in that of the thing itself."""
    for hit in (one.hit, *documents):
        others = documents if hit is one.hit else [one.hit]
        names = {name for other in others for name in (other.title, *other.identifiers[:1]) if name}
        for passage in reader.passages(hit):
            if quote := _line_with(passage, names, one.note):
                return quote
    return None


def _line_with(passage: Hit, names: set[str], note: str) -> Quote | None:
    if note and len(note) > 20 and (start := passage.text.find(note[:200])) >= 0:
        return Quote(passage, start, min(len(passage.text), start + len(note)))
    for span in split(passage.text):
        if any(_whole(name, span.text) for name in names):
            return Quote(passage, span.start, span.end)
    return None


def _whole(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w]|\.\d)", text, re.IGNORECASE) is not None


def _told(
    found: Sequence[Related], documents: Sequence[Hit], facet: Facet, reader: Reader, *, most: int
) -> list[Draft]:
    quotes = [
        (one, quote) for one in found[: most * NAMES_IN_LIST] if (quote := _stated(one, documents, reader))
    ]
    if len(quotes) <= APART:
        return [
            Draft(about(one.hit, shortened(plain(quote.text))), (quote,), facet.name, 1.0, 1.0)
            for one, quote in quotes
        ]
    size = -(-len(quotes) // max(1, most)) if len(quotes) > most * APART else APART
    size = max(APART, min(NAMES_IN_LIST, size))
    return [
        _listed(quotes[start : start + size], documents[0], facet) for start in range(0, len(quotes), size)
    ]


def _listed(quotes: Sequence[tuple[Related, Quote]], thing: Hit, facet: Facet) -> Draft:
    names = ", ".join(called(one.hit) for one, _ in quotes)
    head = f"{facet.noun[0].upper()}{facet.noun[1:]}s for {called(thing)}"
    return Draft(f"{head}: {names}.", tuple(quote for _, quote in quotes), facet.name, 1.0, 1.0)


def between(left: Entity, right: Entity, reader: Reader, *, most: int) -> list[Draft]:
    """The sentences that relate two named things."""
    found = []
    ends = {hit.document_id for hit in owners(right)}
    for one in _edges(left, Edge(""), reader):
        if one.hit.document_id in ends and (quote := _stated(one, owners(left), reader)):
            found.append(Draft(about(quote.hit, plain(quote.text)), (quote,), "relation", 1.0, 1.0))
    return _unlike(found)[:most]


def _unlike(drafts: Sequence[Draft]) -> list[Draft]:
    return list({draft.text.lower(): draft for draft in reversed(drafts)}.values())[::-1]
