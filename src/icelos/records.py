"""What goes in. Every record is frozen, knows where it stands ("mail.mbox:17") and has a stable id.

The id follows from what the record is: the Message-ID with a hash of the body, target, package URL and
advisory, the whole text of a row (ids inside rows repeat and lie); else `record_id` of logical source and
position. The same record has the same id on every engine, which is what makes a replay harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec


def record_id(*parts: str | bytes) -> str:
    """A stable id of 32 hex digits from the parts that identify a record.

    Each part is length-prefixed, so that ("ab", "c") and ("a", "bc") differ. BLAKE2b, 128 bits.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of everything that a job scores. `source` is "place:position", for people."""

    id: str
    source: str


class LogLine(Record, frozen=True, kw_only=True):
    """One row of a log: the raw text as it stood, and its fields where a parser read them."""

    text: str
    fields: Mapping[str, object] | None = None


class Mail(Record, frozen=True, kw_only=True):
    """One message: the raw bytes as they came, never decoded or normalised before a job does so."""

    raw: bytes


class System(msgspec.Struct, frozen=True):
    """An operating system ("linux"), and what shows that a target runs on it, as evidence."""

    name: str
    quote: str
    source: str


class Reported(msgspec.Struct, frozen=True):
    """What a scanner's report says of one vulnerability of a component: a hint, never a verdict.

    `names` are the ids that it gives, its own first; none where the scanner saw the component and reported
    nothing of this. `severity` and `fixed_in` (versions, separated by blanks) are its words.
    """

    scanner: str
    names: tuple[str, ...] = ()
    severity: str = ""
    fixed_in: str = ""


class Component(Record, frozen=True, kw_only=True):
    """One software component of a target, with the advisory to judge it by where that is known.

    `purl` is a package URL (https://github.com/package-url/purl-spec); `owner` names the distribution
    package that owns the files ("deb:python3-yaml"), and `layer` the image layer that brought it.
    `quote` is what the inventory itself says of it, as evidence ("P:musl V:1.1.22-r3").
    `advisory` is the id of one advisory (a CVE, GHSA or distribution id), so that one record is one
    (component, advisory) pair and no finding hides another. `listens` and `root` say whether the target
    listens on the network and runs as root, None where it does not tell. `target_id` is the target's own
    identity: the digest of an image's manifest, or the name that a bill of materials has in all the world.
    `system` is what the target runs on, None where nothing in it shows that. `reported` is what a scanner
    says of the advisory, where the target is a scanner's report. `cpes` are its names by CPE
    (https://nvd.nist.gov/products/cpe), where a bill of materials gives them.
    """

    target: str
    purl: str
    name: str
    version: str
    location: str = ""
    owner: str = ""
    layer: str = ""
    advisory: str = ""
    quote: str = ""
    listens: bool | None = None
    root: bool | None = None
    target_id: str = ""
    system: System | None = None
    reported: Reported | None = None
    cpes: tuple[str, ...] = ()


class Relation(msgspec.Struct, frozen=True):
    """An edge to another document by identifier: ("uses", "S0154"), ("detects", "T1110.003")."""

    kind: str
    target: str
    note: str = ""


class Section(msgspec.Struct, frozen=True):
    """One run of text under one heading, with its place in the file ("line 12", "page 3", "row 7")."""

    heading: str
    text: str
    place: str = ""


class Document(Record, frozen=True, kw_only=True):
    """One source of knowledge: a technique, a weakness, an advisory, a rule, a runbook, a ticket.

    `id` is stable over re-indexing (identifier, or a hash of path and position). `kind` is one of the
    words in `DOCUMENT_KINDS`, or the user's own. `identifiers` are exact names that a look-up must
    find ("T1110.003", "CVE-2021-44228"); `relations` point at other documents' identifiers.
    `modified` is when its publisher last changed it, with a time zone, or None where that is unknown.
    `groups` are those who may read it; empty means everyone who may read the collection.
    `truncated` is true where the text is known to be cut short by its publisher.
    """

    title: str
    sections: tuple[Section, ...]
    kind: str = "document"
    url: str = ""
    identifiers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    tags: tuple[str, ...] = ()
    modified: datetime | None = None
    groups: tuple[str, ...] = ()
    facts: Mapping[str, str] = {}
    truncated: bool = False
    licence: str = ""

    @property
    def text(self) -> str:
        """All sections as one text, headings included."""
        return "\n\n".join(f"{s.heading}\n{s.text}" if s.heading else s.text for s in self.sections)


DOCUMENT_KINDS = (
    "technique", "tactic", "group", "software", "campaign", "mitigation", "detection", "data-source",
    "weakness", "attack-pattern", "vulnerability", "advisory", "rule", "runbook", "ticket", "finding",
    "note", "news", "document",
)  # fmt: skip
