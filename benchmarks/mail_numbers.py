"""The mail corpora as numbers, each worked out once and kept in a folder, since it takes minutes.

The folder is that of MAIL_CACHE, else one in the system's temporary folder; remove it when readers, views or
signals have changed.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from benchmarks.mail_corpora import CORPORA, load
from numpy.typing import NDArray
from scipy import sparse

from icelos.jobs.mail.detector.anatomy import anatomy
from icelos.jobs.mail.detector.meaning import meanings
from icelos.jobs.mail.detector.train import Examples, joined
from icelos.jobs.mail.detector.vectors import vectors
from icelos.jobs.mail.detector.view import view
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.signals import signals
from icelos.llm.encoder import Encoder

TEXTS = frozenset(
    ["nazario-old", "nazario-new", "scambait", "bec", "llm-phish", "llm-benign", "human-benign", "llm-office",
     "pcv-enron"]
)  # fmt: skip
"""Corpora of texts: their senders and links are those of an envelope of ours."""


class Told(msgspec.Struct):
    """What is known of one mail besides its numbers."""

    id: str
    corpus: str
    year: int
    language: str


class Numbers(NamedTuple):
    """Examples, the sum of their signals' weights (n,), and what is known of each."""

    examples: Examples
    signals: NDArray[np.float32]
    told: list[Told]

    def take(self, which: NDArray[np.bool_]) -> Numbers:
        """The mails at which `which` is true."""
        return Numbers(
            self.examples.take(which), self.signals[which],
            [one for one, wanted in zip(self.told, which, strict=True) if wanted],
        )  # fmt: skip

    @property
    def years(self) -> NDArray[np.int64]:
        return np.array([one.year for one in self.told])

    @property
    def languages(self) -> NDArray[np.str_]:
        return np.array([one.language for one in self.told])


def folder() -> Path:
    """Where the numbers are kept."""
    path = Path(os.environ.get("MAIL_CACHE") or Path(tempfile.gettempdir()) / "icelos-mail-numbers")
    path.mkdir(parents=True, exist_ok=True)
    return path


@cache
def numbers(corpus: str) -> Numbers:
    """The numbers of one corpus, without the encoder's vectors."""
    path = folder() / f"{corpus}.npz"
    if not path.exists():
        _work_out(corpus, path)
    with np.load(path) as kept:
        told = msgspec.json.decode(kept["told"].tobytes(), type=list[Told])
        rows = sparse.csr_matrix((kept["data"], kept["indices"], kept["indptr"]), shape=tuple(kept["shape"]))
        groups = msgspec.json.decode(kept["groups"].tobytes(), type=list[str])
        n = len(told)
        examples = Examples(
            rows, kept["anatomy"], None, kept["labels"], np.zeros((n, len(ALL)), np.int8), groups,
            np.zeros(n, np.bool_), np.full(n, corpus not in TEXTS), np.ones(n, np.float32),
        )  # fmt: skip
        return Numbers(examples, kept["signals"], told)


def several(*corpora: str) -> Numbers:
    """Several corpora as one."""
    found = [numbers(corpus) for corpus in corpora]
    return Numbers(
        joined([one.examples for one in found]), np.concatenate([one.signals for one in found]),
        [told for one in found for told in one.told],
    )  # fmt: skip


def _work_out(corpus: str, path: Path) -> None:
    samples = load(corpus)
    read = [read_message(sample.raw) for sample in samples]
    rows = vectors([view(message) for message in read])
    told = [Told(one.id, one.corpus, one.year, one.language) for one in samples]
    with path.open("wb") as file:
        np.savez_compressed(
            file, data=rows.data, indices=rows.indices, indptr=rows.indptr, shape=np.array(rows.shape),
            anatomy=np.stack([anatomy(message) for message in read]),
            signals=np.array([sum(s.weight for s in signals(message)) for message in read], np.float32),
            labels=np.array([one.label for one in samples], np.int8),
            told=np.frombuffer(msgspec.json.encode(told), np.uint8),
            groups=np.frombuffer(msgspec.json.encode([one.cluster for one in samples]), np.uint8),
        )  # fmt: skip


def encoded(corpus: str, encoder: Encoder) -> NDArray[np.float32]:
    """The encoder's vectors of one corpus, shape (n, 384), kept beside its numbers."""
    path = folder() / f"{corpus}.meaning.npy"
    if not path.exists():
        found = meanings([view(read_message(sample.raw)) for sample in load(corpus)], encoder)
        np.save(path, found.astype(np.float16))
    return np.asarray(np.load(path), np.float32)


if __name__ == "__main__":
    for name in CORPORA:
        print(f"{name}\t{len(numbers(name).told)}", flush=True)
