"""A question understood: whom and what it names, which facets it asks for, what time it means.

Follow-ups ("and its mitigations?") are resolved from the turns before. Knows the store only as a place
to look names up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from icelos.contracts import Hit, Where
from icelos.jobs.copilot.facets import FACETS, Facet, asks_by
from icelos.jobs.copilot.ordinary import OPENERS
from icelos.jobs.copilot.words import STOP_WORDS, normal, stems, tokens, word_set
from icelos.knowledge.identifiers import FAMILIES, fold

Lookup = Callable[[str], Sequence[Hit]]
LONGEST = 2000
"""Characters of a question that are read."""
NAMED_KINDS = frozenset(
    {"technique", "group", "software", "campaign", "mitigation", "tactic", "weakness", "attack-pattern"}
    | {"rule", "advisory", "vulnerability", "runbook", "data-source", "detection", "document", "note"}
    | {"ticket", "finding"}
)


class Entity(msgspec.Struct, frozen=True):
    """Something that the question names: as written, where, and the documents of that exact name."""

    text: str
    start: int
    hits: tuple[Hit, ...]
    is_identifier: bool


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A question with what was understood of it. `text` is resolved: it stands without its context.

    `unknown` are identifiers that no source has, `mentioned` those that only stand in the text of others;
    `words` are what it is about: stem -> word as written,
    and `asking` those of their stems that only say which facet is asked for; `names` are stems of words
    that are written like names. `sought` are the kinds of document that "which advisories" asks for, and
    `is_list` that it asks for several.
    """

    question: str
    text: str
    entities: tuple[Entity, ...] = ()
    unknown: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    facets: tuple[Facet, ...] = ()
    words: Mapping[str, str] = {}
    asking: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    sought: frozenset[str] = frozenset()
    is_list: bool = False
    where: Where = Where()


class Focus(msgspec.Struct, frozen=True):
    """What a conversation is about: its last resolved question and how to call what it named."""

    question: str
    name: str


def understand(
    question: str, *, lookup: Lookup, focus: Focus | None = None, where: Where | None = None,
    now: datetime | None = None,
) -> Query:  # fmt: skip
    """Resolve, then find names, facets, terms and times. `lookup` finds documents by exact name."""
    question = " ".join(clean(question[: 4 * LONGEST]).split())[:LONGEST]
    text = resolve(question, focus, lookup) if focus is not None else question
    entities = name_entities(text, lookup)
    noun = _noun_sought(text)
    return Query(
        question=question,
        text=text,
        entities=tuple(entity for entity in entities if entity.hits),
        unknown=tuple(entity.text for entity in entities if not entity.hits),
        facets=asked_facets(text, entities),
        words=key_words(text, entities),
        asking=_asking_stems(text, entities),
        names=_name_stems(text),
        sought=frozenset(KINDS_OF.get(noun.rstrip("s"), ())),
        is_list=noun.endswith("s"),
        where=time_of(text, where or Where(), now or datetime.now(UTC)),
    )


_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


def clean(text: str) -> str:
    """Without zero-width, bidirectional and tag characters."""
    return _INVISIBLE.sub("", text)


# ---- names


def name_entities(text: str, lookup: Lookup) -> list[Entity]:
    """Identifiers and known names, the longest first, that do not overlap, in the order of the text.

    A name that holds an identifier ("CVE-2010-5278 Exploitation Attempt") stands for both.
    """
    found = _named(text, lookup)
    taken = [(entity.start, entity.start + len(entity.text)) for entity in found]
    for match in FAMILIES.finditer(text):
        if not any(left <= match.start() and match.end() <= right for left, right in taken):
            found.append(Entity(match.group(), match.start(), tuple(lookup(match.group())), True))
    return sorted(found, key=lambda entity: entity.start)


_WORD = re.compile(r"[\w&][\w.'’&+#/:-]*[\w+#)]|\w")


def _named(text: str, lookup: Lookup, *, longest: int = 12) -> list[Entity]:
    taken: list[tuple[int, int]] = []
    spans = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    found: list[Entity] = []
    for length in range(min(longest, len(spans)), 0, -1):
        for first in range(len(spans) - length + 1):
            start, end = spans[first][0], spans[first + length - 1][1]
            if any(start < right and end > left for left, right in taken):
                continue
            end -= len(text[start:end]) - len(_POSSESSIVE.sub("", text[start:end]))
            hits = () if FAMILIES.fullmatch(text[start:end]) else _of_name(text[start:end], lookup)
            if hits:
                found.append(Entity(text[start:end], start, hits, False))
                taken.append((start, end))
    return found


