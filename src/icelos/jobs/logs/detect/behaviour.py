"""What each entity does, in one pass: rows become features of how unusual they are for it, and for all.

A value's surprise backs off: how often the user had it, else how often this user has something new and how
often its peers, and anybody, have this; a user without a history is judged by theirs. Peers are users with
the same value in one of the fields, such as a town. All counts fade (`counters`). The same rows give the same
features, however they are cut into batches.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from icelos.jobs.logs.detect.columns import NOTHING, Codes, Columns, Floats, Layout, code_of
from icelos.jobs.logs.detect.counters import Counters
from icelos.jobs.logs.detect.latest import Latest
from icelos.jobs.logs.detect.table import Arrays, Keys, grouped

HOUR, DAY = 3600.0, 86_400.0
LONG = 21 * DAY
"""Half-life of what is usual."""
BURSTS = (HOUR, 12 * HOUR)
"""Half-lives of what is a burst."""
HOURS = "hour of the week"
"""A facet of its own: eighths of a day, on working days and at the weekend."""
_RARE = 1e-5
"""The probability of a value that nobody had, where nothing new is expected."""
_PRIOR = 20.0
"""Rows that all count for among peers."""
_HALF = 0.5
"""Less of a row is what has faded, or is left of a difference."""
_RADIUS = 6371.0
_SLOWEST = 0.1
"""Hours between two places, at least: clocks and logs are not exact."""

Matrix = npt.NDArray[np.float32]


def mixed(*codes: Codes | int) -> Keys:
    """One key of several codes (finalizer of splitmix64, Steele and others, OOPSLA 2014)."""
    key: Keys = np.uint64(0x9E37_79B9_7F4A_7C15) + np.zeros((), np.uint64)
    with np.errstate(over="ignore"):
        for code in codes:
            key = (key ^ np.asarray(code, np.uint64)) * np.uint64(0xBF58_476D_1CE4_E5B9)
            key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
            key = key ^ (key >> np.uint64(31))
    return key


class Behaviour:
    """The state, and the features of rows against it. `clock` is the latest moment so far, 0 before any."""

    def __init__(self, layout: Layout) -> None:
        self.facets = (*layout.facets, HOURS)
        self._source = layout.facets.index(layout.source) if layout.source in layout.facets else None
        self._peers_by = layout.facets.index(layout.peers) if layout.peers in layout.facets else None
        self._usual = Counters(LONG)
        self._of_peers = Counters(LONG)
        self._homes = Latest(value=np.uint64)
        self._novel = Counters(LONG)
        self._bursts = tuple(Counters(half_life) for half_life in BURSTS)
        self._places = Latest(time=np.float64, latitude=np.float32, longitude=np.float32)
        self._last = Latest(time=np.float64, what=np.uint64)
        fields = "\n".join((*layout.facets, layout.source, layout.user, layout.peers))
        self._fields = np.array([code_of(fields)], np.uint64)
        self.clock = 0.0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the features, in order."""
        by_facet = [f"{what}: {facet}" for what in _BY_FACET for facet in self.facets]
        bursts = [f"{what}, {half / HOUR:g} h" for half in BURSTS for what in _BURSTS]
        return (*by_facet, *_OVERALL, *bursts)

    @property
    def bytes(self) -> int:
        """Of memory."""
        return sum(part.bytes for _, part in self._parts())

    def features(self, columns: Columns) -> Matrix:
        """(rows, features), and the rows become part of what is usual."""
        if not len(columns):
            return np.empty((0, len(self.names)), np.float32)
        moments = self._moments(columns.moments)
        users = np.where(columns.users == NOTHING, mixed(columns.sources, 1), columns.users)
        facets = np.column_stack((columns.facets, _hours(moments)))
        last = self._last.swap(users, {"time": moments, "what": facets[:, 0]})
        usual = self._count(users, facets, columns, moments, last["what"])
        usual |= self._count_peers(users, facets, usual, moments)
        seen = usual["of user"] > 0
        novel = self._count_novel(users, facets, seen, moments)
        by_facet = _surprises(usual, novel, seen)
        idle = np.where(last["time"] > 0, np.maximum(0.0, moments - last["time"]), LONG)
        overall = [
            *_overall(columns, usual, by_facet[0]),
            *self._travel(users, columns, moments),
            np.log1p(idle),
        ]
        bursts = self._count_bursts(users, columns, moments, seen, usual["user"])
        found, at = np.empty((len(columns), len(self.names)), np.float32), len(self.facets) * len(by_facet)
        np.concatenate(by_facet, axis=1, out=found[:, :at], casting="same_kind")
        np.stack([*overall, *bursts], axis=1, out=found[:, at:], casting="same_kind")
        return found

    def _moments(self, given: Floats) -> Floats:
        """Rows without a time are of now; nothing is before the epoch."""
        clock = np.maximum.accumulate(np.where(np.isnan(given), self.clock, np.maximum(given, 0.0)))
        self.clock = float(max(self.clock, clock[-1]))
        return np.where(np.isnan(given), np.maximum(clock, 0.0), np.maximum(given, 0.0))

    def _count(
        self, users: Codes, facets: Codes, columns: Columns, moments: Floats, before: Codes
    ) -> dict[str, Floats]:
        """How often what was there before; `before` is what each user did last."""
        width = facets.shape[1]
        numbers = np.arange(width, dtype=np.uint64)
        of_user, of_all = mixed(users[:, None], numbers + 10, facets), mixed(numbers + 50, facets)
        what = facets[:, 0]
        session = mixed(columns.sessions, 3)
        keys = np.column_stack(
            (
                of_user, of_all, mixed(users, 1), np.full(users.size, mixed(2)), session,
                mixed(session, columns.sources, 4), mixed(before, 5), mixed(before, what, 6),
                mixed(users, before, what, 7),
            )
        )  # fmt: skip
        counted = np.ones(keys.shape, bool)
        counted[:, 2 * width + 2 : 2 * width + 4] = (columns.sessions != NOTHING)[:, None]
        found = self._usual.add(keys, moments, counted)
        names = ("user", "all", "session", "session source", "before", "step", "own step")
        usual = {"of user": found[:, :width], "of all": found[:, width : 2 * width]}
        usual |= {name: found[:, 2 * width + place] for place, name in enumerate(names)}
        return usual

    def _count_peers(
        self, users: Codes, facets: Codes, usual: dict[str, Floats], moments: Floats
    ) -> dict[str, Floats]:
        """How often the user's peers, without the user, had what was there before, and how many rows of
        theirs there were. A user's place among them is that of most of its rows, or of the first one."""
        if self._peers_by is None:
            return {"of peers": np.zeros_like(usual["of all"]), "peers": np.zeros(users.size)}
        here = facets[:, self._peers_by]
        often = 2 * usual["of user"][:, self._peers_by] >= usual["user"]
        home = self._homes.swap(users, {"value": here}, often & (here != NOTHING))["value"]
        home = np.where(home == NOTHING, here, home)
        numbers = np.arange(facets.shape[1], dtype=np.uint64)
        keys = np.column_stack((mixed(home[:, None], numbers + 300, facets), mixed(home, 8)))
        known = np.broadcast_to((home != NOTHING)[:, None], keys.shape)
        found = self._of_peers.add(keys, moments, known)
        return {
            "of peers": np.maximum(0.0, found[:, :-1] - usual["of user"]),
            "peers": np.maximum(0.0, found[:, -1] - usual["user"]),
        }

    def _count_novel(
        self, users: Codes, facets: Codes, seen: npt.NDArray[np.bool_], moments: Floats
    ) -> dict[str, Floats]:
        """How often users, and all, had something new; how many users have a value."""
        width = facets.shape[1]
        numbers = np.arange(width, dtype=np.uint64)
        keys = np.column_stack(
            (
                mixed(users[:, None], numbers + 100),
                np.broadcast_to(mixed(numbers + 150), facets.shape),
                mixed(numbers + 200, facets),
            )
        )
        new = ~seen
        found = self._novel.add(keys, moments, np.column_stack((new, new, new)))
        return {
            "of user": found[:, :width],
            "of all": found[:, width : 2 * width],
            "users": found[:, 2 * width :],
        }

    def _travel(self, users: Codes, columns: Columns, moments: Floats) -> list[Floats]:
        """Kilometres from the user's last place (great circle, haversine) and an hour, as logarithms."""
        there = ~(np.isnan(columns.latitudes) | np.isnan(columns.longitudes))
        now: Arrays = {
            "time": moments,
            "latitude": np.nan_to_num(columns.latitudes).astype(np.float32),
            "longitude": np.nan_to_num(columns.longitudes).astype(np.float32),
        }
        last = self._places.swap(users, now, there)
        known = there & (last["time"] > 0)
        one, other = (
            np.radians(now["latitude"].astype(np.float64)),
            np.radians(last["latitude"].astype(np.float64)),
        )
        apart = np.radians(now["longitude"].astype(np.float64) - last["longitude"].astype(np.float64))
        arc = np.sin((one - other) / 2) ** 2 + np.cos(one) * np.cos(other) * np.sin(apart / 2) ** 2
        kilometres = np.where(known, 2 * _RADIUS * np.arcsin(np.sqrt(np.clip(arc, 0, 1))), 0.0)
        hours = np.maximum(_SLOWEST, np.abs(moments - last["time"]) / HOUR)
        return [np.log1p(kilometres), np.log1p(np.where(known, kilometres / hours, 0.0))]

    def _count_bursts(
        self, users: Codes, columns: Columns, moments: Floats, seen: npt.NDArray[np.bool_], usual: Floats
    ) -> list[Floats]:
        """Features of what happened lately, in the order of `_BURSTS`, by horizon."""
        failed, source = _failed(columns), columns.sources != NOTHING
        first = ~seen[:, self._source] if self._source is not None else ~seen.all(axis=1)
        always = np.ones(len(columns), bool)
        what = columns.facets[:, 0] if columns.facets.shape[1] else columns.results
        counted = (
            (mixed(users, 1), always),
            (mixed(users, 2), failed),
            (mixed(columns.sources, 3), source),
            (mixed(columns.sources, 4), source & failed),
            (mixed(columns.sources, 5), source & first),
            (mixed(users, 6), first),
            (mixed(users, columns.results, 7), always),
            (mixed(users, what, 8), always),
        )
        keys, counts_now = (np.column_stack(part) for part in zip(*counted, strict=True))
        found: list[Floats] = []
        groups = grouped(keys)
        for counters in self._bursts:
            counts = counters.add(keys, moments, counts_now, groups=groups)
            expected = usual / LONG * counters.half_life
            found += [*np.log1p(counts.T), np.log2((counts[:, 0] + 1.0) / (expected + 1.0))]
        return found

    def _parts(self) -> list[tuple[str, Counters | Latest]]:
        bursts = [(f"burst {number}", counters) for number, counters in enumerate(self._bursts)]
        return [
            ("usual", self._usual), ("novel", self._novel), *bursts, ("places", self._places),
            ("last", self._last), ("peers", self._of_peers), ("homes", self._homes),
        ]  # fmt: skip

    def snapshot(self) -> Arrays:
        """The state as arrays."""
        found: Arrays = {"clock": np.array([self.clock]), "fields": self._fields}
        for name, part in self._parts():
            found |= {f"{name}/{key}": array for key, array in part.snapshot().items()}
        return found

    def restore(self, state: Arrays) -> None:
        """Take over a snapshot. Raises ValueError for arrays that are none, or of other fields."""
        if not np.array_equal(state.get("fields", self._fields), self._fields):  # older states do not say
            raise ValueError("not a state: it is of other fields")
        try:
            for name, part in self._parts():
                head = f"{name}/"
                part.restore(
                    {key[len(head) :]: array for key, array in state.items() if key.startswith(head)}
                )
            self.clock = float(state["clock"][0])
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"not a state: {error}") from error


