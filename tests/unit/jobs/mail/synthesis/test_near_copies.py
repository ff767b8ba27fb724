import random

import pytest

from icelos.jobs.mail.synthesis.compose import compose
from icelos.jobs.mail.synthesis.near_copies import (
    NearCopies,
    Refusals,
    comparable,
    jaccard,
    near_share,
    refuse_near,
    shingles,
)

WORDS = [f"word{n}" for n in range(3000)]


def text(seed: int, length: int = 120) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def changed(original: str, share: float, seed: int) -> str:
    """The text with a share of its words replaced."""
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) if rng.random() < share else word for word in original.split())


def test_similarity_is_of_shingles() -> None:
    assert jaccard(shingles("a b c d e"), shingles("A, b. c d e!")) == 1.0
    assert jaccard(shingles("a b c d e"), shingles("a b c d f")) == pytest.approx(1 / 3)
    assert jaccard(shingles("short"), shingles("short")) == 1.0
    assert jaccard(shingles(""), shingles("")) == 0.0


def test_planted_copies_are_refused() -> None:
    kept = NearCopies()
    for seed in range(300):
        kept.add(text(seed), f"real {seed}", real=True)
    found = 0
    for seed in range(300):
        copy = changed(text(seed), 0.12, seed)
        if jaccard(shingles(copy), shingles(text(seed))) >= 0.3:
            near = kept.near(copy)
            found += near is not None and near.name == f"real {seed}" and near.real
    assert found >= 0.97 * sum(
        jaccard(shingles(changed(text(seed), 0.12, seed)), shingles(text(seed))) >= 0.3 for seed in range(300)
    )
    assert all(kept.near(text(seed)) is None for seed in range(1000, 1200))


def test_what_is_refused_is_counted_by_reason() -> None:
    mails = [compose(seed=seed) for seed in range(60)]
    refusals = Refusals()
    passed = list(refuse_near([*mails, *mails[:10]], [comparable(mails[0])], refusals=refusals))
    assert mails[0] not in passed
    assert refusals.passed == len(passed) >= 55
    assert refusals.refused["near real mail"] == 2
    assert refusals.refused["near another synthetic mail"] >= 9
    assert "refused (" in str(refusals)


def test_the_threshold_holds() -> None:
    strict, loose = NearCopies(threshold=0.2), NearCopies(threshold=0.9)
    original, copy = text(1), changed(text(1), 0.03, 5)
    for kept in (strict, loose):
        kept.add(original, "one")
    assert strict.near(copy) is not None
    assert loose.near(copy) is None
    assert strict.near("") is None


def test_the_share_of_near_pairs_is_exact() -> None:
    assert near_share([text(1), text(1), text(2)]) == pytest.approx(1 / 3)
    assert near_share([]) == 0.0


def test_long_text_is_bounded() -> None:
    assert len(shingles("a b c " * 1_000_000)) <= 20_000
