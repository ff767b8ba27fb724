"""Public security catalogues as documents and labelled questions.

The folder is laid out as <root>/attack, cwe, capec, sigma, kev, cisa-advisories. The documents are those
that `icelos kb add` makes of the files. The questions are those that the catalogues answer themselves: an
ATT&CK procedure example, whose technique is known; a vulnerability, whose weakness is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from icelos.data.parse.documents import read_documents
from icelos.errors import InputError
from icelos.evaluate.cases import Case, half
from icelos.findings import Failure
from icelos.records import Document, record_id


class CaseSet(msgspec.Struct, frozen=True):
    """Documents, and questions about them."""

    name: str
    documents: list[Document]
    cases: list[Case]


@cache
def read(root: Path, pattern: str) -> tuple[Document, ...]:
    """The documents of one catalogue. Raises InputError where there is none, or it cannot be read."""
    files = sorted(root.glob(pattern))
    if not files:
        raise InputError(f"no {pattern}", source=str(root), hint="give the folder of the catalogues")
    documents = []
    for item in read_documents(files[0]):
        if isinstance(item, Failure):
            raise InputError(item.error, source=item.source)
        documents.append(item)
    return tuple(documents)


def _in_force(documents: Iterable[Document]) -> list[Document]:
    return [d for d in documents if not {"revoked", "deprecated"} & set(d.tags)]


def attack(root: Path) -> list[Document]:
    """ATT&CK Enterprise: techniques in force."""
    return [d for d in _in_force(read(root, "attack/enterprise-*.jsonl")) if d.kind == "technique"]


def weaknesses(root: Path) -> list[Document]:
    """The CWE catalogue without deprecated entries."""
    return _in_force(read(root, "cwe/*.jsonl"))


def advisories(root: Path) -> list[Document]:
    """CISA's advisories on industrial control systems."""
    return list(read(root, "cisa-advisories/*.jsonl"))


def everything(root: Path) -> list[Document]:
    """All catalogues, for look-ups and for search among unlike documents."""
    patterns = (
        "attack/enterprise-*.jsonl",
        "cwe/*.jsonl",
        "capec/*.jsonl",
        "sigma/*.yml",
        "kev/*.csv",
        "cisa-advisories/*.jsonl",
    )
    by_id = {document.id: document for pattern in patterns for document in read(root, pattern)}
    return list(by_id.values())


_IDENTIFIER = re.compile(
    r"\b(?:CVE-\d{4}-\d+|CWE-\d+|CAPEC-\d+|T\d{4}(?:\.\d{3})?|ICSM?A-\d\d-\d{3}-\d\d)\b", re.IGNORECASE
)
_ASSIGNED = re.compile(
    r"\s*(?:has|have) been assigned to.*|A CVSS v?\d.*|\(?CVSS:\d[^)\s]*\)?.*", re.IGNORECASE | re.DOTALL
)


def without_identifiers(text: str) -> str:
    """A description without the identifiers and scores that would give its answer away."""
    return " ".join(_IDENTIFIER.sub(" ", _ASSIGNED.sub(" ", text)).split())


# ---- procedure example -> technique

EXAMPLES = "Procedure examples"
_ACTOR = re.compile(r"^[^:]{1,120} \([GSC]\d{4}\): ")


def procedures(root: Path) -> CaseSet:
    """Half of the procedure examples stand with their technique, the other half is asked."""
    documents: list[Document] = []
    gold: dict[str, set[str]] = defaultdict(set)
    for document in attack(root):
        examples = [(s, _ACTOR.sub("", s.text)) for s in document.sections if s.heading == EXAMPLES]
        asked = {text for _, text in examples if half(text, salt="asked") == "test"}
        for text in asked:
            gold[text].add(document.id)
        hidden = {id(section) for section, text in examples if text in asked}
        kept = tuple(s for s in document.sections if id(s) not in hidden)
        documents.append(msgspec.structs.replace(document, sections=kept))
    return CaseSet("attack-procedures", documents, _cases(gold))


# ---- description of a vulnerability -> weakness