_POSSESSIVE = re.compile(r"['’]s?$")


def _of_name(name: str, lookup: Lookup) -> tuple[Hit, ...]:
    if not _may_name(name):
        return ()
    for form in dict.fromkeys((name, name.removesuffix("s") if len(name) > 5 else name)):
        hits = tuple(hit for hit in lookup(form) if hit.kind in NAMED_KINDS)
        if hits:
            return hits
    return ()


def _may_name(name: str) -> bool:
    """A single small word that every question may hold ("net", "process") names nothing."""
    words = name.lower().split()
    if all(word in STOP_WORDS or word.isdigit() for word in words):
        return False
    if words[0] in _EDGES or words[-1] in _EDGES:
        return False
    if len(words) > 1:
        return True
    return len(name) > 2 and (name[0].isupper() or (name not in OPENERS and name not in _COMMON))


_EDGES = word_set("the a an of for and or to in on by is are was what which how does do who")
_COMMON = word_set(
    "at net process command file user group firewall script module service driver cron sensor image pod "
    "volume instance snapshot certificate impact execution discovery collection persistence ping route "
    "reg cmd attacks attack access mitigation detection technique rule level severity vendor"
)  # fmt: skip


# ---- facets


def asked_facets(text: str, entities: Sequence[Entity]) -> tuple[Facet, ...]:
    """The facets that the question asks for, in the order of the text; names of things are left out.

    The definition is asked for only where nothing more special is asked for before the next "and".
    """
    bare = _without(text, entities)
    found = [(match.start(), facet) for facet in FACETS if (match := facet.asked.search(bare))]
    names = {facet.name for _, facet in found}
    found = [(start, facet) for start, facet in found if facet.name != "detection" or "rules" not in names]
    special = [(start, facet) for start, facet in found if facet.name != "definition"]
    if not special:
        return tuple(facet for _, facet in found)
    first = min(start for start, _ in special)
    defining = [facet for _, facet in found if facet.name == "definition" and _defines_first(bare, first)]
    return (*defining, *(facet for _, facet in sorted(special, key=lambda pair: pair[0])))


def _without(text: str, entities: Sequence[Entity]) -> str:
    """Names blanked by "x" of the same length, so that "Exploit Protection" does not ask to protect."""
    for entity in entities:
        end = entity.start + len(entity.text)
        text = text[: entity.start] + "\u00a4" * len(entity.text) + text[end:]
    return text


_DEFINES = re.compile(
    r"^\W*(?:what(?:'s|\s+is|\s+are)|who\s+(?:is|are)|define|describe|explain|tell\s+\w+\s+about)\W+"
    r"(?:(?:the|a|an|technique|group|software|cve|weakness|vulnerability|malware|tool)\W+)*\u00a4+[^,;?]{0,12}(?:,|;|\?|\band\b|$)",
    re.IGNORECASE,
)


def _defines_first(bare: str, special: int) -> bool:
    match = _DEFINES.search(bare)
    return match is not None and match.end() <= special + 4


def key_words(text: str, entities: Sequence[Entity]) -> dict[str, str]:
    """What the question is about: stem -> word, each once, without identifiers and the words of asking."""
    for entity in entities:
        if entity.is_identifier:
            text = text.replace(entity.text, " ")
    found: dict[str, str] = {}
    for token in tokens(text):
        if token.kind not in {"word", "name"}:
            found.setdefault(token.norm, token.norm)
            continue
        for word in re.split(r"[-.'/]", token.norm):
            if word not in _ASKING:
                found.update({piece: word for piece in stems(word) if piece not in found})
    return found


def _asking_stems(text: str, entities: Sequence[Entity]) -> frozenset[str]:
    """Stems of the words by which the facets were found; what a pattern skips over does not count."""
    bare = _without(text, entities)
    matched = [facet for facet in FACETS if facet.asked.search(bare)]
    words = {token.norm for token in tokens(bare) if token.kind in {"word", "name"}}
    return frozenset(
        stem for word in words if any(asks_by(facet, word) for facet in matched) for stem in stems(word)
    )


