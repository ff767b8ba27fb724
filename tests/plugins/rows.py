"""Rows for runs that are to be compared, some of which cannot be read or scored."""

from __future__ import annotations

import random
from pathlib import Path

POISON = (b"no json", b'{"number": 1,', b"\xff\xfe\x00", b"[1, 2]")


def write_rows(path: Path, count: int, *, poisoned: float = 0.001, users: int = 50, seed: int = 1) -> int:
    """JSON rows, of which a share cannot be read or makes the job raise, half and half; how many these are.

    One in a hundred comes again later, as it stands.
    """
    random_ = random.Random(seed)
    bad, lines = 0, []
    for number in range(count):
        user, what = f"user{random_.randrange(users)}", "fine"
        if random_.random() < poisoned:
            bad += 1
            if random_.random() < 0.5:
                lines.append(random_.choice(POISON) + b" %d" % number)
                continue
            what = "raises"
        if lines and random_.random() < 0.01:
            lines.append(lines[random_.randrange(len(lines))])
            bad += b"raises" in lines[-1] or not lines[-1].startswith(b'{"id"')
            continue
        lines.append(b'{"id": "row-%08d", "user": "%s", "number": %d, "what": "%s"}'
                     % (number, user.encode(), number, what.encode()))  # fmt: skip
    path.write_bytes(b"\n".join(lines) + b"\n")
    return bad
