from __future__ import annotations

from icelos.evaluate.cases import Case, half, of_half


def test_halves_are_even_stable_and_independent_of_each_other() -> None:
    names = [f"case {n}" for n in range(4000)]
    tuned = [name for name in names if half(name) == "tune"]
    assert 1900 < len(tuned) < 2100
    assert half("case 0") == half("case 0")
    other = [name for name in tuned if half(name, salt="asked") == "tune"]
    assert 900 < len(other) < 1100


def test_the_split_is_pinned() -> None:
    """Another split would move cases that have been tuned on into the held-out half."""
    assert "".join(half(f"case {n}")[1] for n in range(16)) == "ueuuueeueueeeueu"


def test_a_sample_is_the_beginning_of_a_longer_one() -> None:
    cases = [Case(f"case {n}", "q", frozenset()) for n in range(100)]
    assert of_half(cases, "test", most=5) == of_half(reversed(cases), "test", most=20)[:5]
    assert {c.id for c in of_half(cases, "test")} | {c.id for c in of_half(cases, "tune")} == {
        c.id for c in cases
    }
