"""The weights, a sentence's score, and the flag of a text.

bundled.npz holds four arrays, read without pickle: `weights` (SIZE, float16), `bias`, `threshold` and
`version`. A score is the logistic of the sum of a sentence's weights; a text's is that of its worst
sentence. Inference is numpy alone. Flags are made when a passage is shown and kept by the text's hash:
what is stored need not be indexed again when the weights change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.data.atomic import atomic_write
from icelos.errors import InputError
from icelos.llm.injection.features import SIZE, features
from icelos.llm.injection.segments import Segment, segments

LABEL = "speaks to an assistant"
MANY = 0.2
"""What the worst sentence's logit is lowered by, times the natural logarithm of the number of sentences: many
sentences are many chances to look bad. A sentence by itself is judged as it is."""
KEPT = 4_096
"""Texts whose flags are kept in memory."""


class Flag(msgspec.Struct, frozen=True):
    """Whether a text speaks to an assistant; `score` 0..1 of its worst sentence, from `start` to `end`."""

    flagged: bool
    score: float
    start: int = 0
    end: int = 0


class Model:
    """A linear model of one sentence. Safe to share between threads."""

    def __init__(self, weights: NDArray[Any], bias: float, threshold: float, version: str = "") -> None:
        if weights.shape != (SIZE,):
            raise InputError(f"a model of {weights.shape} numbers, not {SIZE}", hint="train it again")
        self.weights = weights.astype(np.float32)
        self.bias, self.threshold, self.version = float(bias), float(threshold), version
        self._flag = lru_cache(KEPT)(self._flagged)

    def logit(self, text: str, *, encoded: bool = False) -> float:
        """The sum of one sentence's weights."""
        return float(self.weights[features(text, encoded=encoded)].sum()) + self.bias

    def scores(self, text: str) -> Iterator[tuple[Segment, float]]:
        """Every sentence of a text with its score, 0..1."""
        for segment in segments(text):
            yield segment, logistic(self.logit(segment.text, encoded=segment.encoded))

    def flag(self, text: str) -> Flag:
        """The flag of a whole text, by its worst sentence and how many there are."""
        return self._flag(text)

    def flagged(self, text: str) -> list[Flag]:
        """The sentences of a text that are flagged, in order."""
        return [
            Flag(True, score, segment.start, segment.end)
            for segment, score in self.scores(text)
            if score >= self.threshold
        ]

    def _flagged(self, text: str) -> Flag:
        logits = [(self.logit(s.text, encoded=s.encoded), s) for s in segments(text)]
        if not logits:
            return Flag(False, 0.0)
        best, segment = max(logits, key=lambda one: one[0])
        score = logistic(best - MANY * math.log(len(logits)))
        return Flag(score >= self.threshold, round(score, 4), segment.start, segment.end)

    def save(self, path: Path) -> None:
        """Write the arrays. Raises OSError."""
        with atomic_write(path) as file:
            np.savez_compressed(
                file,
                weights=self.weights.astype(np.float16),
                bias=np.float32(self.bias),
                threshold=np.float32(self.threshold),
                version=np.bytes_(self.version.encode()),
            )

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read the arrays. Raises InputError where they are not what `save` wrote."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(
                    arrays["weights"],
                    float(arrays["bias"]),
                    float(arrays["threshold"]),
                    bytes(arrays["version"]).decode("utf-8", "replace").rstrip("\0"),
                )
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(f"not a model of injections: {error}", source=str(path)) from error


def logistic(value: float) -> float:
    """1 / (1 + e^-x), without overflow."""
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))


@cache
def bundled() -> Model:
    """The model that ships with the package."""
    with as_file(files("icelos.llm.injection") / "bundled.npz") as path:
        return Model.load(path)
