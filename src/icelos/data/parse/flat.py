"""Nested objects as flat fields: one path, one plain value.

Paths: `properties.status.errorCode`; `events[0].name` for the first elements of a list, whose length stands
at `events[]`; `details{}` for an object without members. A dot or backslash within a key is escaped: `a\\.b`.
"""

from __future__ import annotations

from collections.abc import Mapping

from icelos.errors import InputError

Value = str | int | float | bool | None
FIRST = 4
"""Elements of a list that get paths of their own."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
MAX_FIELDS = 2000
MAX_DEPTH = 40


def text_of(value: Value) -> str:
    """One text for values that say the same in different formats: 1, 1.0 and "1"."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "null" if value is None else str(value)


def escaped(key: str) -> str:
    """A key as it stands in a path."""
    return key if "." not in key and "\\" not in key else key.replace("\\", "\\\\").replace(".", "\\.")


def flat_fields(value: Mapping[str, object]) -> dict[str, Value]:
    """Paths and values of a decoded object, in its order.

    Raises InputError for more than `MAX_FIELDS` fields or more than `MAX_DEPTH` levels.
    """
    found: dict[str, Value] = {}
    _object("", value, found, MAX_DEPTH)
    if len(found) > MAX_FIELDS:
        raise InputError(f"{len(found)} fields in one row, of at most {MAX_FIELDS}")
    return found


def _object(prefix: str, value: Mapping[str, object], found: dict[str, Value], depth: int) -> None:
    if not depth:
        raise InputError(f"nested deeper than {MAX_DEPTH} levels")
    for key, inner in value.items():
        name = key if "." not in key and "\\" not in key else key.replace("\\", "\\\\").replace(".", "\\.")
        if type(inner) in _PLAIN:
            found[prefix + name] = inner  # type: ignore[assignment]
        else:
            _add(prefix + name, inner, found, depth - 1)


def _add(path: str, value: object, found: dict[str, Value], depth: int) -> None:
    if isinstance(value, dict):
        if value:
            _object(path + ".", value, found, depth)
        else:
            found[path + "{}"] = 0
    elif isinstance(value, list):
        if not depth:
            raise InputError(f"nested deeper than {MAX_DEPTH} levels")
        found[path + "[]"] = len(value)
        for number, inner in enumerate(value[:FIRST]):
            _add(f"{path}[{number}]", inner, found, depth - 1)
    elif value is None or isinstance(value, str | int | float):
        found[path] = value
    else:
        found[path] = str(value)