_BY_FACET = ("surprise", "usual novelty", "others with it")
WHOLE = "all surprises"
"""The feature of how unusual a row is as a whole: the sum of its facets' surprises."""
_OVERALL = (
    WHOLE, "largest surprise", "second surprise", "new to the user", "new to peers", "new to all",
    "session moved", "step", "history", "failure", "distance", "speed", "idle",
)  # fmt: skip
_BURSTS = (
    "rows of the user", "failures of the user", "rows of the source", "failures of the source",
    "new users of the source", "new sources of the user", "same result", "same kind", "more than usual",
)  # fmt: skip


SUCCESSES = frozenset(
    {"0", "success", "succeeded", "partiallysucceeded", "true", "ok", "allow", "allowed", "permit", "none"}
)
"""Results that are no failures, in small letters; no result is none either."""
_SUCCESSES = np.array(
    sorted(
        {code_of(form) for text in SUCCESSES for form in (text, text.capitalize(), text.upper())}
        | {code_of("PartiallySucceeded"), code_of("1"), NOTHING}
    ),
    np.uint64,
)


def _failed(columns: Columns) -> npt.NDArray[np.bool_]:
    return ~np.isin(columns.results, _SUCCESSES)


def _overall(columns: Columns, usual: dict[str, Floats], surprise: Floats) -> list[Floats]:
    """Features of the row as a whole, in the order of `_OVERALL`, without those of time and place."""
    ordered = np.sort(surprise, axis=1)
    moved = (usual["session source"] + 0.1) / (usual["session"] + 0.2)
    has_session = (columns.sessions != NOTHING) & (usual["session"] > 0)
    # The user's own last steps, and two as everybody takes them.
    step = usual["own step"] + 2 * (usual["step"] + 0.1) / (usual["before"] + 1.0)
    return [
        surprise.sum(axis=1),
        ordered[:, -1],
        ordered[:, max(-2, -ordered.shape[1])],
        (usual["of user"] <= 0).sum(axis=1).astype(np.float64),
        np.where(usual["peers"] > 0, (usual["of peers"] < _HALF).sum(axis=1), 0.0),
        (usual["of all"] <= 0).sum(axis=1).astype(np.float64),
        np.where(has_session, -np.log2(np.minimum(moved, 1.0)), 0.0),
        -np.log2(np.clip(step / (usual["user"] * 0.2 + 2.0), 1e-6, 1.0)),
        np.log1p(usual["user"]),
        _failed(columns).astype(np.float64),
    ]


