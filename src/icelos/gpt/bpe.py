"""Byte-pair encoding trained here, exact for any bytes: each byte is a character of Latin-1 to the library.

The library is Hugging Face `tokenizers` (extra `train`). Two kinds differ in where merges must stop:

`bpe`       at the ends of words, numbers and runs of punctuation, as GPT-2's do (Radford et al. 2019).
`json-bpe`  at digits and opaque identifiers alone. Merges cross punctuation, so that a run of keys and fixed
            values (`", "key": "`) becomes one token; digits come in ones or twos and merge with nothing else.
            Identifiers that repeat are a token each; others are spelled in pairs of hexadecimal digits, or
            in single ones, by tokens of their own (see `identifiers`); days of dates are tokens that know
            the day of the week (see `dates`). It suits CEF and CSV as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec
import numpy as np

from icelos.gpt.dates import DAYS, days
from icelos.gpt.identifiers import (
    ALPHABETS,
    FEWEST,
    alphabet_of,
    alphabet_pieces,
    between,
    found,
    opaque,
    repeated,
    spelling,
)
from icelos.gpt.tokenizers import LONGEST_PIECE, Ids, State, Tokenizer

if TYPE_CHECKING:
    import tokenizers as library

SIZE = 2048
"""Ids of a trained vocabulary, end mark included."""

_WORDS = r" ?[A-Za-z\x80-\xff]+| ?[0-9]+| ?[^\sA-Za-z0-9\x80-\xff]+|\s+"
_DIGITS = "[0-9]{1,2}|[^0-9]+"
_MARK = "\ue000"
"""Where an identifier stood: no character of Latin-1."""
_SAMPLE_ROWS, _SAMPLE_CUT, _SAMPLE_BYTES = 8_000, 16_384, 16 << 20


class BpeTokenizer(Tokenizer):
    """256 single bytes, then what the merges make of them. Id = the piece's number + 1; 0 ends a row."""

    kind = "bpe"
    split: ClassVar[str] = _WORDS
    """A regular expression; no piece crosses the end of a match."""

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        """`merges` in order, as Latin-1. Raises ValueError where a side is not known
        by then, or a piece is longer than `LONGEST_PIECE`."""
        self._merges = tuple(merges)
        numbers = {chr(i): i for i in range(256)}
        for left, right in self._merges:
            if left not in numbers or right not in numbers:
                raise ValueError(f"a merge of unknown pieces: {left!r} {right!r}")
            if len(left) + len(right) > LONGEST_PIECE:
                raise ValueError(f"a piece of more than {LONGEST_PIECE} bytes")
            numbers.setdefault(left + right, len(numbers))
        if len(numbers) >= np.iinfo(np.uint16).max:
            raise ValueError("too many pieces")
        self._pieces = [b"", *(piece.encode("latin-1") for piece in numbers)]
        self._encoder = _encoder(self.split, numbers, self._merges)

    @classmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        """Learn from a sample of bounded rows and bytes, drawn evenly from all rows."""
        return cls(cls.merges(row.decode("latin-1") for row in _sample(rows)))

    @classmethod
    def merges(cls, texts: Iterable[str]) -> Sequence[tuple[str, str]]:
        """What is learned from texts in Latin-1."""
        import tokenizers as library

        model = _encoder(cls.split, {}, ())
        trainer = library.trainers.BpeTrainer(
            vocab_size=SIZE - 1,
            initial_alphabet=[chr(i) for i in range(256)],
            max_token_length=LONGEST_PIECE,
            show_progress=False,
        )
        model.train_from_iterator(texts, trainer)
        return msgspec.json.decode(model.to_str(), type=_Saved).model.merges

    @classmethod
    def from_state(cls, state: State) -> Self:
        return cls(state.merges)

    @property
    def size(self) -> int:
        return len(self._pieces)

    @property
    def state(self) -> State:
        return State(kind=self.kind, merges=self._merges)

    def encode(self, row: bytes) -> Ids:
        return self._encoded(row.decode("latin-1"))

    def _encoded(self, text: str) -> Ids:
        numbers = self._encoder.encode(text, add_special_tokens=False).ids
        return np.array(numbers, dtype=np.uint16) + np.uint16(1)

    def decode(self, ids: Sequence[int] | Ids) -> bytes:
        self._check(ids)
        return b"".join(self._pieces[i] for i in ids)


