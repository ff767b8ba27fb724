"""Which tokens may follow, and what can be copied without asking the model.

A token may follow where all its bytes may, one after another: tokens that cross the end of a value into
what comes next are let through, so that the model can write rows in the tokens that it was trained on.

Where but one byte can follow, and behind it but one, that text is copied as tokens. Its end is left to the
model from where a token may begin that holds it and some of what may follow: a model that is shown `"name`
`":` where it has learned `"name":"` takes it that no text follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from icelos.gpt.grammar.automaton import STATES_LIMIT, Automaton, Move, Registers, State
from icelos.gpt.grammar.compile import Limits, compiled
from icelos.gpt.grammar.learned import Grammar
from icelos.gpt.tokenizers import END, Tokenizer

Tokens = npt.NDArray[np.uint16]
COPIED_BYTES = 16_384
"""Most bytes copied at once."""
REMEMBERED = 20_000
ALLOWED_BYTES = 128 << 20

T = TypeVar("T")


class _Remembered(Generic[T]):
    """Answers by a state's number and those registers that they depended on."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._slots: dict[object, tuple[int, ...]] = {}
        self._answers: dict[tuple[object, Registers], T] = {}

    def get(
        self, name: object, registers: Registers, find: Callable[[set[int]], T], asked: set[int] | None = None
    ) -> T:
        """The answer. `find` makes it, adding the registers that it looks at to its set; this, to `asked`."""
        slots = self._slots.get(name, ())
        key = (name, tuple(registers[slot] for slot in slots))
        if key not in self._answers:
            looked = set(slots)
            answer = find(looked)
            if len(self._answers) >= self._limit:
                self._slots, self._answers = {}, {}
            self._slots[name] = slots = tuple(sorted(looked))
            key = (name, tuple(registers[slot] for slot in slots))
            self._answers[key] = answer
        if asked is not None:
            asked.update(slots)
        return self._answers[key]


