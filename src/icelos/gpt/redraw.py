"""Digits of identifiers that are noise, drawn anew each time a row is shown: nothing to learn by heart.

While rows are packed, each token within an opaque identifier that was not seen before gets the number of its
slot: which shape the identifier has (`8-4-4-4-12` in lower case), and where in it the token stands. At the
end a slot is noise where all digits came equally often, so that versions of UUIDs and leading times stay as
they are. In a window a digit of a slot is changed by exclusive or with the same number wherever the slot
comes: identifiers that are equal stay equal, others stay different. And what is to be learned there is not
the one digit that was drawn, but that all are equally likely: the mean over all draws, without their chance.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.gpt.identifiers import ALPHABETS, MIXED, alphabet_of, opaque
from icelos.gpt.tokenizers import Ids, Tokenizer

SLOTS = 256
MOST_SURPRISING = 3.1
"""Standard deviations (one in a thousand) by which chi-squared may be above what chance gives."""
SLIGHT = 0.002
"""Chi-squared by digit below which digits come equally often for our purpose, however many there are."""
FEWEST = 2
"""Digits of each kind that a slot must have had, on average, to be judged."""

SEEN_BITS = 1 << 27
"""Identifiers are remembered as one of so many bits; where two share one, the second is left as it is."""

Slots = npt.NDArray[np.uint8]
_Values = npt.NDArray[np.int64]


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens of `length` digits of ALPHABETS[alphabet]; `mask` has the bits that are noise, the first digit
    highest. `again`: the slot of the same place in an identifier that stood in the row before, else 0."""

    alphabet: int
    length: int
    mask: int
    again: int = 0


class SlotCounts:
    """The slots of the tokens of rows, and how often each digit came there."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._pieces = [tokenizer.decode([i]).decode("latin-1") for i in range(tokenizer.size)]
        self._sizes = np.array([len(piece) for piece in self._pieces])
        self._spells = [tokenizer.spelled(piece) == i > 0 for i, piece in enumerate(self._pieces)]
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._repeats: dict[int, int] = {}
        self._counts: dict[int, tuple[int, npt.NDArray[np.int64]]] = {}
        self._seen = np.zeros(SEEN_BITS // 8, dtype=np.uint8)

    def slots(self, row: bytes, ids: Ids) -> Slots:
        """The slot of each token, 0 for none; shape (tokens,)."""
        found = np.zeros(len(ids), dtype=np.uint8)
        matches = list(opaque(row.decode("latin-1")))
        if not matches:
            return found
        starts = np.concatenate(([0], self._sizes[ids].cumsum()))
        new = {name for name in {match[0] for match in matches} if self._is_new(name)}
        told: set[str] = set()
        for match in matches:
            first, last = np.searchsorted(starts, match.span())
            tokens = ids[first:last].tolist()
            pieces = [self._pieces[token] for token in tokens]
            if match[0] in new and all(self._spells[token] for token in tokens):
                places = (starts[first:last] - match.start()).tolist()
                numbers = [self._slot(match[0], *one) for one in zip(places, pieces, strict=True)]
                if match[0] in told:
                    numbers = [self._again(number) for number in numbers]
                else:
                    self._count(numbers, pieces)
                told.add(match[0])
                found[first:last] = numbers
        return found

    def _is_new(self, name: str) -> bool:
        byte, bit = divmod(zlib.crc32(name.encode()) % SEEN_BITS, 8)
        seen = int(self._seen[byte]) >> bit & 1
        self._seen[byte] |= np.uint8(1 << bit)
        return not seen

    def _slot(self, name: str, at: int, piece: str) -> int:
        alphabet, shape = _shape(name)
        digits = ALPHABETS[alphabet]
        if any(char not in digits for char in piece):
            return 0
        key = (shape, at, len(piece))
        if key not in self._numbers:
            number = self._numbers[key] = self._next()
            self._counts[number] = (alphabet, np.zeros((len(piece), len(digits)), dtype=np.int64))
        return self._numbers[key]

    def _next(self) -> int:
        number = 1 + len(self._counts) + len(self._repeats)
        return number if number < SLOTS else 0

    def _again(self, number: int) -> int:
        if number and number not in self._repeats:
            self._repeats[number] = self._next()
        return self._repeats.get(number, 0)

    def _count(self, numbers: Sequence[int], pieces: Sequence[str]) -> None:
        for number, piece in zip(numbers, pieces, strict=True):
            if number:
                alphabet, counts = self._counts[number]
                for place, char in enumerate(piece):
                    counts[place, ALPHABETS[alphabet].index(char)] += 1

    def learned(self) -> tuple[Slot, ...]:
        """The slots by number, from 1."""
        slots = {number: _learned(*counts) for number, counts in self._counts.items() if number}
        for first, again in self._repeats.items():
            if again:
                slots[again] = msgspec.structs.replace(slots[first], again=first)
        return tuple(slots[number] for number in sorted(slots))


def _shape(name: str) -> tuple[int, str]:
    """The alphabet of an identifier, and what those of its kind have in common."""
    alphabet = alphabet_of(name)
    if alphabet == MIXED:
        return alphabet, f"{alphabet}:{len(name)}"
    return alphabet, f"{alphabet}:{'-'.join(str(len(part)) for part in name.split('-'))}"


def _learned(alphabet: int, counts: npt.NDArray[np.int64]) -> Slot:
    bits = len(ALPHABETS[alphabet]).bit_length() - 1
    mask = 0
    for place in counts:
        mask = mask << bits | (((1 << bits) - 1) if _even(place) else 0)
    return Slot(alphabet, len(counts), mask)


def _even(counts: npt.NDArray[np.int64]) -> bool:
    """Whether digits come equally often, by Pearson's chi-squared."""
    expected = counts.mean()
    if expected < FEWEST:
        return False
    statistic = float(((counts - expected) ** 2).sum() / expected)
    freedom = len(counts) - 1
    chance = freedom + MOST_SURPRISING * (2 * freedom) ** 0.5
    return bool(statistic <= max(chance, SLIGHT * counts.sum()))


