"""ATT&CK objects and relationships as documents, whichever form they came in.

`stix.py` reads them from MITRE's STIX bundles and from flattened lines, `feeds/attack.py` from a
registry package; here they become techniques with their tactics, detection, mitigations and procedure
examples, groups, software, campaigns, mitigations, detection strategies and data components.
Format: https://github.com/mitre-attack/attack-stix-data/blob/master/USAGE.md
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from icelos.data.parse.fields import facts, labelled, moment, unique
from icelos.records import Document, Relation, Section

KINDS = {
    "attack-pattern": "technique",
    "x-mitre-tactic": "tactic",
    "intrusion-set": "group",
    "campaign": "campaign",
    "malware": "software",
    "tool": "software",
    "course-of-action": "mitigation",
    "x-mitre-detection-strategy": "detection",
    "x-mitre-data-component": "data-source",
    "x-mitre-data-source": "data-source",
    "x-mitre-asset": "asset",
}
ANALYTIC = "x-mitre-analytic"
LICENCE = "ATT&CK Terms of Use (https://attack.mitre.org/resources/legal-and-branding/terms-of-use/)"
ENTERPRISE = "enterprise-attack"
EXAMPLES = "Procedure examples"
_SHARED = frozenset({"group", "software", "campaign", "data-source"})
"""Kinds whose ids are not of one domain: the same group can be in all of them."""

_CITATION = re.compile(r" ?\(Citation:[^()]*(?:\([^()]*\)[^()]*)*\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_UNFINISHED = re.compile(r" ?\(Citation:[^()]*\.\.\.$|\]\([^()\s]*\.\.\.$")
"""A citation or link in which a publisher's cut fell."""
_TAG = re.compile(r"</?(?:code|br|p|b|i|em|strong|ul|ol|li|sup|sub)\s*/?>", re.IGNORECASE)
_NAME = 200
"""Characters of another object's name, and its analytics and their text, that stand in a document."""
_ANALYTICS, _DETECTION = 50, 50_000
_MITIGATION = re.compile(r"M\d{4}$")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """One ATT&CK object. `ref` is its STIX id, `id` its ATT&CK id; `tactics` and `log_sources` are as
    published; `cut` is true where the publisher shortened `description`."""

    type: str
    ref: str
    id: str
    name: str
    description: str = ""
    url: str = ""
    modified: str = ""
    revoked: bool = False
    deprecated: bool = False
    aliases: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    shortname: str = ""
    domains: tuple[str, ...] = ()
    analytics: tuple[str, ...] = ()
    log_sources: tuple[LogSource, ...] = ()
    tunable: tuple[str, ...] = ()
    detection: str = ""
    first_seen: str = ""
    last_seen: str = ""
    cut: bool = False


class LogSource(msgspec.Struct, frozen=True):
    """Where to look: a data component's STIX id, the log and what in it."""

    component: str
    name: str
    channel: str


class Edge(msgspec.Struct, frozen=True):
    """A relationship between two STIX or ATT&CK ids."""

    kind: str
    source: str
    target: str
    description: str = ""
    cut: bool = False


