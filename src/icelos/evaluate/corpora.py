"""Public security corpora as documents and labelled questions, read from a folder of JSON lines.

The folder is laid out as <root>/attack, cwe, capec, sigma, kev, cisa-advisories (the catalogues of MITRE,
SigmaHQ and CISA, one object a line). Nothing here is tuned: these are the questions that the catalogues
answer themselves, such as an ATT&CK procedure example, whose technique is known.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from icelos.errors import InputError
from icelos.evaluate.cases import Case, half
from icelos.records import Document, Relation, Section, record_id


class CaseSet(msgspec.Struct, frozen=True):
    """Documents, and questions about them."""

    name: str
    documents: list[Document]
    cases: list[Case]


Rows = list[dict[str, Any]]


@cache
def read(root: Path, pattern: str) -> Rows:
    """The objects of one JSON-lines file. Raises InputError where it is absent or broken."""
    files = sorted(root.glob(pattern))
    if not files:
        raise InputError(f"no {pattern}", source=str(root), hint="give the folder of the corpora")
    try:
        with files[0].open("rb") as stream:
            return [msgspec.json.decode(line) for line in stream if line.strip()]
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"cannot read: {error}", source=str(files[0])) from error


_CITATION = re.compile(r"\(Citation:[^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_IDENTIFIER = re.compile(
    r"\b(?:CVE-\d{4}-\d+|CWE-\d+|CAPEC-\d+|T\d{4}(?:\.\d{3})?|ICSM?A-\d\d-\d{3}-\d\d)\b", re.I
)
_ASSIGNED = re.compile(
    r"\s*has been assigned to th\w+ vulnerabilit\w+\.?.*|A CVSS v?\d.*|\(?CVSS:\d[^)\s]*\)?.*", re.I | re.S
)


def plain(text: str) -> str:
    """ATT&CK prose without citations, link targets and mark-up."""
    return " ".join(_TAG.sub(" ", _LINK.sub(r"\1", _CITATION.sub(" ", text))).split())


def without_identifiers(text: str) -> str:
    """A description without the identifiers and scores that would give its answer away."""
    return " ".join(_IDENTIFIER.sub(" ", _ASSIGNED.sub(" ", text)).split())


# ---- ATT&CK: procedure example -> technique


def procedures(root: Path) -> CaseSet:
    """Half of the procedure examples stand with their technique, the other half is asked."""
    rows = read(root, "attack/enterprise-*.jsonl")
    examples = _examples(rows)
    documents = [
        _technique(row, [text for text in examples[row["id"]] if not _asked(text)])
        for row in rows
        if row["type"] == "attack-pattern" and not (row.get("revoked") or row.get("deprecated"))
    ]
    known = {document.id for document in documents}
    gold: dict[str, set[str]] = defaultdict(set)
    for technique, texts in examples.items():
        for text in texts:
            if technique in known and _asked(text):
                gold[text].add(technique)
    cases = [Case(record_id(text), text, frozenset(ids)) for text, ids in gold.items()]
    return CaseSet("attack-procedures", documents, cases)


def _examples(rows: Rows) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["type"] == "relationship" and row["rel"] == "uses" and row["target"].startswith("T"):
            text = plain(row["description"] or "")
            if text:
                found[row["target"]].append(text)
    return found


def _asked(text: str) -> bool:
    return half(text, salt="asked") == "test"


def _technique(row: Mapping[str, Any], examples: list[str]) -> Document:
    sections = [Section("Description", plain(row["description"]))]
    sections += [Section("Procedure example", text) for text in examples]
    return Document(
        id=row["id"],
        source=f"attack:{row['id']}",
        title=f"{row['id']} {row['name']}",
        kind="technique",
        sections=tuple(sections),
        identifiers=(row["id"],),
        url=row["url"],
    )


def techniques(root: Path) -> list[Document]:
    """Every technique in force with all its procedure examples."""
    rows = read(root, "attack/enterprise-*.jsonl")
    examples = _examples(rows)
    return [
        _technique(row, examples[row["id"]])
        for row in rows
        if row["type"] == "attack-pattern" and not (row.get("revoked") or row.get("deprecated"))
    ]


# ---- CVE description -> CWE


def weaknesses(root: Path) -> list[Document]:
    """The CWE catalogue, deprecated entries left out."""
    return [_weakness(row) for row in read(root, "cwe/*.jsonl") if row.get("Status") != "Deprecated"]


def _weakness(row: Mapping[str, Any]) -> Document:
    sections = [Section("Description", f"{row['Description']} {row.get('ExtendedDescription') or ''}")]
    sections += [Section(name, text) for name, text in _weakness_parts(row) if text.strip()]
    parents = [r for r in row.get("RelatedWeaknesses") or [] if r.get("CweID")]
    names = tuple(t["Term"] for t in row.get("AlternateTerms") or [] if t.get("Term"))
    return Document(
        id=f"CWE-{row['ID']}",
        source=f"cwe:{row['ID']}",
        title=f"CWE-{row['ID']} {row['Name']}",
        kind="weakness",
        sections=tuple(sections),
        identifiers=(f"CWE-{row['ID']}",),
        aliases=names,
        relations=tuple(dict.fromkeys(Relation(r["Nature"], f"CWE-{r['CweID']}") for r in parents)),
    )


def _weakness_parts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    terms = [f"{t.get('Term', '')}: {t.get('Description') or ''}" for t in row.get("AlternateTerms") or []]
    yield "Alternate terms", "\n".join(terms)
    consequences = row.get("CommonConsequences") or []
    yield (
        "Consequences",
        "\n".join(f"{', '.join(c.get('Impact') or [])}: {c.get('Note') or ''}" for c in consequences),
    )
    yield (
        "Mitigations",
        "\n".join(str(m.get("Description") or "") for m in row.get("PotentialMitigations") or []),
    )
    yield "Detection", "\n".join(str(m.get("Description") or "") for m in row.get("DetectionMethods") or [])
    for example in row.get("ObservedExamples") or []:
        yield "Observed examples", str(example.get("Description") or "")


def cves(root: Path) -> CaseSet:
    """Descriptions of vulnerabilities in CISA's advisories, each with the CWE that CISA gives it."""
    cases: dict[str, Case] = {}
    for advisory in read(root, "cisa-advisories/*.jsonl"):
        for entry in advisory["vulns"]:
            text = without_identifiers(entry.get("summary") or "")
            if entry.get("cwe") and len(text.split()) >= 5:
                identity = record_id(text)
                gold = cases[identity].gold if identity in cases else frozenset()
                cases[identity] = Case(identity, text, gold | {entry["cwe"]})
    documents = weaknesses(root)
    known = {document.id for document in documents}
    return CaseSet("cve-to-cwe", documents, [case for case in cases.values() if case.gold & known])


