"""Takeovers of any log: rows of one user under the name of another, in columns.

What every log can show, whatever its kind: somebody else acts as this user, with another's habits, machine
and network. Nothing of a scenario is needed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from icelos.jobs.logs.detect.columns import NOTHING, Columns

LONGEST = 12
"""Rows of a takeover."""


class Mixed(NamedTuple):
    """Rows with takeovers between them: for each the row that it was, and the number of its takeover or 0."""

    columns: Columns
    origins: npt.NDArray[np.int64]
    takeovers: npt.NDArray[np.int64]


def with_takeovers(columns: Columns, share: float, rng: np.random.Generator) -> Mixed:
    """About `share` of the rows begin a takeover, which stands behind the rows that it copies.

    Its rows are those that one user does next, under another user's name and in other sessions.
    """
    rows = np.arange(len(columns))
    known = rows[columns.users != NOTHING]
    begins = known[rng.random(known.size) < share]
    users = np.unique(columns.users[known])
    if begins.size == 0 or users.size < 2:
        return Mixed(columns, rows, np.zeros_like(rows))
    copies, victims, numbers = [], [], []
    for number, begin in enumerate(begins.tolist(), 1):
        own = rows[begin:][columns.users[begin:] == columns.users[begin]]
        taken = own[: 1 + int(rng.integers(LONGEST))]
        copies.append(taken)
        victims.append(np.full(taken.size, rng.choice(users[users != columns.users[begin]]), np.uint64))
        numbers.append(np.full(taken.size, number))
    made = columns.take(np.concatenate(copies))
    made.users = np.concatenate(victims)
    made.sessions = np.where(made.sessions == NOTHING, made.sessions, made.sessions ^ made.users)
    origins = np.concatenate((rows, *copies))
    order = np.argsort(origins, kind="stable")
    takeovers = np.concatenate((np.zeros_like(rows), *numbers))
    return Mixed(Columns.joined([columns, made]).take(order), origins[order], takeovers[order])