_GENERIC = word_set(
    "cve cves cwe cwes capec kev mitre cisa att&ck attack ttp ttps apt apts os it soc ir siem edr ics ot id "
    "sigma nist windows linux"
)


def _name_stems(text: str) -> frozenset[str]:
    """Stems of words with a capital inside the question, or with unusual ones: "France", "SCALANCE"."""
    found: set[str] = set()
    for token in tokens(text)[1:]:
        named = token.kind == "name" or (token.kind == "word" and token.text[0].isupper())
        if named and token.norm not in _GENERIC and token.norm not in _ASKING:
            found.update(stems(token.norm))
    return frozenset(found)


KINDS_OF: Mapping[str, tuple[str, ...]] = {
    "advisorie": ("advisory",), "advisory": ("advisory",), "rule": ("rule",), "technique": ("technique",),
    "group": ("group",), "actor": ("group",), "campaign": ("campaign",), "malware": ("software",),
    "tool": ("software",), "software": ("software",), "weaknesse": ("weakness",), "weakness": ("weakness",),
    "flaw": ("weakness", "vulnerability"), "cwe": ("weakness",), "cve": ("vulnerability", "advisory"),
    "vulnerabilitie": ("vulnerability", "advisory"), "vulnerability": ("vulnerability", "advisory"),
    "playbook": ("runbook",), "runbook": ("runbook",), "mitigation": ("mitigation",), "tactic": ("tactic",),
    "pattern": ("attack-pattern",), "ticket": ("ticket",), "note": ("note",),
}  # fmt: skip
_NOUN = re.compile(
    r"\b(?:which|what|name|list|show|any|find|give)\s+(?:(?:the|me|us|all|of|our|are|is|other|known|cisa|"
    r"sigma|att&ck|attack|threat|type|kind|malware\s+or)\s+)*(?P<noun>[a-z]+)\b",
    re.IGNORECASE,
)


def _noun_sought(text: str) -> str:
    """ "Which advisories ..." seeks "advisories"; "" where no kind of document is sought."""
    match = _NOUN.search(text)
    noun = match["noun"].lower() if match else ""
    return noun if noun.rstrip("s") in KINDS_OF else ""


_ASKING = word_set(
    "tell describe explain list show give name know mean means meaning need want please question answer "
    "many much example examples call called help find look kind type sort exactly briefly short overview "
    "belong belongs apply applies work works according source sources document documents say says said "
    "attacker attackers adversary adversaries "
    "hey hi thanks else get got att ck mitre filed listed exploit exploits exploited"
)


# ---- follow-ups

_THINGS = (
    "(?:technique|group|one|actor|malware|tool|software|rule|cve|vulnerability|weakness|advisory|pattern|threat|"
    "attack)s?"
)
_PRONOUN = re.compile(
    r"\b(?P<its>its|their|his)\b"
    r"|\b(?:(?-i:it|It)(?!['’]?s?\s+(?:possible|necessary|true|important|safe|likely|ok|okay|better|worth|that)\b)"
    r"|they|them)\b"
    rf"|\b(?:this|that|these|those)(?:\s+{_THINGS}\b|(?=\s*(?:[?.!,;]|$)))"
    r"|\b(?:this|these|those)(?=\s+(?:is|are|was|were|do|does|did|has|have|can|use[sd]?|work)\b)"
    r"|(?:(?<=\bis)|(?<=\bof)|(?<=\bby)|(?<=\bfor)|(?<=\bdoes)|(?<=\babout))\s+that(?=\s)"
    rf"(?!\s+{_THINGS}\b)",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"\b(?:when|if|while|after|before|because|once|as|so|until|than|that|where|and|or)\s+$", re.IGNORECASE
)
_ELLIPSIS = re.compile(r"^\W*(?:and|or|but|also|what about|how about|then)\b", re.IGNORECASE)