class JsonBpeTokenizer(BpeTokenizer):
    """The kind whose merges cross punctuation, and that knows identifiers from text."""

    kind = "json-bpe"
    split = _DIGITS

    def __init__(
        self, merges: Sequence[tuple[str, str]], names: Sequence[str] = (), alphabets: Sequence[int] = (),
        *, dates: bool = False,
    ) -> None:  # fmt: skip
        """`names` are a token each wherever they stand; `alphabets` are those in which other identifiers are
        spelled; with `dates`, days of dates have tokens. Raises ValueError as the base does, and for names or
        alphabets that cannot be."""
        super().__init__(merges)
        self._encoder.add_tokens([_MARK])
        self._mark = len(self._pieces)  # the library's next number, and 1
        self._names, self._alphabets = tuple(names), tuple(alphabets)
        if any(alphabet not in range(len(ALPHABETS)) for alphabet in alphabets):
            raise ValueError("an alphabet that is not known")
        if len(set(names)) < len(names) or not all(0 < len(name) <= LONGEST_PIECE for name in names):
            raise ValueError("a name that stands twice, is empty or too long")
        known = [*names, *dict.fromkeys(piece for one in alphabets for piece in alphabet_pieces(one))]
        numbers = range(self._mark, self._mark + len(known))
        self._named = dict(zip(names, numbers, strict=False))
        self._spelled = dict(zip(known[len(names) :], numbers[len(names) :], strict=True))
        self._pieces += [piece.encode("latin-1") for piece in known]
        self._days = len(self._pieces) if dates else 0
        self._pieces += [day.encode() for day in DAYS] if dates else []
        if len(self._pieces) >= np.iinfo(np.uint16).max:
            raise ValueError("too many pieces")

    @classmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        texts = [row.decode("latin-1") for row in _sample(rows)]
        alphabets = {alphabet_of(match[0]) for text in texts for match in opaque(text)}
        names = repeated(texts, longest=LONGEST_PIECE)
        dates = sum(any(days(text)) for text in texts) >= FEWEST
        return cls(cls.merges(between(texts, frozenset(names))), names, sorted(alphabets), dates=dates)

    @classmethod
    def from_state(cls, state: State) -> Self:
        return cls(state.merges, state.pieces, state.alphabets, dates=state.dates)

    @property
    def state(self) -> State:
        return State(
            kind=self.kind, merges=self._merges, pieces=self._names, alphabets=self._alphabets,
            dates=self._days > 0,
        )  # fmt: skip

    def spelled(self, piece: str) -> int:
        return self._spelled.get(piece, 0)

    def encode(self, row: bytes) -> Ids:
        text = row.decode("latin-1")
        parts, at = [], 0
        own = self._own(text)
        for start, end, _ in own:
            parts += [text[at:start], _MARK]
            at = end
        ids = self._encoded("".join([*parts, text[at:]]))
        if not own:
            return ids
        around = np.split(ids, np.flatnonzero(ids == self._mark))
        made = [around[0]]
        for (_, _, numbers), after in zip(own, around[1:], strict=True):
            made += [np.array(numbers, dtype=np.uint16), after[1:]]
        return np.concatenate(made)

    def _own(self, text: str) -> list[tuple[int, int, Sequence[int]]]:
        """What has tokens of its own: from, to, and the tokens; in order."""
        own: list[tuple[int, int, Sequence[int]]] = []
        for start, end, is_name in found(text, self._named):
            word = text[start:end]
            if is_name:
                own.append((start, end, (self._named[word],)))
            elif (alphabet := alphabet_of(word)) in self._alphabets:
                own.append((start, end, [self._spelled[piece] for piece in spelling(word, alphabet)]))
        if self._days:
            own += [(start, start + 2, (self._days + number,)) for start, number in days(text)]
            own.sort()
            own = [one for place, one in enumerate(own) if not place or own[place - 1][1] <= one[0]]
        return own


class _Merges(msgspec.Struct):
    merges: tuple[tuple[str, str], ...]


class _Saved(msgspec.Struct):
    """What is needed of the library's own JSON."""

    model: _Merges


def _encoder(split: str, numbers: dict[str, int], merges: Sequence[tuple[str, str]]) -> library.Tokenizer:
    import tokenizers as library

    encoder = library.Tokenizer(library.models.BPE(vocab=numbers, merges=list(merges)))
    encoder.pre_tokenizer = library.pre_tokenizers.Split(library.Regex(split), behavior="isolated")
    return encoder


def _sample(rows: Iterable[bytes]) -> list[bytes]:
    """Rows drawn evenly in one pass (reservoir sampling, Vitter 1985, algorithm R), cut to a bound."""
    rng = random.Random(0)  # noqa: S311 - a sample, not a secret
    kept: list[bytes] = []
    for number, row in enumerate(rows):
        at = number if number < _SAMPLE_ROWS else rng.randrange(number + 1)
        if at >= _SAMPLE_ROWS:
            continue
        kept[at : at + 1] = [row[:_SAMPLE_CUT]]
    size = sum(map(len, kept))
    return kept[:: -(-size // _SAMPLE_BYTES)] if size else kept
