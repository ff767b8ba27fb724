"""Generators that look good on one measure and must not pass: what the gate is tested with."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from icelos.data.parse.flat import Value
from icelos.evaluate.rouge import most_typical, words
from icelos.jobs.logs.profile.rows import Row

_CANDIDATES = 400
_DOT = re.compile(r"(?<!\\)\.")


def medoid(rows: Sequence[Row], number: int, seed: int = 0) -> list[Row]:
    """The row that is most like all others by ROUGE-2 (of a sample of them), again and again."""
    rng = random.Random(seed)  # noqa: S311 - a sample
    some = rng.sample(list(rows), min(_CANDIDATES, len(rows)))
    texts = [words(row.raw.decode("utf-8", "replace")) for row in some]
    return [some[most_typical(texts)]] * number


def copy(rows: Sequence[Row], number: int, seed: int = 0) -> list[Row]:
    """Training rows as they are, each at most once where there are enough."""
    rng = random.Random(seed)  # noqa: S311 - a sample
    return rng.sample(list(rows), number) if number <= len(rows) else rng.choices(list(rows), k=number)


def independent(rows: Sequence[Row], number: int, seed: int = 0) -> list[Row]:
    """Each field drawn by itself from what the training rows have there, absence included."""
    rng = random.Random(seed)  # noqa: S311 - a sample
    paths = list(Counter(path for row in rows for path in row.fields))
    absent = object()
    drawn = {path: rng.choices([row.fields.get(path, absent) for row in rows], k=number) for path in paths}
    made = []
    for place in range(number):
        fields: dict[str, Value] = {p: v[place] for p, v in drawn.items() if v[place] is not absent}  # type: ignore[misc]
        made.append(Row(msgspec.json.encode(nested(fields)), fields, f"independent:{place + 1}"))
    return made


def nested(fields: Mapping[str, Value]) -> dict[str, object]:
    """Flat fields as an object again, as far as they fit together; what does not keeps its path as key."""
    root: dict[str, object] = {}
    for path, value in fields.items():
        *above, last = (_unescaped(key) for key in _DOT.split(path))
        place = root
        for key in above:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                place, last = root, path
                break
            place = inner
        place[last] = value
    return root


def _unescaped(key: str) -> str:
    return key.replace("\\.", ".").replace("\\\\", "\\") if "\\" in key else key


CHEATS: Mapping[str, Callable[[Sequence[Row], int, int], list[Row]]] = {
    "medoid": medoid,
    "copy": copy,
    "independent": independent,
}
