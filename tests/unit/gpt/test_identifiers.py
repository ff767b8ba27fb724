from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.gpt.bpe import JsonBpeTokenizer
from icelos.gpt.identifiers import MOST, between, found, opaque, repeated

NAME = "0a1b2c3d-1a2b-4c5d-8e9f-aabbccddeeff"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'{{"id":"{NAME}"}}', [NAME]),
        (f'{{"id":"{NAME.upper()}"}}', [NAME.upper()]),
        ("hash=deadbeef0123,", ["deadbeef0123"]),
        ("gx3E5YILLzmh6tySrU4x", ["gx3E5YILLzmh6tySrU4x"]),
        ("2025-01-07T09:46:04Z 123456789012345", []),  # a number is no name
        ("authenticationContextClassReferences", []),
        ("u7a15d6e7b4@d0f9649", ["u7a15d6e7b4", "d0f9649"]),
        ("key=ASIAY34FZKBOKMUTVV7A i-0abc12", ["ASIAY34FZKBOKMUTVV7A", "0abc12"][:1]),
        ("20250107T094604Z windows2016 x86_64 TLSv13", []),
        ("xdeadbeef0123 deadbeef01234z", []),  # a part of a word
        ("dead-beef", []),
        ("at dc56869, db75d89: 20b53291ccbe", ["dc56869", "db75d89", "20b53291ccbe"]),
        ("facade deadbeef 20250131 1234567 python3 abcdefa1", []),
    ],
)
def test_opaque_identifiers_are_found_whole(text: str, found: list[str]) -> None:
    assert [match[0] for match in opaque(text)] == found


def test_identifiers_of_three_texts_repeat_however_often_they_stand_in_one() -> None:
    other, long = "deadbeef0123", "a1" * 100
    texts = [f"{NAME} {NAME}", NAME, f"x-{NAME} {other} {long}", f"{other} {long}", long]
    assert repeated(texts, longest=128) == [NAME]
    assert repeated(texts, longest=300) == [long, NAME]  # what saves most comes first


def test_words_with_digits_are_names_where_they_repeat_as_a_whole() -> None:
    texts = [
        f'{{"ip":"198.18.7.20","at":-53.5511,"time":"2025-01-07T0{n // 4}:00:00Z","n":{n}77}}'
        for n in range(5)
    ]
    assert repeated(texts, longest=128) == ["198.18.7.20", "53.5511"]
    assert [text[a:b] for text in texts[:1] for a, b, _ in found(text, {"53.5511", "01-07"})] == ["53.5511"]


def test_there_are_at_most_so_many_names() -> None:
    texts = [" ".join(str(uuid.UUID(int=n << 64 | 0xABCDEF)) for n in range(MOST + 5))] * 3
    assert len(repeated(texts, longest=128)) == MOST


@pytest.mark.parametrize("piece", ["a", "a-", "1", "aA1", "a.", "-", "f1-", "0123456789abcdef-"])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    for count, _ in enumerate((*found(text, {"x"}), *opaque(text), None)):
        assert count < 100_000
    assert len("".join(between([text], ()))) <= len(text)


def test_texts_between_names_and_identifiers_are_kept() -> None:
    texts = [f"a {NAME} b x-deadbeef0123 c 10.0.0.1", "10.0.0.12"]
    assert list(between(texts, {"10.0.0.1"})) == ["a ", " b x-", " c ", "", "10.0.0.12"]


@pytest.fixture(scope="module")
def tokenizer() -> JsonBpeTokenizer:
    rows = [
        f'{{"id":"{uuid.UUID(int=n * 0x123456789ABCDEF123456789ABCDEF % (1 << 128))}","user":"{NAME}"}}'
        for n in range(1, 400)
    ]
    return JsonBpeTokenizer.fit(row.encode() for row in rows)


def test_a_name_is_one_token_and_others_come_in_pairs(tokenizer: JsonBpeTokenizer) -> None:
    row = f'{{"id":"9f8e7d6c-1a2b-4c5d-8e9f-001122334455","user":"{NAME}"}}'.encode()
    pieces = [tokenizer.decode([i]).decode() for i in tokenizer.encode(row)]
    assert pieces[-2] == NAME
    assert pieces[1:21] == "9f 8e 7d 6c - 1a 2b - 4c 5d - 8e 9f - 00 11 22 33 44 55".split()


def test_digits_of_identifiers_are_other_tokens_than_those_of_text(tokenizer: JsonBpeTokenizer) -> None:
    spelled, plain = tokenizer.encode(b"57a1b2c3d4e5f607"), tokenizer.encode(b"57")
    assert tokenizer.decode(spelled[:1]) == tokenizer.decode(plain) == b"57"
    assert spelled[0] != plain[0]
    assert tokenizer.spelled("57") == spelled[0]
    assert tokenizer.spelled("zz") == 0


@given(st.binary(max_size=60), st.sampled_from([NAME.encode(), NAME[:30].encode(), b""]))
def test_any_bytes_come_back(tokenizer: JsonBpeTokenizer, data: bytes, name: bytes) -> None:
    for row in (data, data + name + data):
        assert tokenizer.decode(tokenizer.encode(row)) == row


def test_the_state_makes_the_same_tokenizer(tokenizer: JsonBpeTokenizer) -> None:
    again = JsonBpeTokenizer.from_state(tokenizer.state)
    row = f"{NAME} deadbeef0123".encode()
    assert again.encode(row).tolist() == tokenizer.encode(row).tolist()


@pytest.mark.parametrize("names", [("",), ("ab", "ab"), ("x" * 129,)])
def test_names_that_cannot_be_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a name"):
        JsonBpeTokenizer((), names)


def test_an_unknown_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="alphabet"):
        JsonBpeTokenizer((), (), (3,))


def test_what_stands_in_few_of_many_texts_is_no_name() -> None:
    texts = [f"ada@host17 session a{n // 4:06}z" for n in range(16_000)]
    assert repeated(texts, longest=128) == ["ada@host17"]
    assert set(repeated(texts[:4000], longest=128)) > {"ada@host17", "a000007z"}
