"""The values of a row under the names that rules use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import product
from math import prod

import msgspec

from icelos.data.parse.flat import MAX_DEPTH, Value, text_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.sigma.logsources import folded
from icelos.jobs.logs.sigma.taxonomy import Found, Layout, Place

VALUES_LIMIT = 20_000
"""Values of one row that are looked at; a row has 2,000 fields at most, its lists may have more elements."""
ELEMENTS_LIMIT = 1000
"""Elements of one list that are looked at."""
READINGS_LIMIT = 256
"""Ways to read one row by two lists or more, each element with each; above it, each list by itself."""
_INDEX = re.compile(r"\[(\d*)\]")
_DERIVED = "derived"
_decode = msgspec.json.Decoder().decode


class Values:
    """The values of one row: what stands at a field, and for lists the ways to read them."""

    def __init__(self, row: Row, layout: Layout) -> None:
        self._row, self._layout = row, layout
        self._object = _object(row.raw) if layout.nested else None
        self._lists: dict[str, str] = {}
        if self._object is not None:
            self.found = _nested(self._object, self._lists)
        else:
            self.found = _flat(row.fields, self._lists)
        self._derived: Found = {
            name: [((number,), text) for number, text in enumerate(texts)]
            for name, texts in layout.derived(self.found).items()
        }

    def at(self, field: str, paths: Sequence[str]) -> tuple[str, list[tuple[Place, str]]]:
        """Which list a field is in ("" for none) and its values; `field` and `paths` in small letters."""
        if field in self._derived:
            values = self._derived[field]
            return (f"{_DERIVED} {field}" if len(values) > 1 else ""), values
        for path in paths:
            values = self.found.get(path, [])
            if values:
                return self._lists.get(path, ""), values
        if self._object is not None:
            for path in paths:
                text = _json_at(self._object, path.split("."))
                if text:
                    return "", [((), text)]
        return "", []

    @cached_property
    def text(self) -> str:
        """What keywords are looked for in: the row as it stands, and its values where JSON escapes some."""
        raw = self._row.raw.decode("utf-8", "replace")
        if "\\" in raw:
            raw = "\n".join((raw, *(text for values in self.found.values() for _, text in values)))
        return raw.replace("\0", "\ufffd")


def readings(
    values: Values, fields: Sequence[tuple[str, tuple[str, ...]]]
) -> Iterator[tuple[str | None, ...]]:
    """The values of the fields, once for each way to read the row: of a list, what its first element has,
    what its second one has, and so on; of two lists, each with each."""
    at = [values.at(field, paths) for field, paths in fields]
    lists: dict[str, dict[Place, None]] = {}
    for name, found in at:
        if name:
            lists.setdefault(name, {}).update(dict.fromkeys(place for place, _ in found))
    if not lists:
        yield tuple(found[0][1] if found else None for _, found in at)
        return
    for chosen in _places([_deepest(known) for known in lists.values()]):
        at_list = dict(zip(lists, chosen, strict=True))
        yield tuple(_chosen(found, at_list[name]) if name else _only(found) for name, found in at)


def _places(lists: Sequence[list[Place]]) -> Iterator[tuple[Place, ...]]:
    """Each element with each; where those are too many, each at least once, with the first ones of the other
    lists: whoever fills a list must not hide what stands in it."""
    if prod(map(len, lists)) <= READINGS_LIMIT:
        yield from product(*lists)
        return
    first = tuple(places[0] for places in lists)
    for number, places in enumerate(lists):
        for place in places:
            yield (*first[:number], place, *first[number + 1 :])


def _only(found: list[tuple[Place, str]]) -> str | None:
    return found[0][1] if found else None


def _chosen(found: list[tuple[Place, str]], wanted: Place) -> str | None:
    """The first value at, above or below an element."""
    for place, text in found:
        shorter = min(len(place), len(wanted))
        if place[:shorter] == wanted[:shorter]:
            return text
    return None


def _deepest(places: Iterable[Place]) -> list[Place]:
    places = list(places)
    above = {place[:length] for place in places for length in range(len(place))}
    return [place for place in places if place not in above]


def _flat(fields: Mapping[str, Value], lists: dict[str, str]) -> Found:
    found: Found = {}
    for path, value in fields.items():
        name, place, counts = _place(path)
        if value is None or counts:
            continue
        if place:
            lists[name] = path.split("[", 1)[0]
        found.setdefault(name, []).append((place, text_of(value).replace("\0", "\ufffd")))
    return found


@lru_cache(maxsize=65536)
def _place(path: str) -> tuple[str, Place, bool]:
    """A flat path as name and place, and whether it counts elements; paths come again in every row."""
    name = path.replace("\\.", ".").replace("\\\\", "\\")
    if "[" in name:
        place = tuple(int(number[:9]) for number in _INDEX.findall(name) if number)
        counts = path.endswith("[]")
        name = _INDEX.sub("", name)
    else:
        place, counts = (), path.endswith("{}")
    name = folded(name).removesuffix(".#text")
    if "event.userdata." in name:  # beside event data, under the name of its own schema
        head, _, rest = name.partition("event.userdata.")
        name = f"{head}event.eventdata.{rest.partition('.')[2] or rest}"
    return name, place, counts


def _object(raw: bytes) -> dict[str, object] | None:
    if raw.lstrip()[:1] != b"{":
        return None
    try:
        value = _decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _nested(value: dict[str, object], lists: dict[str, str]) -> Found:
    walk = _Walk({}, lists)
    walk.into("", value, (), "", MAX_DEPTH)
    return walk.found


class _Walk:
    """Every value of an object in order, at most `VALUES_LIMIT`."""

    def __init__(self, found: Found, lists: dict[str, str]) -> None:
        self.found, self._lists = found, lists
        self._room = VALUES_LIMIT

    def into(self, path: str, value: object, place: Place, within: str, depth: int) -> None:
        """`within` is the outermost list above the value, "" for none."""
        if not depth or self._room <= 0:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                name = folded(str(key))
                self.into(f"{path}.{name}" if path else name, inner, place, within, depth - 1)
        elif isinstance(value, list):
            for number, inner in enumerate(value[:ELEMENTS_LIMIT]):
                self.into(path, inner, (*place, number), within or path, depth - 1)
        elif value is not None:
            self._add(path, value, place, within)

    def _add(self, path: str, value: object, place: Place, within: str) -> None:
        self._room -= 1
        if within:
            self._lists[path] = within
        text = text_of(value) if isinstance(value, str | int | float) else str(value)
        self.found.setdefault(path, []).append((place, text.replace("\0", "\ufffd")))


def _json_at(value: object, keys: Sequence[str]) -> str:
    """An object or list as JSON, "" where there is none."""
    for key in keys:
        if isinstance(value, list):
            inner = [_member(element, key) for element in value[:ELEMENTS_LIMIT]]
            value = [element for element in inner if element is not None] or None
        else:
            value = _member(value, key)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else ""


def _member(value: object, key: str) -> object:
    if not isinstance(value, dict):
        return None
    return next((inner for name, inner in value.items() if folded(str(name)) == key), None)
