"""New rows from a model: batched, with a KV cache, each row from a random stream of its own.

Rows are made side by side, at different positions; where one ends the next one begins. What a row draws
depends on (seed, its number), and what is computed together with it only on its block, so that a run can go
on at any block and give the same rows.
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

BLOCK = 4
"""A block has so many rows for each that is made at a time."""

KEPT = 0.75
"""Where no more rows begin, those that have ended leave the cache once this share of them is left: each time
it is copied."""

OPEN = 0.15
"""Where much may follow, what is less likely than this share of what is typical there (e^-H) is left out by
`eta`. The paper has √eta; of 1,500 free sign-ins of `nano` 98.7 % were JSON with eta 0.002 and that, 99.6 %
with this, and the fields' mean distance from real rows was no larger."""

NARROW = 256
"""Where no more tokens than these may follow, only their probabilities are computed."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 takes the likeliest; `top_k` 0 lets all through; `top_p` lets
    the likeliest through that have this probability together (Holtzman et al. 2019); `eta` leaves out those
    less likely than min(eta, `OPEN` · e^-H), where H is the entropy in nats of what may follow: what a
    softmax cannot give less to where the next token is certain, but not rare values where it is open (Hewitt
    et al. 2022)."""

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
Tokens = npt.NDArray[np.uint16]