def cves(root: Path) -> CaseSet:
    """Descriptions of vulnerabilities in CISA's advisories, each with the CWE that CISA gives it.

    A description is cut where an advisory goes on to its scores; equal ones are asked once.
    """
    documents = weaknesses(root)
    by_name = {document.identifiers[0]: document.id for document in documents}
    gold: dict[str, set[str]] = defaultdict(set)
    for advisory in advisories(root):
        for section in advisory.sections:
            text, _, rest = section.text.partition("\nWeakness: ")
            names = re.findall(r"CWE-\d+", rest.partition("\n")[0])
            query = without_identifiers(text)
            if section.heading.startswith("Vulnerability") and len(query.split()) >= 5:
                gold[query] |= {by_name[name] for name in names if name in by_name}
    return CaseSet("cve-to-cwe", documents, _cases(gold))


def cves_within_one_step(root: Path) -> CaseSet:
    """The same questions; the direct parents and children of CISA's weakness count as right too."""
    exact = cves(root)
    by_name = {document.identifiers[0]: document.id for document in exact.documents}
    near: dict[str, set[str]] = defaultdict(set)
    for document in exact.documents:
        for relation in document.relations:
            parent = by_name.get(relation.target) if relation.kind == "child-of" else None
            if parent is not None:
                near[document.id].add(parent)
                near[parent].add(document.id)
    cases = [
        msgspec.structs.replace(case, gold=case.gold.union(*(near[document] for document in case.gold)))
        for case in exact.cases
    ]
    return CaseSet("cve-to-cwe-one-step", exact.documents, cases)


def _cases(gold: Mapping[str, set[str]]) -> list[Case]:
    return [Case(record_id(query), query, frozenset(ids)) for query, ids in gold.items() if ids]


# ---- Sigma rule -> technique, KEV entry -> advisory


def rules(root: Path) -> CaseSet:
    """Title and description of Sigma rules, and the techniques of their tags."""
    documents = procedures(root).documents
    by_name = {document.identifiers[0]: document.id for document in documents}
    gold: dict[str, set[str]] = defaultdict(set)
    for rule in read(root, "sigma/*.yml"):
        description = next((s.text for s in rule.sections if s.heading == "Description"), "")
        names = {r.target for r in rule.relations if r.kind == "detects"}
        query = without_identifiers(f"{rule.title}. {description}")
        gold[query] |= {by_name[name] for name in names if name in by_name}
    return CaseSet("sigma-to-technique", documents, _cases(gold))


def exploited(root: Path) -> CaseSet:
    """KEV entries, without their CVE, and the advisories that cover that CVE."""
    documents = advisories(root)
    covering: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        for name in document.identifiers[1:]:
            covering[name].add(document.id)
    gold: dict[str, set[str]] = defaultdict(set)
    for entry in read(root, "kev/*.csv"):
        description = next((s.text for s in entry.sections if s.heading == "Description"), "")
        gold[without_identifiers(f"{entry.title}. {description}")] |= covering[entry.identifiers[0]]
    return CaseSet("kev-to-advisory", documents, _cases(gold))


# ---- known items among unlike documents

SHARE = 6
"""One document in so many stands in the mixed set, so that its vectors are made in minutes."""


def known_items(root: Path) -> CaseSet:
    """Documents of all kinds together, asked for by their title and by twelve words out of them.

    This set guards against rankings that prefer long documents: half of the gold here is short.
    """
    documents = [d for d in everything(root) if int(record_id(d.id), 16) % SHARE == 0]
    gold: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        title = without_identifiers(document.title)
        if len(title.split()) >= 3:
            gold[title].add(document.id)
        words = without_identifiers(document.sections[0].text if document.sections else "").split()
        if len(words) >= 20:
            gold[" ".join(words[6:18])].add(document.id)
    return CaseSet("known-item", documents, _cases(gold))


def half_remembered(root: Path) -> CaseSet:
    """The same documents, asked for by sixteen words of a section of which every third is missing.

    It stands for a text that somebody tells from memory: one passage answers, and no phrase of it is whole.
    """
    documents = known_items(root).documents
    gold: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        for section in document.sections[:1]:
            words = without_identifiers(section.text).split()
            if len(words) >= 24:
                kept = (word for place, word in enumerate(words[6:22]) if place % 3 != 2)
                gold[" ".join(kept)].add(document.id)
    return CaseSet("half-remembered", documents, _cases(gold))


SETS: Mapping[str, Callable[[Path], CaseSet]] = {
    "attack-procedures": procedures,
    "cve-to-cwe": cves,
    "cve-to-cwe-one-step": cves_within_one_step,
    "sigma-to-technique": rules,
    "kev-to-advisory": exploited,
    "known-item": known_items,
    "half-remembered": half_remembered,
}
