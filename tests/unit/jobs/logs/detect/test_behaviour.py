"""Features: what is usual and what is not, whatever the batches."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.columns import Columns, Layout, Reader
from icelos.jobs.logs.detect.takeovers import LONGEST, with_takeovers

LAYOUT = Layout(
    user="user", time="time", facets=("app", "address", "result"), session="session", source="address",
    result="result", latitude="lat", longitude="lon",
)  # fmt: skip
MONDAY = 1_736_150_400.0


def columns(rows: list[dict[str, object]]) -> Columns:
    reader = Reader(LAYOUT)
    return reader.columns([tuple(row.get(path) for path in LAYOUT.paths) for row in rows])


def day_of(user: str, day: int, **other: object) -> list[dict[str, object]]:
    """A day at work: a row every half an hour, from the same place."""
    start = MONDAY + 86_400 * day + 8 * 3600
    row = {
        "user": user,
        "app": "mail",
        "address": f"192.0.2.{len(user)}",
        "result": 0,
        "session": f"{user}{day}",
    }
    return [{**row, "time": start + 1800 * n, "lat": 53.5, "lon": 10.0, **other} for n in range(16)]


def usual(days: int = 10) -> list[dict[str, object]]:
    rows = [row for day in range(days) for user in ("ada", "grace", "edsger") for row in day_of(user, day)]
    return sorted(rows, key=lambda row: float(str(row["time"])))


def last(rows: list[dict[str, object]]) -> dict[str, float]:
    behaviour = Behaviour(LAYOUT)
    return dict(zip(behaviour.names, behaviour.features(columns(rows))[-1].tolist(), strict=True))


def test_what_is_usual_is_no_surprise_and_what_is_new_is_one() -> None:
    same = last([*usual(), *day_of("ada", 10)[:2]])
    new = last([*usual(), *day_of("ada", 10, address="198.51.100.7")[:1]])
    assert same["surprise: address"] < 0.5
    assert new["surprise: address"] > 10
    assert new["usual novelty: address"] > 5
    assert same["usual novelty: address"] == 0
    assert new["new to the user"] == 1
    assert new["all surprises"] > same["all surprises"] + 10


def test_what_others_have_is_less_of_a_surprise() -> None:
    nobodys = last([*usual(), *day_of("ada", 10, address="198.51.100.7")[:1]])
    someones = last([*usual(), *day_of("ada", 10, address="192.0.2.5")[:1]])
    assert someones["surprise: address"] < nobodys["surprise: address"] - 5
    assert someones["others with it: address"] > 0 == nobodys["others with it: address"]


def test_who_changes_often_is_judged_by_that() -> None:
    moving = [{**row, "address": f"203.0.113.{n % 250}"} for n, row in enumerate(usual())]
    calm = last([*usual(), *day_of("ada", 10, address="198.51.100.7")[:1]])
    used_to = last([*moving, *day_of("ada", 10, address="198.51.100.7")[:1]])
    assert used_to["usual novelty: address"] < calm["usual novelty: address"] / 3


def test_a_user_without_a_history_is_judged_by_everybodys() -> None:
    known = last([*usual(), *day_of("newcomer", 10, address="192.0.2.5")[:1]])
    unknown = last([*usual(), *day_of("newcomer", 10, address="198.51.100.7", app="shell")[:1]])
    assert known["history"] == 0
    assert unknown["all surprises"] > known["all surprises"] + 10


def test_a_user_is_judged_by_its_peers_before_everybody() -> None:
    """Two offices: what those here always have is less of a surprise than what only those there have, though
    as many have it."""
    people = {"ada": "hall", "grace": "hall", "edsger": "attic", "barbara": "attic"}
    rows = [
        {**row, "app": "plans" if place == "hall" else "ledger", "address": place}
        for day in range(10) for user, place in people.items() for row in day_of(user, day)
    ]  # fmt: skip
    rows.sort(key=lambda row: float(str(row["time"])))
    layout = replace(LAYOUT, peers="address")
    found = {}
    for app in ("plans", "ledger"):
        behaviour = Behaviour(layout)
        new = day_of("alan", 10, address="hall", app=app)[:1]
        found[app] = dict(
            zip(behaviour.names, behaviour.features(columns([*rows, *new]))[-1].tolist(), strict=True)
        )
    assert found["plans"]["surprise: app"] < 1.5
    assert found["ledger"]["surprise: app"] > found["plans"]["surprise: app"] + 2
    assert (found["plans"]["new to peers"], found["ledger"]["new to peers"]) == (0, 1)
    assert found["plans"]["new to all"] == found["ledger"]["new to all"] == 0


def test_a_visit_elsewhere_does_not_change_who_the_peers_are() -> None:
    layout = replace(LAYOUT, peers="address")
    rows = [
        row for day in range(10) for user in ("ada", "grace") for row in day_of(user, day, address="hall")
    ]
    visit = day_of("ada", 10, address="attic")[:2]
    behaviour = Behaviour(layout)
    features = behaviour.features(columns([*rows, *visit]))
    surprise = features[:, behaviour.names.index("new to peers")]
    assert surprise[-2] == surprise[-1] == 1


def test_speed_sessions_and_bursts() -> None:
    abroad = day_of("ada", 10)[:2]
    abroad[1] |= {"address": "198.51.100.7", "lat": 35.0, "lon": 135.0}
    found = last([*usual(), *abroad])
    assert np.expm1(found["distance"]) == pytest.approx(8_900, rel=0.05)
    assert np.expm1(found["speed"]) > 10_000
    assert found["session moved"] > 1
    failing = [
        {**day_of("ada", 10)[0], "result": 50126, "time": MONDAY + 864_000 + 30 * n} for n in range(20)
    ]
    found = last([*usual(), *failing])
    assert np.expm1(found["failures of the user, 1 h"]) == pytest.approx(19, rel=0.15)
    assert found["failure"] == 1
    assert found["more than usual, 1 h"] > 2
    spray = [{**row, "user": f"user{n}", "address": "198.51.100.7"} for n, row in enumerate(failing)]
    assert np.expm1(last([*usual(), *spray])["new users of the source, 1 h"]) == pytest.approx(19, rel=0.15)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["ada", "grace", None]),
            "time": st.one_of(st.none(), st.floats(MONDAY, MONDAY + 3e6)),
            "app": st.sampled_from(["mail", "files", None]),
            "address": st.sampled_from(["192.0.2.1", "192.0.2.2", ""]),
            "result": st.sampled_from([0, 50126]),
            "session": st.sampled_from(["s", "t", None]),
            "lat": st.sampled_from([53.5, None]),
            "lon": st.sampled_from([10.0, -70.0]),
        }
    ),
    min_size=2,
    max_size=50,
)


@given(ROWS, st.lists(st.integers(0, 50), max_size=3), st.sampled_from(["", "app", "address"]))
@settings(max_examples=60)
def test_features_do_not_depend_on_batches(
    rows: list[dict[str, object]], cuts: list[int], peers: str
) -> None:
    whole, layout = columns(rows), replace(LAYOUT, peers=peers)
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    one, other = Behaviour(layout), Behaviour(layout)
    found = one.features(whole)
    parts = [other.features(whole.take(slice(begin, end))) for begin, end in pairwise(edges)]
    assert np.array_equal(found, np.concatenate(parts))
    assert np.isfinite(found).all()
    third = Behaviour(layout)
    third.restore(one.snapshot())
    assert np.array_equal(one.features(whole), third.features(whole))


def test_a_state_of_something_else_is_refused() -> None:
    state = Behaviour(LAYOUT).snapshot()
    del state["places/marks"]
    with pytest.raises(ValueError, match="not a state"):
        Behaviour(LAYOUT).restore(state)


def test_no_rows() -> None:
    behaviour = Behaviour(LAYOUT)
    assert behaviour.features(columns([])).shape == (0, len(behaviour.names))


def test_takeovers_stand_behind_what_they_copy() -> None:
    rows = columns(usual())
    mixed = with_takeovers(rows, 0.05, np.random.default_rng(1))
    own = mixed.takeovers == 0
    assert np.array_equal(mixed.columns.users[own], rows.users)
    assert np.array_equal(mixed.origins[own], np.arange(len(rows)))
    made = np.flatnonzero(~own)
    assert made.size
    assert (mixed.columns.users[made] != rows.users[mixed.origins[made]]).all()
    assert np.array_equal(mixed.columns.facets[made], rows.facets[mixed.origins[made]])
    assert (mixed.columns.sessions[made] != rows.sessions[mixed.origins[made]]).all()
    assert (np.diff(mixed.origins) >= 0).all()
    assert np.bincount(mixed.takeovers)[1:].max() <= LONGEST
    nobody = with_takeovers(columns([{"app": "x"}] * 5), 1.0, np.random.default_rng(1))
    assert not nobody.takeovers.any()
