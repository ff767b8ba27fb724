"""Conditions on rows: fields that must have a value, times that must lie in a range.

A field is named by its path (`status.errorCode`), or by its last key where that is the only one.
What goes before a field in a row has to fit its value, too: values of closed fields that were never seen
with it are left out (see `dependencies`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import msgspec

from icelos.gpt.grammar.automaton import Automaton
from icelos.gpt.grammar.compile import Limits, NoRow, Path, compiled, fields
from icelos.gpt.grammar.learned import Format, Grammar, Integer, Literal, Node, OneOf, Part, Time, Values


@dataclass(frozen=True)
class Conditions:
    """`where`: values by field. `since` and `until`, both included, are for `time_field`, or, without
    one, for the first field of times; they have a time zone."""

    where: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    time_field: str = ""


def limits(grammar: Grammar, conditions: Conditions) -> Limits:
    """What is left of a grammar. Raises NoRow where a field is unknown, or no row can meet a condition."""
    known = dict(fields(grammar.root))
    places: dict[Path, Values] = {}
    numbers: dict[int, frozenset[int]] = {}
    for name, wanted in conditions.where.items():
        path = _path(name, known)
        left = known[path]
        if left.closed:
            found = _among(left, wanted, name, json=grammar.kind == "json")
            if left.number >= 0:
                numbers[left.number] = found
                places[path] = left
            else:
                places[path] = _exactly(left.values[min(found)])
        else:
            places[path] = _fitting(left, wanted, name, grammar)
    if conditions.since or conditions.until:
        path = _path(conditions.time_field, known) if conditions.time_field else _first_time(known)
        places[path] = _in_range(known[path], conditions, ".".join(path))
    return Limits(places=places, numbers=_earlier(grammar, numbers))


def _path(name: str, known: Mapping[Path, Values]) -> Path:
    exact = [path for path in known if ".".join(path) == name]
    found = exact or [path for path in known if path and path[-1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoRow(f"{name} may be {' or '.join('.'.join(path) for path in found[:5])}")
    near = sorted({path[-1] for path in known if path})
    raise NoRow(f"the rows have no field {name}; they have {', '.join(near[:12])}")


def _raw(wanted: str, *, json: bool) -> set[str]:
    """How a value may be written in a row: in JSON as a string, or as it is."""
    if not json:
        return {wanted}
    quoted = msgspec.json.encode(wanted).decode()
    return {wanted, quoted, '"' + "".join(c if c.isascii() else _escaped(c) for c in quoted[1:-1]) + '"'}


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def _among(values: Values, wanted: str, name: str, *, json: bool) -> frozenset[int]:
    found = frozenset(i for i, value in enumerate(values.values) if value in _raw(wanted, json=json))
    if not found:
        examples = ", ".join(value.strip('"') for value in values.values[:5])
        raise NoRow(f"no row has {name}={wanted}; there are {len(values.values)} values, such as {examples}")
    return found


def _exactly(raw: str) -> Values:
    return Values(formats=(Format(name="wanted", parts=(Literal(text=raw),)),))


def _fitting(values: Values, wanted: str, name: str, grammar: Grammar) -> Values:
    """The value itself, where the formats of the field allow it."""
    alone = Automaton(compiled(Grammar(kind=grammar.kind, style=grammar.style, root=Node(values=values))))
    for raw in sorted(_raw(wanted, json=grammar.kind == "json"), reverse=True):
        if alone.accepts(raw.encode()):
            return _exactly(raw)
    names = ", ".join(sorted({one.name for one in values.formats}))
    raise NoRow(f"{name}={wanted} does not look like its values ({names})")


def _earlier(grammar: Grammar, numbers: Mapping[int, frozenset[int]]) -> dict[int, frozenset[int]]:
    """Which values of earlier fields go with those that are wanted, from the last field to the first."""
    left = dict(numbers)
    for one in sorted(grammar.dependencies, key=lambda one: -one.field):
        if one.field not in left:
            continue
        wanted = left[one.field]
        fits = frozenset(value for value, goes in enumerate(one.table) if wanted.intersection(goes))
        narrower = fits & left.get(one.on, fits)
        if not narrower:
            raise NoRow("no row was seen that meets all conditions")
        left[one.on] = narrower
    return left


def _first_time(known: Mapping[Path, Values]) -> Path:
    for path, values in known.items():
        if any(isinstance(part, Time) for one in values.formats for part in one.parts):
            return path
    raise NoRow("the rows have no field of times")


_EPOCH_UNITS: Sequence[tuple[int, int]] = ((1, 10**8), (10**3, 10**11), (10**6, 10**14), (10**9, 10**17))
"""Parts of a second that epoch times count, and from where on a number can be one: seconds of 1973."""


def _in_range(values: Values, conditions: Conditions, name: str) -> Values:
    formats = [made for one in values.formats for made in _format_in_range(one, conditions)]
    if not formats:
        raise NoRow(f"{name} has no times in that range")
    return Values(formats=tuple(formats))


def _format_in_range(one: Format, conditions: Conditions) -> Iterator[Format]:
    parts = list(one.parts)
    for i, part in enumerate(parts):
        if isinstance(part, Time):
            zone = parts[i + 1] if i + 1 < len(parts) else None
            limited: Part | None = _time_in_range(part, zone, conditions)
        elif isinstance(part, Integer) and not any(isinstance(p, Literal) and "-" in p.text for p in parts):
            limited = _epoch_in_range(part, conditions)
        else:
            continue
        if limited is not None:
            yield Format(name=one.name, parts=(*parts[:i], limited, *parts[i + 1 :]))
        return


def _time_in_range(part: Time, zone: Part | None, conditions: Conditions) -> Time | None:
    """Bounds in the zone of the field. Raises NoRow where it has several: they do not order."""
    texts = zone.texts if isinstance(zone, OneOf) else ("",)
    if len(texts) > 1:
        raise NoRow("the times of this field are in several zones")
    offset = _offset(texts[0])

    def written(moment: datetime) -> str:
        local = moment.astimezone(offset)
        fraction = f".{local.microsecond:06}000000"[: part.digits + 1] if part.digits else ""
        return local.replace(tzinfo=None).isoformat(part.between, "seconds") + fraction

    least = written(conditions.since) if conditions.since else part.least
    most = written(conditions.until) if conditions.until else part.most
    if least > most:
        return None
    return Time(between=part.between, digits=part.digits, least=least, most=most)


def _offset(text: str) -> tzinfo:
    return UTC if text in ("", "Z") else datetime.strptime(text, "%z").tzinfo or UTC


def _epoch_in_range(part: Integer, conditions: Conditions) -> Integer | None:
    units = [unit for unit, least in _EPOCH_UNITS if part.least >= least]
    if not units:
        return None
    least = int(conditions.since.timestamp() * units[-1]) if conditions.since else part.least
    most = int(conditions.until.timestamp() * units[-1]) if conditions.until else part.most
    return Integer(least=max(0, least), most=most) if 0 <= least <= most else None
