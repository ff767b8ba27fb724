"""Which words of a mail weigh most in a model, for people."""

from __future__ import annotations

import numpy as np

from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.detector.vectors import columns, pieces

SHORTEST = 5
"""Characters of a word or pair below which it tells people nothing: "e", "now"."""
LOOKED_AT = 2000
"""Characters of a view whose words are looked up: enough to name a few."""


def telling_words(model: MailModel, view: str, most: int = 3) -> list[str]:
    """The words and pairs of words of a view that speak most for harm, the heaviest first."""
    found = [piece for piece in pieces(view[:LOOKED_AT]) if "¤" not in piece and len(piece) >= SHORTEST]
    if not found:
        return []
    weights = model.text.weights[0, columns(found)]
    order = np.argsort(-weights, kind="stable")[: 2 * most]
    chosen: list[str] = []
    for place in order:
        if weights[place] > 0 and not any(found[place] in one for one in chosen) and len(chosen) < most:
            chosen.append(found[place])
    return chosen