class Guide(Protocol):
    """What may follow in a row; see `icelos.gpt.grammar.vocabulary`."""

    @property
    def start(self) -> State:
        """Where a row begins."""

    def refresh(self) -> None:
        """No row is under way."""

    def advance(self, state: State, token: int) -> State:
        """The state behind a token."""

    def allowed(self, state: State) -> Tokens:
        """The tokens that may follow, in order, none twice."""

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

    The same arguments on the same machine give the same rows; `first`, a multiple of `block_rows`, leaves
    out those before. With a guide, a row that the context cuts gets a short end that the guide allows.
    Raises ValueError for a prompt that fills the context, or one beside a guide.
    """
    if prompt and guide is not None:
        raise ValueError("a guide begins rows itself")
    if 1 + len(model.tokenizer.encode(prompt)) >= model.network.config.context:
        raise ValueError(f"the prompt fills the context of {model.network.config.context} tokens")
    size = block_rows(model, sampling)
    if first % size:
        raise ValueError(f"rows go on at multiples of {size}")
    for start in range(first, rows, size):
        yield from _Block(model, seed, sampling, prompt, guide, range(start, min(rows, start + size)))


def block_rows(model: Model, sampling: Sampling) -> int:
    """How many rows a block has."""
    return BLOCK * _at_a_time(model, sampling)


def _at_a_time(model: Model, sampling: Sampling) -> int:
    """As many rows as were asked for, as far as the cache fits in `CACHE_BYTES`, in four bytes a value."""
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


class _Block:
    """Rows of these numbers, in order."""

    def __init__(
        self, model: Model, seed: int, sampling: Sampling, prompt: bytes, guide: Guide | None, numbers: range
    ) -> None:
        self._model, self._network = model, model.network
        self._seed, self._sampling, self._prompt, self._guide = seed, sampling, prompt, guide
        self._numbers, self._left = numbers, iter(numbers)
        self._made: dict[int, Generated] = {}
        if guide is not None:
            guide.refresh()
        begun = (self._next() for _ in range(_at_a_time(model, sampling)))
        self._rows = [row for row in begun if row is not None]
        config = self._network.config
        self._cache = Cache(config, len(self._rows), config.context, self._network.embedding.weight)

    def __iter__(self) -> Iterator[Generated]:
        for number in self._numbers:
            while number not in self._made:
                self._go_on()
            yield self._made.pop(number)

    def _next(self) -> _Row | None:
        """The next row that does not end as it begins; None behind the last one."""
        for number in self._left:
            row = self._begin(number)
            if not row.ended:
                return row
            self._made[number] = self._finished(row)
        return None

    def _begin(self, number: int) -> _Row:
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((self._seed, number))))
        row = _Row(number, random, [END, *self._model.tokenizer.encode(self._prompt).tolist()], (0, ()))
        if self._guide is not None:
            row.state = self._guide.start
            self._copy(row, self._guide)
        return row

    def _copy(self, row: _Row, guide: Guide) -> None:
        """Add what needs no choice; end the row where that or the context ends it."""
        tokens, row.state = guide.copied(row.state, row.random)
        row.ids.extend(tokens)
        row.ended = guide.over(row.state)
        if not row.ended and len(row.ids) > self._network.config.context:
            row.ended, row.rest = True, guide.rest(row.state)

    @torch.inference_mode()
    def _go_on(self) -> None:
        """One call of the network, and a token more for each row; others begin for those that it ends."""
        lengths = [0 if row.ended else row.waiting for row in self._rows]
        fed = np.full((len(lengths), max(lengths)), END, dtype=np.int64)
        for place, (row, length) in enumerate(zip(self._rows, lengths, strict=True)):
            fed[place, :length] = row.ids[len(row.ids) - length :]
            row.seen += length
        device = self._cache.filled.device
        logits = self._network(
            torch.from_numpy(fed).to(device), self._cache, torch.tensor(lengths, device=device)
        )
        places = [place for place, length in enumerate(lengths) if length]
        self._draw([self._rows[place] for place in places], logits[places])
        self._replace([place for place in places if self._rows[place].ended])

    def _replace(self, ended: Sequence[int]) -> None:
        """Rows that have ended make room for the next ones, or for nothing."""
        begun = []
        for place in ended:
            self._made[self._rows[place].number] = self._finished(self._rows[place])
            if (row := self._next()) is not None:
                self._rows[place] = row
                begun.append(place)
        if begun:
            self._cache.begin(begun)
        going = [place for place, row in enumerate(self._rows) if not row.ended]
        if len(going) <= KEPT * len(self._rows):
            self._cache.keep(torch.tensor(going, dtype=torch.long, device=self._cache.filled.device))
            self._rows = [self._rows[place] for place in going]

    def _draw(self, rows: Sequence[_Row], logits: Tensor) -> None:
        """A token for each row by its logits (rows, vocabulary)."""
        uniform = [row.random.random() for row in rows]
        if self._guide is None:
            drawn = draw(logits, uniform, self._sampling).tolist()
        else:
            allowed = [self._guide.allowed(row.state) for row in rows]
            drawn = _draw_allowed(logits, allowed, uniform, self._sampling)
        for row, token in zip(rows, drawn, strict=True):
            row.ids.append(token)
            row.ended = token == END or len(row.ids) > self._network.config.context
            if self._guide is None or token == END:
                continue
            row.state = self._guide.advance(row.state, token)
            if row.ended:
                row.rest = self._guide.rest(row.state)
            else:
                self._copy(row, self._guide)

    def _finished(self, row: _Row) -> Generated:
        data = self._model.tokenizer.decode(row.ids)
        if self._guide is None:
            return Generated(data, complete=row.ids[-1] == END and len(row.ids) > 1)
        return Generated(data + row.rest, complete=not row.rest)


def _draw_allowed(
    logits: Tensor, allowed: Sequence[Tokens], uniform: Sequence[float], sampling: Sampling
) -> list[int]:
    """`draw` from those tokens that each row allows."""
    drawn = [0] * len(allowed)
    widths = [len(tokens) for tokens in allowed]
    for narrow in (True, False):
        places = [place for place, width in enumerate(widths) if (width <= NARROW) is narrow]
        if not places:
            continue
        columns = np.zeros((len(places), max(widths[place] for place in places)), dtype=np.int64)
        for line, place in enumerate(places):
            columns[line, : widths[place]] = allowed[place]
        ids = torch.from_numpy(columns).to(logits.device)
        ends = torch.tensor([widths[place] for place in places], device=logits.device)
        beyond = torch.arange(columns.shape[1], device=logits.device) >= ends[:, None]
        own = logits[torch.tensor(places, device=logits.device)[:, None], ids].masked_fill(beyond, -torch.inf)
        found = draw(own, [uniform[place] for place in places], sampling)
        for place, token in zip(places, ids.gather(1, found[:, None])[:, 0].tolist(), strict=True):
            drawn[place] = token
    return drawn


def draw(logits: Tensor, uniform: Sequence[float], sampling: Sampling) -> Tensor:
    """One token a row from logits (rows, vocabulary) and a number in [0, 1) for each; shape (rows,).

    Raises InputError where a logit is no number: the weights of the model are broken.
    """
    if torch.isnan(logits.amax(dim=-1)).any():
        raise InputError("the model gives no numbers: its weights are broken", hint="train it again")
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scaled = logits.float() / sampling.temperature
    if 0 < sampling.top_k < scaled.shape[-1]:
        least = scaled.topk(sampling.top_k, dim=-1).values[:, -1:]
        scaled = scaled.masked_fill(scaled < least, float("-inf"))
    probabilities = scaled.softmax(dim=-1)
    if sampling.eta:
        probabilities = _likely(probabilities, scaled, sampling.eta)
    if sampling.top_p < 1:
        probabilities = _nucleus(probabilities, sampling.top_p)
    reached = probabilities.cumsum(dim=-1, dtype=torch.float64)
    target = torch.tensor(uniform, dtype=torch.float64, device=logits.device)[:, None] * reached[:, -1:]
    drawn = (reached <= target).sum(dim=-1)
    last = probabilities.shape[-1] - 1 - probabilities.flip(-1).ne(0).int().argmax(dim=-1)
    return torch.minimum(drawn, last)  # where rounding leaves nothing above the target


def _likely(probabilities: Tensor, scaled: Tensor, eta: float) -> Tensor:
    """Without those that are less likely than `Sampling` says."""
    finite = scaled.clamp(min=torch.finfo(scaled.dtype).min)
    entropy = scaled.logsumexp(-1, keepdim=True) - torch.linalg.vecdot(probabilities, finite)[:, None]
    least = (OPEN * (-entropy).exp()).clamp(max=eta)
    return probabilities.masked_fill(probabilities < torch.minimum(least, probabilities.amax(-1, True)), 0.0)


def _nucleus(probabilities: Tensor, share: float) -> Tensor:
    ordered, order = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    return torch.zeros_like(probabilities).scatter(-1, order, ordered.masked_fill(before >= share, 0.0))