# ---- KEV entry -> CISA advisory


def advisories(root: Path) -> list[Document]:
    """CISA's advisories on industrial control systems."""
    return [_advisory(row) for row in read(root, "cisa-advisories/*.jsonl")]


def _advisory(row: Mapping[str, Any]) -> Document:
    notes = "\n".join(n["text"] for n in row["notes"] if n.get("c") == "summary")
    sections = [Section("Summary", f"{notes}\n{'; '.join(row['products'])}")]
    sections += [
        Section("Vulnerability", f"{v.get('cve') or ''} {v.get('cwe') or ''}\n{v.get('summary') or ''}")
        for v in row["vulns"]
    ]
    ids = tuple(dict.fromkeys(v["cve"] for v in row["vulns"] if v.get("cve")))
    return Document(
        id=row["id"],
        source=f"cisa:{row['id']}",
        title=row["title"],
        kind="advisory",
        sections=tuple(sections),
        identifiers=(row["id"], *ids),
    )


def exploited(root: Path) -> CaseSet:
    """KEV entries, without their CVE, and the advisories that cover that CVE."""
    documents = advisories(root)
    covering: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        for name in document.identifiers[1:]:
            covering[name].add(document.id)
    cases = [
        Case(
            row["cveID"],
            without_identifiers(" ".join(row[f] for f in KEV_TEXT)),
            frozenset(covering[row["cveID"]]),
        )
        for row in _kev(root)
        if covering.get(row["cveID"])
    ]
    return CaseSet("kev-to-advisory", documents, cases)


KEV_TEXT = ("vendorProject", "product", "vulnerabilityName", "shortDescription")


def _kev(root: Path) -> list[dict[str, str]]:
    path = root / "kev" / "known_exploited_vulnerabilities.csv"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", source=str(path)) from error


# ---- Sigma rule -> technique


def rules(root: Path) -> CaseSet:
    """Title and description of Sigma rules, and the techniques of their tags."""
    documents = techniques(root)
    known = {document.id for document in documents}
    cases = []
    for row in _sigma(root):
        tags = {str(t).removeprefix("attack.").upper() for t in row.get("tags") or []}
        gold = frozenset(tags & known)
        text = without_identifiers(f"{row.get('title', '')}. {row.get('description', '')}")
        if gold and row.get("id"):
            cases.append(Case(str(row["id"]), text, gold))
    return CaseSet("sigma-to-technique", documents, cases)


@cache
def _sigma(root: Path) -> Rows:
    import yaml

    path = root / "sigma" / "sigma-rules.yml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with path.open("rb") as stream:
            documents = yaml.load_all(stream, Loader=loader)
            return [row for row in documents if isinstance(row, dict)]
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"cannot read: {error}", source=str(path)) from error


def sigma_documents(root: Path) -> list[Document]:
    """Sigma rules as documents, for look-ups by rule id."""
    return [
        Document(
            id=str(row["id"]),
            source=f"sigma:{row['id']}",
            title=str(row.get("title", "")),
            kind="rule",
            sections=(Section("Description", str(row.get("description", ""))),),
            identifiers=(str(row["id"]),),
        )
        for row in _sigma(root)
        if row.get("id")
    ]


def attack_patterns(root: Path) -> list[Document]:
    """CAPEC's attack patterns."""
    return [
        Document(
            id=row["id"],
            source=f"capec:{row['id']}",
            title=f"{row['id']} {row['name']}",
            kind="attack-pattern",
            sections=(Section("Description", plain(row["description"] or row["name"])),),
            identifiers=(row["id"],),
        )
        for row in read(root, "capec/*.jsonl")
        if row["type"] == "attack-pattern"
    ]


SETS: Mapping[str, Callable[[Path], CaseSet]] = {
    "attack-procedures": procedures,
    "cve-to-cwe": cves,
    "sigma-to-technique": rules,
    "kev-to-advisory": exploited,
}
