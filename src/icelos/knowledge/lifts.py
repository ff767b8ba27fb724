"""What people have taught, put on top of a ranking: how far it may move a document, and past what not.

A lift is added to a document's score, in which the best page has about 1. It never moves a document past one
that the question names by an identifier, and never lowers one out of the answer; `icelos.knowledge` knows
nothing of how lifts are learned.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from icelos.knowledge.access import Filter
from icelos.knowledge.vectors import Floats

MOST_LIFTED = 64
"""Documents that one question may lift or lower."""

Versions = Callable[[Iterable[str]], Mapping[str, int]]
"""Document ids to the versions in force, of those that may be read."""
Lifts = Callable[[Floats | None, Versions], Mapping[str, float]]
"""A question's vector (None where there is no encoder) to what is added, by document id."""


def of_documents(
    database: sqlite3.Connection, lifts: Lifts, vector: Floats | None, allowed: Filter
) -> dict[int, float]:
    """Lifts by the store's own numbers of documents, only of those that may be read."""
    numbers: dict[str, int] = {}

    def versions(ids: Iterable[str]) -> Mapping[str, int]:
        rows = database.execute(
            "SELECT d.id, d.doc, v.number FROM documents d JOIN versions v ON v.doc = d.doc"
            f" WHERE d.id IN (SELECT value FROM json_each(:ids)) AND {allowed.sql}",
            {**allowed.parameters, "ids": json.dumps(list(ids))},
        ).fetchall()
        numbers.update((identity, doc) for identity, doc, _ in rows)
        return {identity: number for identity, _, number in rows}

    found = lifts(vector, versions)
    kept = sorted(found, key=lambda identity: (-abs(found[identity]), identity))[:MOST_LIFTED]
    return {numbers[identity]: found[identity] for identity in kept if identity in numbers}


def lifted(
    totals: Mapping[int, float], lifts: Mapping[int, float], exact: Mapping[int, float],
    shown: Sequence[int],
) -> dict[int, float]:  # fmt: skip
    """The scores with their lifts.

    `exact` are documents that are named by identifier, with what that adds: they are not lifted, and no other
    is lifted past them. `shown` are the documents of the answer as it is without lifts, the best first: one
    of them is not lowered below the last.
    """
    named = sorted(totals[document] for document, gain in exact.items() if gain)
    last = totals[shown[-1]] if shown else 0.0
    found = dict(totals)
    for document in lifts.keys() & totals.keys():
        own, lift = totals[document], lifts[document]
        if exact.get(document):
            continue
        ceiling = next((total for total in named if total >= own), None)
        if lift > 0:
            found[document] = own + lift if ceiling is None else max(own, min(own + lift, ceiling - 1e-6))
        elif document in shown:
            found[document] = max(own + lift, min(own, last))
        else:
            found[document] = own + lift
    return found
