"""From evidence to the drafts of an answer: typed templates where they fit, else ranked sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot import relations, runbooks, suspicion, templates, verify
from icelos.jobs.copilot.extract import Draft, Quote, covered, plain, ranked
from icelos.jobs.copilot.facets import Facet
from icelos.jobs.copilot.retrieve import Evidence, Reader
from icelos.jobs.copilot.sentences import split
from icelos.jobs.copilot.subjects import Subject, subject
from icelos.jobs.copilot.telling import about
from icelos.jobs.copilot.understand import Entity, Query
from icelos.jobs.copilot.verify import as_passage
from icelos.jobs.copilot.words import content_stems, stem, tokens

LIST_LINES = 16
MOST_THINGS = 3
CENTRAL = 0.4
"""Share of a question's words, by weight, that a name must be to be what the question is about."""
SOUGHT = {
    "weakness": ("weakness",), "techniques": ("technique",), "software": ("software",),
    "groups": ("group", "campaign"), "rules": ("rule",), "attack-patterns": ("attack-pattern",),
    "mitigations": ("mitigation",), "steps": ("runbook",),
}  # fmt: skip
"""Kinds of document that a facet's answer is, where the question does not name what it is of."""
INSTRUCTIONS = ("runbook", "document", "note", "ticket", "mitigation", "advisory")
"""Kinds of document that tell people what to do."""
RUN = 0.6
"""Share that a name must be of the capitalised words that it stands among."""
TITLE, SUBJECT = 0.55, 0.9
"""Shares of a question's words, by weight, that the title alone, and title and passage together, must
hold for a document to be taken as what is asked about."""
NAMES = 0.8
"""Share, by weight, of the words written like names that a passage must hold to be quoted."""
NEUTRAL = frozenset(stem(word) for word in ("vulnerability", "flaw", "bug", "issue", "problem", "hole"))


class Composed(msgspec.Struct, frozen=True):
    """Drafts in the order to say them; `gaps` are facets that were asked for and have no answer here.

    `typed` drafts answer by a template what is asked of what is named; others are ranked sentences that
    may or may not answer. `sought` are the kinds of document that would. `held` are not to be said, because
    they speak to an assistant.
    """

    drafts: tuple[Draft, ...] = ()
    gaps: tuple[str, ...] = ()
    typed: bool = False
    sought: frozenset[str] = frozenset()
    held: tuple[Draft, ...] = ()


def compose(query: Query, evidence: Evidence, reader: Reader, *, most: int) -> Composed:
    """At most `most` sentences: of what is named, else of what the passages seem to be about.

    Our own sentences are verified like a model's: one that its quotes do not carry is not said.
    """
    composed = _composed(query, evidence, reader, most=most)
    drafts, held = suspicion.sifted(d for d in composed.drafts if _carried(d))
    telling = tuple(draft for draft in drafts if suspicion.tells(draft, evidence.weights))
    return msgspec.structs.replace(composed, drafts=telling, held=held)


def _carried(draft: Draft) -> bool:
    if draft.text == plain(draft.quotes[0].text):
        return True
    hits = {quote.hit.chunk_id: quote.hit for quote in draft.quotes}
    return verify.check(draft.text, [as_passage(hit) for hit in hits.values()], lines=LIST_LINES).ok


def _composed(query: Query, evidence: Evidence, reader: Reader, *, most: int) -> Composed:
    if query.mentioned:
        return _mentions(query, evidence, reader, most=most)
    things = [subject(entity, reader) for entity in central(query, evidence)[:MOST_THINGS]]
    steps = _steps(query, things, evidence, reader, most=most)
    if steps:
        return Composed(tuple(steps), typed=True)
    if things:
        return _of_things(query, things, evidence, reader, most=most)
    guessed = implied(query, evidence)
    if guessed is not None:
        typed = _typed(query, [subject(guessed, reader)], reader, most=most)
        if typed.drafts:
            return typed
    sought = _sought(query)
    hits = [hit for hit in _told_in(query, evidence, reader) if _holds_names(hit, query, evidence)]
    if query.is_list and any(hit.kind in sought for hit in hits):
        hits = [hit for hit in hits if hit.kind in sought]
    found = ranked(hits, evidence.weights, most=most, kinds=sought, spread=query.is_list)
    return Composed(tuple(titled(found)), sought=frozenset(sought))


