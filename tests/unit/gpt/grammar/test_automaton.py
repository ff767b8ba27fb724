from __future__ import annotations

import csv
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gpt.grammar.conftest import USERS, cef_rows, csv_rows, json_rows

from icelos.gpt.grammar.automaton import Automaton
from icelos.gpt.grammar.compile import compiled
from icelos.gpt.grammar.learn import graph, learn
from icelos.gpt.grammar.learned import Grammar, Key, Keys, Node, Style
from icelos.gpt.grammar.rows import read_cef


def learned(rows: list[bytes]) -> Grammar:
    grammar = learn(rows)
    assert grammar is not None
    return grammar


def automaton(rows: list[bytes]) -> Automaton:
    grammar = learned(rows)
    return Automaton(compiled(grammar), grammar.dependencies)


def stroll(made: Automaton, rng: random.Random) -> bytes:
    """A row by chance, byte by byte; half the time by the short way from somewhere."""
    state, row = made.start, bytearray()
    stop = rng.randrange(400)
    while not made.over(state) and len(row) != stop:
        byte = rng.choice(sorted(made.allowed(state)) or [0])
        if made.ends(state) and (byte == 0 or rng.random() < 0.2):
            return bytes(row)
        following = made.step(state, byte)
        assert following is not None
        state = following
        row.append(byte)
    return bytes(row) + made.rest(state)


@pytest.mark.parametrize("make", [json_rows, cef_rows, csv_rows])
def test_all_rows_learned_from_are_accepted_and_others_are_of_their_kind(make) -> None:  # type: ignore[no-untyped-def]
    rows = make()
    made = automaton(rows)
    assert all(made.accepts(row) for row in rows)
    rng = random.Random(3)
    for _ in range(100):
        row = stroll(made, rng)
        assert made.accepts(row)
        if make is json_rows:
            assert isinstance(json.loads(row), dict)
        elif make is cef_rows:
            read_cef(row.decode())
        else:
            assert len(next(csv.reader([row.decode()]))) == 5


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
DOCUMENTS = st.dictionaries(
    st.text(),
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6),
)


@settings(max_examples=60, deadline=None)
@given(documents=st.lists(DOCUMENTS, min_size=1, max_size=6), plain=st.booleans(), seed=st.integers(0, 99))
def test_of_any_json_what_is_allowed_parses(
    documents: list[dict[str, object]], plain: bool, seed: int
) -> None:
    rows = [json.dumps(one, ensure_ascii=plain).encode("utf-8", "surrogatepass") for one in documents]
    grammar = learn(rows)
    if grammar is None:
        return
    made = Automaton(compiled(grammar), grammar.dependencies)
    for n in range(5):
        assert isinstance(json.loads(stroll(made, random.Random((seed, n).__hash__()))), dict)


def test_what_was_never_seen_together_is_not_made() -> None:
    made = automaton(json_rows())
    pairs = set()
    for n in range(60):
        row = json.loads(stroll(made, random.Random(n)))
        pairs.add((row["name"], row["user"]))
    assert pairs == set(USERS)


def test_keys_come_in_an_order_that_was_seen() -> None:
    rows = [b'{"a":1,"b":2,"c":3}', b'{"b":2,"a":1}', b'{"a":1,"c":3}'] * 20
    made = automaton(rows)
    assert all(made.accepts(row) for row in rows)
    for row in (b'{"a":1,"b":2}', b'{"c":3}', b'{"a":1,"a":1}', b'{"a":1, "c":3}', b'{"a":1,"c":3} '):
        assert not made.accepts(row)


@given(st.lists(st.lists(st.integers(0, 4), max_size=5).map(tuple), min_size=1, max_size=12))
def test_the_graph_spells_the_sequences_and_no_others(sequences: list[tuple[int, ...]]) -> None:
    steps, ends = graph(sequences)

    def spelt(at: int) -> set[tuple[int, ...]]:
        found = {(key, *rest) for key, to in steps[at] for rest in spelt(to)}
        return found | ({()} if at in ends else set())

    assert spelt(0) == set(sequences)


def test_objects_of_many_keys_and_deep_ones_are_no_burden() -> None:
    wide = json.dumps({f"k{n}": n for n in range(1000)}).encode()
    deep = b'{"a":' * 20 + b"1" + b"}" * 20
    for row in (wide, deep):
        made = automaton([row] * 3)
        assert made.accepts(row)
        assert made.rest(made.start) == row


def test_a_graph_that_leads_back_is_refused() -> None:
    keys = Keys(keys=(Key(name="a", text='"a":', value=Node()),), steps=(((0, 0),),), ends=(0,))
    with pytest.raises(ValueError, match="follow themselves"):
        compiled(Grammar(kind="json", style=Style(), root=Node(keys=keys)))


def test_memory_can_be_given_back() -> None:
    made = automaton(json_rows())
    row = json_rows()[0]
    assert made.accepts(row)
    made.forget()
    assert made.accepts(row)
    assert not made.full
