"""Queries over views by the tools: rows, distinct values, groups and counts, with the facts behind them.

All goes through the question's toolbox. What a tool cannot give whole is said to be partial: a set that is
cut must not be taken for all there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from icelos.contracts import Fact
from icelos.jobs.copilot.agent.clauses import Filter
from icelos.jobs.copilot.agent.moments import Period
from icelos.jobs.copilot.agent.toolbox import Called, Toolbox
from icelos.jobs.copilot.agent.views import View

MOST = 1000
"""Values of a set that are carried from one query into the next."""


MOST_ALTERNATIVES = 200
"""Values that a condition may list, as the tools take them."""


class Broken(Exception):
    """A query that could not be made, or that gave too little; the message goes to the reader."""


class Value(msgspec.Struct, frozen=True):
    """One value that was found, how many rows have it (0: not counted), and the facts that say so."""

    text: str
    count: int = 0
    facts: tuple[Fact, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """Values with how many there are in all; `counted` carries the total."""

    values: tuple[Value, ...]
    total: int
    counted: Fact | None = None

    @property
    def is_whole(self) -> bool:
        return self.total <= len(self.values)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(value.text for value in self.values)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One view with its conditions."""

    view: View
    filters: tuple[Filter, ...] = ()
    period: Period | None = None

    def where(self) -> list[dict[str, Any]]:
        """The conditions as the tools take them."""
        found: list[dict[str, Any]] = [_condition(one) for one in dict.fromkeys(map(_hashable, self.filters))]
        if self.period is not None and self.period.start is not None:
            found.append({"field": self.view.time, "is": ">=", "value": _stamp(self.period.start)})
        if self.period is not None and self.period.end is not None:
            found.append({"field": self.view.time, "is": "<", "value": _stamp(self.period.end)})
        return found

    def also(self, *filters: Filter) -> Query:
        return msgspec.structs.replace(self, filters=(*self.filters, *filters))


def _hashable(one: Filter) -> Filter:
    return (
        Filter(one.column, one.how, tuple(one.value), one.joined, one.named)
        if isinstance(one.value, list)
        else one
    )


def _condition(one: Filter) -> dict[str, Any]:
    if one.how in {"is_set", "is_not_set"}:
        return {"field": one.column, "is": one.how}
    value = list(one.value) if isinstance(one.value, tuple) else one.value
    if isinstance(value, list) and len(value) > MOST_ALTERNATIVES:
        raise Broken(f"there are {len(value)} values of {one.column}, too many to look for at once")
    return {"field": one.column, "is": one.how, "value": value}


def _stamp(moment: Any) -> str:
    return str(
        moment.astimezone(tz=None).isoformat() if moment.tzinfo is None else moment.isoformat()
    ).replace("+00:00", "Z")


class Data:
    """The views as one question reads them."""

    def __init__(self, toolbox: Toolbox, *, why: str = "") -> None:
        self.toolbox = toolbox
        self.why = why

    def has(self, view: View) -> bool:
        """Is there a tool for this view?"""
        return view.tool in self.toolbox.tools

    def rows(self, query: Query, *, most: int = 200, by: str = "", descending: bool = True) -> Called:
        """Rows, ordered by a column where one is named."""
        order: dict[str, Any] = {"order_by": by, "descending": descending} if by else {}
        return self._call(query, limit=most, **order)

    def count(self, query: Query) -> tuple[int, Fact]:
        """How many rows match, with the fact that says so."""
        called = self._call(query, count=True)
        fact = next((f for f in called.facts if _number(f) is not None), None)
        if fact is not None:
            return _number(fact) or 0, fact
        if called.counted is not None:
            return called.total, called.counted
        raise Broken(f"{query.view.tool} did not count")

    def distinct(self, query: Query, columns: Sequence[str]) -> Called:
        """Rows of different values of these columns; those without a value of the first are left out."""
        return self._call(query.also(Filter(columns[0], "is_set")), distinct=list(columns), limit=MOST)

    def values(self, query: Query, column: str) -> Found:
        """The different values of a column; of a list column, each of its items."""
        called = self.distinct(query, [column])
        by_value: dict[str, list[Fact]] = {}
        for fact in called.facts:
            for text in items(fact.values.get(column), is_list=column in query.view.lists, column=column):
                by_value.setdefault(text, []).append(fact)
        values = tuple(Value(text, 0, tuple(facts)) for text, facts in by_value.items())
        is_list = column in query.view.lists
        total = len(values) if is_list and called.is_whole else max(called.total, len(values))
        counted = called.counted if not is_list or called.total == len(values) else None
        return Found(values, total, counted)

    def groups(self, query: Query, column: str, *, distinct: str = "") -> Found:
        """The values of a column, and how many rows, or values of `distinct`, each has; most first."""
        if column in query.view.lists:
            return self._groups_of_items(query, column)
        called = self._call(
            query.also(Filter(column, "is_set")), group_by=[column], count=True, order_by="count",
            descending=True, limit=MOST, **({"distinct": [distinct]} if distinct else {}),
        )  # fmt: skip
        values = [
            Value(str(fact.values.get(column)), _number(fact) or 0, (fact,))
            for fact in called.facts if fact.values.get(column) not in (None, "")
        ]  # fmt: skip
        values.sort(key=lambda value: -value.count)
        return Found(tuple(values), max(called.total, len(values)), called.counted)

    def _groups_of_items(self, query: Query, column: str) -> Found:
        called = self.rows(query.also(Filter(column, "is_set")), most=MOST)
        if not called.is_whole:
            raise Broken(f"there are {called.total} rows, too many to count by {column}")
        by_value: dict[str, list[Fact]] = {}
        for fact in called.facts:
            for text in items(fact.values.get(column), is_list=True, column=column):
                by_value.setdefault(text, []).append(fact)
        values = [Value(text, len(facts), tuple(facts)) for text, facts in by_value.items()]
        values.sort(key=lambda value: -value.count)
        return Found(tuple(values), len(values))

    def _call(self, query: Query, **more: Any) -> Called:
        if not self.has(query.view):
            raise Broken(f"there is no tool {query.view.tool} to read {query.view.rows[1]} with")
        arguments: dict[str, Any] = {"where": query.where(), **more}
        if query.view.tool == "query_findings":
            arguments["view"] = query.view.name
        called = self.toolbox.call(query.view.tool, arguments, why=self.why, own=True)
        if called.error:
            raise Broken(called.error)
        return called


def _number(fact: Fact) -> int | None:
    value = fact.values.get("count")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_SEPARATORS = {"fixed_in": re.compile(r"[\s,]+"), "recipients": re.compile(r"[,;]\s*|\s+")}
_COMMA = re.compile(r"\s*[,;]\s*")


def items(value: object, *, is_list: bool, column: str = "") -> Iterable[str]:
    """The items of a cell: itself, or those of a list in one text."""
    if value is None or value == "":
        return ()
    if not is_list:
        return (_text(value),)
    parts = _SEPARATORS.get(column, _COMMA).split(str(value))
    return tuple(dict.fromkeys(part for part in parts if part))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
