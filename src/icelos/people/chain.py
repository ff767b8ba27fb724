"""The chain of the audit log: what an entry's hash covers, what signs the head, and how both are checked.

An entry's hash is SHA-256 over the JSON array [number, time, actor, how, address, action, subject, details,
previous]: UTF-8, no spaces, nothing escaped that need not be, as `json.dumps(…, ensure_ascii=False,
separators=(",", ":"))` writes it. `details` is the text as it is kept; `previous` is the hash of the entry
before, 64 zeros for the first. The head, which names the last entry, is signed by HMAC-SHA-256 under a key
that stands in a file beside the log: without the key nobody can shorten the log, or write a chain anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import NamedTuple

NOTHING = "0" * 64
COLUMNS = "number, time, actor, how, address, action, subject, details, previous, hash"


class Link(NamedTuple):
    """One row, as it is kept."""

    number: int
    time: str
    actor: str
    how: str
    address: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str


class Head(NamedTuple):
    """The last entry's number and hash; as text "NUMBER:HASH"."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def hash_of(content: Iterable[object]) -> str:
    """The hash of an entry: of all its columns but the hash itself."""
    text = json.dumps(list(content), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def signature(key: bytes, head: Head) -> str:
    """What only the key's owner can write under a head."""
    return hmac.new(key, f"icelos audit head {head}".encode(), hashlib.sha256).hexdigest()


def is_signed(key: bytes, head: Head, given: str) -> bool:
    """Whether a head was signed by this key."""
    return hmac.compare_digest(signature(key, head).encode(), given.encode("utf-8", "surrogatepass"))


class Walk:
    """Follows a chain from its first entry, and collects what is wrong with it."""

    def __init__(self, noted: str = "") -> None:
        self.last = Head(0, NOTHING)
        self.problems: list[str] = []
        self.has_noted = False
        self._noted = noted.rpartition(":")[2].lower()

    def step(self, link: Link) -> None:
        """The next entry, in the order of numbers."""
        if link.number != self.last.number + 1:
            self.problems.append(f"entry {self.last.number + 1} is missing: {link.number} comes next")
        if link.previous != self.last.hash:
            self.problems.append(f"entry {link.number} does not follow the one before it")
        if hash_of(link[:-1]) != link.hash:
            self.problems.append(f"entry {link.number} was changed")
        self.last = Head(link.number, link.hash)
        self.has_noted = self.has_noted or link.hash == self._noted
