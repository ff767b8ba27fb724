"""How far one mail departs from its sender's sketch: named surprises in log-odds.

A surprise is log P(this | someone else) - log P(this | the sender), where "someone else" is what all senders
together do. Above zero speaks for someone else, below for the sender.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.sketch import Sketch
from icelos.jobs.mail.senders.style import NUMBERS, SLICES, TABLES

ROUTE = (
    "program", "zone", "message-id", "message-id host", "signers", "origin", "structure", "encoding",
    "reply-to", "attachments",
)  # fmt: skip
FRAME = ("layout", "attribution", "greeting", "sign-off", "sign-off shape", "signature", "language")
SEVERAL = ("recipients", "links", "intents")
PARTS = (
    *(f"{name} fit" for name in TABLES), *(f"{name} strange" for name in TABLES),
    *(f"{name} usual" for name in TABLES), *(f"{name} strange usual" for name in TABLES),
    *NUMBERS, *ROUTE, *FRAME, *SEVERAL,
    "hour", "weekday", "thread",
)  # fmt: skip
"""The names of all parts, in the order of `surprises`."""
MOST = 6.0
_STYLE = 4 * len(TABLES) + len(NUMBERS)
BACK_OFF = 100.0
"""Tokens of what all senders write that are mixed into what one writes."""
_FEW = 20.0
"""Words at which style counts half."""
_UNKNOWN = 1e-3
"""Chance of a value that no sender has had."""


def surprises(facts: Facts, own: Sketch, everyone: Sketch) -> NDArray[np.float64]:
    """The parts of one mail in the order of PARTS, shape (parts,), each bounded by `MOST` either way."""
    fits = fit(facts, own, everyone)
    found = [
        *(-fits[: len(TABLES)]),
        *_against(fits, everyone.usual, everyone.usual)[len(TABLES) :],
        *_against(fits, own.usual, everyone.usual),
        *_numbers(facts, own, everyone),
        *(_habit(name, facts, own, everyone) for name in (*ROUTE, *FRAME, *SEVERAL)),
        _hour(facts, own, everyone),
        _weekday(facts, own, everyone),
        _thread(facts, own, everyone),
    ]
    values = np.array(found, dtype=np.float64)
    values[:_STYLE] *= facts.words / (facts.words + _FEW)
    return np.clip(np.nan_to_num(values, posinf=MOST, neginf=-MOST), -MOST, MOST)


# ---- style


def fit(facts: Facts, own: Sketch, everyone: Sketch) -> NDArray[np.float32]:
    """How well the tables fit: (2 * tables,).

    First how much better the sender explains them than everyone, per root of their tokens; then, less than
    nothing, how strange they are to the sender: the mean logarithm of a token's chance.
    """
    if not facts.words or own.written <= 0:
        return np.zeros(2 * len(TABLES), dtype=np.float32)
    counts = facts.tables
    found = [_fit(counts[part], own.tables[part], everyone.tables[part]) for part in SLICES.values()]
    return np.array(found, dtype=np.float32).T.ravel()


def _fit(
    counts: NDArray[np.float32], own: NDArray[np.float32], everyone: NDArray[np.float32]
) -> tuple[float, float]:
    total = float(counts.sum())
    if total <= 0:
        return 0.0, 0.0
    where = counts.nonzero()[0]
    counts = counts[where]
    background = (everyone[where] + 0.1) / (everyone.sum() + 0.1 * len(everyone))
    chance = (own[where] + BACK_OFF * background) / (own.sum() + BACK_OFF)
    better = float((counts * np.log(chance / background)).sum()) / math.sqrt(total)
    return better, float((counts * np.log(chance)).sum()) / total


_PRIOR = 8.0
"""Mails that the usual of all senders counts for in the usual of one."""


def _against(
    fits: NDArray[np.float32], own: NDArray[np.float32], everyone: NDArray[np.float32]
) -> NDArray[np.float64]:
    """How many standard deviations worse than usual it fits: (2 * tables,)."""
    if not fits.any():
        return np.zeros(len(fits))
    general = everyone.astype(np.float64) + np.array([1e-3, 0.0, 1e-3])
    weight, total, squares = (own + general / general[:, :1] * _PRIOR).T
    mean = total / weight
    deviation = np.sqrt(np.maximum(squares / weight - mean**2, 0.02))
    return np.asarray((mean - fits) / deviation)


_FLOOR = np.array([0.3, 0.2, 0.05, 0.08, 0.1, 0.1, 0.1, 0.1, 0.05, 0.3, 0.1, 0.02]) ** 2
"""Smallest variance of each of NUMBERS that is believed."""


def _numbers(facts: Facts, own: Sketch, everyone: Sketch) -> NDArray[np.float64]:
    """Log-odds of each number between two normal distributions: (numbers,)."""
    if not facts.words or own.written <= 0:
        return np.zeros(len(NUMBERS))
    general = everyone.sums.astype(np.float64) / max(everyone.written, 1e-9)
    spread = np.maximum(general[1] - general[0] ** 2, 2 * _FLOOR)
    mean, squares = (own.sums + 4.0 * general) / (own.written + 4.0)
    narrow = np.maximum(squares - mean**2, _FLOOR)
    x = np.array(facts.numbers)
    mine = (x - mean) ** 2 / narrow + np.log(narrow)
    theirs = (x - general[0]) ** 2 / spread + np.log(spread)
    return np.asarray((mine - theirs) / 2)


# ---- habits


def _habit(name: str, facts: Facts, own: Sketch, everyone: Sketch) -> float:
    """The mean surprise of a habit's values; nothing where the mail or the sketch has none."""
    values = facts.habits.get(name, ())
    known, general = own.habits.get(name), everyone.habits.get(name, {})
    if not values or not known:
        return 0.0
    return sum(_value(value, known, general) for value in values) / len(values)


