"""Which fields of a log are worth watching: those whose values come again, and say something of the user.

Known kinds of logs name user, time, source, result and session (`roles`); everything else is found in a
sample of rows, so that any log can be watched.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from icelos.data.parse.flat import Value, text_of
from icelos.data.row_ids import ROW_ID_FIELDS
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.logs.detect.columns import Layout
from icelos.jobs.logs.profile.formats import seconds_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import done_in, kind_of, names_a_time, paths_of, who_and_when

SAMPLE = 20_000
"""Rows that are looked at."""
MOST = 10
_PRESENT = 0.02
"""A field that fewer rows have is left out."""
_AGAIN = 0.6
"""The share of a field's rows whose value stood in an earlier row, at least."""
_SAME = 0.99
"""Two fields that tell each other's values in this share of rows are one."""
_LONGEST = 400
_ROWS_OF_PEER, _PEERS = 5, 3
"""Rows of a user that tell where it belongs, and users that make a group, at least."""
_AT_HOME, _SHARED = 0.7, 0.8
"""Shares of the rows of users that have the value of their group, and of users that have a group."""
_USER = re.compile(
    r"user(?!.?agent)|account|principal|identity|actor|author|upn|puid|profile|sid$", re.IGNORECASE
)
"""Names of fields that, where they go with the user one to one, only say once more who it is. Other fields
that do are bonds, such as a machine that one person has."""
_SESSIONS = (
    "properties.sessionId", "sessionId", "SessionId", "AppAccessContext.AADSessionId",
    "authenticationContext.externalSessionId", "userIdentity.accessKeyId", "LogonId", "TargetLogonId",
    "SubjectLogonId",
)  # fmt: skip
"""Fields that name a session, in order of preference."""


def learn_layout(rows: Iterable[Row | Failure]) -> Layout:
    """What to read of a log, by its first `SAMPLE` rows.

    Raises InputError where it has no rows, or no field that names a user.
    """
    sample = _sample(rows)
    if not sample:
        raise InputError("has no rows to learn from")
    columns = _columns(sample)
    kinds = Counter(kind_of(row) for row in sample)
    kind = kinds.most_common(1)[0][0]
    times = {path for path, values in columns.items() if _are_times(path, values)}
    present = {path: len(sample) - values.count(None) for path, values in columns.items()}
    who = who_and_when(present, times, kinds)
    if not who.user:
        raise InputError("no field of it names a user")
    user = columns[who.user]
    played = {role: _played(role, kind, columns) for role in ("source", "result", "application")}
    sessions = [path for path in _SESSIONS if path in columns]
    session = max(sessions, key=lambda path: present[path], default="")
    wanted = [path for path in (played["application"], played["source"], played["result"]) if path]
    candidates = [
        path for path in columns
        if path not in (who.user, *sessions, *wanted) and path not in times and _comes_again(columns[path])
    ]  # fmt: skip
    candidates.sort(key=lambda path: -_told(columns[path], user))
    done = [path for path in done_in(kind) if path in candidates]
    candidates = [*done, *(path for path in candidates if path not in done)]
    facets: list[str] = [path for path in wanted if path == played["source"] or _comes_again(columns[path])]
    for path in candidates:
        if len(facets) >= MOST:
            break
        known = [*facets, *([who.user] if _USER.search(path) else [])]
        if not any(_same(columns[path], columns[other]) for other in known):
            facets.append(path)
    return Layout(
        user=who.user, time=who.time, facets=tuple(facets), session=session, source=played["source"],
        result=played["result"], latitude=_ending("latitude", columns),
        longitude=_ending("longitude", columns),
        id=next((path for path in ROW_ID_FIELDS if path in columns), ""),
        peers=_peers({path: columns[path] for path in facets if path != played["result"]}, user),
    )  # fmt: skip


