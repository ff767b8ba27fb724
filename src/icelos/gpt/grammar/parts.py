"""Pieces of a row that take bytes. What a piece has taken so far is its *place*: any hashable value.

A piece that `ends` at a place may be left there; one may end and go on as well (a number may get another
digit).
"""

from __future__ import annotations

import calendar
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

Place = Any
"""What a piece has taken so far, hashable; each kind of piece has its own."""

_DIGITS = b"0123456789"
_HEX = b"0123456789abcdefABCDEF"
_HEX_NO_SURROGATE = bytes(b for b in _HEX if b not in b"dD")
_BACKSLASH, _U = 0x5C, 0x75
SATURATED = 129
"""Counts of characters still allowed are told apart up to here: no token has more bytes (see
`icelos.gpt.tokenizers.LONGEST_PIECE`)."""


class Piece(ABC):
    """The base of all pieces. Compared by identity."""

    __slots__ = ()
    start: Place = 0

    @abstractmethod
    def allowed(self, place: Place) -> Iterable[int]:
        """The bytes that may follow at a place."""

    @abstractmethod
    def take(self, place: Place, byte: int) -> Place:
        """The place behind a byte, or None where it may not follow."""

    @abstractmethod
    def ends(self, place: Place) -> bool:
        """Whether the piece may end here."""

    @abstractmethod
    def shortest(self, place: Place) -> bytes:
        """A short way from a place to an end."""

    def coarse(self, place: Place) -> Place:
        """The place as far as it matters for the next token: places that allow the same tokens may be one."""
        return place


