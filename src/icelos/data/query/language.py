"""What may be asked of findings and logs: one view, conditions on its fields, and how to sum it up.

    {"view": "vulnerabilities", "where": [{"field": "exploitable", "is": "=", "value": true}],
     "group_by": ["target"], "order_by": "count", "descending": true, "limit": 10}

`parsed` checks all of it against the fields of the view; what is not in its lists is an InputError that names
what is near. Meaning of conditions: text is compared without regard to the case of A to Z; a value that is
not set differs from every value; a date stands for its whole day, a time to the second for its second.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from icelos.contracts import Tier
from icelos.data.parse.fields import moment
from icelos.errors import InputError

LIMIT = 20
MOST_ROWS = 1000
MOST_CONDITIONS = 20
MOST_VALUES = 200
MOST_FIELDS = 8
LONGEST_VALUE = 1000
OPERATORS = (
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "starts_with",
    "in",
    "not_in",
    "is_set",
    "is_not_set",
)
_OF_TEXT = frozenset({"contains", "starts_with"})
_LISTS = frozenset({"in", "not_in"})
_WITHOUT = frozenset({"is_set", "is_not_set"})
_EQUALITY = frozenset({"=", "!=", "in", "not_in", "is_set", "is_not_set"})


class Kind(StrEnum):
    """What a field holds. Times are compared by what they mean."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"


class Field(NamedTuple):
    """A field of a view: its name, what it holds, the SQL of its value, and how far that can be trusted.

    `own` is SQL that can be looked up: for a text, of what follows from its equality with `{0}`; for a
    boolean,
    of its truth. `bound` is what its SQL binds.
    """

    name: str
    kind: Kind
    sql: str
    tier: Tier = Tier.OUTSIDE
    own: str = ""
    bound: tuple[tuple[str, str], ...] = ()


class View(NamedTuple):
    """A view by its name: its fields in order, and `more`, which makes a field of a name with a pattern."""

    name: str
    fields: Mapping[str, Field]
    more: Callable[[str], Field | None] = lambda _: None

    def field(self, name: str) -> Field:
        """Raises InputError for an unknown one, naming the near ones."""
        found = self.fields.get(name) or self.more(name)
        if found is None:
            raise InputError(f"{self.name} has no field {shown(name)}", hint=near(name, self.fields))
        return found


def shown(name: object) -> str:
    """A name from outside within a message: short, and nothing that is not printable."""
    return ascii(str(name)[:60])


def near(name: str, known: Collection[str]) -> str:
    """The names that are like one that is not there, else all."""
    alike = get_close_matches(name.lower()[:60], list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(alike)}?" if alike else f"one of: {', '.join(known)}"


class Span(NamedTuple):
    """The time that a value stands for: from `begin` until before `end`, UTC."""

    begin: datetime
    end: datetime


Value = str | float | int | bool | Span


class Condition(NamedTuple):
    """One field compared; `values` are of the field's kind, none for `is_set`, several for lists."""

    field: Field
    operator: str
    values: tuple[Value, ...]


class Query(msgspec.Struct, frozen=True):
    """A question that has been checked. `fields` are the columns of its answer, but for "count"."""

    view: View
    where: tuple[Condition, ...] = ()
    group_by: tuple[Field, ...] = ()
    count: bool = False
    distinct: tuple[Field, ...] = ()
    order_by: str = ""
    descending: bool = False
    limit: int = LIMIT

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the rows of the answer hold, before a count."""
        if self.group_by:
            return self.group_by
        if self.count:
            return ()
        return self.distinct or tuple(self.view.fields.values())

    @property
    def bound(self) -> dict[str, object]:
        """What the SQL of all fields binds."""
        ordered = [self.view.field(self.order_by)] if self.order_by not in ("", "count") else []
        compared = [one.field for one in self.where]
        named = (*self.group_by, *self.distinct, *ordered, *compared)
        return {name: value for field in named for name, value in field.bound}

    @property
    def counts(self) -> bool:
        """Whether each row ends with a count."""
        return self.count or bool(self.group_by)


class AskedCondition(msgspec.Struct, forbid_unknown_fields=True, rename={"operator": "is"}):
    """A condition as it comes in."""

    field: str
    operator: str = "="
    value: Any = None


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A question as it comes in, before its fields are looked up."""

    view: str = ""
    where: list[AskedCondition] = []
    group_by: list[str] = []
    count: bool = False
    distinct: list[str] = []
    order_by: str = ""
    descending: bool = False
    limit: int = LIMIT


def parsed(arguments: Mapping[str, Any], views: Mapping[str, View]) -> Query:
    """A question from JSON. Raises InputError for whatever is not in the lists of its view."""
    try:
        asked = msgspec.convert(dict(arguments), Asked)
    except (msgspec.ValidationError, TypeError) as error:
        raise InputError(
            f"not a question: {shown(error)}",
            hint="view, where, group_by, count, distinct, order_by, descending, limit",
        ) from error
    view = views.get(asked.view)
    if view is None:
        raise InputError(f"no view {shown(asked.view)}", hint=near(asked.view, views))
    _bounded(asked)
    query = Query(
        view,
        tuple(_condition(view.field(one.field), one) for one in asked.where),
        _fields(view, asked.group_by), asked.count, _fields(view, asked.distinct),
        descending=asked.descending, limit=asked.limit,
    )  # fmt: skip
    if query.group_by and not asked.order_by:  # the most frequent first
        return msgspec.structs.replace(query, order_by="count", descending=True)
    return msgspec.structs.replace(query, order_by=_order(query, asked.order_by))


