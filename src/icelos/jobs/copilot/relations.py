"""What stands in relation to a thing, and the line that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from icelos.contracts import Hit
from icelos.jobs.copilot.extract import Draft, Quote, plain
from icelos.jobs.copilot.facets import Edge, Facet
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.sentences import split
from icelos.jobs.copilot.subjects import Subject, called, subject
from icelos.jobs.copilot.telling import about, shortened
from icelos.jobs.copilot.understand import Entity
from icelos.knowledge.reading import Related

NAMES_IN_LIST = 12
APART = 3
"""Up to so many related things get a sentence each; more are listed."""

Statement = tuple[Related, Quote]


def related(thing: Subject, facet: Facet, reader: Reader, *, most: int) -> list[Draft]:
    """Up to `most` sentences on what one facet's relations lead to; only what some line states."""
    for edge in facet.edges:
        stated = _statements(thing, edge, reader, most=most * NAMES_IN_LIST)
        if stated:
            return _told(stated, thing, facet, most=most)
    return []


def between(left: Entity, right: Entity, reader: Reader, *, most: int) -> list[Draft]:
    """The sentences that relate two named things."""
    ends = {hit.document_id for hit in subject(right, reader).documents}
    stated = _statements(subject(left, reader), Edge(""), reader, most=most, among=ends)
    return [Draft(about(quote.hit, _shown(quote)), (quote,), "relation", 1.0, 1.0) for _, quote in stated][
        :most
    ]


def _statements(
    thing: Subject, edge: Edge, reader: Reader, *, most: int, among: set[str] | None = None
) -> list[Statement]:
    """Neighbours with the line that states the relation, each document once."""
    found: dict[str, Statement] = {}
    for one in _neighbours(thing, edge, reader):
        fits = edge.direction in ("", one.direction) and (not edge.kinds or one.hit.kind in edge.kinds)
        wanted = among is None or one.hit.document_id in among
        if fits and wanted and one.hit.document_id not in found and (quote := _statement(one, thing, reader)):
            found[one.hit.document_id] = (one, quote)
        if len(found) >= most:
            break
    return list(found.values())


def _neighbours(thing: Subject, edge: Edge, reader: Reader) -> Iterator[Related]:
    """Of every document that is the thing: a name may stand for one technique in several matrices."""
    names = [hit.identifiers[0] for hit in thing.own if hit.identifiers] or [thing.entity.text]
    for name in dict.fromkeys(names):
        yield from reader.related(name, relation=edge.relation, kinds=edge.kinds)


def _statement(one: Related, thing: Subject, reader: Reader) -> Quote | None:
    """The line that states a relation: in the thing's own text, or in that of the neighbour."""
    for hit in thing.own:
        if quote := _line(reader.passages(hit), [one.hit], one.note):
            return quote
    return _line(reader.passages(one.hit), thing.documents, one.note, also=thing.entity.text)


def _line(passages: Sequence[Hit], others: Sequence[Hit], note: str, *, also: str = "") -> Quote | None:
    names = list(dict.fromkeys(name for hit in others for name in (*hit.identifiers[:1], hit.title) if name))
    names += [also] if also and also not in names else []
    for passage in passages:
        name = next((name for name in names if _whole(name, passage.text)), None)
        if name is not None:
            return _quote(passage, name, note)
    return None


def _quote(passage: Hit, name: str, note: str) -> Quote:
    """The first sentence with the name; of a list item, also the sentence that says what was done."""
    spans = split(passage.text)
    index = next((i for i, span in enumerate(spans) if _whole(name, span.text)), 0)
    start, end = spans[index].start, spans[index].end
    if note and end - start < 40 and index + 1 < len(spans):
        end = spans[index + 1].end
    return Quote(passage, start, end)


def _whole(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\d)", text, re.IGNORECASE) is not None


def _told(stated: Sequence[Statement], thing: Subject, facet: Facet, *, most: int) -> list[Draft]:
    if len(stated) <= APART and len({(q.hit.chunk_id, q.start) for _, q in stated}) == len(stated):
        return [Draft(about(one.hit, _shown(quote)), (quote,), facet.name, 1.0, 1.0) for one, quote in stated]
    size = max(APART, min(NAMES_IN_LIST, -(-len(stated) // most)))
    return [_listed(stated[start : start + size], thing, facet) for start in range(0, len(stated), size)][
        :most
    ]


def _listed(stated: Sequence[Statement], thing: Subject, facet: Facet) -> Draft:
    names = ", ".join(dict.fromkeys(called(one.hit) for one, _ in stated))
    head = f"{facet.noun[0].upper()}{facet.noun[1:]}s for {_name(thing)}"
    quotes = {(quote.hit.chunk_id, quote.start): quote for _, quote in stated}
    return Draft(f"{head}: {names}.", tuple(quotes.values()), facet.name, 1.0, 1.0)


def _name(thing: Subject) -> str:
    return thing.called(thing.documents[0]) if thing.documents else thing.entity.text


def _shown(quote: Quote) -> str:
    return shortened(plain(quote.text))
