"""`icelos logs tokenizers compare`: the kinds of tokenizers beside each other on rows of a log.

Each kind is fitted to the first rows of a sample and measured on the last ones. To compare how well a
model does with them, compare bits per byte of trained models: fewer tokens are not yet a better model.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from icelos.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from icelos.gpt.tokenizers import Tokenizer

SAMPLE_ROWS, SAMPLE_BYTES = 20_000, 64 << 20
HELD_OUT = 0.1
LONGEST_ROW = 1 << 20
"""Longer rows are passed over: none would fit in a window."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One kind on held-out rows, or `skipped`: why it could not be measured.

    `rows_per_context` is rows in a window of `context` tokens; `unknown` the share of characters beyond
    ASCII that no token holds whole, so that they are spelt in bytes; speeds are of one thread.
    """

    kind: str
    vocabulary: int = 0
    characters_per_token: float = 0.0
    bytes_per_token: float = 0.0
    longest_row: int = 0
    context: int = 0
    rows_per_context: float = 0.0
    unknown: float = 0.0
    fit_seconds: float = 0.0
    encode_mb_per_second: float = 0.0
    skipped: str = ""


def compare(rows: Iterable[bytes], kinds: Sequence[str], *, context: int) -> Iterator[Compared]:
    """Fit and measure each kind. Raises InputError for too few rows or an unknown kind."""
    from icelos.gpt import tokenizers

    for kind in kinds:
        if kind not in tokenizers.KINDS:
            raise InputError(f"no tokenizer {kind!r}", hint=f"one of: {', '.join(tokenizers.KINDS)}")
    sample = _sample(rows)
    if len(sample) < 2:
        raise InputError(f"{len(sample)} usable rows", hint="a comparison needs at least two")
    last = max(1, int(len(sample) * HELD_OUT))
    for kind in kinds:
        began = time.perf_counter()
        try:
            tokenizer = tokenizers.fit(kind, sample[:-last])
        except MissingExtra as error:
            yield Compared(kind=kind, skipped=str(error))
            continue
        yield _measure(tokenizer, sample[-last:], context, time.perf_counter() - began)


def _measure(tokenizer: Tokenizer, rows: Sequence[bytes], context: int, fit_seconds: float) -> Compared:
    began = time.perf_counter()
    counts = [len(tokenizer.encode(row)) for row in rows]
    seconds = max(time.perf_counter() - began, 1e-9)
    size, tokens = sum(map(len, rows)), sum(counts)
    characters = sum(len(row.decode("utf-8", "replace")) for row in rows)
    return Compared(
        kind=tokenizer.kind,
        vocabulary=tokenizer.size,
        characters_per_token=characters / tokens,
        bytes_per_token=size / tokens,
        longest_row=max(counts),
        context=context,
        rows_per_context=context * len(rows) / (tokens + len(rows)),
        unknown=_unknown(tokenizer, rows),
        fit_seconds=fit_seconds,
        encode_mb_per_second=size / seconds / 1e6,
    )


def _unknown(tokenizer: Tokenizer, rows: Sequence[bytes]) -> float:
    beyond: dict[str, int] = {}
    for row in rows:
        if not row.isascii():
            for character in row.decode("utf-8", "ignore"):
                if not character.isascii():
                    beyond[character] = beyond.get(character, 0) + 1
    spelt = sum(count for character, count in beyond.items() if len(tokenizer.encode(character.encode())) > 1)
    return spelt / sum(beyond.values()) if beyond else 0.0


def _sample(rows: Iterable[bytes]) -> list[bytes]:
    """Rows drawn evenly in one pass, in their order (Vitter 1985, algorithm R), bounded in bytes, too."""
    rng = random.Random(0)  # noqa: S311 - a sample, not a secret
    kept: list[tuple[int, bytes]] = []
    number = 0
    for row in rows:
        if not row or len(row) > LONGEST_ROW:
            continue
        at = number if number < SAMPLE_ROWS else rng.randrange(number + 1)
        if at < SAMPLE_ROWS:
            kept[at : at + 1] = [(number, row)]
        number += 1
    ordered = [row for _, row in sorted(kept)]
    size = sum(map(len, ordered))
    return ordered[:: -(-size // SAMPLE_BYTES)] if size else ordered
