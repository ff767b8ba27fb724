"""Rows cut down to a few of their fields, from their text: all else is checked and passed over.

What is left of a row is small JSON, the same for all rows that say the same there, so that what follows from
it needs to be worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET

_OTHERS = str | int | float | bool | None | list[Any]
"""What may stand where an object is expected."""


class Projection:
    """Cuts JSON objects down to some paths ("status.errorCode"; no key holds a dot).

    Of the keys `present`, top-level ones, only whether they are there is kept: their value becomes null.
    """

    def __init__(self, paths: Iterable[str], present: Iterable[str]) -> None:
        paths = tuple(paths)
        values = {path.partition(".")[0] for path in paths}
        present = tuple(dict.fromkeys(name for name in present if name not in values))
        tree: dict[str, Any] = {}
        for path in (*present, *paths):
            node = tree
            for key in path.split("."):
                node = node.setdefault(key, {})
        self._decode = msgspec.json.Decoder(_struct(tree)).decode
        self._encode = msgspec.json.Encoder().encode
        self._present = tuple(f"f{number}" for number, _ in enumerate(present))

    def of(self, text: str) -> bytes:
        """The small JSON of a row. Raises ValueError or RecursionError where it is no object, or holds
        something there that cannot be decoded."""
        row = self._decode(text)
        for name in self._present:
            if getattr(row, name) is not UNSET:
                setattr(row, name, None)
        return self._encode(row)


def _struct(tree: dict[str, Any]) -> type[msgspec.Struct]:
    """A type of the keys of a tree, each of which may be missing, or be anything."""
    fields = [
        (f"f{number}", _struct(inner) | _OTHERS if inner else Any, UNSET)
        for number, inner in enumerate(tree.values())
    ]
    renames = {f"f{number}": key for number, key in enumerate(tree)}
    return msgspec.defstruct("Row", fields, rename=renames, gc=False)
