"""JSON and JSON lines: every object by what it is, told by its fields, and unknown ones as rows.

A line that is not JSON is a Failure and the others are read. STIX objects are held back to the end,
because they refer to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from icelos.data.parse import csaf, cve, cwe, kev, osv, stix
from icelos.data.parse.fields import Content, Parsed, failed, guarded
from icelos.data.parse.limits import load_json
from icelos.data.parse.tables import row_document
from icelos.errors import InputError
from icelos.findings import Failure

Row = dict[str, Any]
Placed = tuple[str, Row | Failure]

_TYPED: tuple[tuple[Callable[[Row], bool], Callable[[Row, str, str], Parsed]], ...] = (
    (cve.is_cve, cve.cve_document),
    (csaf.is_csaf, csaf.csaf_document),
    (csaf.is_condensed, csaf.condensed_document),
    (kev.is_kev, kev.kev_document),
    (cwe.is_weakness, cwe.weakness_document),
    (osv.is_osv, osv.osv_document),
)


def json_documents(content: Content) -> Iterator[Parsed]:
    """The documents of a JSON value or of JSON lines. Raises InputError where it is neither."""
    yield from object_documents(content.name, _objects(content))


def object_documents(name: str, rows: Iterable[Placed]) -> Iterator[Parsed]:
    """(place, object) pairs as documents; Failures as they come."""
    held: list[tuple[str, Row]] = []
    seen: set[str] = set()
    for place, row in rows:
        if isinstance(row, Failure):
            yield row
        elif stix.is_bundle(row):
            held += [(place, item) for item in row["objects"] if isinstance(item, dict)]
        elif stix.is_object(row):
            held.append((place, row))
        else:
            yield from _documents(name, place, row, seen)
    if held:
        yield from stix.stix_documents(name, held)


def _documents(name: str, place: str, row: Row, seen: set[str]) -> Iterator[Parsed]:
    def build() -> Iterator[Parsed]:
        for is_one, document in _TYPED:
            if is_one(row):
                yield document(row, name, place)
                return
        yield row_document(name, place, row, seen)

    yield from guarded(name, place, build)


def _objects(content: Content) -> Iterator[Placed]:
    text = content.text.strip("\ufeff \t\r\n")
    if _is_lines(text):
        yield from _lines(content.name, content.text)
        return
    value = load_json(text)
    inner = _inner(value)
    if inner is None:
        yield "", value
        return
    for number, item in enumerate(inner, 1):
        place = f"row {number}"
        yield place, item if isinstance(item, dict) else _not_object(content.name, place, item)


def _is_lines(text: str) -> bool:
    first, _, rest = text.partition("\n")
    if not rest.lstrip().startswith(("{", "[")) and not first.rstrip().endswith("}"):
        return False
    try:
        value = load_json(first)
    except InputError:
        return False
    return isinstance(value, dict) and bool(rest.strip())


def _lines(name: str, text: str) -> Iterator[Placed]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip("\ufeff \t\r"):
            continue
        place = f"line {number}"
        try:
            value = load_json(line.lstrip("\ufeff"))
        except InputError as error:
            yield place, failed(name, place, error, line)
            continue
        yield place, value if isinstance(value, dict) else _not_object(name, place, value)


def _not_object(name: str, place: str, value: object) -> Failure:
    return failed(name, place, "not a JSON object", repr(value)[:1000])


_LISTS = (
    "vulnerabilities",
    "tickets",
    "issues",
    "records",
    "items",
    "results",
    "data",
    "rows",
    "entries",
    "hits",
    "value",
    "objects",
)


def _inner(value: object) -> list[Any] | None:
    """The rows of a list, or of an export that wraps its only list; None for one object."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise InputError("JSON holds neither an object nor a list of objects")
    if stix.is_bundle(value) or any(is_one(value) for is_one, _ in _TYPED):
        return None
    lists = {
        k: v for k, v in value.items() if isinstance(v, list) and v and all(isinstance(i, dict) for i in v)
    }
    named = next((lists[key] for key in _LISTS if key in lists), None)
    others = [v for v in value.values() if isinstance(v, dict)]
    return (
        named
        if named is not None and not others
        else (next(iter(lists.values())) if len(lists) == 1 == len(value) else None)
    )
