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

from icelos.gpt.identifiers import ALPHABETS, MIXED, alphabet_of
from icelos.gpt.identifiers import found as identifiers
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
    """The slots of the tokens of rows, and how often each token came there."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._pieces = [tokenizer.decode([i]).decode("latin-1") for i in range(tokenizer.size)]
        self._sizes = np.array([len(piece) for piece in self._pieces])
        self._spells = np.array([tokenizer.spelled(piece) == i > 0 for i, piece in enumerate(self._pieces)])
        self._kinds: dict[tuple[int, str, bytes], Slots] = {}
        self._slots: dict[tuple[int, str, int, int], int] = {}
        self._repeats = np.zeros(SLOTS, dtype=np.uint8)
        self._taken = 0
        self._counts = np.zeros((SLOTS, tokenizer.size if self._spells.any() else 0), dtype=np.int64)
        self._seen = np.zeros(SEEN_BITS // 8, dtype=np.uint8)

    def slots(self, row: bytes, ids: Ids) -> Slots:
        """The slot of each token, 0 for none; shape (tokens,)."""
        found = np.zeros(len(ids), dtype=np.uint8)
        text = row.decode("latin-1")
        spans = [(start, end) for start, end, _ in identifiers(text, ())]
        if not spans:
            return found
        starts = np.concatenate(([0], self._sizes[ids].cumsum()))
        new = {name for name in {text[start:end] for start, end in spans} if self._is_new(name)}
        told: set[str] = set()
        for (start, end), (first, last) in zip(spans, np.searchsorted(starts, spans).tolist(), strict=True):
            name, tokens = text[start:end], ids[first:last]
            if name not in new or not self._spells[tokens].all():
                continue
            numbers = self._numbers(name, starts[first:last] - start, tokens)
            if name in told:
                found[first:last] = self._again(numbers)
            else:
                self._counts[numbers, tokens] += 1
                found[first:last] = numbers
            told.add(name)
        return found

    def _is_new(self, name: str) -> bool:
        byte, bit = divmod(zlib.crc32(name.encode()) % SEEN_BITS, 8)
        seen = int(self._seen[byte]) >> bit & 1
        self._seen[byte] |= np.uint8(1 << bit)
        return not seen

    def _numbers(self, name: str, places: _Values, tokens: Ids) -> Slots:
        """The slots of an identifier that is spelled by tokens at these places of it: its shape, and where
        they stand, say all."""
        shape = _shape(name)
        kind = *shape, places.tobytes()
        if kind not in self._kinds:
            pieces = (self._pieces[token] for token in tokens)
            numbers = [self._slot(*shape, *one) for one in zip(places.tolist(), pieces, strict=True)]
            self._kinds[kind] = np.array(numbers, dtype=np.uint8)
        return self._kinds[kind]

    def _slot(self, alphabet: int, shape: str, at: int, piece: str) -> int:
        if any(char not in ALPHABETS[alphabet] for char in piece):
            return 0
        key = alphabet, shape, at, len(piece)
        if key not in self._slots:
            self._slots[key] = self._next()
        return self._slots[key]

    def _next(self) -> int:
        self._taken += 1
        return self._taken if self._taken < SLOTS else 0

    def _again(self, numbers: Slots) -> Slots:
        for number in numbers[(numbers > 0) & (self._repeats[numbers] == 0)].tolist():
            self._repeats[number] = self._next()
        return self._repeats[numbers]

    def learned(self) -> tuple[Slot, ...]:
        """The slots by number, from 1."""
        known = ((number, key[0], key[-1]) for key, number in self._slots.items() if number)
        slots = {number: self._learned(number, alphabet, length) for number, alphabet, length in known}
        for first, again in enumerate(self._repeats.tolist()):
            if again:
                slots[again] = msgspec.structs.replace(slots[first], again=first)
        return tuple(slots[number] for number in sorted(slots))

    def _learned(self, number: int, alphabet: int, length: int) -> Slot:
        digits = ALPHABETS[alphabet]
        bits, mask = len(digits).bit_length() - 1, 0
        counts = np.zeros((length, len(digits)), dtype=np.int64)
        for token in np.flatnonzero(self._counts[number]).tolist():
            for place, char in enumerate(self._pieces[token]):
                counts[place, digits.index(char)] += self._counts[number, token]
        for place_counts in counts:
            mask = mask << bits | (((1 << bits) - 1) if _even(place_counts) else 0)
        return Slot(alphabet, length, mask)


def _shape(name: str) -> tuple[int, str]:
    """The alphabet of an identifier, and what those of its kind have in common."""
    alphabet = alphabet_of(name)
    if alphabet == MIXED:
        return alphabet, str(len(name))
    return alphabet, "-".join(str(len(part)) for part in name.split("-"))


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
