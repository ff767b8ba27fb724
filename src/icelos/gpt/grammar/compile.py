"""From what was learned, and conditions on it, to an expression of a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product

from icelos.gpt.grammar.expressions import Choice, Expression, InOrder, Junction, Repeated, Single, literal
from icelos.gpt.grammar.learned import (
    Characters,
    Format,
    Grammar,
    Integer,
    Items,
    Keys,
    Literal,
    Node,
    OneOf,
    Part,
    Style,
    Text,
    Time,
    Values,
)
from icelos.gpt.grammar.parts import (
    CharactersPiece,
    IntegerPiece,
    Piece,
    TextPiece,
    TimePiece,
    ValuesPiece,
)

Path = tuple[str, ...]

NEEDED_LIMIT = 8


@dataclass(frozen=True)
class Limits:
    """What conditions leave: the scalars of places that a row must have, and the values of closed fields."""

    places: Mapping[Path, Values] = field(default_factory=dict)
    numbers: Mapping[int, frozenset[int]] = field(default_factory=dict)


class NoRow(ValueError):
    """No row meets the conditions."""


def compiled(grammar: Grammar, limits: Limits | None = None) -> Expression:
    """The expression of a whole row. Raises NoRow where conditions leave nothing, ValueError where the
    grammar does not hold together."""
    try:
        return _Compiler(grammar.style, limits or Limits(), json=grammar.kind == "json").node(
            grammar.root, ()
        )
    except IndexError as error:
        raise ValueError("a grammar that points to what it does not have") from error


class _Compiler:
    def __init__(self, style: Style, limits: Limits, *, json: bool) -> None:
        self.style, self.limits, self.json = style, limits, json

    def node(self, node: Node, path: Path) -> Expression:
        """What may stand in a place. One of which nothing is known stays empty."""
        if path in self.limits.places:
            return self._values(self.limits.places[path])
        inner = any(place[: len(path)] == path for place in self.limits.places)
        options = []
        if node.keys is not None:
            options.append(self._keys(node.keys, path))
        if node.values is not None and not inner:
            options.append(self._values(node.values))
        if node.items is not None and not inner:
            options.append(self._items(node.items, path))
        if not options and inner:
            raise NoRow(f"{'.'.join(path)} holds no such field")
        if len(options) == 1:
            return options[0]
        return Choice(options) if options else self._nothing()

    def _values(self, values: Values) -> Expression:
        if not values.closed:
            return (
                Choice([self._format(one) for one in values.formats]) if values.formats else self._nothing()
            )
        left = self.limits.numbers.get(values.number)
        kept = {i: v.encode() for i, v in enumerate(values.values) if left is None or i in left}
        if not kept:
            raise NoRow("no value is left")
        return Single(ValuesPiece(kept, values.number))

    def _nothing(self) -> Expression:
        return literal(b"null" if self.json else b"")

    def _format(self, one: Format) -> Expression:
        return InOrder([_part(part) for part in one.parts])

    def _items(self, items: Items, path: Path) -> Expression:
        if items.most and items.item == Node():
            items = Items(item=Node(), least=0, most=0)
        item = self.node(items.item, (*path, "[]"))
        body = Repeated(item, self.style.array_between.encode(), items.least, items.most)
        return InOrder(
            [literal(self.style.array_opens.encode()), body, literal(self.style.array_closes.encode())]
        )

    def _keys(self, keys: Keys, path: Path) -> Expression:
        """The graph of keys, in as many copies as there are sets of keys that must still come."""
        closes = literal(self.style.closes.encode())
        needed = frozenset(
            place[len(path)]
            for place in self.limits.places
            if len(place) > len(path) and place[: len(path)] == path
        )
        values = [self.node(key.value, (*path, key.name)) for key in keys.keys]
        made: dict[tuple[int, frozenset[str]], Junction] = {}
        for at, missing in product(_last_first(keys), _parts_of(needed)):
            here = Junction(closes if at in keys.ends and not missing else None)
            between = self.style.between if at else ""
            for index, to in keys.steps[at]:
                key = keys.keys[index]
                behind = made.get((to, missing - {key.name}))
                if behind is not None:
                    text = literal((between + key.text).encode())
                    here.add(InOrder([text, values[index]]), behind)
            if here.leads_on:
                made[at, missing] = here
        if (0, needed) not in made:
            raise NoRow(f"no row has {', '.join(sorted(needed))}")
        return InOrder([literal(self.style.opens.encode()), made[0, needed]])


def _parts_of(names: frozenset[str]) -> list[frozenset[str]]:
    """All sets of some of the names. Raises NoRow for more names than conditions are made for."""
    if len(names) > NEEDED_LIMIT:
        raise NoRow(f"more than {NEEDED_LIMIT} conditions on keys of one object")
    return [frozenset(part) for size in range(len(names) + 1) for part in combinations(names, size)]


def _last_first(keys: Keys) -> list[int]:
    """The nodes of the graph, each behind all that it leads to.

    Raises ValueError where the graph has a cycle: a row of it might never end.
    """
    done: list[int] = []
    seen, open_ = {0}, {0}
    waiting = [(0, iter(keys.steps[0]))]
    while waiting:
        at, steps = waiting[-1]
        step = next(steps, None)
        if step is None:
            done.append(at)
            open_.discard(at)
            waiting.pop()
        elif step[1] in open_:
            raise ValueError("keys that follow themselves")
        elif step[1] not in seen:
            seen.add(step[1])
            open_.add(step[1])
            waiting.append((step[1], iter(keys.steps[step[1]])))
    return done


def _part(part: Part) -> Expression:
    if isinstance(part, Literal):
        return literal(part.text.encode())
    return Single(_piece(part))


def _piece(part: Characters | Text | Integer | Time | OneOf) -> Piece:
    if isinstance(part, Characters):
        return CharactersPiece(part.chars.encode(), part.least, part.most, noise=part.noise)
    if isinstance(part, Text):
        return TextPiece(part.chars, part.escapes, part.least, part.most)
    if isinstance(part, Integer):
        return IntegerPiece(part.least, part.most)
    if isinstance(part, Time):
        return TimePiece(part.between, part.digits, part.least, part.most)
    return ValuesPiece({i: text.encode() for i, text in enumerate(part.texts)})


def fields(node: Node, path: Path = ()) -> Iterator[tuple[Path, Values]]:
    """The places of scalars outside of arrays, in their order."""
    if node.values is not None:
        yield path, node.values
    if node.keys is not None:
        for key in node.keys.keys:
            yield from fields(key.value, (*path, key.name))
