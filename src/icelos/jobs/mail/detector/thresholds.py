"""The score from which mail is flagged, chosen for a wanted share of ham that may be flagged.

With n mails of ham the share can be told no finer than 1 / n; between and beyond the mails, the upper tail is
taken to fall off exponentially, as tails of log-odds do, fitted on the highest twentieth of the ham.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.jobs.mail.detector.model import Thresholds

WANTED_FPR = 0.001
ALERT_SHARE = 0.1
"""Of the ham that is flagged, the share that may be an alert."""
TAIL = 0.05
LEAST_HAM = 100
MARGIN = 0.001
"""Log-odds between the threshold and what it lets pass: a judge rounds what it shows."""


def thresholds_for(log_odds: NDArray[np.floating], wanted_fpr: float = WANTED_FPR) -> Thresholds:
    """Thresholds by the log-odds of ham, shape (n,). Raises InputError for too little ham."""
    ham = np.sort(np.asarray(log_odds, np.float64))
    if len(ham) < LEAST_HAM:
        raise InputError(
            f"only {len(ham)} mails of ham", hint=f"a threshold needs {LEAST_HAM}, better thousands"
        )
    review = quantile(ham, wanted_fpr)
    alert = max(review, quantile(ham, wanted_fpr * ALERT_SHARE))
    return Thresholds(_up(review), _up(alert), wanted_fpr, len(ham))


def _up(value: float) -> float:
    """Rounded so that nothing below the value is flagged, even where much ham has the same log-odds."""
    return math.ceil(value * 10_000) / 10_000


def quantile(ham: NDArray[np.float64], share: float) -> float:
    """The value that `share` of sorted ham lies above; where too few lie there, by the tail's fall."""
    above = share * len(ham)
    last, first = ham[len(ham) - max(5, int(above)) - 1 :][:2]
    told = float(max(last + MARGIN, (last + first) / 2))
    if above >= 5:
        return told
    count = max(5, int(TAIL * len(ham)))
    base = ham[-count - 1]
    fall = float(np.mean(ham[-count:] - base)) or 1e-6
    return max(told, float(base + fall * np.log(count / max(above, 1e-9))))


def flagged_share(log_odds: Sequence[float], threshold: float) -> float:
    """The share at or above a threshold."""
    return float(np.mean(np.asarray(log_odds) >= threshold)) if len(log_odds) else 0.0
