"""Byte-pair encoding trained here, exact for any bytes: each byte is a character of Latin-1 to the library.

The library is Hugging Face `tokenizers` (extra `train`). Two kinds differ in where merges must stop:

`bpe`       at the ends of words, numbers and runs of punctuation, as GPT-2's do (Radford et al. 2019).
`json-bpe`  at digits and opaque identifiers alone. Merges cross punctuation, so that a run of keys and fixed
            values (`", "key": "`) becomes one token; digits come in ones or twos and merge with nothing else.
            Identifiers that repeat are a token each, others come in pairs of hexadecimal digits, or in
            single characters (see `identifiers`). It suits CEF and CSV as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec
import numpy as np

from icelos.gpt.identifiers import OPAQUE, PIECES, repeated, without
from icelos.gpt.tokenizers import LONGEST_PIECE, Ids, State, Tokenizer

if TYPE_CHECKING:
    import tokenizers as library

SIZE = 2048
"""Ids of a trained vocabulary, end mark included."""

_WORDS = r" ?[A-Za-z\x80-\xff]+| ?[0-9]+| ?[^\sA-Za-z0-9\x80-\xff]+|\s+"
_DIGITS = PIECES + "|[0-9]{1,2}|[^0-9]+"
_SAMPLE_ROWS, _SAMPLE_CUT, _SAMPLE_BYTES = 8_000, 16_384, 16 << 20


class BpeTokenizer(Tokenizer):
    """256 single bytes, then what the merges make of them. Id = the piece's number + 1; 0 ends a row."""

    kind = "bpe"
    splits: ClassVar[tuple[str, ...]] = (_WORDS,)
    """Regular expressions, applied one to the parts of the other; no piece crosses the end of a match."""

    def __init__(self, merges: Sequence[tuple[str, str]], whole: Sequence[str] = ()) -> None:
        """`merges` in order, as Latin-1; `whole` texts are a token wherever they stand. Raises ValueError
        where a side of a merge is not known by then, or a piece is longer than `LONGEST_PIECE`, or empty."""
        self._merges, self._whole = tuple(merges), tuple(whole)
        numbers = {chr(i): i for i in range(256)}
        for left, right in self._merges:
            if left not in numbers or right not in numbers:
                raise ValueError(f"a merge of unknown pieces: {left!r} {right!r}")
            if len(left) + len(right) > LONGEST_PIECE:
                raise ValueError(f"a piece of more than {LONGEST_PIECE} bytes")
            numbers.setdefault(left + right, len(numbers))
        if len(numbers) + len(self._whole) >= np.iinfo(np.uint16).max:
            raise ValueError("too many pieces")
        if not all(0 < len(text) <= LONGEST_PIECE and text not in numbers for text in self._whole):
            raise ValueError("a whole text that is empty, too long, or a piece already")
        if len(set(self._whole)) < len(self._whole):
            raise ValueError("a whole text stands twice")
        self._pieces = [b"", *(piece.encode("latin-1") for piece in (*numbers, *self._whole))]
        self._encoder = _encoder(self.splits, numbers, self._merges, self._whole)

    @classmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        """Learn from a sample of bounded rows and bytes, drawn evenly from all rows."""
        import tokenizers as library

        texts = [row.decode("latin-1") for row in _sample(rows)]
        whole = cls.names(texts)
        model = _encoder(cls.splits, {}, (), ())
        trainer = library.trainers.BpeTrainer(
            vocab_size=SIZE - 1,
            initial_alphabet=[chr(i) for i in range(256)],
            max_token_length=LONGEST_PIECE,
            show_progress=False,
        )
        model.train_from_iterator(without(texts, whole), trainer)
        return cls(msgspec.json.decode(model.to_str(), type=_Saved).model.merges, whole)

    @classmethod
    def names(cls, texts: Sequence[str]) -> Sequence[str]:
        """What is to be a token wherever it stands."""
        del texts
        return ()

    @classmethod
    def from_state(cls, state: State) -> Self:
        return cls(state.merges, state.pieces)

    @property
    def size(self) -> int:
        return len(self._pieces)

    @property
    def state(self) -> State:
        return State(kind=self.kind, merges=self._merges, pieces=self._whole)

    def encode(self, row: bytes) -> Ids:
        numbers = self._encoder.encode(row.decode("latin-1"), add_special_tokens=False).ids
        return np.array(numbers, dtype=np.uint16) + np.uint16(1)

    def decode(self, ids: Sequence[int] | Ids) -> bytes:
        self._check(ids)
        return b"".join(self._pieces[i] for i in ids)


class JsonBpeTokenizer(BpeTokenizer):
    """The kind whose merges cross punctuation."""

    kind = "json-bpe"
    splits = (OPAQUE, _DIGITS)

    @classmethod
    def names(cls, texts: Sequence[str]) -> Sequence[str]:
        """Opaque identifiers that repeat."""
        return repeated(texts, longest=LONGEST_PIECE)


class _Merges(msgspec.Struct):
    merges: tuple[tuple[str, str], ...]


class _Saved(msgspec.Struct):
    """What is needed of the library's own JSON."""

    model: _Merges


def _encoder(
    splits: Sequence[str], numbers: dict[str, int], merges: Sequence[tuple[str, str]], whole: Sequence[str]
) -> library.Tokenizer:
    import tokenizers as library

    encoder = library.Tokenizer(library.models.BPE(vocab=numbers, merges=list(merges)))
    encoder.pre_tokenizer = library.pre_tokenizers.Sequence(
        [library.pre_tokenizers.Split(library.Regex(split), behavior="isolated") for split in splits]
    )
    encoder.add_tokens([library.AddedToken(text, normalized=False) for text in whole])
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
