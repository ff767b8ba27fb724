"""Which tokens may follow, and what can be copied without asking the model.

A token may follow where all its bytes may, one after another: tokens that cross the end of a value into
what comes next are let through, so that the model can write rows in the tokens that it was trained on.

Where but one byte can follow, and behind it but one, that text is copied as tokens. Its end is left to the
model from where a token may begin that holds it and what follows: a model that is shown `"name` `":` where it
has learned `"name":"` takes it that no text follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from icelos.gpt.grammar.automaton import Automaton, Registers, State
from icelos.gpt.grammar.compile import Limits, compiled
from icelos.gpt.grammar.learned import Grammar
from icelos.gpt.tokenizers import END, Tokenizer

Mask = npt.NDArray[np.bool_]
COPIED_BYTES = 16_384
"""Most bytes copied at once."""
REMEMBERED = 20_000
MASK_BYTES = 64 << 20

T = TypeVar("T")


class _Remembered(Generic[T]):
    """Answers by a state's number and those registers that they depended on."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._slots: dict[object, tuple[int, ...]] = {}
        self._answers: dict[tuple[object, Registers], T] = {}

    def get(self, name: object, registers: Registers, find: Callable[[set[int]], T]) -> T:
        slots = self._slots.get(name, ())
        key = (name, tuple(registers[slot] for slot in slots))
        if key in self._answers:
            return self._answers[key]
        asked = set(slots)
        answer = find(asked)
        if len(self._answers) >= self._limit:
            self._slots, self._answers = {}, {}
        self._slots[name] = slots = tuple(sorted(asked))
        self._answers[name, tuple(registers[slot] for slot in slots)] = answer
        return answer


class Guide:
    """A grammar over the tokens of a tokenizer: what `icelos.gpt.generate` asks at each token."""

    def __init__(self, grammar: Grammar, tokenizer: Tokenizer, limits: Limits | None = None) -> None:
        """Raises NoRow where `limits` leave no row, ValueError where the grammar does not hold together."""
        self._automaton = Automaton(compiled(grammar, limits or Limits()), grammar.dependencies)
        self._tokenizer = tokenizer
        self._pieces = [tokenizer.decode([i]) for i in range(tokenizer.size)]
        self._longest = max(map(len, self._pieces))
        self._heals = self._longest > 1
        self._children, self._ids = _trie(self._pieces)
        self._forget()

    def _forget(self) -> None:
        self._masks: _Remembered[Mask] = _Remembered(max(64, MASK_BYTES // len(self._pieces)))
        self._copies: _Remembered[tuple[tuple[int, ...], bytes, bytes]] = _Remembered(REMEMBERED)
        self._coarse: dict[int, frozenset[object]] = {}

    def refresh(self) -> None:
        """Bound the memory; called while no row is under way."""
        if self._automaton.full:
            self._automaton.forget()
            self._forget()

    @property
    def start(self) -> State:
        return self._automaton.start

    def advance(self, state: State, token: int) -> State:
        """The state behind a token that `mask` lets through."""
        return self._walk(state, self._pieces[token])

    def _walk(self, state: State, data: bytes) -> State:
        for byte in data:
            following = self._automaton.step(state, byte)
            if following is None:
                raise ValueError("a token that may not follow")
            state = following
        return state

    def over(self, state: State) -> bool:
        """Whether the row has ended."""
        return self._automaton.over(state)

    def rest(self, state: State) -> bytes:
        """A short way to the end of the row, for one that must end."""
        return self._automaton.rest(state)

    def mask(self, state: State) -> Mask:
        """Which tokens may follow; shape (vocabulary,). `END` may where the row may end."""
        number, registers = state
        name = self._coarse.get(number)
        if name is None:
            name = self._coarse[number] = self._automaton.coarse(state)
        return self._masks.get(name, registers, lambda asked: self._find_mask(state, asked))

    def _find_mask(self, state: State, asked: set[int]) -> Mask:
        mask = np.zeros(len(self._pieces), dtype=np.bool_)
        mask[END] = self._automaton.ends(state)
        waiting = [(0, state)]
        while waiting:
            node, at = waiting.pop()
            children = self._children[node]
            for byte in children.keys() & self._automaton.allowed(at):
                behind = self._automaton.look(at, byte, asked)
                if behind is None:
                    continue
                child = children[byte]
                mask[self._ids[child]] = True
                if self._children[child]:
                    waiting.append((child, behind))
        return mask

    def copied(self, state: State, random: np.random.Generator) -> tuple[tuple[int, ...], State]:
        """The tokens that need no choice, and the state behind: text that must follow, and noise.

        Of identifiers that are noise the model knows no more than this: their digits are drawn here.
        """
        tokens, kept, data = self._copy(state)
        at = self._walk(state, data)
        if not self._automaton.noise(at):
            return tokens, self._walk(state, kept)
        drawn = bytearray(data)
        while len(drawn) < COPIED_BYTES:
            if chars := self._automaton.noise(at):
                more = bytes([chars[int(random.integers(len(chars)))]])
            else:
                more = self._copy(at)[2]
            if not more:
                break
            at = self._walk(at, more)
            drawn.extend(more)
        tokens, kept = self._tokens(bytes(drawn), at)
        return tokens, self._walk(state, kept)

    def _copy(self, state: State) -> tuple[tuple[int, ...], bytes, bytes]:
        return self._copies.get(state[0], state[1], lambda asked: self._find_copy(state, asked))

    def _find_copy(self, state: State, asked: set[int]) -> tuple[tuple[int, ...], bytes, bytes]:
        """Tokens of the text that must follow, their bytes, and the whole text."""
        data = bytearray()
        while len(data) < COPIED_BYTES and (byte := self._automaton.only(state)) is not None:
            following = self._automaton.look(state, byte, asked)
            if following is None:
                raise ValueError("a grammar that contradicts itself")
            state = following
            data.append(byte)
        return *self._tokens(bytes(data), state), bytes(data)

    def _tokens(self, data: bytes, state: State) -> tuple[tuple[int, ...], bytes]:
        """The tokens of a text that needs no choice, without its open end unless the row is over."""
        if not data:
            return (), b""
        tokens = tuple(self._tokenizer.encode(data).tolist())
        if self._heals and not self._automaton.over(state):
            tokens = self._settled(tokens, self._open(data))
        return tokens, b"".join(self._pieces[token] for token in tokens)

    def _settled(self, tokens: tuple[int, ...], size: int) -> tuple[int, ...]:
        """Those of the tokens that lie within the first `size` bytes."""
        at = 0
        for number, token in enumerate(tokens):
            at += len(self._pieces[token])
            if at > size:
                return tokens[:number]
        return tokens

    def _open(self, data: bytes) -> int:
        """The first place from which a token may go on beyond the text; its length where none does."""
        for place in range(max(0, len(data) - self._longest), len(data)):
            if self._goes_beyond(data[place:]):
                return place
        return len(data)

    def _goes_beyond(self, data: bytes) -> bool:
        node = 0
        for byte in data:
            if byte not in self._children[node]:
                return False
            node = self._children[node][byte]
        return bool(self._children[node])


def _trie(pieces: Sequence[bytes]) -> tuple[list[dict[int, int]], list[list[int]]]:
    """Nodes as maps from byte to node, and the tokens that end at each."""
    children: list[dict[int, int]] = [{}]
    ids: list[list[int]] = [[]]
    for i, piece in enumerate(pieces):
        at = 0
        for byte in piece:
            if byte not in children[at]:
                children[at][byte] = len(children)
                children.append({})
                ids.append([])
            at = children[at][byte]
        if piece:
            ids[at].append(i)
    return children, ids
