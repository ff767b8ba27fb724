"""Scenarios: those that ship, what is refused, dials; and what is composed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.feeds.attack import bundled_techniques
from icelos.errors import InputError
from icelos.jobs.logs.whatif.composing import as_yaml, compose, varied
from icelos.jobs.logs.whatif.matrix import by_tactic, covered, layer
from icelos.jobs.logs.whatif.scenario import (
    Dial,
    between,
    dialled,
    duration,
    load,
    named,
    parse,
    seconds,
    shipped,
    valued,
)

WHOLE = """
name = "spray"
title = "A spray"
[[stages]]
name = "one"
technique = "T1110.003"
log = "entra-signin"
"""


@pytest.mark.parametrize("name", shipped())
def test_what_ships_is_whole_and_its_techniques_are_of_attack(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    assert scenario.benign or scenario.references
    assert all(technique in bundled_techniques() for technique in scenario.techniques)
    assert scenario.benign == bool(scenario.resembles)
    assert scenario.resembles in ("", *shipped())


def test_the_attacks_that_everybody_asks_for_ship() -> None:
    wanted = {
        "password-spray", "impossible-travel", "token-theft", "device-code", "mfa-fatigue",
        "consent-phishing", "inbox-rule", "role-grant", "mass-download",
    }  # fmt: skip
    assert wanted <= {scenario.name for scenario in named(["attacks"])}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("T1110.003", "T11"), "not a technique"),
        (("entra-signin", "syslog"), "no log is called 'syslog'"),
        (('name = "one"', 'name = "one"\nsudden = 1'), "unknown field `sudden`"),
        (('name = "spray"', 'name = "A spray"'), "a name is made of"),
        (('name = "one"', 'name = "one"\nwithin = "soon"'), "not a duration: 'soon'"),
        (('name = "one"', 'name = "one"\nrows = -1'), "rows is a number from 0"),
        (('name = "one"', 'name = "one"\nchance = "often"'), "chance is a number"),
        (('name = "one"', 'name = "one"\nset = { ipAddress = "${nobody.address}" }'), "${nobody.address}"),
        (('title = "A spray"', 'title = "A"\nbenign = true'), "what is benign has no techniques"),
        (("[[stages]]", "[[stages"), "not a scenario"),
    ],
)
def test_what_is_wrong_is_said(change: tuple[str, str], told: str) -> None:
    assert parse(WHOLE, "x.toml").name == "spray"
    with pytest.raises(InputError) as raised:
        parse(WHOLE.replace(*change), "x.toml")
    assert told in str(raised.value)
    assert raised.value.source == "x.toml"


def test_a_scenario_may_be_yaml_and_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(as_yaml(load("token-theft")))
    assert load(str(path)) == load("token-theft")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        load(str(path))
    with pytest.raises(InputError, match="cannot read"):
        load(str(tmp_path / "absent.toml"))
    with pytest.raises(InputError, match="no scenario is called 'tokens'"):
        load("tokens")


def test_a_dial_goes_from_loud_to_quiet() -> None:
    rng = random.Random(0)
    assert between(100, 1, 0) == 100
    assert between(100, 1, 0.5) == pytest.approx(10)
    assert between(100, 1, 1) == pytest.approx(1)
    assert between(0, 4, 0.5) == 2
    assert duration(Dial("60s", "1h"), 0.5) == pytest.approx(60 * 60**0.5)
    drawn = [dialled(Dial("abroad", "town"), 0.25, rng) for _ in range(1000)]
    assert 200 < drawn.count("town") < 300


@given(st.integers(0, 999_999), st.sampled_from("smhd"))
def test_durations(number: int, unit: str) -> None:
    assert seconds(f"{number}{unit}") == number * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]


def test_values_keep_their_types_and_are_filled_in() -> None:
    rng, names = random.Random(0), {"attacker.asn": 64_900, "victim.user": "ada@x.example"}
    value = {
        "a": "${attacker.asn}",
        "b": "is ${victim.user}",
        "c": [{"one_of": [1]}, {"loud": 9, "quiet": 1}],
    }
    assert valued(value, names, 1.0, rng) == {"a": 64_900, "b": "is ada@x.example", "c": [1, 1]}


def test_composed_attacks_have_what_each_stage_needs() -> None:
    found = compose(named(["all"]), 40, seed=5)
    assert found == compose(named(["all"]), 40, seed=5)
    assert len({one.techniques for one in found}) > 10
    known = {one.techniques for one in named(["attacks"])}
    assert any(one.techniques not in known for one in found)
    for scenario in found:
        held: set[str] = set()
        for stage in scenario.stages:
            assert held.issuperset(stage.needs)
            held.update(stage.gives)
        assert not scenario.benign
        assert parse(as_yaml(scenario), "x.yaml") == scenario


@pytest.mark.parametrize("name", [one.name for one in named(["attacks"])])
def test_a_variant_is_the_same_attack_by_another_hand(name: str) -> None:
    scenario = load(name)
    found = varied(scenario, random.Random(3))
    assert found != scenario
    assert found == varied(scenario, random.Random(3)) != varied(scenario, random.Random(4))
    assert (found.name, found.techniques) == (scenario.name, scenario.techniques)
    assert [(one.name, one.like) for one in found.stages] == [(one.name, one.like) for one in scenario.stages]
    assert parse(as_yaml(found), "x.yaml") == found


def test_nothing_can_be_composed_of_what_is_benign() -> None:
    with pytest.raises(InputError, match="no stage can come first"):
        compose(named(["benign"]), 1, seed=0)


def test_the_matrix_and_its_layer() -> None:
    techniques = covered([load("password-spray"), load("token-theft")])
    assert [one.technique for one in techniques] == ["T1078.004", "T1110.003", "T1550.004"]
    tactics = dict(by_tactic(techniques))
    assert [one.technique for one in tactics["credential-access"]] == ["T1110.003"]
    assert next(iter(tactics)) == "initial-access"
    told = layer("x", "y", {"T1110.003": (50.4, "password-spray")})
    assert told["domain"] == "enterprise-attack"
    assert told["techniques"] == [
        {"techniqueID": "T1110.003", "score": 50, "comment": "password-spray", "enabled": True,
         "showSubtechniques": True}
    ]  # fmt: skip
