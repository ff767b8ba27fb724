"""The chain as the manual describes it, so that others can check it without us."""

from __future__ import annotations

import hashlib
import json

from icelos.people.chain import NOTHING, Head, Link, Walk, hash_of, is_signed, signature


def link(number: int, previous: str, subject: str = "x") -> Link:
    content = (
        number,
        "2026-01-01T00:00:00.000000+00:00",
        "ann",
        "link",
        "",
        "search",
        subject,
        "{}",
        previous,
    )
    return Link(*content, hash_of(content))


def test_the_hash_is_of_plain_json() -> None:
    one = link(1, NOTHING, 'é "quoted"\n')
    text = json.dumps(list(one[:-1]), ensure_ascii=False, separators=(",", ":"))
    assert one.hash == hashlib.sha256(text.encode()).hexdigest()
    assert text.startswith('[1,"2026-')


def test_a_whole_chain_has_no_problems_and_knows_what_was_noted() -> None:
    first = link(1, NOTHING)
    second = link(2, first.hash)
    walk = Walk(f"1:{first.hash}")
    for one in (first, second):
        walk.step(one)
    assert walk.problems == []
    assert walk.has_noted
    assert walk.last == Head(2, second.hash)


def test_what_does_not_follow_is_told() -> None:
    walk = Walk()
    walk.step(link(2, "f" * 64)._replace(subject="y"))
    assert len(walk.problems) == 3


def test_a_head_is_signed_by_one_key() -> None:
    head = Head(3, "a" * 64)
    signed = signature(b"k" * 32, head)
    assert is_signed(b"k" * 32, head, signed)
    assert not is_signed(b"l" * 32, head, signed)
    assert not is_signed(b"k" * 32, Head(4, "a" * 64), signed)
    assert not is_signed(b"k" * 32, head, "\udcff")
