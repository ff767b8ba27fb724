"""Going on from a position, before the first item and between two."""

from __future__ import annotations

import itertools
from collections.abc import Generator

import msgspec
import pytest

from icelos.contracts import Resumable
from icelos.data.resuming import Resuming
from icelos.errors import InputError


class _Number(msgspec.Struct, frozen=True):
    value: int = 0


class _Counting(Resuming[_Number, int]):
    def __init__(self) -> None:
        super().__init__(_Number(), "numbers")
        self.ended = 0

    def _behind(self, position: _Number) -> Generator[tuple[_Number, int], None, None]:
        try:
            for value in range(position.value + 1, 11):
                yield _Number(value), value
        finally:
            self.ended += 1


def test_on_from_every_position() -> None:
    source = _Counting()
    assert isinstance(source, Resumable)
    positions = [source.position()]
    for _ in source:
        positions.append(source.position())
    for done, position in enumerate(positions):
        again = _Counting()
        again.resume(position)
        assert list(again) == list(range(done + 1, 11))


@pytest.mark.parametrize("goes_on", [True, False], ids=["with the same iterator", "with another"])
def test_back_between_two_items(goes_on: bool) -> None:
    source = _Counting()
    stream = iter(source)
    assert list(itertools.islice(stream, 3)) == [1, 2, 3]
    position = source.position()
    assert list(itertools.islice(stream, 7)) == [4, 5, 6, 7, 8, 9, 10]
    source.resume(position)
    assert list(stream if goes_on else source) == [4, 5, 6, 7, 8, 9, 10]
    assert source.ended >= 1


@pytest.mark.parametrize("position", [b"", b"[]", b'{"value": "x"}', b"\xff"])
def test_what_is_no_position(position: bytes) -> None:
    source = _Counting()
    with pytest.raises(InputError, match="numbers: not a position"):
        source.resume(position)
    assert list(source) == list(range(1, 11))