def _told_in(query: Query, evidence: Evidence, reader: Reader) -> Sequence[Hit]:
    """The passages to answer from: for what to do, those that tell people what to do."""
    if query.where.kinds or not any(facet.name == "steps" for facet in query.facets):
        return evidence.hits
    where = msgspec.structs.replace(query.where, kinds=INSTRUCTIONS)
    return reader.search(query.text, k=len(evidence.hits) or 1, per_document=3, where=where)


def _holds_names(hit: Hit, query: Query, evidence: Evidence) -> bool:
    """Does a passage speak of what the question writes like a name? Of several, of most by weight."""
    weights = {s: w for s, w in evidence.weights.items() if s in query.names and s not in query.asking}
    return not weights or _share(f"{hit.title} {hit.heading} {hit.text}", weights) >= NAMES


def _mentions(query: Query, evidence: Evidence, reader: Reader, *, most: int) -> Composed:
    """Sentences that name what has no document of its own; for "what is it" they are the answer."""
    hits = {hit.chunk_id: hit for name in query.mentioned for hit in reader.mentions(name)}
    found = [draft for hit in hits.values() for draft in _naming(hit, query, evidence)]
    plainly = {facet.name for facet in query.facets} <= {"definition"}
    return Composed(tuple(titled(found[:most])), typed=plainly)


def _naming(hit: Hit, query: Query, evidence: Evidence) -> Iterator[Draft]:
    """The lines of a passage that name everything that is asked about."""
    for span in split(hit.text):
        if all(name.lower() in span.text.lower() for name in query.mentioned):
            coverage = _share(f"{hit.title} {span.text}", evidence.weights)
            yield Draft(plain(span.text), (Quote(hit, span.start, span.end),), "mention", 1.0, coverage)


def _of_things(
    query: Query, things: Sequence[Subject], evidence: Evidence, reader: Reader, *, most: int
) -> Composed:
    if len(things) > 1 and not _defines(query):
        found = relations.between(things[0].entity, things[1].entity, reader, most=most)
        if found:
            return Composed(tuple(found), typed=True)
    if not query.facets and not _rest(query, things, evidence):
        return _defined(things, reader, most=most)
    typed = _typed(query, things, reader, most=most)
    if typed.drafts:
        return typed
    if typed.gaps and len(things) == 1:
        return _naming_rules(query, things[0], evidence, reader, most=most) or typed
    return Composed(tuple(titled(_ranked(things, evidence, reader, most=most))), typed.gaps)


def _naming_rules(
    query: Query, thing: Subject, evidence: Evidence, reader: Reader, *, most: int
) -> Composed | None:
    """The rules that speak of a thing, where none is tied to it: their authors name tools in words."""
    if [facet.name for facet in query.facets] != ["rules"]:
        return None
    hits = reader.search(query.text, k=4 * most, where=msgspec.structs.replace(query.where, kinds=("rule",)))
    named = {stem: w for stem, w in evidence.weights.items() if stem in set(content_stems(thing.entity.text))}
    found = ranked([hit for hit in hits if _speaks(hit, thing)], named, most=most, spread=True)
    return Composed(tuple(titled(found)), typed=True) if found else None


_COMPARING = frozenset(content_stems("difference different compare comparison versus vs relate relation"))


def _rest(query: Query, things: Sequence[Subject], evidence: Evidence) -> set[str]:
    """What is asked beside the names."""
    named = {stem for thing in things for stem in content_stems(thing.entity.text)}
    return {one for one, weight in evidence.weights.items() if weight > 0} - named - query.asking - _COMPARING


