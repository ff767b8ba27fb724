"""Refuses synthetic mail that is nearly a copy: of real mail, or of another synthetic mail.

Word 4-shingles; MinHash with locality-sensitive hashing (`datasketch`, extra `mail`) finds who may be near,
and the exact Jaccard similarity of the shingle sets decides. Kept are hashes of shingles, never text.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from icelos.errors import MissingExtra
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail

SHINGLE = 4
THRESHOLD = 0.3
BANDS, ROWS = 32, 2
"""At a similarity of 0.3 a pair is looked at with a chance of 95 %, at 0.4 of 99.6 %."""
MAX_WORDS = 20_000
_WORD = re.compile(r"\w{1,40}")


class Near(NamedTuple):
    """What a text is too near to: a name, whether that is real mail, and the similarity from 0 to 1."""

    name: str
    real: bool
    similarity: float


def shingles(text: str) -> frozenset[int]:
    """Hashes of the runs of four words, in lower case; a shorter text is one shingle, no words are none."""
    found = [match[0].lower() for match in _WORD.finditer(text[: 50 * MAX_WORDS])][:MAX_WORDS]
    runs = range(max(1, len(found) - SHINGLE + 1)) if found else ()
    return frozenset(zlib.crc32(" ".join(found[n : n + SHINGLE]).encode("utf-8", "replace")) for n in runs)


def jaccard(left: frozenset[int], right: frozenset[int]) -> float:
    """Shared shingles by all shingles; 0 where both are empty."""
    together = len(left | right)
    return len(left & right) / together if together else 0.0


class NearCopies:
    """A growing set of texts that new ones are held against. Not safe to share between threads.

    Raises MissingExtra where `datasketch` is not installed.
    """

    def __init__(self, *, threshold: float = THRESHOLD) -> None:
        try:
            from datasketch import MinHashLSH
        except ImportError:
            raise MissingExtra("refusing near copies", extra="mail") from None
        self.threshold = threshold
        self._index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
        self._kept: list[tuple[str, bool, frozenset[int]]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, text: str, name: str, *, real: bool = False) -> None:
        """Keep a text's hashes under a name."""
        self._add(shingles(text), name, real)

    def near(self, text: str) -> Near | None:
        """The nearest kept text at or above the threshold."""
        found = shingles(text)
        return self._near(found, _signature(found))

    def admit(self, text: str, name: str) -> Near | None:
        """Keep the text if nothing is near; else what is."""
        found = shingles(text)
        signature = _signature(found)
        near = self._near(found, signature)
        if near is None:
            self._keep(found, signature, name, real=False)
        return near

    def _add(self, found: frozenset[int], name: str, real: bool) -> None:
        self._keep(found, _signature(found), name, real=real)

    def _keep(self, found: frozenset[int], signature: Any, name: str, *, real: bool) -> None:
        if found:
            self._index.insert(len(self._kept), signature, check_duplication=False)
            self._kept.append((name, real, found))

    def _near(self, found: frozenset[int], signature: Any) -> Near | None:
        best: Near | None = None
        for place in self._index.query(signature) if found else ():
            name, real, other = self._kept[place]
            similarity = jaccard(found, other)
            if similarity >= self.threshold and (best is None or similarity > best.similarity):
                best = Near(name, real, similarity)
        return best


def _signature(found: frozenset[int]) -> Any:
    from datasketch import MinHash

    signature = MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=int)
    if found:
        signature.update_batch(sorted(found))
    return signature


class Refusals:
    """Counts what was refused and why: "near real mail", "near another synthetic mail"."""

    def __init__(self) -> None:
        self.passed = 0
        self.refused: Counter[str] = Counter()

    def __str__(self) -> str:
        why = ", ".join(f"{number} {reason}" for reason, number in sorted(self.refused.items()))
        return f"{self.passed} passed, {sum(self.refused.values())} refused ({why or 'none'})"


def refuse_near(
    candidates: Iterable[SyntheticMail],
    against: Iterable[str] = (),
    *,
    threshold: float = THRESHOLD,
    refusals: Refusals | None = None,
) -> Iterator[SyntheticMail]:
    """The candidates that are near neither the texts of real mail nor a candidate that passed before.

    Streams: memory grows with the number of mails (their hashes), not with text. `refusals` is filled.
    """
    refusals = refusals if refusals is not None else Refusals()
    kept = NearCopies(threshold=threshold)
    for number, text in enumerate(against):
        kept.add(text, str(number), real=True)
    for mail in candidates:
        near = kept.admit(comparable(mail), mail.id)
        if near is None:
            refusals.passed += 1
            yield mail
        else:
            refusals.refused["near real mail" if near.real else "near another synthetic mail"] += 1


def comparable(mail: SyntheticMail) -> str:
    """What is compared of a mail: subject and text."""
    return f"{mail.subject}\n{mail.text}"


def near_share(texts: Iterable[str], threshold: float = THRESHOLD) -> float:
    """Share of all pairs with an exact similarity at or above the threshold; quadratic, for samples."""
    sets = [found for text in texts if (found := shingles(text))]
    places: dict[int, list[int]] = {}
    for number, found in enumerate(sets):
        for shingle in found:
            places.setdefault(shingle, []).append(number)
    sizes = np.array([len(found) for found in sets])
    pairs = 0
    for number, found in enumerate(sets):
        later = [other for shingle in found for other in places[shingle] if other > number]
        others, shared = np.unique(np.array(later, dtype=np.int64), return_counts=True)
        pairs += int(np.sum(shared / (sizes[number] + sizes[others] - shared) >= threshold))
    return pairs / max(1, len(sets) * (len(sets) - 1) // 2)