def _bounded(asked: Asked) -> None:
    for name, values, most in (
        ("where", asked.where, MOST_CONDITIONS),
        ("group_by", asked.group_by, MOST_FIELDS),
        ("distinct", asked.distinct, MOST_FIELDS),
    ):
        if len(values) > most:
            raise InputError(f"{name} has {len(values)} parts, of at most {most}")
    if not 1 <= asked.limit <= MOST_ROWS:
        raise InputError(f"limit must be between 1 and {MOST_ROWS}")


def _fields(view: View, names: Sequence[str]) -> tuple[Field, ...]:
    return tuple(view.field(name) for name in dict.fromkeys(names))


def _order(query: Query, name: str) -> str:
    """Raises InputError where the answer has no such column."""
    known = [*(field.name for field in query.fields), *(["count"] if query.counts else [])]
    if not name or name in known:
        return name
    if not query.counts and not query.distinct:
        return query.view.field(name).name
    raise InputError(f"cannot order by {shown(name)}", hint=near(name, known))


def _condition(field: Field, asked: AskedCondition) -> Condition:
    operator = asked.operator
    if operator not in OPERATORS:
        raise InputError(f"no comparison {shown(operator)}", hint=near(operator, OPERATORS))
    if operator in _OF_TEXT and field.kind is not Kind.TEXT:
        raise InputError(f"{field.name} is a {field.kind}: it has no {operator}")
    if field.kind is Kind.BOOLEAN and operator not in _EQUALITY:
        raise InputError(f"{field.name} is true or false: it has no {operator}")
    return Condition(field, operator, _values(field, operator, asked.value))


def _values(field: Field, operator: str, value: object) -> tuple[Value, ...]:
    if operator in _WITHOUT:
        return ()
    if operator not in _LISTS:
        return (_value(field, value),)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_VALUES:
        raise InputError(f"{operator} takes a list of 1 to {MOST_VALUES} values", source=field.name)
    return tuple(_value(field, one) for one in value)


def _value(field: Field, value: object) -> Value:
    found = _READERS[field.kind](value)
    if found is None:
        raise InputError(f"{field.name} is a {field.kind}: {shown(value)} is none")
    return found


def _text(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or "\0" in value:
        return None
    return None if any("\ud800" <= one <= "\udfff" for one in value) else value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 40:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAYS, _SECONDS, _EXACT = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)


def span(value: object) -> Span | None:
    """The time that a text stands for, None for what is none."""
    if not isinstance(value, str) or not 8 <= len(value) <= 40:
        return None
    begin = moment(value.strip().upper().replace(" UTC", "Z"))
    if begin is None or begin.year > 9000:
        return None
    if _DAY.fullmatch(value.strip()):
        return Span(begin, begin + _DAYS)
    return Span(begin, begin + (_EXACT if begin.microsecond else _SECONDS))


_READERS: Mapping[Kind, Callable[[object], Value | None]] = {
    Kind.TEXT: _text, Kind.NUMBER: _number, Kind.BOOLEAN: _boolean, Kind.TIME: span,
}  # fmt: skip


def text_of_time(moment: datetime) -> str:
    """A time as stores keep it: RFC 3339, UTC, whole seconds; a part of one counts as the next one.

    Stored times have no parts, so that "before" and "not before" come out the same.
    """
    whole = moment.astimezone(UTC)
    whole = whole if not whole.microsecond else whole.replace(microsecond=0) + _SECONDS
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def schema(views: Mapping[str, View] | None, fields: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON schema of a question; with `views`, one of them must be named."""
    name = {"type": "string", "maxLength": 200}
    names = {"type": "array", "items": name, "maxItems": MOST_FIELDS}
    condition = {
        "type": "object",
        "properties": {
            "field": {"type": "string", "maxLength": 200, **({"enum": list(fields)} if fields else {})},
            "is": {"type": "string", "enum": list(OPERATORS)},
            "value": {"description": "A list for in and not_in; none for is_set and is_not_set"},
        },
        "required": ["field", "is"],
        "additionalProperties": False,
    }
    properties: dict[str, Any] = {
        "where": {
            "type": "array",
            "items": condition,
            "maxItems": MOST_CONDITIONS,
            "description": "All hold",
        },
        "group_by": names | {"description": "Count the rows for each combination of these fields"},
        "count": {"type": "boolean", "description": "Only how many there are"},
        "distinct": names | {"description": "Each combination of these once; with a count, counts them"},
        "order_by": name | {"description": 'A field of the answer, or "count"'},
        "descending": {"type": "boolean"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100},
    }
    if views is None:
        return {"type": "object", "properties": properties, "additionalProperties": False}
    chosen = {"type": "string", "enum": list(views)}
    return {
        "type": "object",
        "properties": {"view": chosen} | properties,
        "required": ["view"],
        "additionalProperties": False,
    }
