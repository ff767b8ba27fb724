"""A small store that the tests of this room share in shape, and an encoder that needs no model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from icelos.contracts import Principal
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.encoder import Encoder
from icelos.records import Document, Relation, Section

Make = Callable[..., Document]


class LetterEncoder(Encoder):
    """Texts as counts of their words' first three letters, hashed: like words give like vectors."""

    name = "letters"
    dimensions = 64

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                row[hashlib.blake2b(word[:3].encode(), digest_size=1).digest()[0] % self.dimensions] += 1
        scaled: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return scaled


def _make(identity: str, text: str = "", **fields: object) -> Document:
    given: dict[str, object] = {"id": identity, "source": f"file:{identity}", "title": identity, **fields}
    given.setdefault("sections", (Section("", text or f"About {identity}."),))
    return Document(**given)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make() -> Make:
    """Makes a document of one section."""
    return _make


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """An encoder of 64 dimensions that needs no model."""
    return LetterEncoder()


@pytest.fixture
def ann() -> Principal:
    """Somebody in the SOC."""
    return Principal("ann", frozenset({"soc"}))


@pytest.fixture
def bob() -> Principal:
    """Somebody in no group."""
    return Principal("bob")


@pytest.fixture
def catalogue(make: Make) -> list[Document]:
    """A technique, its sub-technique, a rule that only the SOC may read, and two CVEs of like numbers."""
    return [
        make(
            "T1110", "Adversaries may use brute force to gain access to accounts.",
            title="T1110 Brute Force", kind="technique", identifiers=("T1110",), aliases=("Brute Force",),
        ),
        make(
            "T1110.003", "Adversaries try one common password against many accounts.",
            title="T1110.003 Password Spraying", kind="technique", identifiers=("T1110.003",),
            relations=(Relation("subtechnique-of", "T1110"),), tags=("credential-access",),
        ),
        make(
            "rule-1", "Counts failed logons with one password over many accounts.",
            title="Password spray from one address", kind="rule",
            identifiers=("0e95725d-7320-415d-80f7-004da920fc11",),
            relations=(Relation("detects", "T1110.003", "failed logons"),), groups=("soc",),
        ),
        make("cve-a", "A heap overflow.", identifiers=("CVE-2025-6216",), kind="vulnerability"),
        make("cve-b", "A use after free.", identifiers=("CVE-2025-62168",), kind="vulnerability"),
    ]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, catalogue: list[Document]) -> Iterator[KnowledgeStore]:
    """A store with the catalogue, without vectors."""
    with KnowledgeStore(tmp_path / "knowledge.sqlite") as opened:
        opened.add(catalogue, collection="attack", path="catalogue.json")
        yield opened