def _value(value: int, known: Mapping[int, float], general: Mapping[int, float]) -> float:
    """Witten and Bell's smoothing: as many chances for something new as there were different values."""
    background = (general.get(value, 0.0) + len(general) * _UNKNOWN) / (
        sum(general.values()) + len(general) + 1
    )
    own = (known.get(value, 0.0) + len(known) * background) / (sum(known.values()) + len(known))
    return math.log(max(background, 1e-9) / max(own, 1e-9))


def _hour(facts: Facts, own: Sketch, everyone: Sketch) -> float:
    if facts.hour < 0 or not own.hours.any():
        return 0.0
    near = _NEAR[facts.hour]
    return _cell(
        float(near @ own.hours),
        float(own.hours.sum()),
        (float(near @ everyone.hours) + 1.0) / (float(everyone.hours.sum()) + 24),
    )


def _weekday(facts: Facts, own: Sketch, everyone: Sketch) -> float:
    if facts.weekday < 0 or not own.days.any():
        return 0.0
    background = (float(everyone.days[facts.weekday]) + 1.0) / (float(everyone.days.sum()) + 7)
    return _cell(float(own.days[facts.weekday]), float(own.days.sum()), background)


_NEAR = np.array(
    [
        [{0: 0.4, 1: 0.2, 2: 0.1}.get(min((a - b) % 24, (b - a) % 24), 0.0) for a in range(24)]
        for b in range(24)
    ]
)
"""How much each hour counts for an hour: who writes at nine writes at ten."""


def _cell(count: float, total: float, background: float) -> float:
    return math.log(background * (total + 3.0) / (count + 3.0 * background))


def _thread(facts: Facts, own: Sketch, everyone: Sketch) -> float:
    """An answer in a thread that nobody here has seen speaks for a stranger, in the sender's own against."""
    if not facts.answers:
        return 0.0
    if any(thread in own.threads for thread in facts.threads):
        return -2.0
    return -0.5 if any(thread in everyone.threads for thread in facts.threads) else 0.5