def _hours(moments: Floats) -> Codes:
    day = (moments // DAY).astype(np.int64)
    weekend = ((day + 3) % 7 >= 5).astype(np.int64)
    return (1 + weekend * 8 + ((moments % DAY) // (3 * HOUR)).astype(np.int64)).astype(np.uint64)


def _surprises(
    usual: dict[str, Floats], novel: dict[str, Floats], seen: npt.NDArray[np.bool_]
) -> list[Floats]:
    """By facet: bits of surprise, how usual something new is for the user, how many others have the value.

    p(value of user) = (1 - m) own share + m p(value of peers), with m = (new + 1) / (rows + 2), and so on for
    all: the escape of PPM's method C (Moffat, IEEE Transactions on Communications 38, 1990), counts fading.
    The share of peers is smoothed by that of all, which counts for `_PRIOR` rows of theirs (a Dirichlet
    prior: MacKay and Peto, Natural Language Engineering 1, 1995).
    """
    own, every = usual["user"][:, None], usual["all"][:, None]
    escape = (novel["of user"] + 1) / (own + 2)
    escape_all = np.minimum(1.0, (novel["of all"] + 1) / (every + 2))
    of_all = (1 - escape_all) * usual["of all"] / np.maximum(every, 1e-9) + escape_all * _RARE
    of_peers = (usual["of peers"] + _PRIOR * of_all) / (usual["peers"][:, None] + _PRIOR)
    escape = np.minimum(escape, 1.0)
    own_share = np.where(own > 0, usual["of user"] / np.maximum(own, 1e-9), 0.0)
    likely = (1 - escape) * own_share + escape * of_peers
    surprise = -np.log2(np.clip(likely, 1e-12, 1.0))
    return [surprise, np.where(seen, 0.0, -np.log2(np.clip(escape, 1e-9, 1.0))), np.log1p(novel["users"])]
