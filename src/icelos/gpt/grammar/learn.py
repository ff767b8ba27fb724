"""A grammar from rows, in one pass over a sample of bounded size.

A field is *closed* where few new values are to be expected: the share of values seen once estimates the
probability that the next one is new (Good 1953, Turing). All others are known by their formats.
"""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from icelos.gpt.grammar.dependencies import Column, dependencies
from icelos.gpt.grammar.formats import Formats, is_number
from icelos.gpt.grammar.learned import (
    Format,
    Grammar,
    Items,
    Key,
    Keys,
    Literal,
    Node,
    OneOf,
    Part,
    Style,
    Values,
)
from icelos.gpt.grammar.rows import Array, JsonReader, Object, Unfit, Value, kind_of, read_cef, read_columns

SAMPLE_ROWS, SAMPLE_BYTES = 20_000, 64 << 20
LONGEST_ROW = 256 * 1024
UNSEEN = 0.02
"""A field is closed where at most this share of further values would be new."""
VALUES_LIMIT, VALUES_BYTES = 2048, 64 * 1024
KEYS_LIMIT, SEQUENCES_LIMIT, NODES_LIMIT = 1024, 2048, 20_000
LITERALS_LIMIT = 256
TIMES_CLOSED = 8
"""A field of more times than this is open: they repeat within a burst, and the next burst has others."""


def learn(rows: Iterable[bytes], label: str = "") -> Grammar | None:
    """The grammar of a sample of rows, or None where they are of no kind that is known.

    `label` is a key in front of each row that says what it is of, some of which may be rare.
    """
    sample = _sample(rows)
    kind, delimiter = kind_of(sample) if sample else ("", "")
    if not kind:
        return None
    learner = _Learner(json=kind == "json")
    reader = JsonReader()
    for row in sample:
        try:
            taken = _take(row, kind, delimiter, reader)
        except Unfit:
            learner.left_out += 1
        else:
            learner.add(taken)
    if not learner.rows:
        return None
    return learner.learned(kind, delimiter, _style(kind, reader), label)


def _take(row: str, kind: str, delimiter: str, reader: JsonReader) -> Object:
    if kind == "json":
        return reader.read(row)
    return read_cef(row) if kind == "cef" else read_columns(row, delimiter)


def _style(kind: str, reader: JsonReader) -> Style:
    if kind != "json":
        return Style(opens="", between="", closes="")
    return Style(between=reader.between("object"), array_between=reader.between("array"))


def _sample(rows: Iterable[bytes]) -> list[str]:
    """Rows drawn evenly (Vitter 1985, algorithm R), in their order; what is not UTF-8 is passed over."""
    rng = random.Random(0)  # noqa: S311 - a sample, not a secret
    kept: list[tuple[int, str]] = []
    number = size = 0
    for row in rows:
        if not row or len(row) > LONGEST_ROW:
            continue
        room = size < SAMPLE_BYTES and len(kept) < SAMPLE_ROWS
        at = len(kept) if room else rng.randrange(number + 1)
        number += 1
        if at > len(kept) or (at == len(kept) and not room):
            continue
        try:
            text = row.decode()
        except UnicodeDecodeError:
            continue
        size += len(text) - (len(kept[at][1]) if at < len(kept) else 0)
        kept[at : at + 1] = [(number, text)]
    return [text for _, text in sorted(kept)]


@dataclass
class _Place:
    """What was seen in one place of the rows."""

    values: _Scalars | None = None
    keys: dict[tuple[str, str], _Place] = field(default_factory=dict)
    sequences: Counter[tuple[int, ...]] = field(default_factory=Counter)
    item: _Place | None = None
    lengths: tuple[int, int] = (1 << 20, 0)


@dataclass
class _Scalars:
    """The scalars of one place, and, outside of arrays, which row had which (index of the value or -1)."""

    json: bool
    counts: Counter[str] = field(default_factory=Counter)
    size: int = 0
    many: bool = False
    strings: Formats = field(init=False)
    numbers: Formats = field(init=False)
    literals: dict[str, None] = field(default_factory=dict)
    column: array[int] = field(default_factory=lambda: array("i"))
    numbering: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.strings, self.numbers = Formats(escapes=self.json), Formats(escapes=False)

    def add(self, raw: str, row: int) -> None:
        known = raw in self.counts
        if not known:
            self._learn(raw)
        if self.many:
            return
        self.counts[raw] += 1
        self.size += 0 if known else len(raw)
        if len(self.counts) > VALUES_LIMIT or self.size > VALUES_BYTES:
            self.many = True
            self.counts.clear()
            return
        if row >= 0:
            self.column.extend([-1] * (row - len(self.column)))
            if len(self.column) == row:
                self.column.append(self.numbering.setdefault(raw, len(self.numbering)))

    def _learn(self, raw: str) -> None:
        if self.json and raw[0] == '"':
            self.strings.add(raw[1:-1])
        elif not self.json:
            self.strings.add(raw)
        elif is_number(raw):
            self.numbers.add(raw)
        elif len(self.literals) < LITERALS_LIMIT:  # true, false, null, and numbers with exponents
            self.literals[raw] = None

    @property
    def closed(self) -> bool:
        total = self.counts.total()
        singles = sum(count == 1 for count in self.counts.values())
        times = self.strings.only("time") and len(self.counts) > TIMES_CLOSED
        return not self.many and total > 1 and singles <= UNSEEN * total and not times

    def learned(self, number: int, elsewhere: Set[str]) -> Values:
        """Values in the order of their numbers in `column`, or formats."""
        if self.closed:
            rest = [raw for raw in self.counts if raw not in self.numbering]
            return Values(values=(*self.numbering, *rest), number=number)
        return Values(formats=tuple(self._formats(elsewhere)))

    def _formats(self, elsewhere: Set[str]) -> Iterator[Format]:
        if self.literals:
            yield Format(name="literal", parts=(OneOf(texts=tuple(self.literals)),))
        yield from self.numbers.learned()
        quote: tuple[Part, ...] = (Literal(text='"'),) if self.json else ()
        for one in self.strings.learned(elsewhere):
            yield Format(name=one.name, parts=(*quote, *one.parts, *quote))


