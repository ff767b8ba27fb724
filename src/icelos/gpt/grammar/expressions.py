"""How pieces of a row follow each other.

A *spot* in a row is (piece, place in it, what follows, values not yet settled). Entering an expression
gives all spots at which its first byte may be taken, and those behind it where it may be empty. What
follows is a chain of expressions (`Then`), one object for equal chains, so that spots can be compared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Protocol

from icelos.gpt.grammar.parts import LiteralPiece, Piece, Place, ValuesPiece

Settling = tuple[tuple[int, int], ...]
"""Pairs of closed field and value that were taken, while another way to read the bytes may be left."""

Spot = tuple[Piece | None, Place, "Then | None", Settling]
"""Without a piece, the row is over."""


class Known(Protocol):
    """What a row has had so far."""

    def narrowed(self, piece: ValuesPiece, settling: Settling) -> ValuesPiece:
        """Only the values that go with those which the row has had."""

    def settles(self, number: int) -> bool:
        """Whether a later field depends on this one."""


class Expression(ABC):
    """What may stand somewhere in a row. Compared by identity."""

    @abstractmethod
    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        """The spots at its start."""

    @abstractmethod
    def shortest(self) -> bytes:
        """A short text of it."""


class Then:
    """An expression and what follows it. `Then(None, None)` is the end of a row."""

    __slots__ = ("_chains", "expression", "then")

    def __init__(self, expression: Expression | None = None, then: Then | None = None) -> None:
        self.expression, self.then = expression, then
        self._chains: dict[Expression, Then] = {}

    def behind(self, expression: Expression) -> Then:
        """`expression`, and then this."""
        found = self._chains.get(expression)
        if found is None:
            found = self._chains[expression] = Then(expression, self)
        return found

    def enter(self, settling: Settling, known: Known) -> Iterator[Spot]:
        if self.expression is None or self.then is None:
            yield None, 0, None, settling
        else:
            yield from self.expression.enter(self.then, settling, known)

    def shortest(self) -> bytes:
        """A short text from here to the end of the row."""
        done, at = [], self
        while at.expression is not None and at.then is not None:
            done.append(at.expression.shortest())
            at = at.then
        return b"".join(done)


def leave(piece: Piece, place: Place, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
    """The spots behind a piece that ends at a place."""
    if isinstance(piece, ValuesPiece) and known.settles(piece.number):
        settling = (*settling, (piece.number, piece.value(place)))
    return then.enter(settling, known)


class Single(Expression):
    """One piece."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece

    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        piece = self.piece
        if isinstance(piece, ValuesPiece):
            piece = known.narrowed(piece, settling)
        yield piece, piece.start, then, settling
        if piece.ends(piece.start):
            yield from leave(piece, piece.start, then, settling, known)

    def shortest(self) -> bytes:
        return self.piece.shortest(self.piece.start)


class InOrder(Expression):
    """One after another; none is the empty text."""

    def __init__(self, parts: Sequence[Expression]) -> None:
        self._parts = tuple(parts)

    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        for part in reversed(self._parts):
            then = then.behind(part)
        return then.enter(settling, known)

    def shortest(self) -> bytes:
        return b"".join(part.shortest() for part in self._parts)


class Choice(Expression):
    """One of several; at least one."""

    def __init__(self, options: Sequence[Expression]) -> None:
        self._options = tuple(options)

    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        for option in self._options:
            yield from option.enter(then, settling, known)

    @cached_property
    def _shortest(self) -> bytes:
        return min((option.shortest() for option in self._options), key=len)

    def shortest(self) -> bytes:
        return self._shortest


class Junction(Expression):
    """A place in a graph without cycles: ways lead through an expression to further places; `end`, where
    there is one, leads out."""

    def __init__(self, end: Expression | None) -> None:
        self._end = end
        self._ways: list[tuple[Expression, Junction]] = []
        self._best: tuple[Expression, Junction] | None = None
        self._length = len(end.shortest()) if end is not None else -1
        """Of the short text from here on; -1: there is none yet."""

    def add(self, expression: Expression, to: Junction) -> None:
        """A way; all ways of `to` are there already."""
        self._ways.append((expression, to))
        length = len(expression.shortest()) + to._length
        if not 0 <= self._length <= length:
            self._best, self._length = (expression, to), length

    @property
    def leads_on(self) -> bool:
        return self._length >= 0

    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        for expression, to in self._ways:
            yield from expression.enter(then.behind(to), settling, known)
        if self._end is not None:
            yield from self._end.enter(then, settling, known)

    def shortest(self) -> bytes:
        parts, at = [], self
        while at._best is not None:
            parts.append(at._best[0].shortest())
            at = at._best[1]
        return b"".join(parts) + (at._end.shortest() if at._end is not None else b"")


class Repeated(Expression):
    """`least` to `most` items with a text between them."""

    def __init__(self, item: Expression, between: bytes, least: int, most: int) -> None:
        self._item, self._between, self._least, self._most = item, literal(between), least, most
        self._behind: dict[int, _Behind] = {}

    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        if self._most:
            yield from self._item.enter(then.behind(self._after(1)), settling, known)
        if not self._least:
            yield from then.enter(settling, known)

    def after(self, count: int, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        """The spots behind the item number `count`, counted from 1."""
        if count < self._most:
            following = then.behind(self._after(count + 1)).behind(self._item)
            yield from self._between.enter(following, settling, known)
        if count >= self._least:
            yield from then.enter(settling, known)

    def _after(self, count: int) -> _Behind:
        if count not in self._behind:
            self._behind[count] = _Behind(self, count)
        return self._behind[count]

    def shortest(self) -> bytes:
        return self._between.shortest().join([self._item.shortest()] * self._least)

    def rest(self, count: int) -> bytes:
        """A short text behind the item number `count`."""
        return (self._between.shortest() + self._item.shortest()) * max(0, self._least - count)


class _Behind(Expression):
    """Behind an item of an array."""

    def __init__(self, repeated: Repeated, count: int) -> None:
        self._repeated, self._count = repeated, count

    def enter(self, then: Then, settling: Settling, known: Known) -> Iterator[Spot]:
        return self._repeated.after(self._count, then, settling, known)

    def shortest(self) -> bytes:
        return self._repeated.rest(self._count)


def literal(data: bytes) -> Expression:
    """Exactly these bytes, none included."""
    return Single(LiteralPiece(data)) if data else InOrder(())
