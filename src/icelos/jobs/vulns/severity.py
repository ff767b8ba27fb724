"""How severe a vulnerability is by itself: CVSS base scores, computed from the published vectors.

The computation is that of the library `cvss` (Red Hat Product Security), for versions 2, 3.0, 3.1 and 4.0
(https://www.first.org/cvss/). A score that a publisher states beside its vector is not used.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

MAX_VECTOR = 512
RATINGS = {
    "critical": 0.95, "important": 0.795, "high": 0.795, "medium": 0.545, "moderate": 0.545, "low": 0.2,
    "negligible": 0.05, "unimportant": 0.05,
}  # fmt: skip
"""A publisher's word as a number: the middle of CVSS's range of that name (low 0.1-3.9, medium 4.0-6.9, high
7.0-8.9, critical 9.0-10.0), by 10; Debian's and Ubuntu's words below low as half of its lower quarter."""


class Severity(msgspec.Struct, frozen=True):
    """`score` is from 0 to 1 (CVSS by 10); `vector` and `version` are empty where only a word is known."""

    score: float
    word: str
    vector: str = ""
    version: str = ""

    def __str__(self) -> str:
        scored = f"CVSS {self.version} {self.score * 10:.1f}" if self.vector else "the publisher's word"
        return f"{scored}, {self.word}"


def severity_of(vectors: Iterable[str], rating: str = "") -> Severity | None:
    """The score of the newest version of CVSS among the vectors, the highest where publishers differ.

    Else the publisher's word; None where nothing is known. Vectors that cannot be read are passed over.
    """
    scored = [found for vector in vectors if (found := _scored(vector.strip())) is not None]
    if scored:
        return max(scored, key=lambda s: (s.version, s.score))
    word = rating.strip().lower()
    return Severity(RATINGS[word], word) if word in RATINGS else None


@lru_cache(maxsize=4096)
def _scored(vector: str) -> Severity | None:
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError

    if len(vector) > MAX_VECTOR:
        return None
    version = vector.partition("/")[0].removeprefix("CVSS:")
    kind = {"4.0": CVSS4, "3.1": CVSS3, "3.0": CVSS3}.get(version, CVSS2)
    try:
        found = kind(vector)
    except (CVSSError, ValueError, LookupError):
        return None
    base = min(max(float(found.scores()[0]), 0.0), 10.0)
    word = str(found.severities()[0]).lower()
    return Severity(base / 10, word, vector, version if kind is not CVSS2 else "2.0")
