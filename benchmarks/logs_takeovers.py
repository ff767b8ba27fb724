"""Detectors trained on generated rows beside those trained on real ones, and a student beside its teacher: by
takeovers in the activity of real people.

    python -m benchmarks.logs_takeovers REAL TEST --generated FILE [...] --teacher MODEL [--takeovers 450]
        [--seed 0] [--folder DIR]

REAL are rows of a log, in the order of their time, MODEL a GPT that learned nothing else, FILE rows of that
model; TEST are later rows. In TEST some rows of one person stand under the name of another: takeovers. Each
detector scores all of TEST; the area under the curve is that of the rows of takeovers against all others.
Intervals are of 1,000 draws of takeovers, and of as many others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.jobs.logs.detect.columns import Layout

LONGEST = 12
HISTORY = 30
"""Rows of TEST or REAL that a person has, at least, to be taken over or to take over."""
_DRAWS = 1000
Scores = npt.NDArray[np.float64]


def taken_over(
    lines: Sequence[bytes], before: Sequence[bytes], layout: Layout, count: int, seed: int
) -> tuple[list[bytes], npt.NDArray[np.int64]]:
    """Rows in which some stand under another name, and the number of the takeover of each, or 0.

    Those are `count` runs of 1 to `LONGEST` rows that one person does one after the other; the name is of a
    person who acts in the days around it.
    """
    rng = np.random.default_rng(seed)
    users = [_user(line, layout) for line in lines]
    history = Counter(users) + Counter(_user(line, layout) for line in before)
    known = [user for user, rows in history.items() if user and rows >= HISTORY]
    places: dict[str, list[int]] = defaultdict(list)
    for number, user in enumerate(users):
        places[user].append(number)
    out, numbers = list(lines), np.zeros(len(lines), np.int64)
    made = 0
    eligible = np.array([user in set(known) for user in users]) if len(known) < 500 else None
    chosen = set(known)
    while made < count:
        begin = int(rng.integers(len(lines)))
        user = users[begin]
        near = sorted({one for one in users[max(0, begin - 3000) : begin + 3000] if one in chosen} - {user})
        if user not in chosen or not near or numbers[begin]:
            continue
        made += 1
        own = [place for place in places[user] if place >= begin][: 1 + int(rng.integers(LONGEST))]
        victim = near[int(rng.integers(len(near)))]
        for place in own:
            if not numbers[place]:
                out[place] = lines[place].replace(_quoted(user), _quoted(victim))
                numbers[place] = made
    del eligible
    return out, numbers


def _user(line: bytes, layout: Layout) -> str:
    return str(msgspec.json.decode(line, type=dict[str, object]).get(layout.user, ""))


def _quoted(text: str) -> bytes:
    return msgspec.json.encode(text)
