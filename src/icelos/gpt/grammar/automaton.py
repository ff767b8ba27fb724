"""Which bytes may follow, found out as they are asked for.

All ways to read a row's bytes so far are followed at once (Thompson 1968); a set of spots is a numbered
*state*, and its steps are remembered. What the row has had of the fields on which others depend stands
beside the state, in registers: an array of values by field. A step that looked at registers is remembered
for their values alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from icelos.gpt.grammar.expressions import Expression, Settling, Spot, Then, leave
from icelos.gpt.grammar.learned import Dependency
from icelos.gpt.grammar.parts import CharactersPiece, ValuesPiece

Registers = tuple[int, ...]
"""The values of the fields on which others depend; -1: not yet."""

State = tuple[int, Registers]

Move = tuple[int, Settling]
"""The number of the state behind, and the fields whose values are certain from here on."""

STATES_LIMIT = 200_000
"""States and steps kept in memory, each; beyond, all are forgotten and found again."""


class _Narrowing:
    """What later fields may be, by what the row has had. `asked` are the registers that were looked at."""

    def __init__(self, found: Sequence[Dependency]) -> None:
        on = sorted({one.on for one in found})
        self.slots = {field: slot for slot, field in enumerate(on)}
        self._tables: dict[int, list[tuple[int, tuple[frozenset[int], ...]]]] = {}
        for one in found:
            table = tuple(map(frozenset, one.table))
            self._tables.setdefault(one.field, []).append((self.slots[one.on], table))
        self.registers: Registers = ()
        self.asked: set[int] = set()

    def settles(self, number: int) -> bool:
        return number in self.slots

    def narrowed(self, piece: ValuesPiece, settling: Settling) -> ValuesPiece:
        """The best dependency decides; each further one that leaves something narrows it more."""
        tables = self._tables.get(piece.number)
        if not tables:
            return piece
        taken = {self.slots[number]: value for number, value in settling}
        left = piece.numbers
        for slot, table in tables:
            value = taken.get(slot, -1)
            if slot not in taken:
                self.asked.add(slot)
                value = self.registers[slot]
            if 0 <= value < len(table) and left & table[value]:
                left &= table[value]
        return piece.narrowed(left)


class Automaton:
    """The rows of an expression, byte by byte."""

    def __init__(self, expression: Expression, dependencies: Sequence[Dependency] = ()) -> None:
        self._narrowing = _Narrowing(dependencies)
        self._first = Then().behind(expression)
        self.forget()

    def forget(self) -> None:
        """Drop what was found out; states of before mean nothing any more."""
        self._states: list[frozenset[Spot]] = []
        self._numbers: dict[frozenset[Spot], int] = {}
        self._steps: list[dict[int, Move | None]] = []
        self._asking: dict[tuple[int, int], tuple[int, ...]] = {}
        self._asked: dict[tuple[int, int, Registers], Move | None] = {}
        self._allowed: dict[int, frozenset[int]] = {}
        self._only: dict[int, int | None] = {}
        self._narrowing.registers = (-1,) * len(self._narrowing.slots)
        self._start = self._number(frozenset(self._first.enter((), self._narrowing)))

    @property
    def full(self) -> bool:
        """Whether it is time to `forget`."""
        return len(self._states) > STATES_LIMIT or len(self._asked) > STATES_LIMIT

    @property
    def start(self) -> State:
        return self._start, (-1,) * len(self._narrowing.slots)

    def step(self, state: State, byte: int) -> State | None:
        """The state behind a byte, or None where it may not follow."""
        move = self.move(state, byte)
        return None if move is None else self.moved(state, move)

    def look(self, state: State, byte: int, asked: set[int]) -> State | None:
        """`step`, adding to `asked` the registers that it depended on."""
        move = self.move(state, byte, asked)
        return None if move is None else self.moved(state, move)

    def walk(self, state: State, data: bytes, asked: set[int]) -> Move | None:
        """The move over several bytes, or None where they may not follow; `asked` as for `look`."""
        settled: Settling = ()
        for byte in data:
            move = self.move(state, byte, asked)
            if move is None:
                return None
            state, settled = self.moved(state, move), settled + move[1]
        return state[0], settled

    def moved(self, state: State, move: Move) -> State:
        """The state behind a move."""
        number, settled = move
        if not settled:
            return number, state[1]
        registers = list(state[1])
        for field, value in settled:
            registers[self._narrowing.slots[field]] = value
        return number, tuple(registers)

    def move(self, state: State, byte: int, asked: set[int] | None = None) -> Move | None:
        """The move over a byte, or None where it may not follow; adds to `asked` as `look` does."""
        number, registers = state
        steps = self._steps[number]
        if byte in steps:
            return steps[byte]
        slots = self._asking.get((number, byte))
        if slots is not None:
            key = (number, byte, tuple(registers[slot] for slot in slots))
            if key in self._asked:
                if asked is not None:
                    asked.update(slots)
                return self._asked[key]
        return self._find(state, byte, asked)

    def _find(self, state: State, byte: int, asked: set[int] | None) -> Move | None:
        number, registers = state
        self._narrowing.registers, self._narrowing.asked = registers, set()
        found = self._following(number, byte)
        looked = self._narrowing.asked
        if not looked and (number, byte) not in self._asking:
            self._steps[number][byte] = found
        else:
            slots = tuple(sorted(looked.union(self._asking.get((number, byte), ()))))
            self._asking[number, byte] = slots
            self._asked[number, byte, tuple(registers[slot] for slot in slots)] = found
            if asked is not None:
                asked.update(slots)
        return found

    def _following(self, number: int, byte: int) -> Move | None:
        """The state behind a byte, and the values that are now certain."""
        spots: set[Spot] = set()
        for piece, place, then, settling in self._states[number]:
            if piece is None or then is None:
                continue
            behind = piece.take(place, byte)
            if behind is None:
                continue
            if next(iter(piece.allowed(behind)), None) is not None:
                spots.add((piece, behind, then, settling))
            if piece.ends(behind):
                spots.update(leave(piece, behind, then, settling, self._narrowing))
        if not spots:
            return None
        certain = {spot[3] for spot in spots}
        if len(certain) > 1 or certain == {()}:
            return self._number(frozenset(spots)), ()
        (settled,) = certain
        return self._number(frozenset((*spot[:3], ()) for spot in spots)), settled

    def _number(self, spots: frozenset[Spot]) -> int:
        found = self._numbers.get(spots)
        if found is None:
            found = self._numbers[spots] = len(self._states)
            self._states.append(spots)
            self._steps.append({})
        return found

    def allowed(self, state: State) -> frozenset[int]:
        """The bytes that may follow."""
        found = self._allowed.get(state[0])
        if found is None:
            found = self._allowed[state[0]] = frozenset(
                byte
                for piece, place, _, _ in self._states[state[0]]
                if piece is not None
                for byte in piece.allowed(place)
            )
        return found

    def only(self, state: State) -> int | None:
        """The one byte that may follow, where there is but one and the row may not end."""
        number = state[0]
        if number not in self._only:
            allowed = self.allowed(state)
            self._only[number] = next(iter(allowed)) if len(allowed) == 1 and not self.ends(state) else None
        return self._only[number]

    def noise(self, state: State) -> list[int]:
        """The bytes of which any may follow with equal likelihood; none where that is not known."""
        spots = self._states[state[0]]
        if len(spots) != 1:
            return []
        ((piece, place, _, _),) = spots
        return sorted(piece.allowed(place)) if isinstance(piece, CharactersPiece) and piece.noise else []

    def ends(self, state: State) -> bool:
        """Whether the row may end here."""
        return any(piece is None for piece, _, _, _ in self._states[state[0]])

    def over(self, state: State) -> bool:
        """Whether nothing may follow."""
        return all(piece is None for piece, _, _, _ in self._states[state[0]])

    def coarse(self, state: State) -> frozenset[object]:
        """Equal for states that allow the same tokens, registers aside."""
        return frozenset(
            (piece, piece.coarse(place) if piece is not None else 0, then, settling)
            for piece, place, then, settling in self._states[state[0]]
        )

    def rest(self, state: State) -> bytes:
        """A short way to the end of the row."""
        done = bytearray()
        while not self.ends(state):
            for byte in self._way(state):
                following = self.step(state, byte)
                if following is None:  # a later field may not have the value that the way has for it
                    break
                state = following
                done.append(byte)
        return bytes(done)

    def _way(self, state: State) -> bytes:
        """A short way to the end, that at least begins well."""
        ways = []
        for piece, place, then, _ in self._states[state[0]]:
            if piece is not None and then is not None and (own := piece.shortest(place)):
                ways.append(own + then.shortest())
        return min(ways, key=len)

    def accepts(self, row: bytes) -> bool:
        """Whether a row is one of these."""
        state: State | None = self.start
        for byte in row:
            state = self.step(state, byte) if state is not None else None
        return state is not None and self.ends(state)
