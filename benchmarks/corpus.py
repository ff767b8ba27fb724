"""Generated text in the proportions of real text: words by Zipf's law, so that some are everywhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from icelos.llm.encoder import Encoder
from icelos.records import Document, Section

SYLLABLES = "ka lo mi ter ran su vel do pra nix ch est ul gor in ba".split()
VOCABULARY = 60_000


def vocabulary(size: int = VOCABULARY, seed: int = 1) -> list[str]:
    """That many different words: those of Python's own help pages, the commonest first, then made-up ones."""
    from pydoc_data.topics import topics

    english = Counter(re.findall(r"[a-z]{2,}", " ".join(topics.values()).lower()))
    found = dict.fromkeys(word for word, _ in english.most_common(size))
    dice = np.random.default_rng(seed)
    while len(found) < size:
        picks = dice.choice(SYLLABLES, dice.integers(2, 6))
        found["".join(picks)] = None
    return list(found)


class Writer:
    """Writes sentences. Word n has a probability in proportion to 1 / (n + 2.7), as in English prose."""

    def __init__(self, seed: int = 2) -> None:
        self.words = np.array(vocabulary())
        weights = 1 / (np.arange(len(self.words)) + 2.7)
        self._cumulated = np.cumsum(weights / weights.sum())
        self._dice = np.random.default_rng(seed)

    def text(self, words: int) -> str:
        """So many words in sentences of ten."""
        picks = self.words[np.searchsorted(self._cumulated, self._dice.random(words))]
        sentences = [" ".join(picks[i : i + 10]).capitalize() for i in range(0, words, 10)]
        return ". ".join(sentences) + "."

    def documents(self, number: int, *, words: int, prefix: str = "doc") -> Iterator[Document]:
        """Documents of about so many words, each with an identifier."""
        for n in range(number):
            yield Document(
                id=f"{prefix}-{n}", source=f"{prefix}.txt:{n}", title=self.text(6).rstrip("."),
                sections=(Section("", self.text(words), f"line {n}"),), identifiers=(f"KB-{n:06}",),
                groups=("soc",) if n % 10 == 0 else (), kind="ticket" if n % 3 else "note",
            )  # fmt: skip


class StandIn(Encoder):
    """Random vectors for passages, which costs nothing; single questions go to the real encoder."""

    def __init__(self) -> None:
        super().__init__()
        self._dice = np.random.default_rng(3)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(texts) == 1 and self.available():
            return super().encode(texts)
        rows = self._dice.standard_normal((len(texts), self.dimensions)).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
