"""Surprise: how many bits a model needs for a row, and how many it needed for rows held out of training."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as functional

from icelos.gpt.data import Rows
from icelos.gpt.model import GPT
from icelos.gpt.tokenizers import END, Ids, Tokenizer

LN2 = float(np.log(2.0))
QUANTILES = (*(i / 200 for i in range(200)), 0.999, 1.0)


class HeldOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """held_out.json: bits per byte of rows that were not trained on, each scored alone.

    `bits_per_byte` is over all of them; `quantiles` are pairs (share of rows, bits per byte of the row
    at that share), rising in both.
    """

    rows: int
    bytes: int
    bits_per_byte: float
    quantiles: tuple[tuple[float, float], ...]

    def quantile(self, share: float) -> float:
        """Bits per byte below which this share (0..1) of the held-out rows lay."""
        shares, values = zip(*self.quantiles, strict=True)
        return float(np.interp(share, shares, values))

    def share_below(self, bits_per_byte: float) -> float:
        """The share (0..1) of held-out rows that were less surprising."""
        shares, values = zip(*self.quantiles, strict=True)
        return float(
            np.searchsorted(values, bits_per_byte, side="left") and np.interp(bits_per_byte, values, shares)
        )


def token_bits(network: GPT, ids: Ids) -> npt.NDArray[np.float64]:
    """Bits of each token of a row, and of its end, given what stands before it; shape (tokens + 1,).

    The row is scored alone, behind an end mark, in one forward pass, so that its value never depends
    on other rows. A row longer than the context is scored in pieces that overlap by half.
    """
    context = network.config.context
    sequence = np.concatenate(([END], ids, [END])).astype(np.int64)
    bits = [_window_bits(network, sequence[: context + 1])]
    done = len(bits[0])
    while done < len(sequence) - 1:
        start = done - context // 2
        window = _window_bits(network, sequence[start : start + context + 1])
        bits.append(window[done - start :])
        done += len(bits[-1])
    return np.concatenate(bits)


@torch.inference_mode()
def _window_bits(network: GPT, sequence: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    window = torch.from_numpy(sequence).to(network.embedding.weight.device)
    logits = network(window[None, :-1])[0].float()
    nats = functional.cross_entropy(logits, window[1:], reduction="none")
    return nats.double().cpu().numpy() / LN2


def measure(network: GPT, tokenizer: Tokenizer, rows: Rows, *, most: int) -> HeldOut | None:
    """Score at most `most` rows, evenly spread over `rows`; None where there are none."""
    was_training = network.training
    network.eval()
    pairs = [(float(token_bits(network, ids).sum()), len(tokenizer.decode(ids))) for ids in _some(rows, most)]
    network.train(was_training)
    if not pairs:
        return None
    bits, sizes = np.array(pairs).T
    values = np.quantile(bits / sizes, QUANTILES)
    return HeldOut(
        rows=len(pairs),
        bytes=int(sizes.sum()),
        bits_per_byte=float(bits.sum() / sizes.sum()),
        quantiles=tuple((share, float(value)) for share, value in zip(QUANTILES, values, strict=True)),
    )


def _some(rows: Rows, most: int) -> Iterator[Ids]:
    count = min(most, len(rows))
    for index in np.linspace(0, len(rows) - 1, count).astype(int):
        yield rows.row(int(index))
