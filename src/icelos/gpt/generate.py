"""New rows from a model: batched, with a KV cache, each row from a random stream of its own.

Rows are made in batches, in which they stand at different positions. What a row draws depends on (seed, its
number), and what is computed together with it only on its batch, so that a run can go on at any batch and
give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from icelos.errors import InputError
from icelos.gpt.folder import Model
from icelos.gpt.model import Cache
from icelos.gpt.tokenizers import END

CACHE_BYTES = 1 << 30
COLDEST, HOTTEST = 0.001, 1000.0
"""Temperatures beyond these are not told from the likeliest token, or from chance, by floating point."""

KEPT = 0.75
"""Rows that have ended leave the cache once this share of them is left: each time it is copied."""

_CALL = {"cpu": 400, "cuda": 4096}
"""What a call of the network costs beside its tokens, in places of the attention that tokens or padding
take; measured roughly with `nano`. It only decides how many tokens of copied text one call takes."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 takes the likeliest; `top_k` 0 lets all through; `top_p` lets
    the likeliest through that have this probability together (Holtzman et al. 2019); `eta` leaves out those
    less likely than min(eta, √eta · e^-H), where H is the entropy in nats of what may follow: what a softmax
    cannot give less to where the next token is certain, but not rare values where it is open (Hewitt et al.
    2022)."""

    temperature: float = 1.0
    top_k: int = 0
    batch: int = 32
    top_p: float = 1.0
    eta: float = 0.0

    def __post_init__(self) -> None:
        if self.temperature != 0 and not COLDEST <= self.temperature <= HOTTEST:
            raise ValueError(f"temperature must be 0, or from {COLDEST} to {HOTTEST:g}")
        if self.top_k < 0 or self.batch < 1:
            raise ValueError("top_k must be 0 or more, batch 1 or more")
        if not 0 < self.top_p <= 1:
            raise ValueError("top_p must be above 0, and at most 1")
        if not 0 <= self.eta < 1:
            raise ValueError("eta must be 0 or more, and below 1")


@dataclass(frozen=True)
class Generated:
    """One row. `complete` is false where the context ended before the row did."""

    data: bytes
    complete: bool


State = tuple[int, tuple[int, ...]]
Mask = npt.NDArray[np.bool_]


class Guide(Protocol):
    """What may follow in a row; see `icelos.gpt.grammar.vocabulary`."""

    @property
    def start(self) -> State:
        """Where a row begins."""

    def refresh(self) -> None:
        """No row is under way."""

    def advance(self, state: State, token: int) -> State:
        """The state behind a token."""

    def mask(self, state: State) -> Mask:
        """Which tokens may follow; shape (vocabulary,)."""

    def copied(self, state: State, random: np.random.Generator) -> tuple[tuple[int, ...], State]:
        """Tokens that need no choice, and the state behind them."""

    def over(self, state: State) -> bool:
        """Whether the row has ended."""

    def rest(self, state: State) -> bytes:
        """A short end for a row that has no more room."""


def generate(
    model: Model,
    rows: int,
    *,
    seed: int,
    sampling: Sampling = Sampling(),
    prompt: bytes = b"",
    guide: Guide | None = None,
    first: int = 0,
) -> Iterator[Generated]:
    """Rows `first` to `rows` (exclusive), each beginning with `prompt`, or as `guide` lets it.

    The same arguments on the same machine give the same rows; `first`, a multiple of `batch_rows`, leaves
    out those before. With a guide, a row that the context cuts gets a short end that the guide allows.
    Raises ValueError for a prompt that fills the context, or one beside a guide.
    """
    if prompt and guide is not None:
        raise ValueError("a guide begins rows itself")
    if 1 + len(model.tokenizer.encode(prompt)) >= model.network.config.context:
        raise ValueError(f"the prompt fills the context of {model.network.config.context} tokens")
    size = batch_rows(model, sampling)
    if first % size:
        raise ValueError(f"rows go on at multiples of {size}")
    for start in range(first, rows, size):
        yield from _Batch(model, seed, sampling, prompt, guide).rows(range(start, min(rows, start + size)))


def batch_rows(model: Model, sampling: Sampling) -> int:
    """How many rows a batch has: those that were asked for, as far as the cache fits in `CACHE_BYTES`, in
    four bytes a value."""
    config = model.network.config
    return min(sampling.batch, max(1, CACHE_BYTES // (8 * config.layers * config.width * config.context)))


@dataclass
class _Row:
    """A row under way: its tokens, how many of them the network has seen, and where the guide is."""

    number: int
    random: np.random.Generator
    ids: list[int]
    state: State
    seen: int = 0
    ended: bool = False
    rest: bytes = b""

    @property
    def waiting(self) -> int:
        return len(self.ids) - self.seen


@dataclass
class _Batch:
    """The rows of one batch."""

    model: Model
    seed: int
    sampling: Sampling
    prompt: bytes
    guide: Guide | None

    @torch.inference_mode()
    def rows(self, numbers: range) -> list[Generated]:
        """The rows of these numbers, in order."""
        if self.guide is not None:
            self.guide.refresh()
        rows = [self._begin(number) for number in numbers]
        left = [row for row in rows if not row.ended]
        going = list(range(len(left)))
        network = self.model.network
        cache = Cache(network.config, len(left), network.config.context, network.embedding.weight)
        while going:
            self._go_on(left, cache)
            going = [place for place, row in enumerate(left) if not row.ended]
            if len(going) <= KEPT * len(left):
                cache.keep(torch.tensor(going, dtype=torch.long, device=cache.filled.device))
                left = [left[place] for place in going]
        return [self._made(row) for row in rows]

    def _begin(self, number: int) -> _Row:
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((self.seed, number))))
        row = _Row(number, random, [END, *self.model.tokenizer.encode(self.prompt).tolist()], (0, ()))
        if self.guide is not None:
            row.state = self.guide.start
            self._copy(row, self.guide)
        return row

    def _copy(self, row: _Row, guide: Guide) -> None:
        """Add what needs no choice; end the row where that or the context ends it."""
        tokens, row.state = guide.copied(row.state, row.random)
        row.ids.extend(tokens)
        row.ended = guide.over(row.state)
        if not row.ended and len(row.ids) > self.model.network.config.context:
            row.ended, row.rest = True, guide.rest(row.state)

    def _go_on(self, rows: list[_Row], cache: Cache) -> None:
        """One call of the network; a token more for each row that it has seen to its end."""
        waiting = [0 if row.ended else row.waiting for row in rows]
        lengths = np.minimum(waiting, _chunk(waiting, _CALL.get(cache.filled.device.type, 4096)))
        fed = np.full((len(rows), lengths.max()), END, dtype=np.int64)
        for place, row in enumerate(rows):
            fed[place, : lengths[place]] = row.ids[row.seen : row.seen + lengths[place]]
            row.seen += int(lengths[place])
        device = cache.filled.device
        logits = self.model.network(
            torch.from_numpy(fed).to(device), cache, torch.from_numpy(lengths).to(device)
        )
        ready = [place for place, row in enumerate(rows) if not row.ended and not row.waiting]
        self._draw([rows[place] for place in ready], logits[ready])

    def _draw(self, rows: Sequence[_Row], logits: Tensor) -> None:
        if not rows:
            return
        if self.guide is not None:
            masks = np.stack([self.guide.mask(row.state) for row in rows])
            logits = logits.masked_fill(~torch.from_numpy(masks).to(logits.device), float("-inf"))
        uniform = [row.random.random() for row in rows]
        for row, token in zip(rows, draw(logits, uniform, self.sampling).tolist(), strict=True):
            row.ids.append(token)
            row.ended = token == END or len(row.ids) > self.model.network.config.context
            if self.guide is None or token == END:
                continue
            row.state = self.guide.advance(row.state, token)
            if row.ended:
                row.rest = self.guide.rest(row.state)
            else:
                self._copy(row, self.guide)

    def _made(self, row: _Row) -> Generated:
        data = self.model.tokenizer.decode(row.ids)
        if self.guide is None:
            return Generated(data, complete=row.ids[-1] == END and len(row.ids) > 1)
        return Generated(data + row.rest, complete=not row.rest)


def _chunk(waiting: Sequence[int], call: int) -> int:
    """How many tokens of each row to feed, so that a call does most for what it costs: in the attention,
    rows that wait for fewer are padded."""
    counts = np.array(waiting)
    choices = np.unique(counts[counts > 0])
    done = np.minimum(counts, choices[:, None]).sum(axis=1)
    return int(choices[np.argmax(done / (call + choices * len(counts)))])


def draw(logits: Tensor, uniform: Sequence[float], sampling: Sampling) -> Tensor:
    """One token a row from logits (rows, vocabulary) and a number in [0, 1) for each; shape (rows,).

    Raises InputError where a logit is no number: the weights of the model are broken.
    """
    if torch.isnan(logits).any():
        raise InputError("the model gives no numbers: its weights are broken", hint="train it again")
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scaled = logits.float() / sampling.temperature
    if 0 < sampling.top_k < scaled.shape[-1]:
        least = scaled.topk(sampling.top_k, dim=-1).values[:, -1:]
        scaled = scaled.masked_fill(scaled < least, float("-inf"))
    probabilities = scaled.double().softmax(dim=-1)
    if sampling.eta:
        probabilities = _likely(probabilities, sampling.eta)
    if sampling.top_p < 1:
        probabilities = _nucleus(probabilities, sampling.top_p)
    reached = probabilities.cumsum(dim=-1)
    target = torch.tensor(uniform, dtype=torch.float64, device=logits.device)[:, None] * reached[:, -1:]
    drawn = (reached <= target).sum(dim=-1)
    last = probabilities.shape[-1] - 1 - probabilities.flip(-1).ne(0).int().argmax(dim=-1)
    return torch.minimum(drawn, last)  # where rounding leaves nothing above the target


def _likely(probabilities: Tensor, eta: float) -> Tensor:
    entropy = torch.special.entr(probabilities).sum(dim=-1, keepdim=True)
    least = (eta**0.5 * (-entropy).exp()).clamp(max=eta)
    return probabilities.masked_fill(probabilities < torch.minimum(least, probabilities.amax(-1, True)), 0.0)


def _nucleus(probabilities: Tensor, share: float) -> Tensor:
    ordered, order = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    return torch.zeros_like(probabilities).scatter(-1, order, ordered.masked_fill(before >= share, 0.0))
