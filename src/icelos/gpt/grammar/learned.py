"""What was learned of rows, as grammar.json holds it. Texts are UTF-8 as they stood in the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from icelos.gpt.files import read_json, write_json

NAME = "grammar.json"

_Count = Annotated[int, Meta(ge=0, le=1 << 24)]
_Index = Annotated[int, Meta(ge=-1, le=1 << 24)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all pieces."""


class Literal(_Part, frozen=True, kw_only=True, tag="literal"):
    """Exactly this text."""

    text: str


class Characters(_Part, frozen=True, kw_only=True, tag="characters"):
    """`least` to `most` of these ASCII characters. Where it is `noise`, all are equally likely."""

    chars: str
    least: _Count
    most: _Count
    noise: bool = False


class Text(_Part, frozen=True, kw_only=True, tag="text"):
    """`least` to `most` characters: of `chars` (any script), or a backslash and one of `escapes`."""

    chars: str
    escapes: str = ""
    least: _Count
    most: _Count


class Integer(_Part, frozen=True, kw_only=True, tag="integer"):
    """A number of these bounds, without sign and leading zeros."""

    least: Annotated[int, Meta(ge=0, lt=10**18)]
    most: Annotated[int, Meta(ge=0, lt=10**18)]


class Time(_Part, frozen=True, kw_only=True, tag="time"):
    """A real date, `between`, a time of day with `digits` of a second. The bounds are written like it."""

    between: Annotated[str, Meta(min_length=1, max_length=1)]
    digits: Annotated[int, Meta(ge=0, le=12)]
    least: Annotated[str, Meta(max_length=40)]
    most: Annotated[str, Meta(max_length=40)]


class OneOf(_Part, frozen=True, kw_only=True, tag="one of"):
    """One of these texts."""

    texts: tuple[str, ...]


Part = Literal | Characters | Text | Integer | Time | OneOf


class Format(_Part, frozen=True):
    """What some values of a field look like: pieces one after another."""

    name: str
    parts: tuple[Part, ...]


class Values(_Part, frozen=True):
    """The scalars of a field. Where `closed`, `values` are all there are; else `formats` say what they
    look like. `number` counts closed fields, for `Grammar.dependencies`; -1 has no place there."""

    values: tuple[str, ...] = ()
    formats: tuple[Format, ...] = ()
    number: _Index = -1

    @property
    def closed(self) -> bool:
        return bool(self.values)


class Key(_Part, frozen=True):
    """A key: its name, the text of it with all up to the value, and what its values are."""

    name: str
    text: str
    value: Node


class Keys(_Part, frozen=True):
    """The sequences of keys that an object may have, as a graph without cycles.

    `steps[node]` are pairs (index of a key, node behind it); node 0 is the start, and an object may end at
    `ends`.
    """

    keys: tuple[Key, ...]
    steps: tuple[tuple[tuple[_Count, _Count], ...], ...]
    ends: tuple[_Count, ...]


class Items(_Part, frozen=True):
    """An array of `least` to `most` items."""

    item: Node
    least: _Count
    most: _Count


class Node(_Part, frozen=True):
    """What may stand in one place."""

    values: Values | None = None
    keys: Keys | None = None
    items: Items | None = None


class Style(_Part, frozen=True):
    """The text around and between the keys of objects and the items of arrays."""

    opens: str = "{"
    between: str = ","
    closes: str = "}"
    array_opens: str = "["
    array_between: str = ","
    array_closes: str = "]"


class Dependency(_Part, frozen=True):
    """Closed field `field` may only have values `table[v]` where closed field `on` has its value v."""

    field: _Count
    on: _Count
    table: tuple[tuple[_Count, ...], ...]


class Grammar(_Part, frozen=True):
    """grammar.json. `kind` is json, cef or columns; `left_out` rows or objects did not fit into what can be
    learned."""

    kind: str
    style: Style
    root: Node
    dependencies: tuple[Dependency, ...] = ()
    fields: _Count = 0
    rows: _Count = 0
    left_out: _Count = 0
    delimiter: str = ""


def save(grammar: Grammar, folder: Path) -> None:
    """Write grammar.json into a model's folder, whole or absent. Raises OSError."""
    write_json(folder / NAME, grammar)


def load(folder: Path) -> Grammar | None:
    """The grammar in a model's folder, or None. Raises InputError where it is broken."""
    path = folder / NAME
    return read_json(path, Grammar) if path.is_file() else None
