"""Rows as texts: ROUGE against real rows, and whether rows are different from each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from icelos.evaluate.rouge import Rouge, Words, rouge_l, rouge_n, self_rouge, words
from icelos.jobs.logs.evaluation.measures import Figures
from icelos.jobs.logs.evaluation.table import Part

PAIRS_N = 600
"""Rows of either side whose pairs are compared by ROUGE-1 and ROUGE-2."""
PAIRS_L, WORDS_L = 150, 500
"""The same for ROUGE-L, which takes time by the square of a text's words, and how many of them it takes."""


def texts_of(part: Part, most: int) -> list[Words]:
    """The words of the first rows; parts are in random order."""
    return [words(row.raw.decode("utf-8", "replace")) for row in part.rows[:most]]


def rouge_figures(candidate: Part, reference: Part) -> Figures:
    """ROUGE-2, F1, by the best reference and over all of them: what is gated."""
    return _named({"ROUGE-2": rouge_n(texts_of(candidate, PAIRS_N), texts_of(reference, PAIRS_N), 2)})


def other_rouge_figures(candidate: Part, reference: Part) -> Figures:
    """ROUGE-1, and ROUGE-L of fewer rows: what is reported besides."""
    left, right = texts_of(candidate, PAIRS_N), texts_of(reference, PAIRS_N)
    short, other = ([text[:WORDS_L] for text in texts[:PAIRS_L]] for texts in (left, right))
    return _named({"ROUGE-1": rouge_n(left, right, 1), "ROUGE-L": rouge_l(short, other)})


def _named(found: Mapping[str, Rouge]) -> Figures:
    return {
        f"{name} {how}": value
        for name, both in found.items()
        for how, value in (("best", both.best), ("average", both.average))
    }


def diversity_figures(candidate: Part) -> Figures:
    """Distinct rows by their values, and how alike rows are to their nearest."""
    return {
        "distinct rows": len(np.unique(candidate.exact, axis=0)) / len(candidate)
        if len(candidate)
        else float("nan"),
        "self-ROUGE-2": self_rouge(texts_of(candidate, PAIRS_N)),
    }