def _peers(facets: Mapping[str, Sequence[Value]], user: Sequence[Value]) -> str:
    """The facet that puts users into groups: most of a user's rows have the same value of it, most users
    share theirs with others, and it tells the most groups apart; "" where there is none."""
    best, most = "", 0.0
    for path, values in facets.items():
        by_user: dict[Value, Counter[Value]] = {}
        for who, value in zip(user, values, strict=True):
            if who is not None and value is not None and value != "":
                by_user.setdefault(who, Counter())[value] += 1
        homes = [counts.most_common(1)[0] for counts in by_user.values() if counts.total() >= _ROWS_OF_PEER]
        rows = sum(counts.total() for counts in by_user.values() if counts.total() >= _ROWS_OF_PEER)
        if len(homes) < 2 * _PEERS or sum(count for _, count in homes) < _AT_HOME * rows:
            continue
        groups = [size for size in Counter(value for value, _ in homes).values() if size >= _PEERS]
        if len(groups) < 2 or sum(groups) < _SHARED * len(homes):
            continue
        bits = -sum(size / len(homes) * math.log2(size / len(homes)) for size in groups)
        if bits > most:
            best, most = path, bits
    return best


def _sample(rows: Iterable[Row | Failure]) -> list[dict[str, Value]]:
    found = []
    for row in rows:
        if not isinstance(row, Failure):
            found.append(row.fields)
        if len(found) >= SAMPLE:
            break
    return found


def _columns(sample: Sequence[Mapping[str, Value]]) -> dict[str, list[Value]]:
    """Values by path, of the paths that enough rows have; what stands within lists is left out."""
    count: Counter[str] = Counter(path for row in sample for path in row if "[" not in path)
    paths = [
        path for path, rows in count.items() if rows >= _PRESENT * len(sample) and not path.endswith("{}")
    ]
    return {path: [row.get(path) for row in sample] for path in paths}


def _are_times(path: str, values: Sequence[Value]) -> bool:
    some = [value for value in values if value is not None][:200]
    numbers = names_a_time(path)
    return bool(some) and sum(seconds_of(value, numbers=numbers) is not None for value in some) > 0.9 * len(
        some
    )


def _played(role: str, kind: str, columns: Mapping[str, Sequence[Value]]) -> str:
    there = [path for path in paths_of(role, kind) if path in columns]
    return max(there, key=lambda path: len(columns[path]) - columns[path].count(None), default="")


def _comes_again(values: Sequence[Value]) -> bool:
    """Whether values stand in many rows, are not one and the same, and are no long texts."""
    some = [value for value in values if value is not None and value != ""]
    distinct = set(map(text_of, some))
    if not some or len(distinct | ({""} if len(some) < len(values) else set())) < 2:
        return False
    if len(distinct) > (1 - _AGAIN) * len(some) + 1:
        return False
    return all(len(text) <= _LONGEST for text in distinct) and not _are_measures(some, distinct)


def _are_measures(some: Sequence[Value], distinct: set[str]) -> bool:
    """Whether these are numbers that are counted or measured: many different ones, none of them a code."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in some)
    return numbers and len(distinct) > 100


def _told(values: Sequence[Value], user: Sequence[Value]) -> float:
    """Bits that a value says of its user: their mutual information."""
    texts = ["" if value is None else text_of(value) for value in values]
    users = ["" if value is None else text_of(value) for value in user]
    return _bits(texts) + _bits(users) - _bits(list(zip(texts, users, strict=True)))


def _bits(values: Sequence[object]) -> float:
    counts = Counter(values).values()
    total = sum(counts)
    return -sum(count / total * math.log2(count / total) for count in counts)


def _same(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Whether each of two fields tells the other's value, but for some rows."""
    pairs = Counter(zip(map(repr, one), map(repr, other), strict=True))
    return _tells(pairs, 0) and _tells(pairs, 1)


def _tells(pairs: Counter[tuple[str, str]], side: int) -> bool:
    most: dict[str, int] = {}
    for pair, count in pairs.items():
        most[pair[side]] = max(most.get(pair[side], 0), count)
    return sum(most.values()) >= _SAME * pairs.total()


def _ending(word: str, columns: Mapping[str, Sequence[Value]]) -> str:
    """The field of a coordinate."""
    return next((path for path in columns if path.lower().endswith(word) and _are_numbers(columns[path])), "")


def _are_numbers(values: Sequence[Value]) -> bool:
    some = [value for value in values if value is not None]
    return bool(some) and all(isinstance(value, int | float) for value in some)
