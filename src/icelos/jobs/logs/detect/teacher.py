"""The teacher: a GPT of `icelos logs train`, and how many bits it needs for each field of a row.

A token's bits belong to the fields whose values it spells, in proportion to its bytes of each; what spells no
value, keys and punctuation, belongs to the path "".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.data.parse.flat import escaped
from icelos.errors import InputError
from icelos.jobs.logs import techniques

STRUCTURE = ""
"""The path of what is no value."""
LONGEST = 64 * 1024
"""Bytes of a row that is scored."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
Span = tuple[str, int, int]


class Teacher:
    """A trained model that says how surprising each field of a row is."""

    def __init__(self, folder: Path) -> None:
        """Raises MissingExtra without PyTorch, InputError where the folder holds no usable model."""
        from icelos.gpt.sizes import require_torch

        require_torch()
        from icelos.gpt import folder as folders

        self._model = folders.load(folder)
        self.version = f"{folder.name}@{_digest(folder / folders.WEIGHTS)}"
        self._labelled = techniques.load(folder) is not None
        size = self._model.tokenizer.size
        self._bytes = np.array([len(self._model.tokenizer.decode([token])) for token in range(size)])

    def bits(self, row: bytes) -> dict[str, float]:
        """Bits by the path of the field; all of them together are those of the row.

        Raises InputError for a row that is no JSON object, or too long.
        """
        from icelos.gpt.surprise import token_bits

        if len(row) > LONGEST:
            raise InputError(f"row of {len(row):,} bytes is too long for the model to score")
        spans = list(value_spans(row))
        if self._labelled:
            marked = techniques.marked(row, techniques.NONE)
            more = len(marked) - len(row)
            spans = [(path, begin + more, end + more) for path, begin, end in spans]
            row = marked
        ids = self._model.tokenizer.encode(row)
        found = token_bits(self._model.network, ids)
        ends = np.cumsum(self._bytes[np.asarray(ids, np.int64)])
        return shared(found, ends, spans)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:12]


def shared(
    bits: npt.NDArray[np.float64], ends: npt.NDArray[np.int64], spans: Sequence[Span]
) -> dict[str, float]:
    """Bits of tokens (tokens + 1, the last of the row's end) by field; `ends` (tokens) are where each token
    ends in the row."""
    size = int(ends[-1]) if ends.size else 0
    owner = np.zeros(size, np.int64)
    paths = [STRUCTURE]
    for path, begin, end in spans:
        owner[begin:end] = len(paths)
        paths.append(path)
    found: dict[str, float] = {STRUCTURE: float(bits[-1])}
    begin = 0
    for token, end in enumerate(ends.tolist()):
        owners, counts = np.unique(owner[begin:end], return_counts=True)
        begin = end
        values = owners > 0
        if values.any():
            owners, counts = owners[values], counts[values]
        for one, count in zip(owners.tolist(), counts.tolist(), strict=True):
            share = float(bits[token] * count / counts.sum())
            found[paths[one]] = found.get(paths[one], 0.0) + share
    return found


def value_spans(row: bytes) -> Iterator[Span]:
    """Where the scalars of a JSON object stand: path, first byte, the byte behind the last one.

    What stands within a list has the list's path. Raises InputError for what is no JSON object.
    """
    try:
        msgspec.json.decode(row, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("no JSON object") from error
    # Of each object or list that is open: its path, and the key whose value comes next (None in lists).
    stack: list[tuple[str, bool]] = []
    key: str | None = None
    after_colon = False
    for token in _TOKEN.finditer(row):
        text = token[0]
        if text in b"{[":
            path = _below(stack, key)
            stack.append((path, text == b"["))
            key, after_colon = None, False
        elif text in b"}]":
            stack.pop()
            key, after_colon = None, False
        elif text == b",":
            key, after_colon = None, False
        elif text == b":":
            after_colon = True
        elif stack[-1][1] or after_colon:
            yield _below(stack, key), token.start(), token.end()
        else:
            key = escaped(msgspec.json.decode(text, type=str))


def _below(stack: Sequence[tuple[str, bool]], key: str | None) -> str:
    above = stack[-1][0] if stack else ""
    if key is None:
        return above
    return f"{above}.{key}" if above else key
