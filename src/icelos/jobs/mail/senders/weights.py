"""From surprises to one score: a logistic over bounded parts, and the thresholds that belong to it.

The weights that ship are set by judgement. `icelos.jobs.mail.senders.calibrate` learns them from an
organisation's own mail.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.senders.departure import PARTS
from icelos.jobs.mail.senders.style import NUMBERS, TABLES

_GROUPS: tuple[tuple[float, Sequence[str]], ...] = (
    (0.5, [f"{name} fit" for name in TABLES]),
    (0.35, [f"{name} usual" for name in TABLES]),
    (0.2, ["characters strange usual", "topics strange usual"]),
    (0.15, [*NUMBERS, "structure", "encoding", "sign-off", "sign-off shape", "recipients"]),
    (0.35, ["program", "zone", "layout", "hour"]),
    (0.25, ["message-id", "message-id host", "signers", "greeting", "links", "thread"]),
    (0.4, ["reply-to", "language", "intents"]),
)

BEND = 4.0
"""Where a part's effect bends to its limit: no single oddity is proof."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` are weights by the names of PARTS, `words` and `mails` those of the logarithms of the mail's
    words and of earlier mails. A score from `alert` on is a likely takeover, from `review` on a departure.
    `made_from` tells where they come from.
    """

    parts: dict[str, float]
    words: float
    mails: float
    bias: float
    review: float
    alert: float
    made_from: str

    def score(self, parts: NDArray[np.float64], words: int, mails: int) -> float:
        """Log-odds of a takeover among as many takeovers as genuine mails."""
        values = np.array([*(self.parts.get(name, 0.0) for name in PARTS), self.words, self.mails])
        return float(features(parts, words, mails) @ values + self.bias)


def features(parts: NDArray[np.float64], words: int, mails: int) -> NDArray[np.float64]:
    """What the weights are multiplied with: (parts + 2,)."""
    size = [np.log1p(words) / 5, np.log1p(mails) / 5]
    return np.concatenate([BEND * np.tanh(parts / BEND), size])


_PENALTY = 3.0


def fitted(
    rows: NDArray[np.float64], takeover: NDArray[np.bool_], importance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights and bias of a logistic with a penalty, by Newton's method: (columns + 1,).

    `rows` has the shape (mails, columns), the others (mails,).
    """
    inputs = np.column_stack([rows, np.ones(len(rows))])
    penalty = np.full(inputs.shape[1], _PENALTY)
    penalty[-1] = 1e-6
    found = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (importance * (chance - takeover)) + penalty * found
        curve = (inputs.T * (importance * np.maximum(chance * (1 - chance), 1e-6))) @ inputs + np.diag(
            penalty
        )
        step = np.linalg.solve(curve, slope)
        found -= step
        if float(np.abs(step).max()) < 1e-6:
            break
    return found


def as_weights(
    found: Sequence[float] | NDArray[np.float64], *, review: float, alert: float, made_from: str
) -> Weights:
    """Named weights out of a fit's numbers in the order of `features` and the bias."""
    numbers = [round(float(number), 4) for number in found]
    return Weights(
        parts=dict(zip(PARTS, numbers, strict=False)),
        words=numbers[len(PARTS)],
        mails=numbers[len(PARTS) + 1],
        bias=numbers[-1],
        review=round(review, 3),
        alert=round(alert, 3),
        made_from=made_from,
    )


DEFAULT = Weights(
    parts={name: weight for weight, names in _GROUPS for name in names},
    words=0.0,
    mails=0.0,
    bias=-3.0,
    review=2.5,
    alert=5.0,
    made_from="judgement",
)
"""What ships. Its thresholds are cautious; `calibrate` sets them for a wanted rate of alarms."""
