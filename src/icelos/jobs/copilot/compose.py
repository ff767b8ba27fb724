"""From evidence to the drafts of an answer: typed templates where they fit, else ranked sentences."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot import templates
from icelos.jobs.copilot.extract import Draft, covered, ranked
from icelos.jobs.copilot.facets import Facet
from icelos.jobs.copilot.retrieve import Evidence, Reader
from icelos.jobs.copilot.understand import Entity, Query
from icelos.jobs.copilot.words import content_stems

SUBJECT = 0.6
"""Share of a question's words, by weight, that a passage must hold to be taken as what is asked about."""


class Composed(msgspec.Struct, frozen=True):
    """Drafts in the order to say them; `gaps` are facets that were asked for and have no answer here."""

    drafts: tuple[Draft, ...] = ()
    gaps: tuple[str, ...] = ()


def compose(query: Query, evidence: Evidence, reader: Reader, *, most: int) -> Composed:
    """At most `most` sentences: of what is named, else of what the passages seem to be about."""
    things = query.entities or implied(query, evidence)
    typed = _typed(query, things, reader, most=most) if things else Composed()
    if typed.drafts or typed.gaps:
        return typed
    return Composed(tuple(ranked(_near(things, evidence, reader), evidence.weights, most=most)))


def _typed(query: Query, things: Sequence[Entity], reader: Reader, *, most: int) -> Composed:
    if len(query.entities) == 2 and not query.facets:
        related = templates.between(*query.entities, reader, most=most)
        if related:
            return Composed(tuple(related))
    drafts: list[Draft] = []
    gaps: list[str] = []
    for thing in things[:3]:
        for facet in _fitting(query.facets, thing):
            share = max(1, (most - len(drafts)))
            found = templates.answer(thing, facet, reader, most=share)
            drafts += found
            if not found:
                gaps.append(f"{facet.noun} of {thing.text}")
    return Composed(tuple(drafts[:most]), tuple(gaps))


def _fitting(facets: Sequence[Facet], thing: Entity) -> list[Facet]:
    kinds = {hit.kind for hit in thing.hits}
    return [facet for facet in facets if not facet.of or kinds & set(facet.of)]


def implied(query: Query, evidence: Evidence) -> tuple[Entity, ...]:
    """What a question without a name is about: the best hit, where it holds most of its words."""
    if not evidence.hits or not query.facets:
        return ()
    best = evidence.hits[0]
    asked = {stem for facet in query.facets for stem in _asked_stems(query, facet)}
    weights = {stem: weight for stem, weight in evidence.weights.items() if stem not in asked}
    words = set(content_stems(f"{best.title} {best.heading} {best.text}"))
    if weights and covered(words, set(), weights) >= SUBJECT:
        return (Entity(best.title, 0, (best,), False),)
    return ()


def _asked_stems(query: Query, facet: Facet) -> list[str]:
    return [stem for match in facet.asked.finditer(query.text) for stem in content_stems(match.group())]


def _near(things: Sequence[Entity], evidence: Evidence, reader: Reader) -> list[Hit]:
    """The passages to take sentences from: those of the things named first, then those found."""
    hits: dict[str, Hit] = {}
    for thing in things:
        for hit in templates.owners(thing)[:3]:
            for passage in reader.passages(hit):
                hits[passage.chunk_id] = passage
    return list({hit.chunk_id: hit for hit in (*evidence.hits, *hits.values())}.values())
