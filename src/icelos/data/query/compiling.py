"""Checked questions as SQL: names come from the fields' own list, every value is bound.

Two dialects, SQLite's and duckdb's, with one meaning. Text is compared without regard to case; what is not
set comes last in any order; rows that are equal in the order asked for come in that of the store's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from icelos.data.query.language import Condition, Field, Kind, Query, Span, Value, text_of_time


class Dialect(NamedTuple):
    """How a store says things. `equal`, `begins` and `holds` make SQL of a text's SQL and a parameter's;
    `folded` is SQL of a text by which equal ones are together."""

    equal: Callable[[str, str], str]
    begins: Callable[[str, str], str]
    holds: Callable[[str, str], str]
    folded: Callable[[str], str]
    least: Callable[[str], str]
    time: Callable[[datetime], object]


SQLITE = Dialect(
    equal=lambda text, value: f"{text} = {value} COLLATE NOCASE",
    begins=lambda text, value: f"substr({text}, 1, length({value})) = {value} COLLATE NOCASE",
    holds=lambda text, value: f"instr(lower({text}), lower({value})) > 0",
    folded=lambda text: f"{text} COLLATE NOCASE",
    least=lambda text: f"min({text} COLLATE BINARY)",
    time=text_of_time,
)
DUCKDB = Dialect(
    equal=lambda text, value: f"lower({text}) = lower({value})",
    begins=lambda text, value: f"starts_with(lower({text}), lower({value}))",
    holds=lambda text, value: f"contains(lower({text}), lower({value}))",
    folded=lambda text: f"lower({text})",
    least=lambda text: f"min({text})",
    time=lambda moment: moment.replace(tzinfo=None),
)


class Place(NamedTuple):
    """Where a view's rows are: SQL of its tables, of the condition that each row must meet, of a row's own
    name, and of the order of rows where none is asked for; and what is bound in them. Without a `key` rows
    are read in one go."""

    tables: str
    condition: str
    key: str
    order: str
    parameters: Mapping[str, object]


class Compiled(NamedTuple):
    """SQL of the answer's rows, and of how many there are in all, with the parameters of both."""

    rows: str
    total: str
    parameters: dict[str, object]


def compiled(query: Query, place: Place, dialect: Dialect) -> Compiled:
    """A question as SQL. The columns are those of `query.fields`, and a count where it has one."""
    bound = _Bound(dialect)
    condition = " AND ".join([f"({place.condition})", *(bound.condition(one) for one in query.where)])
    parameters = {**place.parameters, **query.bound, **bound.parameters}
    source = f"FROM {place.tables} WHERE {condition}"
    if query.counts or query.distinct:
        answer = _summed_up(query, source, dialect)
        order = _order_of_sums(query, dialect)
        rows = f"SELECT * FROM ({answer}) AS answer ORDER BY {order} LIMIT {query.limit}"
        return Compiled(rows, f"SELECT count(*) FROM ({answer}) AS answer", parameters)
    return Compiled(_rows(query, source, place, dialect), f"SELECT count(*) {source}", parameters)


def _rows(query: Query, source: str, place: Place, dialect: Dialect) -> str:
    order = place.order
    if query.order_by:
        field = query.view.field(query.order_by)
        order = f"{_ordered(field, field.sql, dialect, descending=query.descending)}, {order}"
    names = ", ".join(field.sql for field in query.fields)
    if not place.key:
        return f"SELECT {names} {source} ORDER BY {order} LIMIT {query.limit}"
    # The few rows are chosen by what the order needs alone, and only then are all their fields read.
    chosen = f"SELECT {place.key} {source} ORDER BY {order} LIMIT {query.limit}"
    return f"SELECT {names} FROM {place.tables} WHERE {place.key} IN ({chosen}) ORDER BY {order}"


def _summed_up(query: Query, source: str, dialect: Dialect) -> str:
    """SELECT of groups with their counts, of one count, or of distinct combinations; columns c0, c1, … and
    n."""
    if not query.counts:
        return _grouped(query.distinct, source, dialect, counted=False)
    if not query.distinct:
        if query.group_by:
            return _grouped(query.group_by, source, dialect, counted=True)
        return f"SELECT count(*) AS n {source}"
    combinations = _combinations(query, source, dialect)
    if not query.group_by:
        return f"SELECT count(*) AS n FROM ({combinations}) AS each"
    again = tuple(field._replace(sql=f"each.c{number}") for number, field in enumerate(query.group_by))
    return _grouped(again, f"FROM ({combinations}) AS each", dialect, counted=True)


