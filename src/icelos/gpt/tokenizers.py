"""Bytes to token ids and back. Every tokenizer is exact for any bytes, valid UTF-8 or not.

A new kind is a subclass of `Tokenizer`, listed in `_class_of`. Byte-pair encoding is in `bpe`, and with
GPT-2's vocabulary in `gpt2`.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.errors import InputError, MissingExtra
from icelos.gpt.files import read_json, write_json

Ids = npt.NDArray[np.uint16]
END = 0
"""The end of a row in every tokenizer; a window begins with it, too."""

LONGEST_PIECE = 128
"""No token stands for more bytes than this."""

_FIRST_CHARACTER = 257
_MOST_CHARACTERS = 4096


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tokenizer.json holds: the kind, and what it learned, in order: pieces (characters, or names),
    merges, the alphabets of identifiers (see `identifiers`), and whether days have tokens (see `dates`)."""

    kind: str
    pieces: Annotated[tuple[str, ...], msgspec.Meta(max_length=65_000)] = ()
    merges: Annotated[tuple[tuple[str, str], ...], msgspec.Meta(max_length=200_000)] = ()
    alphabets: tuple[int, ...] = ()
    dates: bool = False


class Tokenizer(ABC):
    """The base of all kinds. Id 0 is `END`; ids fit in 16 bits."""

    kind: ClassVar[str]

    @classmethod
    @abstractmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        """One that has learned from rows what this kind learns; kinds that learn nothing read none."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: State) -> Self:
        """The one that `state` describes. Raises ValueError where that cannot be."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many ids there are."""

    @property
    @abstractmethod
    def state(self) -> State:
        """All that is needed to make it again."""

    @abstractmethod
    def encode(self, row: bytes) -> Ids:
        """The ids of a row, without an end mark; shape (tokens,)."""

    @abstractmethod
    def decode(self, ids: Sequence[int] | Ids) -> bytes:
        """The bytes of ids; end marks give nothing. Raises ValueError for an id out of range."""

    def spelled(self, piece: str) -> int:
        """The token of a piece of an identifier, 0 where it has none of its own."""
        del piece
        return 0

    def _check(self, ids: Sequence[int] | Ids) -> None:
        if len(ids) and (min(ids) < 0 or max(ids) >= self.size):
            raise ValueError(f"token id out of range 0..{self.size - 1}")


class ByteTokenizer(Tokenizer):
    """One token a byte: id = byte + 1."""

    kind = "byte"

    def spelled(self, piece: str) -> int:
        return ord(piece) + 1 if len(piece) == 1 and piece.isascii() else 0

    @classmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        del rows
        return cls()

    @classmethod
    def from_state(cls, state: State) -> Self:
        del state
        return cls()

    @property
    def size(self) -> int:
        return _FIRST_CHARACTER

    @property
    def state(self) -> State:
        return State(kind=self.kind)

    def encode(self, row: bytes) -> Ids:
        return _bytes_to_ids(row)

    def decode(self, ids: Sequence[int] | Ids) -> bytes:
        self._check(ids)
        array = np.asarray(ids, dtype=np.int64)
        data: bytes = (array[array != END] - 1).astype(np.uint8).tobytes()
        return data


class CharTokenizer(Tokenizer):
    """One token a character that was seen in training; other characters and broken UTF-8 byte by byte."""

    kind = "char"

    def spelled(self, piece: str) -> int:
        return ord(piece) + 1 if len(piece) == 1 and piece.isascii() else 0

    def __init__(self, characters: Sequence[str] = ()) -> None:
        """`characters` beyond ASCII, in order of their ids. Raises ValueError for anything else."""
        if any(len(c) != 1 or c.isascii() or "\ud800" <= c <= "\udfff" for c in characters):
            raise ValueError("pieces of a character tokenizer must be single characters beyond ASCII")
        self._characters = tuple(characters)
        self._ids = {c: i for i, c in enumerate(self._characters, _FIRST_CHARACTER)}
        if len(self._ids) != len(self._characters):
            raise ValueError("a piece stands twice")

    @classmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        """The most frequent characters beyond ASCII, `_MOST_CHARACTERS` of them."""
        counts: Counter[str] = Counter()
        for row in rows:
            if not row.isascii():
                counts.update(c for c in row.decode("utf-8", "ignore") if not c.isascii())
        return cls(
            [c for c, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CHARACTERS]]
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        return cls(state.pieces)

    @property
    def size(self) -> int:
        return _FIRST_CHARACTER + len(self._characters)

    @property
    def state(self) -> State:
        return State(kind=self.kind, pieces=self._characters)

    def encode(self, row: bytes) -> Ids:
        if row.isascii():
            return _bytes_to_ids(row)
        ids: list[int] = []
        for c in row.decode("utf-8", "surrogateescape"):
            known = self._ids.get(c)
            if known is None:
                ids.extend(byte + 1 for byte in c.encode("utf-8", "surrogateescape"))
            else:
                ids.append(known)
        return np.array(ids, dtype=np.uint16)

    def decode(self, ids: Sequence[int] | Ids) -> bytes:
        self._check(ids)
        return b"".join(self._piece(int(i)) for i in ids)

    def _piece(self, i: int) -> bytes:
        if i == END:
            return b""
        return bytes([i - 1]) if i < _FIRST_CHARACTER else self._characters[i - _FIRST_CHARACTER].encode()


def _bytes_to_ids(row: bytes) -> Ids:
    return np.frombuffer(row, dtype=np.uint8).astype(np.uint16) + np.uint16(1)


KINDS = ("byte", "char", "gpt2", "bpe", "json-bpe")


def _class_of(kind: str, source: str | None = None) -> type[Tokenizer]:
    known: dict[str, type[Tokenizer]] = {"byte": ByteTokenizer, "char": CharTokenizer}
    if kind not in KINDS:
        raise InputError(f"no tokenizer {kind!r}", source=source, hint=f"one of: {', '.join(KINDS)}")
    return known.get(kind) or _byte_pair_class(kind)


def _byte_pair_class(kind: str) -> type[Tokenizer]:
    if importlib.util.find_spec("tokenizers") is None:
        raise MissingExtra("tokenizers", extra="train")
    from icelos.gpt.bpe import BpeTokenizer, JsonBpeTokenizer
    from icelos.gpt.gpt2 import Gpt2Tokenizer

    classes: tuple[type[Tokenizer], ...] = (Gpt2Tokenizer, BpeTokenizer, JsonBpeTokenizer)
    return next(one for one in classes if one.kind == kind)


def fit(kind: str, rows: Iterable[bytes]) -> Tokenizer:
    """A tokenizer of a kind, fitted to rows. Raises InputError for an unknown kind, MissingExtra."""
    return _class_of(kind).fit(rows)


def save(tokenizer: Tokenizer, path: Path) -> None:
    """Write tokenizer.json, whole or absent."""
    write_json(path, tokenizer.state)


def load(path: Path) -> Tokenizer:
    """The tokenizer of a tokenizer.json. Raises InputError where it is broken or of an unknown kind."""
    state = read_json(path, State)
    try:
        return _class_of(state.kind, str(path)).from_state(state)
    except ValueError as error:
        raise InputError(str(error), source=str(path)) from error