def prose(text: str) -> str:
    """ATT&CK's Markdown without citations, link targets and tags; paragraphs stay."""
    text = _UNFINISHED.sub(" ...", _CITATION.sub("", text))
    text = _TAG.sub(" ", _LINK.sub(r"\1", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def attack_documents(
    things: Iterable[Thing], edges: Iterable[Edge], *, name: str, version: str = ""
) -> Iterator[Document]:
    """One document for each object that has an ATT&CK id, revoked ones as pointers to what replaced them."""
    catalogue = _Catalogue(things, edges, name, version)
    for thing in catalogue.listed:
        yield catalogue.document(thing)


class _Catalogue:
    """Objects by id, and the relationships of each from both ends."""

    def __init__(self, things: Iterable[Thing], edges: Iterable[Edge], name: str, version: str) -> None:
        self.name, self.version = name, version
        self._by_ref: dict[str, Thing] = {}
        self._by_id: dict[str, Thing] = {}
        for thing in sorted(things, key=lambda t: (t.revoked, t.deprecated)):
            self._take(thing)
        self.listed = [t for t in self._by_id.values() if t.type in KINDS]
        self._tactics = {t.shortname: t for t in self.listed if t.type == "x-mitre-tactic"}
        self._out: dict[str, list[Edge]] = defaultdict(list)
        self._in: dict[str, list[Edge]] = defaultdict(list)
        for edge in dict.fromkeys(edges):
            self._connect(edge)
        self._parents = {
            e.source: e.target for es in self._in.values() for e in es if e.kind == "subtechnique-of"
        }
        self._domain = self._own_domain()

    def _take(self, thing: Thing) -> None:
        """The one in force wins an id; old mitigations with a technique's id are no longer known by it."""
        if thing.type == "course-of-action" and not _MITIGATION.match(thing.id):
            return
        if thing.id and self._by_id.setdefault(thing.id, thing) is thing:
            self._by_ref[thing.ref] = thing

    def _connect(self, edge: Edge) -> None:
        source, target = self._resolved(edge.source), self._resolved(edge.target)
        if source and target:
            note = prose(edge.description)
            edge = Edge(edge.kind, source, target, note, edge.cut)
            self._out[source].append(edge)
            self._in[target].append(edge)

    def _resolved(self, ref: str) -> str:
        thing = self._by_ref.get(ref) or self._by_id.get(ref)
        return thing.id if thing else ("" if "--" in ref else ref)

    def _own_domain(self) -> str:
        """What the file is about: the domain that most of its techniques name."""
        named = Counter(d for t in self.listed if t.type == "attack-pattern" for d in t.domains)
        return ENTERPRISE if not named or ENTERPRISE in named else named.most_common(1)[0][0]

    def document(self, thing: Thing) -> Document:
        """One object with what the relationships say of it."""
        parts = list(self._sections(thing))
        place = thing.id
        relations = (
            *self._relations(thing),
            *(Relation("revoked-by", e.target) for e in self._of(thing, "revoked-by")),
        )
        return Document(
            id=self._identity(thing),
            source=f"{self.name}:{place}",
            title=f"{thing.id} {self._full_name(thing)}" if thing.name != thing.id else thing.id,
            kind=KINDS[thing.type],
            sections=tuple(Section(heading, text, place) for heading, text in parts if text),
            url=thing.url,
            identifiers=(thing.id, *(a.id for a in self._analytics(thing))),
            aliases=unique((thing.name, self._full_name(thing), *thing.aliases)),
            relations=relations,
            tags=unique(
                ("attack", *thing.domains, "revoked" * thing.revoked, "deprecated" * thing.deprecated)
            ),
            modified=moment(thing.modified),
            facts=facts([*self._facts(thing), ("version", self.version)]),
            truncated=self._is_cut(thing),
            licence=LICENCE,
        )

    def _identity(self, thing: Thing) -> str:
        """ "attack/T1110". What a file shares with other domains' files is named by the file's own domain:
        its shorter copy must not replace Enterprise's."""
        shared = self._domain != ENTERPRISE and (len(thing.domains) > 1 or KINDS[thing.type] in _SHARED)
        return f"{self._domain if shared else 'attack'}/{thing.id}"

    def _full_name(self, thing: Thing) -> str:
        """A sub-technique is called after its technique: "Brute Force: Password Spraying"."""
        parent = self._by_id.get(self._parents.get(thing.id, ""))
        return f"{parent.name}: {thing.name}" if parent else thing.name

    def _of(self, thing: Thing, kind: str, *, incoming: bool = False) -> list[Edge]:
        return [e for e in (self._in if incoming else self._out).get(thing.id, ()) if e.kind == kind]

    def _label(self, identity: str) -> str:
        thing = self._by_id.get(identity)
        return f"{thing.name[:_NAME]} ({identity})" if thing and thing.name != identity else identity

    def _analytics(self, thing: Thing) -> list[Thing]:
        refs = unique(thing.analytics)[:_ANALYTICS]
        return [found for ref in refs if (found := self._by_ref.get(ref) or self._by_id.get(ref))]

    # ---- what stands in the document

    def _sections(self, thing: Thing) -> Iterator[tuple[str, str]]:
        if thing.revoked:
            yield "Description", self._revoked(thing)
            return
        yield "Description", prose(thing.description)
        yield "Details", labelled(self._details(thing))
        if thing.type == "attack-pattern":
            yield "Detection", self._detection(thing)
            for edge in self._of(thing, "mitigates", incoming=True):
                yield "Mitigations", self._example(edge)
            for edge in self._of(thing, "uses", incoming=True):
                if edge.description:
                    yield EXAMPLES, self._example(edge)
        for analytic in self._analytics(thing):
            yield f"Analytic {analytic.id}", self._analytic(analytic)

    def _revoked(self, thing: Thing) -> str:
        after = [self._label(e.target) for e in self._of(thing, "revoked-by")]
        return f"{thing.name} ({thing.id}) was revoked" + (f"; see {', '.join(after)}." if after else ".")

    def _details(self, thing: Thing) -> Iterator[tuple[str, str | Sequence[str]]]:
        yield "Status", self._status(thing)
        yield "Aliases", [alias for alias in thing.aliases if alias != thing.name]
        yield "Tactics", [self._tactic_name(t) for t in thing.tactics]
        yield "Platforms", thing.platforms
        yield "Sub-technique of", [self._label(e.target) for e in self._of(thing, "subtechnique-of")]
        children = self._of(thing, "subtechnique-of", incoming=True)
        yield "Sub-techniques", [self._label(e.source) for e in children]
        yield "Attributed to", [self._label(e.target) for e in self._of(thing, "attributed-to")]
        yield "First seen", thing.first_seen[:10]
        yield "Last seen", thing.last_seen[:10]
        if KINDS[thing.type] == "software":
            yield "Used by", [self._label(e.source) for e in self._of(thing, "uses", incoming=True)]
        yield "Detects", [self._label(e.target) for e in self._of(thing, "detects")]
        if self._tactics.get(thing.shortname) is thing:
            yield "Techniques", [self._label(t.id) for t in self._techniques(thing)]
        if thing.type != ANALYTIC:
            yield "Log sources", [_log(source) for source in thing.log_sources]

    def _status(self, thing: Thing) -> str:
        return "revoked" if thing.revoked else "deprecated" if thing.deprecated else ""

    def _tactic_name(self, shortname: str) -> str:
        tactic = self._tactics.get(shortname)
        return tactic.name if tactic else shortname.replace("-", " ").title()

    def _techniques(self, tactic: Thing) -> list[Thing]:
        return [
            t for t in self.listed
            if t.type == "attack-pattern" and tactic.shortname in t.tactics and "." not in t.id
            and not (t.revoked or t.deprecated)
        ]  # fmt: skip

    def _detection(self, thing: Thing) -> str:
        """The strategies that detect it with what their analytics look for, and the older free text."""
        texts = [prose(thing.detection)]
        for edge in self._of(thing, "detects", incoming=True):
            strategy = self._by_id.get(edge.source)
            analytics = self._analytics(strategy) if strategy else []
            body = [
                f"- {self._platforms(a)}{' '.join(prose(a.description).split())}"
                for a in analytics
                if a.description
            ]
            texts.append("\n".join([edge.description or self._label(edge.source), *body]))
            if sum(map(len, texts)) > _DETECTION:
                break
        return "\n\n".join(text for text in texts if text)

    def _platforms(self, analytic: Thing) -> str:
        return f"{', '.join(analytic.platforms)}: " if analytic.platforms else ""

    def _example(self, edge: Edge) -> str:
        """ "Name (id): what it did": a passage that stands by itself."""
        label = self._label(edge.source)
        return f"{label}: {edge.description}" if edge.description else label

    def _analytic(self, analytic: Thing) -> str:
        logs = labelled(
            [
                ("Platforms", analytic.platforms),
                ("Log sources", self._logs(analytic)),
                ("Tunable", analytic.tunable),
            ]
        )
        return "\n".join(part for part in (prose(analytic.description), logs) if part)

    def _logs(self, analytic: Thing) -> list[str]:
        return [
            _log(source)
            + (f" [{self._label(component)}]" if (component := self._resolved(source.component)) else "")
            for source in analytic.log_sources
        ]

    def _relations(self, thing: Thing) -> Iterator[Relation]:
        for edge in self._out.get(thing.id, ()):
            if edge.kind != "revoked-by":
                yield Relation(edge.kind, edge.target, edge.description)
        for shortname in thing.tactics:
            if shortname in self._tactics and not thing.revoked:
                yield Relation("tactic", self._tactics[shortname].id)
        sources = (s for a in self._analytics(thing) for s in a.log_sources)
        for component in unique(self._resolved(source.component) for source in sources):
            yield Relation("data-component", component)

    def _facts(self, thing: Thing) -> Iterator[tuple[str, str | Sequence[str]]]:
        yield "tactics", [self._tactic_name(t) for t in thing.tactics]
        yield "platforms", thing.platforms
        yield "domains", thing.domains
        yield "status", self._status(thing)
        yield "type", thing.type if thing.type in {"malware", "tool"} else ""

    def _is_cut(self, thing: Thing) -> bool:
        if thing.revoked:
            return False
        shown = [*self._of(thing, "uses", incoming=True), *self._of(thing, "mitigates", incoming=True)]
        edges = [*self._out.get(thing.id, ()), *(shown if thing.type == "attack-pattern" else ())]
        return thing.cut or any(e.cut for e in edges) or any(a.cut for a in self._analytics(thing))


def _log(source: LogSource) -> str:
    channel = source.channel if source.channel not in {"", "None"} else ""
    return f"{source.name} ({channel})" if channel else source.name
