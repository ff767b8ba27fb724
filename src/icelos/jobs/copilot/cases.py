"""Questions with a known answer, derived from documents that answer them.

Each kind takes facts from one type of document (the tactic of a technique, the due date of a catalogue
entry, the first steps of a runbook) and asks for them in several wordings. Wordings and documents are
split into halves: the half "test" is only ever measured. Deterministic.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from icelos.data.parse.documents import read_documents
from icelos.errors import InputError
from icelos.evaluate.cases import Half, half
from icelos.jobs.copilot import sentences
from icelos.jobs.copilot.extract import plain
from icelos.records import Document, record_id

FOLDERS = ("attack", "capec", "cwe", "sigma", "kev", "cisa-advisories", "ir-playbooks")


class Question(msgspec.Struct, frozen=True):
    """A question, any of whose `gold` texts answers it, and the names of what it asks about."""

    id: str
    kind: str
    text: str
    gold: tuple[str, ...]
    names: tuple[str, ...]


def documents(root: Path) -> list[Document]:
    """Every document below <root>/attack, capec, cwe, sigma, kev, cisa-advisories and ir-playbooks.

    Raises InputError where none is there.
    """
    found: dict[str, Document] = {}
    for folder in FOLDERS:
        for path in sorted(p for p in (root / folder).rglob("*") if p.is_file() and "LICENSE" not in p.name):
            for item in read_documents(path, name=str(path.relative_to(root))):
                if isinstance(item, Document):
                    found[item.id] = item
    if not found:
        raise InputError("no documents", source=str(root), hint="give the folder with attack, cwe, kev ...")
    return list(found.values())


Fact = tuple[Mapping[str, str], Sequence[str]]
"""What fills a wording ("x": the thing asked about), and the texts that answer it."""
Facts = Callable[["Catalogue", Document, random.Random], Iterator[Fact]]


class Kind(msgspec.Struct, frozen=True):
    """One type of question: where its facts come from, and how it is asked in each half."""

    name: str
    of: str
    facts: Facts
    tune: tuple[str, ...]
    test: tuple[str, ...]


class Catalogue:
    """The documents by identifier, and the names by which they may be asked for."""

    def __init__(self, found: Sequence[Document]) -> None:
        self.documents = found
        self.by_name = {d.identifiers[0]: d for d in reversed(found) if d.identifiers}

    def label(self, identifier: str) -> str:
        """The name of what has this identifier; itself where it is not known."""
        document = self.by_name.get(identifier)
        return bare_title(document) if document else identifier


def questions(found: Sequence[Document], wanted: Half, *, most: int, seed: int = 0) -> list[Question]:
    """`most` questions of one half, evenly over the kinds, in an order that is always the same."""
    catalogue = Catalogue(found)
    by_kind = {kind.name: _of_kind(kind, catalogue, wanted, seed) for kind in KINDS}
    chosen: list[Question] = []
    while len(chosen) < most and any(by_kind.values()):
        for name in list(by_kind):
            if by_kind[name] and len(chosen) < most:
                chosen.append(by_kind[name].pop())
    return chosen


def _of_kind(kind: Kind, catalogue: Catalogue, wanted: Half, seed: int) -> list[Question]:
    randomness = random.Random(f"{kind.name}{wanted}{seed}")  # noqa: S311 - a measurement, not a secret
    pool = [d for d in catalogue.documents if d.kind == kind.of and half(d.id) == wanted and _in_force(d)]
    randomness.shuffle(pool)
    found: list[Question] = []
    for document in pool[:400]:
        for values, gold in kind.facts(catalogue, document, randomness):
            wording = randomness.choice(kind.tune if wanted == "tune" else kind.test)
            text = wording.format(**values)
            names = (*document.identifiers[:1], values["x"], *(values.get(k, "") for k in ("cve",)))
            question = Question(
                record_id(kind.name, text), kind.name, text, tuple(gold), tuple(n for n in names if n)
            )
            found.append(question)
            break
    return found


def _in_force(document: Document) -> bool:
    return not {"revoked", "deprecated"} & set(document.tags)


def answers(question: Question, text: str) -> bool:
    """Does a text hold the fact? Compared without case and white space."""
    held = flat(text)
    return any(flat(gold) in held for gold in question.gold)


def flat(text: str) -> str:
    """Without case, punctuation and runs of white space."""
    return " ".join(re.sub(r"[^\w.:/-]+", " ", text.casefold()).split())


# ---- names of things


def bare_title(document: Document) -> str:
    """The title without its identifier, of a sub-technique only the last part."""
    title = document.title
    for name in document.identifiers[:1]:
        title = title.removeprefix(name).strip()
    return title.rsplit(": ", 1)[-1] if document.kind == "technique" else title or document.title


def _name(document: Document, randomness: random.Random) -> str:
    """By identifier, by name, or both."""
    identifier, title = document.identifiers[0], bare_title(document)
    return randomness.choice([identifier, title, f"{title} ({identifier})"])


def _details(document: Document, label: str) -> str:
    for section in document.sections:
        match = re.search(rf"(?m)^{re.escape(label)}: (.+)$", section.text)
        if match:
            return match.group(1).strip()
    return ""


# ---- facts


def _line(label: str, *, every: bool = False) -> Facts:
    """The value of a labelled line; one value of several, or with `every` the whole."""

    def facts(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
        del catalogue
        value = _details(document, label)
        if value and document.identifiers:
            gold = value if every else randomness.choice(value.split(", "))
            yield {"x": _name(document, randomness)}, (gold,)

    return facts


def _neighbour(relation: str, kinds: tuple[str, ...]) -> Facts:
    """Something that stands in a relation to the document: by name or identifier."""

    def facts(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
        sources = [
            d for d in _pointing(catalogue, relation).get(document.identifiers[0], ())
            if d.kind in kinds and _in_force(d)
        ]  # fmt: skip
        if sources:
            one = randomness.choice(sources)
            yield {"x": _name(document, randomness)}, (bare_title(one), one.identifiers[0])

    return facts


_pointers: dict[tuple[int, str], dict[str, list[Document]]] = {}


def _pointing(catalogue: Catalogue, relation: str) -> dict[str, list[Document]]:
    key = (id(catalogue), relation)
    if key not in _pointers:
        table: dict[str, list[Document]] = {}
        for document in catalogue.documents:
            for edge in document.relations:
                if edge.kind == relation:
                    table.setdefault(edge.target, []).append(document)
        _pointers[key] = table
    return _pointers[key]


_VULNERABILITY = re.compile(r"Vulnerability (CVE-\d{4}-\d+)")


def _of_cve(pattern: str) -> Facts:
    """Something that an advisory says under one of its vulnerabilities."""

    def facts(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
        del catalogue
        sections = [s for s in document.sections if _VULNERABILITY.fullmatch(s.heading)]
        randomness.shuffle(sections)
        for section in sections:
            if match := re.search(pattern, section.text, re.MULTILINE):
                cve = section.heading.split()[-1]
                yield {"x": cve, "cve": cve, "product": bare_title(document)}, (match.group(1),)
                return

    return facts


def _listed(heading: str) -> Facts:
    """One of the first items under a heading."""

    def facts(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
        del catalogue
        items = [
            plain(span.text) for s in document.sections if s.heading == heading
            for span in sentences.split(s.text)
        ][:4]  # fmt: skip
        items = [item for item in items if len(item) > 12]
        if items and document.identifiers:
            yield {"x": _name(document, randomness)}, (_head(randomness.choice(items)),)

    return facts


def _head(text: str, words: int = 8) -> str:
    return " ".join(text.rstrip(".").split()[:words])


_PHASES = {"Contain": "contain", "Eradicate": "eradicate", "Investigate": "investigate", "Recover": "recover"}


def _steps(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
    """One of the first three steps of a phase of a playbook."""
    del catalogue
    title = re.sub(r"^(?:Sub-technique )?Playbook:\s*|^T\d{4}[\d.]*\s*[-:]\s*", "", document.title).strip()
    parts = [s for s in document.sections if s.heading.split(" > ")[-1] in _PHASES]
    randomness.shuffle(parts)
    for section in parts:
        items = [plain(s.text) for s in sentences.split(section.text) if "TODO" not in s.text][:3]
        items = [item for item in items if len(item.split()) >= 3 and not item.endswith((":", "?"))]
        if items and title and len(title.split()) <= 8:
            phase = _PHASES[section.heading.split(" > ")[-1]]
            yield {"x": title, "phase": phase}, tuple(_head(item) for item in items)
            return


_SYNONYMS = (
    (r"\b[Aa]dversaries may\b", "attackers can"), (r"\b[Tt]he product\b", "an application"),
    (r"\bdoes not\b", "fails to"), (r"\bsuch as\b", "like"), (r"\bin order to\b", "to"),
    (r"\butiliz(?:e|es)\b", "use"), (r"\bobtain\b", "get"), (r"\bvictim\b", "target"),
    (r"\bsensitive\b", "confidential"), (r"\bincorrectly\b", "wrongly"), (r"\bmalicious\b", "harmful"),
    (r"\b[Aa]n (?:attacker|adversary)\b", "someone hostile"), (r"\bexecute\b", "run"),
    (r"\bgain access to\b", "get into"), (r"\bmodify\b", "change"), (r"\bactor\b", "party"),
)  # fmt: skip


def _described(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
    """The beginning of a description in other words, without the name: which entry is it?"""
    del catalogue
    text = next((s.text for s in document.sections if s.heading == "Description"), "")
    spans = sentences.split(text)
    first = plain(spans[0].text).rstrip(".") if spans else ""
    if not 9 <= len(first.split()) <= 40 or not document.identifiers:
        return
    for name in (bare_title(document), *document.aliases):
        first = re.sub(rf"\b{re.escape(name)}\b", "it", first, flags=re.IGNORECASE)
    for pattern, replacement in _SYNONYMS:
        first = re.sub(pattern, replacement, first, count=1)
    words = [w for w in first.split() if randomness.random() > 0.1]
    yield {"x": " ".join(words)[0].lower() + " ".join(words)[1:]}, (
        document.identifiers[0], bare_title(document),
    )  # fmt: skip


def _vendor(catalogue: Catalogue, document: Document, randomness: random.Random) -> Iterator[Fact]:
    del catalogue
    value = _details(document, "Vendor")
    if value and value.lower() not in document.title.lower().replace(value.lower(), "", 0)[:0]:
        yield {"x": document.identifiers[0]}, (value,)
    del randomness


KINDS = (
    Kind(
        "tactic",
        "technique",
        _line("Tactics"),
        (
            "Which tactic does {x} belong to?",
            "What tactics is {x} part of?",
            "{x}: tactic?",
            "Under which ATT&CK tactic is {x} filed?",
            "What adversary goal does {x} serve, as a tactic?",
            "Tell me the tactic of {x}.",
            "In which tactics would I find {x}?",
        ),
        (
            "Where does {x} sit in the ATT&CK matrix, tactic-wise?",
            "Which tactics use {x}?",
            "What is the attacker trying to achieve with {x} (tactic)?",
        ),
    ),
    Kind(
        "platform",
        "technique",
        _line("Platforms"),
        (
            "Which platforms does {x} apply to?",
            "On what operating systems is {x} seen?",
            "What platforms are exposed to {x}?",
            "{x} - which platforms?",
            "Name the platforms listed for {x}.",
        ),
        (
            "Does {x} concern Windows, Linux or what else - platforms?",
            "What is the list of platforms for {x}?",
            "Where can {x} happen, platform-wise?",
        ),
    ),
    Kind(
        "mitigation",
        "technique",
        _neighbour("mitigates", ("mitigation",)),
        (
            "How can I mitigate {x}?",
            "Which mitigations exist for {x}?",
            "What prevents {x}?",
            "What can we do against {x}, which countermeasures are there?",
            "How do we protect ourselves from {x}?",
            "List the ATT&CK mitigations of {x}.",
        ),
        (
            "We are worried about {x}. What would mitigate it?",
            "Give me mitigations for {x}.",
            "What should be done to prevent {x}?",
        ),
    ),
    Kind(
        "group-of-technique",
        "technique",
        _neighbour("uses", ("group",)),
        (
            "Which groups use {x}?",
            "What threat actors are known to use {x}?",
            "Who has used {x}?",
            "Name groups observed using {x}.",
            "{x} is used by which actors?",
        ),
        (
            "Is there any known actor using {x}, and who?",
            "Which intrusion sets leverage {x}?",
            "Threat groups associated with {x}?",
        ),
    ),
    Kind(
        "group-of-software",
        "software",
        _neighbour("uses", ("group",)),
        (
            "Which groups use {x}?",
            "Who uses {x}?",
            "Which threat actors have deployed {x}?",
            "What groups employ {x}?",
            "Who is behind the use of {x}?",
        ),
        (
            "{x} has been used by which groups?",
            "Which APTs rely on {x}?",
            "Tell me the threat actors known for {x}.",
        ),
    ),
    Kind(
        "aliases",
        "group",
        _line("Aliases"),
        (
            "What other names does {x} have?",
            "Which aliases does {x} go by?",
            "{x} is also known as what?",
            "Give me the aliases of {x}.",
            "How else is {x} called?",
        ),
        (
            "Under what other names is {x} tracked?",
            "Any aliases for {x}?",
            "Who is {x} also known as?",
        ),
    ),
    Kind(
        "cwe-of-cve",
        "advisory",
        _of_cve(r"^Weakness: (CWE-\d+)"),
        (
            "Which CWE is assigned to {x}?",
            "What weakness is behind {x}?",
            "What is the CWE of {x}?",
            "{x}: what class of bug is it?",
            "Root cause of {x} in CWE terms?",
        ),
        (
            "Map {x} to its CWE.",
            "What type of weakness is {x}?",
            "Which weakness class does {x} fall into?",
        ),
    ),
    Kind(
        "cvss-of-cve",
        "advisory",
        _of_cve(r"^CVSS: (\d+\.\d)"),
        (
            "What is the CVSS score of {x}?",
            "How severe is {x}?",
            "How bad is {x}?",
            "Which base score does {x} have?",
            "CVSS for {x}?",
        ),
        (
            "Severity score of {x}?",
            "How critical is {x}?",
            "What CVSS did {x} get?",
        ),
    ),
    Kind(
        "fix-of-cve",
        "advisory",
        _of_cve(r"^Fix: (?:[a-z ]+: )?((?:\S+ ){3,8})"),
        (
            "How do I fix {x}?",
            "What is the fix for {x}?",
            "Which update resolves {x}?",
            "How was {x} in {product} remediated?",
            "What patch is there for {x}?",
        ),
        (
            "We run the product behind {x}; what do we upgrade to?",
            "How can {x} be remediated?",
            "Is {x} patched, and how?",
        ),
    ),
    Kind(
        "affected",
        "advisory",
        _listed("Affected products"),
        (
            "Which products are affected by {x}?",
            "What does {x} affect?",
            "Which versions are vulnerable according to {x}?",
            "Affected products in {x}?",
        ),
        (
            "Are our systems exposed - what products does {x} list?",
            "Tell me the products affected in {x}.",
            "{x}: vulnerable versions?",
        ),
    ),
    Kind(
        "due-date",
        "vulnerability",
        _line("Due date"),
        (
            "When is {x} due?",
            "What is the due date for {x}?",
            "By when must {x} be patched?",
            "What deadline did CISA set for {x}?",
            "Until when do agencies have to remediate {x}?",
        ),
        (
            "How long do we have to fix {x}?",
            "{x} remediation deadline?",
            "When do federal agencies need to have {x} fixed?",
        ),
    ),
    Kind(
        "ransomware",
        "vulnerability",
        _line("Known ransomware campaign use"),
        (
            "Has {x} been used in ransomware campaigns?",
            "Is {x} known to be used by ransomware?",
            "What is known of ransomware use of {x}?",
            "Did ransomware gangs exploit {x}?",
        ),
        (
            "Do ransomware crews exploit {x}?",
            "Any ransomware campaigns tied to {x}?",
            "{x}: ransomware use?",
        ),
    ),
    Kind(
        "vendor",
        "vulnerability",
        _vendor,
        (
            "Who is the vendor of the product affected by {x}?",
            "Which vendor does {x} concern?",
            "Whose product is hit by {x}?",
            "Which company's software has {x}?",
            "{x}: what vendor?",
        ),
        (
            "Who makes the product with {x}?",
            "Vendor behind {x}?",
            "Which manufacturer is affected by {x}?",
        ),
    ),
    Kind(
        "added",
        "vulnerability",
        _line("Date added"),
        (
            "When was {x} added to the KEV catalog?",
            "What date was {x} added?",
            "When did {x} enter the known exploited list?",
            "Since when is {x} listed as exploited - date added?",
        ),
        (
            "Since when is {x} in KEV?",
            "On which date was {x} put into the KEV catalogue?",
            "KEV entry date of {x}?",
        ),
    ),
    Kind(
        "rule-level",
        "rule",
        _line("Level"),
        (
            'What level does the rule "{x}" have?',
            "How severe is the Sigma rule {x}?",
            'Which severity is set in the Sigma rule "{x}"?',
            "Level of rule {x}?",
        ),
        (
            'At what level does "{x}" alert?',
            "How urgent is an alert of the rule {x}?",
            'What is the severity level of "{x}"?',
        ),
    ),
    Kind(
        "rule-technique",
        "rule",
        _line("Techniques"),
        (
            'Which technique does the rule "{x}" detect?',
            "What technique is {x} mapped to?",
            'The rule "{x}" covers which ATT&CK techniques?',
            "What ATT&CK technique is behind the rule {x}?",
        ),
        (
            '"{x}" is tagged with which technique?',
            "Which ATT&CK technique does {x} look for?",
            "What does the rule {x} map to in ATT&CK techniques?",
        ),
    ),
    Kind(
        "rule-for-technique",
        "technique",
        _neighbour("detects", ("rule",)),
        (
            "Which Sigma rules detect {x}?",
            "Do we have a rule for {x}?",
            "Which of our rules would see {x}?",
            "What detection rules cover {x}?",
        ),
        (
            "Any Sigma coverage for {x}?",
            "Show me rules that catch {x}.",
            "Would one of our rules fire on {x}?",
        ),
    ),
    Kind(
        "likelihood",
        "attack-pattern",
        _line("Likelihood of attack"),
        (
            "How likely is {x}?",
            "What is the likelihood of {x}?",
            "How probable is an attack by {x}?",
            "Likelihood of attack for {x}?",
        ),
        (
            "What are the chances of {x} being attempted?",
            "{x}: likelihood?",
            "How likely is an attack with {x}?",
        ),
    ),
    Kind(
        "prerequisite",
        "attack-pattern",
        _listed("Prerequisites"),
        (
            "What are the prerequisites of {x}?",
            "What does {x} require?",
            "What must be in place for {x} to work?",
            "Which preconditions does {x} need?",
        ),
        (
            "What has to hold before {x} can succeed?",
            "Conditions needed for {x}?",
            "{x} - prerequisites?",
        ),
    ),
    Kind(
        "severity",
        "attack-pattern",
        _line("Typical severity"),
        (
            "What is the typical severity of {x}?",
            "How severe is {x}?",
            "How serious is {x} typically?",
            "Severity of {x}?",
        ),
        (
            "How dangerous is {x}?",
            "What severity does CAPEC give {x}?",
            "Rate the severity of {x}.",
        ),
    ),
    Kind(
        "weakness-likelihood",
        "weakness",
        _line("Likelihood of exploit"),
        ("How likely is {x} to be exploited?", "What is the likelihood of exploit for {x}?"),
        ("Is {x} likely to get exploited?", "{x}: likelihood of exploitation?"),
    ),
    Kind(
        "steps",
        "runbook",
        _steps,
        (
            "How do I {phase} {x}?",
            "What are the steps to {phase} in case of {x}?",
            "{x} incident: which steps do we take to {phase}?",
            "What does the playbook for {x} say to do to {phase}?",
        ),
        (
            "Which {phase} steps does the runbook give for {x}?",
            "We have a case of {x}. How should we {phase}?",
            "Playbook steps to {phase} during {x}, please.",
        ),
    ),
    Kind(
        "which-weakness",
        "weakness",
        _described,
        (
            "Which weakness is it when {x}?",
            "What is it called when {x}?",
            "Name the CWE where {x}.",
            "Which type of flaw means that {x}?",
        ),
        (
            "I am looking for the weakness in which {x}.",
            "{x}: which CWE is that?",
        ),
    ),
    Kind(
        "which-technique",
        "technique",
        _described,
        (
            "Which technique is it when {x}?",
            "What is it called when {x}?",
            "{x} - which ATT&CK technique is this?",
            "Name the technique: {x}",
        ),
        (
            "What technique describes this: {x}?",
            "We saw that {x}. Which technique?",
        ),
    ),
    Kind(
        "which-software",
        "software",
        _described,
        (
            "Which malware or tool: {x}?",
            "What software {x}?",
            "Name the malware: {x}",
            "What do we know as follows: {x}?",
        ),
        (
            "Identify the malware: {x}.",
            "Which software is described by: {x}?",
        ),
    ),
)