@dataclass(frozen=True)
class Choices:
    """What may stand in places of noise, each of it equally likely: `tokens` (classes, most), 0 behind the
    last one, and `shares` (classes, most), which add up to 1 in each class."""

    tokens: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float32]


class Redraw:
    """Draws the digits of tokens anew; see `redraw_of`."""

    def __init__(self, slots: Sequence[Slot], tokenizer: Tokenizer) -> None:
        kinds = sorted({(slot.alphabet, slot.length) for slot in slots})
        self._size = tokenizer.size
        self._tables = [_table(ALPHABETS[alphabet], length, tokenizer) for alphabet, length in kinds]
        self._kinds = np.array([-1, *(kinds.index((slot.alphabet, slot.length)) for slot in slots)])
        self._masks = np.array([0, *(slot.mask for slot in slots)])
        self._source = np.array([0, *(slot.again or number for number, slot in enumerate(slots, 1))])
        self._classes, self.choices = self._choices(slots)

    def _choices(self, slots: Sequence[Slot]) -> tuple[_Values, Choices]:
        """The class of each slot and value (slots + 1, 256), -1 where that is not open; and the classes."""
        classes = np.full((len(slots) + 1, 256), -1)
        known: dict[tuple[int, int, int], int] = {}
        sets: list[npt.NDArray[np.int64]] = []
        for number, slot in enumerate(slots, 1):
            kind, mask = int(self._kinds[number]), slot.mask
            tokens = self._tables[kind][1]
            values = np.arange(len(tokens))
            for value in values if mask and not slot.again else ():
                key = (kind, mask, int(value) & ~mask)
                if key not in known:
                    open_ = tokens[(values & ~mask) == key[2]]
                    known[key] = len(sets) if (open_ > 0).sum() > 1 else -1
                    sets += [open_[open_ > 0]] if known[key] >= 0 else []
                classes[number, value] = known[key]
        most = max(map(len, sets), default=0)
        stacked = np.zeros((len(sets), most), dtype=np.int64)
        for row, tokens in zip(stacked, sets, strict=True):
            row[: len(tokens)] = tokens
        sizes = (stacked > 0).sum(axis=1, keepdims=True)
        return classes, Choices(stacked, ((stacked > 0) / np.maximum(sizes, 1)).astype(np.float32))

    def __call__(
        self, ids: Ids, slots: Slots, random: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Tokens (tokens,) with the digits of their slots (tokens,) drawn anew, and what is to be learned in
        their place (tokens,): the token, or, from the vocabulary's size on, the class of `choices`."""
        change = (random.integers(0, 1 << 16, len(self._masks))[self._source] & self._masks)[slots]
        shown = ids.astype(np.int64)
        targets = shown.copy()
        for kind, (values, tokens) in enumerate(self._tables):
            there = np.flatnonzero((self._masks[slots] != 0) & (self._kinds[slots] == kind))
            old = values[ids[there]]
            new = tokens[old ^ change[there]]
            shown[there] = targets[there] = np.where(new > 0, new, ids[there])
            classes = self._classes[slots[there], old]
            open_ = classes >= 0
            targets[there[open_]] = self._size + classes[open_]
        return shown, targets


def redraw_of(slots: Sequence[Slot], tokenizer: Tokenizer) -> Redraw | None:
    """What draws these slots anew; None where none is noise. A digit or pair that the vocabulary lacks is
    left as it is."""
    return Redraw(slots, tokenizer) if any(slot.mask for slot in slots) else None


def _table(digits: str, length: int, tokenizer: Tokenizer) -> tuple[_Values, _Values]:
    """The value of each token (0 where it is none), and the token of each value (0: none)."""
    texts = [a + b for a in digits for b in digits] if length == 2 else list(digits)
    tokens = np.array([tokenizer.spelled(text) for text in texts])
    values = np.zeros(tokenizer.size, dtype=np.int64)
    values[tokens] = np.arange(len(texts))
    return values, tokens
