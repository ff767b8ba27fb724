"""What stands in relation to a thing, and the line that says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.extract import Draft, Quote, plain
from icelos.jobs.copilot.facets import Edge, Facet
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.sentences import split
from icelos.jobs.copilot.subjects import Subject, called, subject, unnumbered
from icelos.jobs.copilot.telling import about, shortened
from icelos.jobs.copilot.understand import Entity
from icelos.knowledge.reading import Related

NAMES_IN_LIST = 12
APART = 3
"""Up to so many related things get a sentence each; more are listed."""

Statement = tuple[Related, Quote]


def related(thing: Subject, facet: Facet, reader: Reader, *, most: int) -> list[Draft]:
    """Up to `most` sentences on what one facet's relations lead to; only what some line states.

    A name may stand for one thing in several matrices: each is told by itself.
    """
    for edge in facet.edges:
        found: list[Draft] = []
        for hit in thing.own or thing.documents[:1]:
            stated = _statements(thing, hit, edge, reader, most=most * NAMES_IN_LIST + 1)
            found += _told(stated, hit, edge, facet, most=most) if stated else []
        if found:
            return _fair(found, most)
    return []


def _fair(drafts: Sequence[Draft], most: int) -> list[Draft]:
    """Of several things' sentences, those of each in turn."""
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.text.split(":")[0], []).append(draft)
    turns = zip_longest(*groups.values())
    return [draft for turn in turns for draft in turn if draft is not None][:most]


def between(left: Entity, right: Entity, reader: Reader, *, most: int) -> list[Draft]:
    """The sentences that relate two named things."""
    ends = {hit.document_id for hit in subject(right, reader).documents}
    thing = subject(left, reader)
    found: dict[str, Draft] = {}
    for hit in thing.documents:
        for _, quote in _statements(thing, hit, Edge(""), reader, most=most, among=ends):
            draft = Draft(about(quote.hit, _shown(quote)), (quote,), "relation", 1.0, 1.0)
            found.setdefault(draft.text, draft)
    return list(found.values())[:most]


def _statements(
    thing: Subject, hit: Hit, edge: Edge, reader: Reader, *, most: int, among: set[str] | None = None
) -> list[Statement]:
    """Neighbours of one of the thing's documents with the line that states the relation, each once."""
    name = hit.identifiers[0] if hit.identifiers and hit in thing.own else thing.entity.text
    found: dict[str, Statement] = {}
    for one in reader.related(name, relation=edge.relation, kinds=edge.kinds):
        fits = edge.direction in ("", one.direction) and (not edge.kinds or one.hit.kind in edge.kinds)
        wanted = among is None or one.hit.document_id in among
        new = fits and wanted and one.hit.document_id not in found
        if new and (quote := _statement(one, hit, name, reader)):
            found[one.hit.document_id] = (one, quote)
        if len(found) >= most:
            break
    return list(found.values())


def _statement(one: Related, hit: Hit, name: str, reader: Reader) -> Quote | None:
    """The line that states a relation: in the thing's own text, or in that of the neighbour."""
    own = _line(reader.passages(hit), [one.hit], one.note)
    return own or _line(reader.passages(one.hit), [hit], one.note, also=name)


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
    if name.casefold() not in text.casefold():  # true of most, and ten times as quick as the search
        return False
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|\.\d)", text, re.IGNORECASE) is not None


def _told(stated: Sequence[Statement], thing: Hit, edge: Edge, facet: Facet, *, most: int) -> list[Draft]:
    if len(stated) <= APART and len({(q.hit.chunk_id, q.start) for _, q in stated}) == len(stated):
        return [Draft(about(one.hit, _shown(quote)), (quote,), facet.name, 1.0, 1.0) for one, quote in stated]
    told = [
        _listed(stated[start : start + NAMES_IN_LIST], thing, edge, facet)
        for start in range(0, min(len(stated), most * NAMES_IN_LIST), NAMES_IN_LIST)
    ]
    if len(stated) > most * NAMES_IN_LIST:
        last = told[-1]
        told[-1] = msgspec.structs.replace(last, text=f"{last.text.rstrip('.')}, and more.")
    return told


def _listed(stated: Sequence[Statement], thing: Hit, edge: Edge, facet: Facet) -> Draft:
    """One sentence for several neighbours; the thing is called as the lines that are quoted call it."""
    quotes = {(quote.hit.chunk_id, quote.start): quote for _, quote in stated}
    name = _name(thing, list(quotes.values()))
    names = ", ".join(dict.fromkeys(called(one.hit) for one, _ in stated))
    return Draft(f"{name} {edge.verb}: {names}.", tuple(quotes.values()), facet.name, 1.0, 1.0)


def _name(thing: Hit, quotes: Sequence[Quote]) -> str:
    """The thing by the fullest name that stands in every quote or in the document that it is from."""
    bare = unnumbered(thing)
    names = [called(thing), *([f"{bare} ({thing.identifiers[0]})", bare] if thing.identifiers else [])]
    foreign = [quote for quote in quotes if quote.hit.document_id != thing.document_id]
    fitting = (name for name in names if all(_whole(name, quote.text) for quote in foreign))
    return next(fitting, thing.identifiers[0] if thing.identifiers else called(thing))


def _shown(quote: Quote) -> str:
    return shortened(plain(quote.text))