def _combinations(query: Query, source: str, dialect: Dialect) -> str:
    """What is to be counted: each combination once in each group, but for those with nothing set."""
    fields = dict.fromkeys((*query.group_by, *query.distinct))
    anything = " OR ".join(is_set(field) for field in query.distinct)
    return _grouped(tuple(fields), f"{source} AND ({anything})", dialect, counted=False)


def _grouped(fields: Sequence[Field], source: str, dialect: Dialect, *, counted: bool) -> str:
    """Texts that differ by case alone are one group; it is shown by the least of them."""
    columns = ", ".join(
        f"{dialect.least(field.sql) if field.kind is Kind.TEXT else f'min({field.sql})'} AS c{number}"
        for number, field in enumerate(fields)
    )
    groups = ", ".join(_folded(field, field.sql, dialect) for field in fields)
    return f"SELECT {columns}{', count(*) AS n' if counted else ''} {source} GROUP BY {groups}"


def _folded(field: Field, sql: str, dialect: Dialect) -> str:
    return dialect.folded(sql) if field.kind is Kind.TEXT else sql


def _ordered(field: Field, sql: str, dialect: Dialect, *, descending: bool) -> str:
    return f"{_folded(field, sql, dialect)} {'DESC' if descending else 'ASC'} NULLS LAST"


def _order_of_sums(query: Query, dialect: Dialect) -> str:
    """As asked, then by the columns in their order."""
    columns = {field.name: (field, f"c{number}") for number, field in enumerate(query.fields)}
    orders = [_ordered(field, name, dialect, descending=False) for field, name in columns.values()]
    if query.order_by == "count":
        orders.insert(0, f"n {'DESC' if query.descending else 'ASC'}")
    elif query.order_by:
        field, name = columns[query.order_by]
        orders.insert(0, _ordered(field, name, dialect, descending=query.descending))
    return ", ".join(orders or ["n"])


def is_set(field: Field) -> str:
    """SQL of whether a field has a value; an empty text is none."""
    there = f"{field.sql} IS NOT NULL"
    return f"({there} AND {field.sql} <> '')" if field.kind is Kind.TEXT else there


class _Bound:
    """Makes conditions, and keeps what they bind: $v0, $v1, …"""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.parameters: dict[str, object] = {}

    def _bind(self, value: object) -> str:
        name = f"v{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def condition(self, asked: Condition) -> str:
        """SQL that is true or false, never unknown."""
        if asked.operator in {"is_set", "is_not_set"}:
            return f"{'NOT ' if asked.operator == 'is_not_set' else ''}({is_set(asked.field)})"
        compare = _COMPARE[asked.field.kind]
        if asked.operator in {"!=", "not_in"}:
            same = " OR ".join(compare(self, asked.field, "=", one) for one in asked.values)
            return f"({asked.field.sql} IS NULL OR NOT ({same}))"
        operator = "=" if asked.operator == "in" else asked.operator
        parts = " OR ".join(compare(self, asked.field, operator, one) for one in asked.values)
        return f"({parts})"

    def text(self, field: Field, operator: str, value: Value) -> str:
        name, dialect = self._bind(value), self._dialect
        if operator == "=":
            own = f" AND {field.own.format(name)}" if field.own else ""
            return f"({dialect.equal(field.sql, name)}{own})"
        if operator == "contains":
            return dialect.holds(field.sql, name)
        if operator == "starts_with":
            return dialect.begins(field.sql, name)
        return f"{dialect.folded(field.sql)} {operator} {dialect.folded(name)}"

    def plain(self, field: Field, operator: str, value: Value) -> str:
        if value is True and operator == "=" and field.own:
            return f"({field.own})"
        return f"{field.sql} {operator} {self._bind(value)}"

    def time(self, field: Field, operator: str, value: Value) -> str:
        """By the span that the value stands for: at or after its begin, before its end."""
        assert isinstance(value, Span)  # noqa: S101 - the reader of this kind gives no other
        if operator == "=":
            return f"({self.time(field, '>=', value)} AND {self.time(field, '<=', value)})"
        moment = value.begin if operator in {"<", ">="} else value.end
        compared = {"<=": "<", ">": ">="}.get(operator, operator)
        return f"{field.sql} {compared} {self._bind(self._dialect.time(moment))}"


_COMPARE: Mapping[Kind, Callable[[_Bound, Field, str, Any], str]] = {
    Kind.TEXT: _Bound.text, Kind.NUMBER: _Bound.plain, Kind.BOOLEAN: _Bound.plain, Kind.TIME: _Bound.time,
}  # fmt: skip
