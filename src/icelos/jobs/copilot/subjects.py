"""What a named thing's documents say of it: which of them are it, and which of their parts speak of it.

An advisory holds many vulnerabilities: of a CVE in it, only the parts under that CVE speak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import Entity
from icelos.knowledge.identifiers import FAMILIES, fold

MOST_DOCUMENTS = 6
_ENDED = re.compile(
    r"^\S.{0,120} was revoked\b|^Status: (?:revoked|deprecated)\b", re.MULTILINE | re.IGNORECASE
)


class Part(msgspec.Struct, frozen=True):
    """A slice of a passage: passage.text[start:end], that speaks of the thing."""

    passage: Hit
    start: int
    end: int
    heading: str

    @property
    def text(self) -> str:
        return self.passage.text[self.start : self.end]


class Subject(msgspec.Struct, frozen=True):
    """A named thing: the documents that are it, and those that hold it among others."""

    entity: Entity
    own: tuple[Hit, ...]
    holding: tuple[Hit, ...]

    @property
    def documents(self) -> tuple[Hit, ...]:
        return (*self.own, *self.holding)

    @property
    def name(self) -> str:
        """The identifier to follow relations by, else the name as written."""
        return next((hit.identifiers[0] for hit in self.own if hit.identifiers), self.entity.text)

    def called(self, hit: Hit) -> str:
        """How to call the thing by this document."""
        return called(hit) if hit in self.own else f"{self.entity.text} ({called(hit)})"

    def parts(self, hit: Hit, reader: Reader) -> Iterator[Part]:
        """The parts of one of its documents that speak of it, in order."""
        passages = reader.passages(hit)
        if hit in self.own or _sole(hit, self.entity.text):
            for passage in passages:
                yield from blocks(passage)
        else:
            yield from _under(passages, self.entity.text)

    def general(self, hit: Hit, reader: Reader) -> Iterator[Part]:
        """The parts of a document that speak of all that it holds."""
        family = _family(self.entity.text)
        for passage in reader.passages(hit):
            for part in blocks(passage):
                if not _named(part, family):
                    yield part


def subject(entity: Entity, reader: Reader) -> Subject:
    """The entity with its documents told apart; what has been revoked is left out beside what is in force."""
    hits = list({hit.document_id: hit for hit in reversed(entity.hits)}.values())[::-1]
    live = [hit for hit in hits[: 2 * MOST_DOCUMENTS] if not _is_ended(hit, reader)] if len(hits) > 1 else []
    chosen = (live or hits)[:MOST_DOCUMENTS]
    own = [hit for hit in chosen if _is_own(hit, entity.text)]
    return Subject(entity, tuple(own), tuple(hit for hit in chosen if hit not in own))


def _is_own(hit: Hit, name: str) -> bool:
    first = hit.identifiers[:1]
    return (bool(first) and fold(first[0]) == fold(name)) or "exact" not in hit.why


def _sole(hit: Hit, identifier: str) -> bool:
    """Is it the only one of its family that the document holds?"""
    family = _family(identifier)
    return sum(_family(name) == family for name in hit.identifiers) == 1


def _is_ended(hit: Hit, reader: Reader) -> bool:
    return any(_ENDED.search(passage.text) for passage in reader.passages(hit)[:2])


def called(hit: Hit) -> str:
    """How to call a document: its title, with its identifier where the title does not hold it."""
    name = hit.identifiers[0] if hit.identifiers else ""
    if unnumbered(hit) == name:
        return name
    if not name or name.lower() in hit.title.lower() or len(name) > 24:
        return hit.title
    return f"{hit.title} ({name})"


def unnumbered(hit: Hit) -> str:
    """The title without the identifier that it begins with ("G0016 APT29")."""
    name = hit.identifiers[0] if hit.identifiers else ""
    rest = hit.title[len(name) :].strip(" :-") if name and hit.title.startswith(name) else hit.title
    return rest or hit.title


def _family(identifier: str) -> str:
    return re.split(r"[\d-]", identifier.lower(), maxsplit=1)[0]


_HEADING_LINE = re.compile(r"[#* ]*[^\W\d_](?!\.\s)[^|`]{0,78}[^.:,;|`\s]\s*")
_GAP = re.compile(r"\n[ \t]*\n")


def blocks(passage: Hit) -> Iterator[Part]:
    """Runs between empty lines. A short first line without a stop is the heading of a joined section."""
    heading, start = passage.heading, 0
    for match in [*_GAP.finditer(passage.text), None]:
        end = match.start() if match else len(passage.text)
        if passage.text[start:end].strip():
            line_end = passage.text.find("\n", start, end)
            first = passage.text[start:line_end] if line_end > 0 else ""
            if start and _HEADING_LINE.fullmatch(first):
                heading, start = (first.strip("# *") or heading), (start if ": " in first else line_end + 1)
            yield Part(passage, start, end, heading)
        start = match.end() if match else end


def _under(passages: Sequence[Hit], identifier: str) -> Iterator[Part]:
    """The parts under a heading that names the identifier, until one that names another."""
    family, speaking = _family(identifier), False
    for passage in passages:
        for part in blocks(passage):
            if names := _named(part, family):
                speaking = fold(identifier) in names
            elif part.start == 0:
                speaking = False
            if speaking:
                yield part


def _named(part: Part, family: str) -> set[str]:
    """Identifiers of a family in the heading."""
    return {fold(m.group()) for m in FAMILIES.finditer(part.heading) if _family(m.group()) == family}