class LiteralPiece(Piece):
    """Exactly these bytes, of which there is at least one. The place is how many were taken."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def allowed(self, place: Place) -> Iterable[int]:
        return self.data[place : place + 1]

    def take(self, place: Place, byte: int) -> Place:
        fits = place < len(self.data) and self.data[place] == byte
        return place + 1 if fits else None

    def ends(self, place: Place) -> bool:
        return bool(place == len(self.data))

    def shortest(self, place: Place) -> bytes:
        return self.data[place:]


class ValuesPiece(Piece):
    """One of these values. `number` is that of the closed field; `value` tells which one was taken."""

    __slots__ = ("_narrowed", "_nodes", "_numbers", "_values", "number")

    def __init__(self, values: Mapping[int, bytes], number: int = -1) -> None:
        """`values` by their numbers. Raises ValueError where there are none."""
        if not values:
            raise ValueError("no values")
        self.number, self._values = number, dict(values)
        self._nodes: list[dict[int, int]] = [{}]
        self._numbers: list[int] = [-1]
        for i, value in values.items():
            at = 0
            for byte in value:
                if byte not in self._nodes[at]:
                    self._nodes[at][byte] = len(self._nodes)
                    self._nodes.append({})
                    self._numbers.append(-1)
                at = self._nodes[at][byte]
            self._numbers[at] = i
        self._narrowed: dict[frozenset[int], ValuesPiece] = {}

    def narrowed(self, numbers: frozenset[int]) -> ValuesPiece:
        """Only the values of these numbers; all where that would leave none."""
        if numbers not in self._narrowed:
            left = {i: value for i, value in self._values.items() if i in numbers}
            self._narrowed[numbers] = ValuesPiece(left, self.number) if left else self
        return self._narrowed[numbers]

    @property
    def numbers(self) -> frozenset[int]:
        return frozenset(self._values)

    def value(self, place: Place) -> int:
        """The number of the value that ends at a place."""
        number: int = self._numbers[place]
        return number

    def allowed(self, place: Place) -> Iterable[int]:
        return self._nodes[place]

    def take(self, place: Place, byte: int) -> Place:
        return self._nodes[place].get(byte)

    def ends(self, place: Place) -> bool:
        return self._numbers[place] >= 0

    def shortest(self, place: Place) -> bytes:
        done = b""
        while not self.ends(place):
            byte = next(iter(self.allowed(place)))
            done, place = done + bytes([byte]), self.take(place, byte)
        return done


class CharactersPiece(Piece):
    """`least` to `most` of these bytes; `noise`: by chance. The place is how many were taken."""

    __slots__ = ("_bytes", "_least", "_most", "noise")

    def __init__(self, chars: bytes, least: int, most: int, *, noise: bool = False) -> None:
        self._bytes, self._least, self._most = frozenset(chars), least, most
        self.noise = noise

    def allowed(self, place: Place) -> Iterable[int]:
        return self._bytes if place < self._most else ()

    def take(self, place: Place, byte: int) -> Place:
        return place + 1 if place < self._most and byte in self._bytes else None

    def ends(self, place: Place) -> bool:
        return bool(place >= self._least)

    def shortest(self, place: Place) -> bytes:
        return bytes([min(self._bytes)] * max(0, self._least - place))

    def coarse(self, place: Place) -> Place:
        return _coarse(place, self._least, self._most)


def _coarse(count: int, least: int, most: int) -> tuple[int, int]:
    """How many more must, and may, follow."""
    return min(max(0, least - count), SATURATED), min(most - count, SATURATED)


class TextPiece(Piece):
    r"""`least` to `most` characters, each one of `chars` or a backslash and one of `escapes`.

    The place is (characters taken, what of the next one is there): the bytes of a character beyond ASCII,
    a backslash, or `\u` and hexadecimal digits. `\u` never begins a surrogate, so that no half of a pair
    stands alone.
    """

    __slots__ = ("_escapes", "_following", "_least", "_most", "_whole")
    start: Place = (0, b"")

    def __init__(self, chars: str, escapes: str, least: int, most: int) -> None:
        self._whole = {char.encode() for char in chars}
        self._escapes = escapes.encode()
        self._least, self._most = least, most
        following: dict[bytes, set[int]] = {b"": set()}
        for whole in self._whole:
            for i in range(len(whole)):
                following.setdefault(whole[:i], set()).add(whole[i])
        if escapes:
            following[b""].add(_BACKSLASH)
            following[b"\\"] = set(self._escapes)
        self._following = {key: frozenset(value) for key, value in following.items()}

    def allowed(self, place: Place) -> Iterable[int]:
        count, part = place
        if count >= self._most:
            return ()
        if part.startswith(b"\\u"):
            return _HEX_NO_SURROGATE if len(part) == 2 else _HEX
        return self._following[part]

    def take(self, place: Place, byte: int) -> Place:
        if byte not in self.allowed(place):
            return None
        count, part = place
        part += bytes([byte])
        return (count + 1, b"") if self._is_whole(part) else (count, part)

    def _is_whole(self, part: bytes) -> bool:
        if self._escapes and part[0] == _BACKSLASH:
            return len(part) == 6 if part[1:2] == b"u" else len(part) == 2
        return part in self._whole

    def ends(self, place: Place) -> bool:
        count, part = place
        return count >= self._least and not part

    def shortest(self, place: Place) -> bytes:
        done = b""
        while not self.ends(place):
            byte = min(self.allowed(place))
            done, place = done + bytes([byte]), self.take(place, byte)
        return done

    def coarse(self, place: Place) -> Place:
        count, part = place
        return _coarse(count, self._least, self._most), part


class IntegerPiece(Piece):
    """A number within bounds, without leading zeros.

    The place is the digits so far while they matter, else for how many more digits all numbers are within.
    """

    __slots__ = ("_least", "_most", "_take")
    start: Place = ""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most
        self._take = lru_cache(4096)(self._taken)

    def allowed(self, place: Place) -> Iterable[int]:
        return [byte for byte in _DIGITS if self._take(place, byte) is not None]

    def take(self, place: Place, byte: int) -> Place:
        return self._take(place, byte)

    def _taken(self, place: Place, byte: int) -> Place:
        if byte not in _DIGITS:
            return None
        if isinstance(place, tuple):
            return place[1:] if len(place) > 1 else None
        if place == "0":
            return None
        return self._settled(f"{place}{chr(byte)}")

    def _settled(self, digits: str) -> Place:
        """None where no number begins so."""
        number = int(digits)
        more = range(1 if digits == "0" else len(str(self._most)) - len(digits) + 1)
        within = [self._within(number * 10**k, (number + 1) * 10**k - 1) for k in more]
        while within and within[-1] is False:
            within.pop()
        if not within:
            return None
        return digits if None in within else tuple(within)

    def _within(self, low: int, high: int) -> bool | None:
        if high < self._least or low > self._most:
            return False
        return True if self._least <= low and high <= self._most else None

    def ends(self, place: Place) -> bool:
        if isinstance(place, tuple):
            return bool(place[0])
        return bool(place) and self._least <= int(place) <= self._most

    def shortest(self, place: Place) -> bytes:
        done = b""
        while not self.ends(place):
            byte = min(self.allowed(place))
            done, place = done + bytes([byte]), self.take(place, byte)
        return done


_CLOCK_LEAST, _CLOCK_MOST = "00:00:00.000000000000", "23:59:59.999999999999"


class TimePiece(Piece):
    """A real date, one character, and a time of day with `digits` of a second, within bounds.

    Written times of one length order as times do. The place is the text so far, as long as it matters:
    behind a date that is not at a bound, its clock alone, and of that only an hour's first digit.
    """

    __slots__ = ("_between", "_days", "_least", "_length", "_months", "_most", "_take")
    start: Place = ""

    def __init__(self, between: str, digits: int, least: str, most: str) -> None:
        """Raises ValueError where the bounds are not written like that, or hold no time."""
        self._between, self._length = between, 19 + (digits + 1 if digits else 0)
        if not (len(least) == len(most) == self._length and least <= most):
            raise ValueError(f"no time from {least} to {most}")
        self._least, self._most = least, most
        self._months = _months(least[:7], most[:7])
        self._days: dict[str, list[str]] = {}
        self._take = lru_cache(1 << 14)(self._taken)
        if not self._days_of(least[:7]) and least[:7] == most[:7]:
            raise ValueError(f"no time from {least} to {most}")

    def allowed(self, place: Place) -> Iterable[int]:
        return [
            byte for byte in (*_DIGITS, *b"-:.", ord(self._between)) if self.take(place, byte) is not None
        ]

    def take(self, place: Place, byte: int) -> Place:
        return self._take(place, byte)

    def _taken(self, place: Place, byte: int) -> Place:
        if isinstance(place, tuple):
            return self._free(place[0], place[1] + chr(byte))
        text = f"{place}{chr(byte)}"
        if len(text) > self._length or not self._possible(text):
            return None
        if len(text) == 10 and text not in (self._least[:10], self._most[:10]):
            return self._free(10, "")
        return text

    def _free(self, at: int, text: str) -> Place:
        """A place behind a date at no bound: (length so far, the first digit of an hour or nothing)."""
        if not text:
            return at, ""
        if at >= self._length or not self._fits(at, text):
            return None
        return at + 1, text[-1:] if at == 11 else ""

    def _fits(self, at: int, text: str) -> bool:
        """Whether the last character of `text` may stand at `at`, 10 and more; before it, an hour's digit."""
        char = text[-1]
        if at == 10:
            return char == self._between
        if at in (13, 16, 19):
            return char == (":" if at < 19 else ".")
        if at == 12 and text[0] == "2":
            return "0" <= char <= "3"
        return "0" <= char <= {11: "2", 14: "5", 17: "5"}.get(at, "9")

    def _possible(self, text: str) -> bool:
        if len(text) <= 7:
            return _some_start(self._months, text)
        if len(text) <= 10:
            return _some_start(self._days_of(text[:7]), text)
        at = len(text) - 1
        if not self._fits(at, text[11:] if at == 12 else text[-1]):
            return False
        clock = text[11:]
        least = text + _CLOCK_LEAST[len(clock) :]
        most = text + _latest(clock)
        if len(text) == 11:
            least, most = text + _CLOCK_LEAST, text + _CLOCK_MOST
        return least[: self._length] <= self._most and most[: self._length] >= self._least

    def _days_of(self, month: str) -> list[str]:
        if month not in self._days:
            days = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
            written = (f"{month}-{day:02}" for day in range(1, days + 1))
            self._days[month] = [d for d in written if self._least[:10] <= d <= self._most[:10]]
        return self._days[month]

    def ends(self, place: Place) -> bool:
        return (place[0] if isinstance(place, tuple) else len(place)) == self._length

    def shortest(self, place: Place) -> bytes:
        done = b""
        while not self.ends(place):
            byte = min(self.allowed(place))
            done, place = done + bytes([byte]), self.take(place, byte)
        return done


def _latest(clock: str) -> str:
    """What makes the latest time out of the beginning of one."""
    if len(clock) == 1 and clock < "2":
        return "9" + _CLOCK_MOST[2:]
    return _CLOCK_MOST[len(clock) :]


def _months(first: str, last: str) -> list[str]:
    years = range(int(first[:4]), int(last[:4]) + 1)
    return [m for y in years for n in range(1, 13) if first <= (m := f"{y:04}-{n:02}") <= last]


def _some_start(ordered: Sequence[str], text: str) -> bool:
    at = bisect_left(ordered, text)
    return at < len(ordered) and ordered[at].startswith(text)
