"""What is known of one vulnerability by all its names, out of every feed that says something of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from icelos.data.advisory_schema import unpack
from icelos.data.parse.intelligence import Facts

T = TypeVar("T")
Rows = Callable[..., Sequence[Sequence[object]]]
MAX_NAMES = 400
"""Names asked for at once; SQLite takes so many values in one question everywhere."""
_RATINGS = ("critical", "important", "high", "medium", "moderate", "low", "negligible", "unimportant", "none")


class Intel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a vulnerability; None and empty mean that nobody says so, never that it is not so.

    `vectors` are CVSS vectors (2, 3 and 4) as published, without repetition; `rating` is a publisher's word.
    `epss` is the highest among the names, with its `percentile`; both from 0 to 1. `kev_added` and `kev_due`
    are dates of CISA's catalogue; `in_kev` is None where no catalogue has been loaded.
    """

    names: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    rating: str = ""
    weaknesses: tuple[str, ...] = ()
    epss: float | None = None
    percentile: float | None = None
    in_kev: bool | None = None
    kev_added: str = ""
    kev_due: str = ""
    ransomware: bool | None = None
    exploitation: str = ""
    automatable: str = ""
    technical_impact: str = ""


class Intelligence:
    """The facts of a database; `rows` runs a question on it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._kev: bool | None = None

    def forget(self) -> None:
        """The database has changed."""
        self._kev = None

    def about(self, names: Iterable[str], said: Sequence[Facts] = ()) -> Intel:
        """All facts of one vulnerability under these names, and what is `said` of it elsewhere.

        Raises StoreError.
        """
        asked = tuple(dict.fromkeys(names))[:MAX_NAMES]
        marks = ",".join("?" * len(asked))
        rows = self._rows(
            f"SELECT content FROM facts WHERE name IN ({marks}) ORDER BY source DESC, name",  # noqa: S608
            *asked,
        )
        facts = [*said, *(unpack(content, Facts) for (content,) in rows)]
        return combined(asked, facts, kev_known=self._knows_kev())

    def _knows_kev(self) -> bool:
        if self._kev is None:
            self._kev = bool(self._rows("SELECT 1 FROM source WHERE name LIKE 'kev/%' LIMIT 1"))
        return self._kev


def combined(names: Sequence[str], facts: Sequence[Facts], *, kev_known: bool) -> Intel:
    """One Intel of the newest facts first."""
    scored = max((f for f in facts if f.epss is not None), key=lambda f: f.epss or 0.0, default=None)
    listed = min((f for f in facts if f.in_kev), key=lambda f: f.kev_added, default=None)
    points = next((f for f in facts if f.exploitation), None)
    ratings = {f.rating for f in facts}
    return Intel(
        names=tuple(names),
        vectors=_unique(v for f in facts for v in f.vectors),
        rating=next((word for word in _RATINGS if word in ratings), ""),
        weaknesses=_unique(w for f in facts for w in f.weaknesses),
        epss=scored.epss if scored else None,
        percentile=scored.percentile if scored else None,
        in_kev=True if listed else (False if kev_known else None),
        kev_added=listed.kev_added if listed else "",
        kev_due=listed.kev_due if listed else "",
        ransomware=True if any(f.ransomware for f in facts) else None,
        exploitation=points.exploitation if points else "",
        automatable=points.automatable if points else "",
        technical_impact=points.technical_impact if points else "",
    )


def _unique(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