def resolve(question: str, focus: Focus, lookup: Lookup) -> str:
    """The question with what it takes from the one before filled in; itself where it stands alone."""
    entities = name_entities(question, lookup)
    if entities:
        return _same_question(question, entities, focus) or question
    pronoun = _PRONOUN.search(question)
    if pronoun and not _means_what_stands_before(question[: pronoun.start()]):
        name = f"{focus.name}'s" if pronoun["its"] else focus.name
        return f"{question[: pronoun.start()].rstrip()} {name}{question[pronoun.end() :]}".lstrip()
    if _ELLIPSIS.match(question) or _only_asks(question):
        return f"{question.rstrip(' ?.!')} of {focus.name}?"
    return question


def _means_what_stands_before(before: str) -> bool:
    """ "What does a worm do once it spreads": the pronoun has its noun in the same question."""
    return _SUBORDINATE.search(before) is not None and bool(key_words(_without_facets(before), []))


def _without_facets(question: str) -> str:
    """The question without the words that ask; those that may be what is asked about stay beside others."""
    asked = [facet for facet in FACETS if facet.asked.search(question)]
    rest = question
    for facet in asked:
        if not facet.is_subject or len(asked) == 1:
            rest = facet.asked.sub(" ", rest)
    return rest


def _only_asks(question: str) -> bool:
    """ "Which groups?", "mitigations": a facet and nothing that it could be of."""
    rest = _without_facets(question)
    return rest != question and not key_words(rest, [])


def _same_question(question: str, entities: Sequence[Entity], focus: Focus) -> str:
    """ "What about T1110.004?" asks the question before, of something else."""
    rest = _without(question, entities)
    alone = _ELLIPSIS.match(rest) and not key_words(rest.replace("\u00a4", " "), [])
    if alone and focus.name and focus.name in focus.question:
        return focus.question.replace(focus.name, entities[0].text)
    return ""


def focus_of(query: Query) -> Focus:
    """What a next question may refer to: the first thing named, else the question's own words."""
    name = query.entities[0].text if query.entities else query.unknown[0] if query.unknown else ""
    return Focus(query.text, name or " ".join(query.text.rstrip(" ?.!").split()[-12:]))


# ---- time

_AS_OF = re.compile(r"\bas (?:of|at|it stood on)\s+(?P<date>[\w ,/-]{4,30})", re.IGNORECASE)
_SINCE = re.compile(
    r"\b(?:published|modified|updated|changed|added|released|issued|new|newer|documents?|sources?|advisor(?:y|ies))\b"
    r"[^.?]{0,30}?\b(?:since|after|from)\s+(?P<date>[\w ,/-]{4,30})",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"\b(?:in|within|over|from|of)\s+the\s+(?:last|past)\s+(?P<count>\d{1,4})?\s*(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


def time_of(text: str, where: Where, now: datetime) -> Where:
    """`where` with what the question says of time; what the caller asked for wins."""
    as_of, after = where.as_of, where.modified_after
    if as_of is None and (match := _AS_OF.search(text)):
        as_of = _date(match["date"], end=True)
    if after is None and (match := _SINCE.search(text)):
        after = _date(match["date"])
    if after is None and (match := _LAST.search(text)):
        days = int(match["count"] or 1) * _DAYS[match["unit"].lower()]
        after = now - timedelta(days=min(days, 36500))
    return msgspec.structs.replace(where, as_of=as_of, modified_after=after)


def _date(text: str, *, end: bool = False) -> datetime | None:
    """The first date or year of a text; `end` takes the end of the day, month or year."""
    for token in tokens(text):
        if token.kind == "date":
            return _moment(token.norm, end)
        if token.kind == "number" and re.fullmatch(r"(?:19|20)\d\d", token.norm):
            return _moment(token.norm, end)
    return None


def _moment(iso: str, end: bool) -> datetime | None:
    parts = [int(part) for part in iso.split("-")]
    try:
        year, month, day = [*parts, 1, 1][:3]
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    if not end:
        return start
    span = {1: 366, 2: 31, 3: 1}[len(parts)]
    last = start + timedelta(days=span)
    while [last.year, last.month, last.day][: len(parts)] != parts:
        last -= timedelta(days=1)
    return last.replace(hour=23, minute=59, second=59)


def same_name(left: str, right: str) -> bool:
    """Equal as the store compares names."""
    return fold(left) == fold(right)


__all__ = ["Entity", "Focus", "Query", "focus_of", "normal", "understand"]
