"""From evidence to the drafts of an answer: typed templates where they fit, else ranked sentences."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot import relations, runbooks, templates
from icelos.jobs.copilot.extract import Draft, covered, ranked
from icelos.jobs.copilot.facets import Facet
from icelos.jobs.copilot.retrieve import Evidence, Reader
from icelos.jobs.copilot.subjects import Subject, subject
from icelos.jobs.copilot.understand import Entity, Query
from icelos.jobs.copilot.words import content_stems

MOST_THINGS = 3
SUBJECT = 0.6
"""Share of a question's words, by weight, that a passage must hold to be taken as what is asked about."""


class Composed(msgspec.Struct, frozen=True):
    """Drafts in the order to say them; `gaps` are facets that were asked for and have no answer here."""

    drafts: tuple[Draft, ...] = ()
    gaps: tuple[str, ...] = ()


def compose(query: Query, evidence: Evidence, reader: Reader, *, most: int) -> Composed:
    """At most `most` sentences: of what is named, else of what the passages seem to be about."""
    things = [subject(entity, reader) for entity in query.entities[:MOST_THINGS]]
    steps = _steps(query, things, evidence, reader, most=most)
    if steps:
        return Composed(tuple(steps))
    if things:
        return _of_things(query, things, evidence, reader, most=most)
    guessed = implied(query, evidence)
    if guessed is not None:
        typed = _typed(query, [subject(guessed, reader)], reader, most=most)
        if typed.drafts:
            return typed
    return Composed(tuple(ranked(evidence.hits, evidence.weights, most=most)))


def _of_things(
    query: Query, things: Sequence[Subject], evidence: Evidence, reader: Reader, *, most: int
) -> Composed:
    if len(things) > 1 and not _defines(query):
        left, right = query.entities[:2]
        if found := relations.between(left, right, reader, most=most):
            return Composed(tuple(found))
    typed = _typed(query, things, reader, most=most)
    if typed.drafts or (typed.gaps and len(things) == 1):
        return typed
    return Composed(tuple(_ranked(things, evidence, reader, most=most)), typed.gaps)


def _defines(query: Query) -> bool:
    return any(facet.name == "definition" for facet in query.facets)


def _typed(query: Query, things: Sequence[Subject], reader: Reader, *, most: int) -> Composed:
    drafts: list[Draft] = []
    gaps: list[str] = []
    for thing in things:
        for facet in _fitting(query.facets, thing):
            found = templates.answer(thing, facet, reader, most=max(1, most - len(drafts)))
            drafts += found
            if not found:
                gaps.append(f"{facet.noun} for {thing.entity.text}")
    return Composed(tuple(drafts[:most]), tuple(gaps))


def _fitting(facets: Sequence[Facet], thing: Subject) -> list[Facet]:
    """The facets that such a thing has; the definition where nothing else is asked of it."""
    kinds = {hit.kind for hit in thing.documents}
    return [facet for facet in facets if not facet.of or kinds & set(facet.of)]


def _steps(
    query: Query, things: Sequence[Subject], evidence: Evidence, reader: Reader, *, most: int
) -> list[Draft]:
    """The steps of a runbook, where steps are asked for and nothing typed has a better claim."""
    asked = {facet.name for facet in query.facets}
    if "steps" not in asked or any(thing.entity.is_identifier for thing in things):
        return []
    return runbooks.steps(query, evidence.weights, reader, most=most)


def implied(query: Query, evidence: Evidence) -> Entity | None:
    """What a question without a name is about: the best hit, where it holds most of its words."""
    if not evidence.hits or not query.facets:
        return None
    best = evidence.hits[0]
    asked = {stem for facet in query.facets for stem in _asked_stems(query, facet)}
    weights = {stem: weight for stem, weight in evidence.weights.items() if stem not in asked}
    words = set(content_stems(f"{best.title} {best.heading} {best.text}"))
    if weights and covered(words, set(), weights) >= SUBJECT:
        return Entity(best.title, 0, (msgspec.structs.replace(best, why={}),), False)
    return None


def _asked_stems(query: Query, facet: Facet) -> list[str]:
    return [stem for match in facet.asked.finditer(query.text) for stem in content_stems(match.group())]


def _ranked(things: Sequence[Subject], evidence: Evidence, reader: Reader, *, most: int) -> list[Draft]:
    """Sentences of the passages that speak of every thing that is named, by the question's other words."""
    named = {stem for thing in things for stem in content_stems(thing.entity.text)}
    weights = {stem: weight for stem, weight in evidence.weights.items() if stem not in named}
    passages = {hit.chunk_id: hit for thing in things for hit in _passages(thing, reader)}
    passages |= {hit.chunk_id: hit for hit in evidence.hits}
    speaking = [hit for hit in passages.values() if all(_speaks(hit, thing) for thing in things)]
    return ranked(speaking, weights or evidence.weights, most=most)


def _passages(thing: Subject, reader: Reader) -> list[Hit]:
    return [part.passage for hit in thing.documents[:3] for part in thing.parts(hit, reader)]


def _speaks(hit: Hit, thing: Subject) -> bool:
    names = {thing.entity.text.lower(), thing.name.lower()}
    text = f"{hit.title} {hit.heading} {hit.text} {' '.join(hit.identifiers)}".lower()
    return any(name in text for name in names)