def _defined(things: Sequence[Subject], reader: Reader, *, most: int) -> Composed:
    """Bare names: what each of them is."""
    share = max(1, most // len(things))
    drafts = [d for thing in things for d in templates.definition(thing, reader, most=min(2, share))]
    return Composed(tuple(drafts[:most]), typed=True)


def _defines(query: Query) -> bool:
    return any(facet.name == "definition" for facet in query.facets)


def _typed(query: Query, things: Sequence[Subject], reader: Reader, *, most: int) -> Composed:
    drafts: list[Draft] = []
    gaps: list[str] = []
    for thing in things:
        for facet in _fitting(query.facets, thing):
            found = templates.answer(thing, facet, reader, most=max(1, most - len(drafts)))
            drafts += found or templates.broader(thing, facet, reader, most=max(1, most - len(drafts)))
            if not found:
                gaps.append(f"{facet.noun} for {thing.entity.text}")
    return Composed(tuple(drafts[:most]), tuple(gaps), typed=True)


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


def central(query: Query, evidence: Evidence) -> list[Entity]:
    """The entities that a question is about: identifiers, and names that make up much of it.

    "Race condition" names a weakness, and in a question of twenty words it is only one of its words; and
    "Server" is no name in "Microsoft Exchange Server".
    """
    other = {stem: w for stem, w in evidence.weights.items() if stem not in query.asking}
    named = {stem for entity in query.entities for stem in content_stems(entity.text)}
    rest = sum(weight for stem, weight in other.items() if stem not in named)
    found = []
    for entity in query.entities:
        own = _weight(entity.text, evidence)
        run = _weight(_run(query.text, entity), evidence)
        if (
            entity.is_identifier
            or _ODD.search(entity.text)
            or (own >= CENTRAL * (own + rest) and own >= RUN * run)
        ):
            found.append(entity)
    identified = {hit.document_id for entity in found if entity.is_identifier for hit in entity.hits}
    return [e for e in found if e.is_identifier or not identified & {hit.document_id for hit in e.hits}]


_ODD = re.compile(r"^(?=\w*\d)[A-Za-z]\w+$")
"""A single word with digits in it ("APT29") is always a name."""


def _weight(text: str, evidence: Evidence) -> float:
    return sum(evidence.weights.get(stem, 0.0) for stem in content_stems(text))


_CAPITALS_BEFORE = re.compile(r"(?:\b[A-Z0-9][\w.'’-]*\s+(?:(?:of|the|and|in|on|for)\s+)?)+$")
_CAPITALS_AFTER = re.compile(r"^(?:\s+(?:(?:of|the|and|in|on|for)\s+)?[A-Z0-9][\w.'’-]*)+")


def _run(text: str, entity: Entity) -> str:
    """The entity with the capitalised words around it, of which its name may be only a part."""
    end = entity.start + len(entity.text)
    before = _CAPITALS_BEFORE.search(text, 0, entity.start)
    after = _CAPITALS_AFTER.search(text[end:])
    start = before.start() if before else entity.start
    if start == 0 and before:  # the first word of a question has a capital of its own
        start = text.find(" ", 0, entity.start) + 1
    return text[start : end + (after.end() if after else 0)]


def implied(query: Query, evidence: Evidence) -> Entity | None:
    """What a question without a name is about: the best hit, where its title and text fit the question.

    A question that asks which thing it is that ... is answered by naming it, not by its facets.
    """
    if not evidence.hits or not query.facets:
        return None
    best = evidence.hits[0]
    if best.kind in _sought(query):
        return None
    weights = {
        stem: weight for stem, weight in evidence.weights.items()
        if stem not in query.asking and stem not in NEUTRAL
    }  # fmt: skip
    if not weights or _share(best.title, weights) < TITLE:
        return None
    if _share(f"{best.title} {best.heading} {best.text}", weights) < SUBJECT:
        return None
    alike = [hit for hit in evidence.hits if _as_well(hit, best, query, weights)]
    return Entity(best.title, 0, tuple(msgspec.structs.replace(hit, why={}) for hit in alike), False)


def _as_well(hit: Hit, best: Hit, query: Query, weights: Mapping[str, float]) -> bool:
    """Does another document's title fit the question as well as the best one's, its names included?"""
    names = {token.norm for token in tokens(query.text) if token.kind == "name"}
    mine, theirs = ({token.norm for token in tokens(one.title)} & names for one in (hit, best))
    fits = _share(hit.title, weights) >= _share(best.title, weights) - 1e-6
    return hit.kind == best.kind and mine >= theirs and fits


def _share(text: str, weights: Mapping[str, float]) -> float:
    return covered(set(content_stems(text)), set(), weights)


def _sought(query: Query) -> set[str]:
    return {kind for facet in query.facets for kind in SOUGHT.get(facet.name, ())} | query.sought


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


def titled(drafts: Sequence[Draft]) -> list[Draft]:
    """The first sentence of each document with the document's name before it."""
    seen: set[str] = set()
    found = []
    for draft in drafts:
        hit = draft.quotes[0].hit
        fresh = hit.document_id not in seen
        seen.add(hit.document_id)
        found.append(msgspec.structs.replace(draft, text=about(hit, draft.text)) if fresh else draft)
    return found