class Guide:
    """A grammar over the tokens of a tokenizer: what `icelos.gpt.generate` asks at each token."""

    def __init__(self, grammar: Grammar, tokenizer: Tokenizer, limits: Limits | None = None) -> None:
        """Raises NoRow where `limits` leave no row, ValueError where the grammar does not hold together."""
        self._automaton = Automaton(compiled(grammar, limits or Limits()), grammar.dependencies)
        self._tokenizer = tokenizer
        self._pieces = [tokenizer.decode([i]) for i in range(tokenizer.size)]
        self._longest = max(map(len, self._pieces))
        self._children, self._ids = _trie(self._pieces)
        self._beginnings = _beginnings(self._pieces, self._children)
        self._forget()

    def _forget(self) -> None:
        self._allowed: _Remembered[Tokens] = _Remembered(max(64, ALLOWED_BYTES // (2 * len(self._pieces))))
        self._moves: _Remembered[Move] = _Remembered(STATES_LIMIT)
        self._copies: _Remembered[_Copy] = _Remembered(REMEMBERED)
        self._going: _Remembered[bool] = _Remembered(STATES_LIMIT)
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
        """The state behind a token that is `allowed`."""
        move = self._moves.get(
            (state[0], token), state[1], lambda asked: self._walk(state, self._pieces[token], asked)
        )
        return self._automaton.moved(state, move)

    def _walk(self, state: State, data: bytes, asked: set[int]) -> Move:
        move = self._automaton.walk(state, data, asked)
        if move is None:
            raise ValueError("a token that may not follow")
        return move

    def over(self, state: State) -> bool:
        """Whether the row has ended."""
        return self._automaton.over(state)

    def rest(self, state: State) -> bytes:
        """A short way to the end of the row, for one that must end."""
        return self._automaton.rest(state)

    def allowed(self, state: State) -> Tokens:
        """The tokens that may follow, in order. `END` may where the row may end."""
        number, registers = state
        name = self._coarse.get(number)
        if name is None:
            name = self._coarse[number] = self._automaton.coarse(state)
        return self._allowed.get(name, registers, lambda asked: self._find_allowed(state, asked))

    def _find_allowed(self, state: State, asked: set[int]) -> Tokens:
        found = [END] if self._automaton.ends(state) else []
        waiting = [(0, state)]
        while waiting:
            node, at = waiting.pop()
            children = self._children[node]
            for byte in children.keys() & self._automaton.allowed(at):
                behind = self._automaton.look(at, byte, asked)
                if behind is None:
                    continue
                child = children[byte]
                found += self._ids[child]
                if self._children[child]:
                    waiting.append((child, behind))
        return np.unique(np.array(found, dtype=np.uint16))

    def copied(self, state: State, random: np.random.Generator) -> tuple[tuple[int, ...], State]:
        """The tokens that need no choice, and the state behind: text that must follow, and noise.

        Of identifiers that are noise the model knows no more than this: their digits are drawn here.
        """
        copy = self._copies.get(state[0], state[1], lambda asked: self._find_copy(state, asked))
        if not copy.noise:
            return copy.tokens, self._automaton.moved(state, copy.moves[-1])
        end = self._automaton.moved(state, copy.moves[-1])
        tokens, size = self._tokens(copy.drawn(random), end, set())
        return tokens, self._automaton.moved(state, copy.moves[size])

    def _find_copy(self, state: State, asked: set[int]) -> _Copy:
        """What must follow, as far as it does whatever the digits of noise in it are."""
        data, noise = bytearray(), list[tuple[int, bytes]]()
        moves: list[Move] = [(state[0], ())]
        while len(data) < COPIED_BYTES and (chars := self._certain(state)):
            move = self._automaton.move(state, chars[0], asked)
            if move is None:
                raise ValueError("a grammar that contradicts itself")
            if any(self._automaton.move(state, char, asked) != move for char in chars[1:]):
                break
            state = self._automaton.moved(state, move)
            moves.append((move[0], moves[-1][1] + move[1]))
            if len(chars) > 1:
                noise.append((len(data), chars))
            data.append(chars[0])
        if noise:
            return _Copy((), moves, bytes(data), _by_characters(noise))
        tokens, size = self._tokens(bytes(data), state, asked)
        return _Copy(tokens, [moves[size]])

    def _certain(self, state: State) -> bytes:
        """The byte that must follow, or the bytes of noise of which any may; none where there is a choice."""
        only = self._automaton.only(state)
        return bytes(self._automaton.noise(state)) if only is None else bytes([only])

    def _tokens(self, data: bytes, end: State, asked: set[int]) -> tuple[tuple[int, ...], int]:
        """The tokens of a text that needs no choice and leads to `end`, and how many of its bytes they are:
        all but its open end."""
        if not data:
            return (), 0
        tokens = tuple(self._tokenizer.encode(data).tolist())
        return self._settled(tokens, self._open(data, end, asked))

    def _settled(self, tokens: tuple[int, ...], size: int) -> tuple[tuple[int, ...], int]:
        """Those of the tokens that lie within the first `size` bytes, and their bytes."""
        at = 0
        for number, token in enumerate(tokens):
            if at + len(self._pieces[token]) > size:
                return tokens[:number], at
            at += len(self._pieces[token])
        return tokens, at

    def _open(self, data: bytes, end: State, asked: set[int]) -> int:
        """The first place from which a token may go on beyond the text; its length where none does."""
        for place in range(max(0, len(data) - self._longest), len(data)):
            node = self._beginnings.get(data[place:])
            if node is not None and self._goes_on(node, end, asked):
                return place
        return len(data)

    def _goes_on(self, node: int, state: State, asked: set[int]) -> bool:
        """Whether a token that has led to this node of the trie may go on."""
        return self._going.get(
            (state[0], node), state[1], lambda more: self._find_going(node, state, more), asked
        )

    def _find_going(self, node: int, state: State, asked: set[int]) -> bool:
        for byte in self._children[node].keys() & self._automaton.allowed(state):
            behind = self._automaton.look(state, byte, asked)
            if behind is None:
                continue
            child = self._children[node][byte]
            if self._ids[child] or self._find_going(child, behind, asked):
                return True
        return False


@dataclass(frozen=True)
class _Copy:
    """What can be copied. With noise: all its `data`, the move over each length of it, and, for each set of
    characters, the places where one of them is to be drawn; else its tokens, and the move over them."""

    tokens: tuple[int, ...]
    moves: Sequence[Move]
    data: bytes = b""
    noise: tuple[tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]], ...] = ()

    def drawn(self, random: np.random.Generator) -> bytes:
        """The text with noise of its own."""
        text = np.frombuffer(self.data, dtype=np.uint8).copy()
        for chars, places in self.noise:
            text[places] = chars[random.integers(len(chars), size=len(places))]
        return text.tobytes()


def _by_characters(
    noise: Sequence[tuple[int, bytes]],
) -> tuple[tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]], ...]:
    """The places of noise by the characters that may stand there."""
    places: dict[bytes, list[int]] = {}
    for place, chars in noise:
        places.setdefault(chars, []).append(place)
    return tuple(
        (np.frombuffer(chars, dtype=np.uint8), np.array(found, dtype=np.intp))
        for chars, found in places.items()
    )


def _beginnings(pieces: Sequence[bytes], children: Sequence[Mapping[int, int]]) -> dict[bytes, int]:
    """Whatever a piece begins with, and is not all of it, by its node."""
    found: dict[bytes, int] = {}
    for piece in pieces:
        node = 0
        for end in range(1, len(piece)):
            node = children[node][piece[end - 1]]
            found[piece[:end]] = node
    return found


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
