"""How views are joined: by which of the things that both have, and which values are the same in both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from icelos.jobs.copilot.agent.clauses import Atom, Clause, Filter
from icelos.jobs.copilot.agent.querying import Query
from icelos.jobs.copilot.agent.results import NotUnderstood

JOINED_BY = ("host", "user", "cve", "ip", "package", "technique", "application", "sender")
"""What two views may share, and that says the same in both."""


_JOINS = {
    frozenset({"vulnerabilities", "logs"}): "host", frozenset({"mail", "logs"}): "user",
    frozenset({"mail", "log_alerts"}): "user", frozenset({"logs", "log_alerts"}): "user",
}  # fmt: skip
"""What joins two views where the question does not say it."""


def tree_of(
    root: int, atoms: Sequence[Atom], clause: Clause, sought: str
) -> dict[int, list[tuple[int, str]]]:
    """For each view, those that narrow it, and by what."""
    tree: dict[int, list[tuple[int, str]]] = {}
    attached, left = [root], [i for i in range(len(atoms)) if i != root]
    while left:
        link = next(
            (
                (parent, child, what)
                for distance in range(1, len(atoms))
                for child in left
                for parent in attached
                if abs(parent - child) == distance and (what := _link(parent, child, atoms, clause, sought))
            ),
            None,
        )  # fmt: skip
        if link is None:
            here, there = atoms[root].view.rows[1], atoms[left[0]].view.rows[1]
            raise NotUnderstood(f"it is not clear what joins {here} and {there}")
        parent, child, what = link
        tree.setdefault(parent, []).append((child, what))
        attached.append(child)
        left.remove(child)
    return tree


def _link(parent: int, child: int, atoms: Sequence[Atom], clause: Clause, sought: str) -> str:
    """What joins two views: the noun between them, else what is sought in both, else what is usual."""
    here, there = atoms[parent].view, atoms[child].view
    first = min(parent, child)
    between = [what for what, place in clause.links if place == first]
    between += [what for what, place in clause.links if place < 0 and what in {"user", "host"}]
    usual = _JOINS.get(frozenset({here.name, there.name}), "")
    for what in (*between, sought, usual):
        if what in JOINED_BY and what in here.columns and what in there.columns:
            return what
    return ""


DECIDED = frozenset({"status", "exploitable", "label", "verdict"})


def restricted(query: Query) -> Query:
    """Vulnerabilities are those that affect, where neither their status nor one of them is asked for."""
    named = DECIDED | {"vulnerability", "advisory"}
    if query.view.name != "vulnerabilities" or any(one.column in named for one in query.filters):
        return query
    return query.also(Filter("status", "=", "affected"))


_MARKS = {"host": ".", "user": "@"}


class Wanted:
    """Values of another view: equal, or a short name beside a full one ("web-01" and "web-01.corp.example").

    Two full names that differ are different, whatever they begin with.
    """

    def __init__(self, values: Sequence[str], what: str) -> None:
        self._mark = _MARKS.get(what, "")
        self._whole = {value.lower() for value in values}
        self._short = {self._first(value) for value in self._whole}

    def holds(self, value: str) -> bool:
        folded = value.lower()
        if folded in self._whole:
            return True
        if not self._mark or re.fullmatch(r"[\d.:]+", folded):
            return False
        return self._first(folded) in (self._whole if self._mark in folded else self._short)

    def _first(self, value: str) -> str:
        return value.split(self._mark)[0] if self._mark else value