class _Learner:
    def __init__(self, *, json: bool) -> None:
        self.root, self.json = _Place(), json
        self.rows = self.left_out = 0
        self._places = 0
        self._scalars: list[_Scalars] = []
        self._elsewhere: Set[str] = frozenset()

    def add(self, row: Object) -> None:
        if not row.keys:
            self.left_out += 1
            return
        self._object(row, self.root, self.rows)
        self.rows += 1

    def _value(self, value: Value, place: _Place, row: int) -> None:
        if isinstance(value, Object):
            self._object(value, place, row)
        elif isinstance(value, Array):
            least, most = place.lengths
            place.lengths = (min(least, len(value.items)), max(most, len(value.items)))
            for item in value.items:
                if place.item is None:
                    place.item = self._place()
                self._value(item, place.item, -1)
        else:
            if place.values is None:
                place.values = _Scalars(self.json)
                self._scalars.append(place.values)
            place.values.add(value, row)

    def _object(self, value: Object, place: _Place, row: int) -> None:
        """An object that has more keys than can be learned is left out, with what is in it."""
        new = {(name, text) for name, text, _ in value.keys if (name, text) not in place.keys}
        full = len(place.keys) + len(new) > KEYS_LIMIT or self._places + len(new) > NODES_LIMIT
        if full and new:
            self.left_out += 1
            return
        order = []
        for name, text, inner in value.keys:
            below = place.keys.get((name, text))
            if below is None:
                below = place.keys[name, text] = self._place()
            order.append((name, text))
            self._value(inner, below, row)
        numbers = {key: i for i, key in enumerate(place.keys)}
        sequence = tuple(numbers[key] for key in order)
        if len(place.sequences) < SEQUENCES_LIMIT or sequence in place.sequences:
            place.sequences[sequence] += 1

    def _place(self) -> _Place:
        self._places += 1
        return _Place()

    def learned(self, kind: str, delimiter: str, style: Style, label: str = "") -> Grammar:
        columns: list[Column] = []
        samples = Counter(value for scalars in self._scalars for value in scalars.strings.sample)
        self._elsewhere = {value for value, places in samples.items() if places > 1}
        root = self._node(self.root, columns)
        found = {key.name: key.value.values for key in root.keys.keys} if root.keys else {}
        labels = found.get(label)
        by_value = -1 if labels is None else labels.number
        return Grammar(
            kind=kind, delimiter=delimiter, style=style, root=root,
            dependencies=tuple(dependencies(columns, by_value)), fields=len(columns),
            rows=self.rows, left_out=self.left_out,
        )  # fmt: skip

    def _node(self, place: _Place, columns: list[Column]) -> Node:
        values = items = keys = None
        if place.values is not None:
            values = self._values(place.values, columns)
        if place.lengths[0] <= place.lengths[1]:
            item = self._node(place.item, columns) if place.item else Node()
            items = Items(item=item, least=place.lengths[0], most=place.lengths[1])
        if place.sequences:
            learned = tuple(
                Key(name=name, text=text, value=self._node(below, columns))
                for (name, text), below in place.keys.items()
            )
            steps, ends = graph(list(place.sequences))
            keys = Keys(keys=learned, steps=steps, ends=ends)
        return Node(values=values, keys=keys, items=items)

    def _values(self, scalars: _Scalars, columns: list[Column]) -> Values:
        number = -1
        if scalars.closed and len(scalars.column):
            number = len(columns)
            columns.append(Column(scalars.column, len(scalars.counts)))
        return scalars.learned(number, self._elsewhere)


_Graph = tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]


def graph(sequences: Sequence[tuple[int, ...]]) -> _Graph:
    """The smallest graph without cycles that spells these sequences: a trie whose equal ends are one."""
    trie: list[dict[int, int]] = [{}]
    ended: set[int] = set()
    for sequence in sequences:
        node = 0
        for key in sequence:
            if key not in trie[node]:
                trie[node][key] = len(trie)
                trie.append({})
            node = trie[node][key]
        ended.add(node)
    known: dict[tuple[object, ...], int] = {}
    made: list[tuple[bool, tuple[tuple[int, int], ...]]] = []
    numbers: dict[int, int] = {}
    for node in reversed(range(len(trie))):  # what lies below a node was made after it
        shape = (node in ended, tuple((key, numbers[below]) for key, below in trie[node].items()))
        if shape not in known:
            known[shape] = len(made)
            made.append(shape)
        numbers[node] = known[shape]
    start = numbers[0]
    renamed = {start: 0} | {old: i for i, old in enumerate((n for n in range(len(made)) if n != start), 1)}
    ordered = sorted(range(len(made)), key=renamed.__getitem__)
    steps = tuple(tuple((key, renamed[to]) for key, to in made[old][1]) for old in ordered)
    return steps, tuple(renamed[old] for old in ordered if made[old][0])
