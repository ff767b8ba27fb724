"""What sources share that can go on from a position: the position itself, and going back to one midway."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

import msgspec

from icelos.errors import InputError

P = TypeVar("P", bound=msgspec.Struct)
I = TypeVar("I")  # noqa: E741 - an item


class Resuming(ABC, Generic[P, I]):
    """A source whose items come with the position behind each. `name` is for errors."""

    def __init__(self, begin: P, name: str) -> None:
        self._at = begin
        self._name = name

    def position(self) -> bytes:
        """Behind the item that came last."""
        return msgspec.json.encode(self._at)

    def resume(self, position: bytes) -> None:
        """Go on behind it, from now on. Raises InputError for what is no position of such a source."""
        try:
            self._at = msgspec.json.decode(position, type=type(self._at))
        except (msgspec.MsgspecError, ValueError) as error:
            raise InputError("not a position in it", source=self._name) from error

    def __iter__(self) -> Iterator[I]:
        position = None
        while position is not self._at:  # at first, and where it was set back meanwhile
            position = self._at
            with contextlib.closing(self._behind(position)) as items:
                for position, item in items:
                    self._at = position
                    yield item
                    if self._at is not position:
                        break

    @abstractmethod
    def _behind(self, position: P) -> Generator[tuple[P, I], None, None]:
        """What comes behind a position, each item with its own."""
