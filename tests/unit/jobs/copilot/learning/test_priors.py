from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.copilot.learning.priors import Prior, Rules, Taught, compiled, trusting, without
from icelos.jobs.copilot.learning.votes import Vote

RULES = Rules()
NOW = datetime(2026, 5, 1, tzinfo=UTC)
ASKED = "pins of the lock are lifted"
ALIKE = "how are the pins of a hinge lifted"


def vote(
    person: str, document: str, value: float = 1.0, *, query: str = ASKED, days: float = 0.0, version: int = 1
) -> Vote:
    return Vote(1, person, ("soc",), query, document, version, value, NOW - timedelta(days=days), True)


def lifts(
    votes: Iterable[Vote],
    *,
    query: str = ASKED,
    size: int = 10,
    versions: Mapping[str, int] | None = None,
    rules: Rules = RULES,
) -> dict[str, float]:
    taught = compiled("group:soc", list(votes), size=size)
    return Prior(taught, rules).lifts(
        query, None, "", lambda ids: versions if versions is not None else dict.fromkeys(ids, 1), now=NOW
    )


def test_a_paraphrase_profits_and_another_question_does_not() -> None:
    two = [vote("ann", "a"), vote("ben", "a")]
    both = [*two, vote("cat", "b", query=ALIKE), vote("dan", "b", query=ALIKE)]
    assert lifts(two, query=ALIKE)["a"] > 0
    assert lifts(both)["a"] > lifts(both, query=ALIKE)["a"] > 0
    assert lifts(two, query="window panes") == {}


def test_enough_people_must_agree() -> None:
    assert lifts([vote("ann", "a")]) == {}
    assert lifts([vote("ann", "a"), vote("ben", "a", -1.0)]) == {}
    assert lifts([vote("ann", "a"), vote("ben", "a")], size=100) == {}
    assert "a" in lifts([vote(f"p{n}", "a") for n in range(10)], size=100)


def test_one_person_has_one_vote_however_often_they_vote() -> None:
    zealous = [vote("ann", "a", query=f"{ASKED} {n}") for n in range(50)]
    rest = [vote("ben", "a"), vote("cat", "b"), vote("dan", "b")]
    found = lifts([*zealous, *rest])
    assert found["a"] == pytest.approx(found["b"], rel=0.05)
    assert lifts(zealous) == {}


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 3), st.floats(-1, 1), st.sampled_from([ASKED, ALIKE])),
        max_size=60,
    )
)
def test_lifts_stay_within_the_cap(rows: list[tuple[int, int, float, str]]) -> None:
    found = lifts(vote(f"p{p}", f"d{d}", value, query=query) for p, d, value, query in rows)
    assert all(abs(lift) <= Rules().cap for lift in found.values())


def test_a_bad_mark_lowers() -> None:
    assert lifts([vote("ann", "a", -1.0), vote("ben", "a", -1.0)])["a"] < 0


def test_votes_age_and_a_changed_document_loses() -> None:
    fresh = lifts([vote("ann", "a"), vote("ben", "a")])["a"]
    old = lifts([vote("ann", "a", days=540), vote("ben", "a", days=540)])["a"]
    assert old < fresh
    two = [vote("ann", "a"), vote("ben", "a")]
    assert lifts(two, versions={"a": 4})["a"] < lifts(two, versions={"a": 2})["a"] < fresh
    assert lifts(two, versions={}) == {}  # gone, or not to be read


def test_what_is_flagged_keeps_nothing_in_its_favour() -> None:
    votes = [vote("ann", "a"), vote("ben", "a"), vote("ann", "b", -1.0), vote("ben", "b", -1.0)]
    taught = compiled("group:soc", votes, size=10, flagged={"a", "b"})
    found = Prior(taught, Rules()).lifts(ASKED, None, "", lambda ids: dict.fromkeys(ids, 1), now=NOW)
    assert found.keys() == {"b"}


def test_who_votes_against_all_others_is_not_trusted() -> None:
    votes = [vote(f"p{p}", f"good {n}", query=f"{ASKED} {n}") for p in range(6) for n in range(8)]
    votes += [vote("bad", f"evil {n}", query=f"{ASKED} {n}") for n in range(8)]
    taught = trusting(compiled("group:soc", votes, size=7), Rules())
    trust = dict(zip(taught.voters, taught.trust, strict=True))
    assert trust["bad"] < 0.3 < min(value for name, value in trust.items() if name != "bad")


def test_one_person_can_be_taken_out() -> None:
    votes = [
        vote("ann", "a"),
        vote("ben", "a"),
        vote("ben", "b", query="only ben asked this"),
        vote("cat", "a"),
    ]
    whole = trusting(compiled("group:soc", votes, size=10), Rules())
    left = without(whole, "ben")
    assert left.voters == ("ann", "cat")
    assert left.queries == (ASKED,)
    assert {row[2] for row in left.votes} == {0, 1}
    assert len(left.trust) == 2
    assert without(left, "ben") is left
    assert isinstance(left, Taught)


def test_the_same_votes_teach_the_same() -> None:
    votes = [vote(f"p{p}", f"d{p % 3}", query=f"{ASKED} {p % 4}") for p in range(12)]
    assert trusting(compiled("s", votes, size=12), Rules()) == trusting(
        compiled("s", votes, size=12), Rules()
    )
