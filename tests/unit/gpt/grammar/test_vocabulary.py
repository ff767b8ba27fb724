from __future__ import annotations

import json
import random

import numpy as np
import pytest
from tests.unit.gpt.grammar.conftest import json_rows

from icelos.gpt import tokenizers
from icelos.gpt.grammar.automaton import Automaton
from icelos.gpt.grammar.compile import compiled
from icelos.gpt.grammar.learn import learn
from icelos.gpt.grammar.learned import Grammar
from icelos.gpt.grammar.vocabulary import Guide
from icelos.gpt.tokenizers import END, Tokenizer

ROWS = json_rows()
KINDS = ["byte", "char", "bpe", "json-bpe"]


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    grammar = learn(ROWS)
    assert grammar is not None
    return grammar


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return tokenizers.fit(request.param, ROWS)


def test_the_tokens_of_a_row_that_was_seen_are_all_let_through(
    grammar: Grammar, tokenizer: Tokenizer
) -> None:
    guide = Guide(grammar, tokenizer)
    for row in ROWS[:20]:
        state = guide.start
        for token in tokenizer.encode(row).tolist():
            assert token in guide.allowed(state)
            state = guide.advance(state, token)
        assert END in guide.allowed(state)


def test_what_is_copied_begins_as_rows_were_learned(tokenizer: Tokenizer) -> None:
    """A copy that ends where a token would go on tells the model that something rare follows."""
    rows = [
        f'{{"kind":"sign-in","name":{name},"n":{n % 7}}}'.encode()
        for n, name in enumerate(['"ann"', '"bob"', '"carl"', "null", '"dora"', '"eve"'] * 40)
    ]
    fitted, grammar = tokenizers.fit(tokenizer.kind, rows), learn(rows)
    assert grammar is not None
    copied, _ = Guide(grammar, fitted).copied(Guide(grammar, fitted).start, np.random.default_rng(0))
    for row in rows:
        assert tuple(fitted.encode(row).tolist()[: len(copied)]) == copied


def test_what_is_allowed_is_what_trying_each_token_gives(grammar: Grammar, tokenizer: Tokenizer) -> None:
    guide, plain = Guide(grammar, tokenizer), Automaton(compiled(grammar), grammar.dependencies)
    rng = random.Random(0)
    state, other = guide.start, plain.start
    for _ in range(60):
        allowed = set(guide.allowed(state).tolist())
        for token in range(1, tokenizer.size):
            at = other
            for byte in tokenizer.decode([token]):
                at = plain.step(at, byte) if at is not None else None  # type: ignore[assignment]
            assert (token in allowed) is (at is not None)
        choice = rng.choice(sorted(allowed))
        if choice == END:
            break
        state = guide.advance(state, choice)
        for byte in tokenizer.decode([choice]):
            other = plain.step(other, byte)  # type: ignore[assignment]


def test_rows_by_chance_parse_whatever_the_tokenizer(grammar: Grammar, tokenizer: Tokenizer) -> None:
    guide = Guide(grammar, tokenizer)
    rng = random.Random(1)
    copied = total = 0
    for _ in range(20):
        tokens: list[int] = []
        state = guide.start
        while True:
            more, state = guide.copied(state, np.random.default_rng(0))
            tokens.extend(more)
            copied += len(more)
            if guide.over(state):
                break
            token = rng.choice(guide.allowed(state).tolist())
            if token == END:
                break
            tokens.append(token)
            state = guide.advance(state, token)
        total += len(tokens)
        assert isinstance(json.loads(tokenizer.decode(tokens)), dict)
    assert copied > 0.1 * total


def test_the_last_copied_token_is_left_to_the_model(grammar: Grammar) -> None:
    tokenizer = tokenizers.fit("json-bpe", ROWS)
    guide = Guide(grammar, tokenizer)
    tokens, state = guide.copied(guide.start, np.random.default_rng(0))
    text = tokenizer.decode(tokens)
    assert text.startswith(b'{"id": "')
    assert b'", "time": "2024-02-'.startswith(text[len('{"id": "') + 36 :])
    open_ = [tokenizer.decode([token]) for token in guide.allowed(state).tolist()]
    assert max(map(len, open_)) > 1


def test_noise_is_drawn_and_what_stands_twice_is_not() -> None:
    rng = random.Random(5)
    ids = [f"{rng.getrandbits(64):016x}" for _ in range(300)]
    rows = [
        f'{{"a":"{ids[n]}","b":"{ids[n]}","c":"{rng.getrandbits(64):016x}"}}'.encode() for n in range(300)
    ]
    grammar = learn(rows)
    assert grammar is not None
    assert grammar.root.keys is not None
    a, b, c = (str(key.value.values) for key in grammar.root.keys.keys)
    assert "noise=True" not in a + b
    assert "noise=True" in c
    tokenizer = tokenizers.fit("byte", rows)
    guide = Guide(grammar, tokenizer)
    state = guide.start
    for token in tokenizer.encode(rows[0][: rows[0].index(b'"c"')]).tolist():
        state = guide.advance(state, token)
    ends = {tokenizer.decode(guide.copied(state, np.random.default_rng(n))[0]) for n in range(50)}
    assert len(ends) == 50
    assert all(json.loads(rows[0][: rows[0].index(b'"c"')] + end)["a"] == ids[0] for end in ends)


def test_a_row_that_must_end_gets_an_end(grammar: Grammar) -> None:
    tokenizer = tokenizers.fit("byte", ROWS)
    guide = Guide(grammar, tokenizer)
    for row in ROWS[:10]:
        for cut in (0, 1, 20, 60, len(row) // 2, len(row) - 1):
            state = guide.start
            for token in tokenizer.encode(row[:cut]).tolist():
                state = guide.advance(state, token)
            assert isinstance(json.loads(row[:cut] + guide.rest(state)), dict)


def test_a_token_that_may_not_follow_is_refused(grammar: Grammar) -> None:
    guide = Guide(grammar, tokenizers.fit("byte", ROWS))
    with pytest.raises(ValueError, match="may not follow"):
        guide.advance(guide.start, 1)


def test_text_is_copied_whole_where_no_token_goes_on_into_what_the_grammar_allows() -> None:
    """`":"` begins tokens of other rows; here a digit follows, and digits are tokens of their own."""
    rows = [f'{{"name":"{name}","n":{n}}}'.encode() for n in range(100, 400) for name in ("ann", "bob")]
    tokenizer, grammar = tokenizers.fit("json-bpe", rows), learn(rows)
    assert grammar is not None
    guide = Guide(grammar, tokenizer)
    state = guide.start
    for token in tokenizer.encode(b'{"name":"ann').tolist():
        state = guide.advance(state, token)
    tokens, state = guide.copied(state, np.random.default_rng(0))
    assert tokenizer.decode(tokens) == b'","n":'
    assert {tokenizer.decode([token])[:1] for token in guide.allowed(state).tolist()} <= {b"1", b"2", b"3"}
