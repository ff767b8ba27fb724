"""Attacks that nobody has written: stages of known ones in a new order, and known ones with other dials.

A stage comes where earlier ones have given all that it needs. What is composed is a scenario like any other,
and can be written to a file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import yaml

from icelos.errors import InputError
from icelos.jobs.logs.whatif.scenario import Attacker, Dial, Scenario, Setting, Stage, seconds

_MOST_STAGES = 5
_SPREAD = 0.7
"""Standard deviation of the logarithm by which numbers and durations are scaled."""
_PLACES, _CLIENTS = ("abroad", "country", "town"), ("script", "browser", "same")


class _Part(NamedTuple):
    scenario: Scenario
    stage: Stage


def compose(scenarios: Sequence[Scenario], count: int, seed: int) -> list[Scenario]:
    """New attacks out of the stages of these. Raises InputError where none of them gives a beginning."""
    attacks = [scenario for scenario in scenarios if not scenario.benign]
    parts = [_Part(scenario, stage) for scenario in attacks for stage in scenario.stages]
    if not any(not part.stage.needs for part in parts):
        raise InputError("no stage can come first: all of them need something")
    found = []
    for number in range(count):
        rng = random.Random(f"{seed} composed {number}")  # noqa: S311 - not a secret
        found.append(_composed(f"composed-{seed}-{number + 1:03d}", attacks, parts, rng))
    return found


def _composed(name: str, attacks: Sequence[Scenario], parts: list[_Part], rng: random.Random) -> Scenario:
    first = rng.choice([one for one in attacks if not one.stages[0].needs])
    taken = list(_beginning(first))
    held = {thing for part in taken for thing in part.stage.gives}
    for _ in range(rng.randint(1, 3)):
        possible = [
            part for part in parts
            if part.stage.needs and held.issuperset(part.stage.needs)
            and all(part.stage.technique != one.stage.technique for one in taken)
        ]  # fmt: skip
        if not possible or len(taken) >= _MOST_STAGES:
            break
        part = rng.choice(possible)
        taken.append(part)
        held.update(part.stage.gives)
    told = " then ".join(dict.fromkeys(part.scenario.name for part in taken))
    return msgspec.structs.replace(
        first,
        name=name,
        title=f"Composed of {told}",
        description=f"Stages of {told}, with other dials. No one has written this attack.",
        references=tuple(dict.fromkeys(one for part in taken for one in part.scenario.references)),
        who="anyone",
        attacker=_attacker(first.attacker, rng),
        stages=tuple(_mutated(part.stage, place, rng) for place, part in enumerate(taken)),
    )


def varied(scenario: Scenario, rng: random.Random) -> Scenario:
    """The same attack by another hand: from another place, with another client, at other hours, in another
    number of rows, faster or slower. Its name and its stages' stay."""
    stages = (
        msgspec.structs.replace(_mutated(stage, place, rng), name=stage.name)
        for place, stage in enumerate(scenario.stages)
    )
    attacker = Attacker(
        place=Dial(rng.choice(_PLACES[:2]), rng.choice(_PLACES[1:])),
        client=Dial(rng.choice(_CLIENTS), rng.choice((*_CLIENTS[1:], "own"))),
        addresses=_scaled(scenario.attacker.addresses, rng, least=1),
    )
    hours = rng.choice((scenario.hours, "any", "awake", "asleep"))
    return msgspec.structs.replace(scenario, attacker=attacker, hours=hours, stages=tuple(stages))


def _beginning(scenario: Scenario) -> Iterator[_Part]:
    """The stages of a scenario until one gives something that others need."""
    for stage in scenario.stages:
        yield _Part(scenario, stage)
        if stage.gives:
            return


def _attacker(attacker: Attacker, rng: random.Random) -> Attacker:
    return Attacker(
        place=Dial(rng.choice(_PLACES[:2]), rng.choice(_PLACES[1:])),
        client=Dial(rng.choice(_CLIENTS[:2]), rng.choice(_CLIENTS[1:])),
        addresses=_scaled(attacker.addresses, rng, least=1),
    )


def _mutated(stage: Stage, place: int, rng: random.Random) -> Stage:
    return msgspec.structs.replace(
        stage,
        name=f"{place + 1}-{stage.name}",
        rows=_scaled(stage.rows, rng, least=1),
        after=_longer(stage.after, rng),
        within=_longer(stage.within, rng),
    )


def _scaled(setting: Setting, rng: random.Random, *, least: float) -> Setting:
    """Both ends by one factor, so that loud stays louder."""
    factor = rng.lognormvariate(0, _SPREAD)
    if isinstance(setting, Dial):
        return Dial(_times(setting.loud, factor, least), _times(setting.quiet, factor, least))
    return _times(setting, factor, least)


def _times(value: object, factor: float, least: float) -> float:
    return max(least, round(float(value) * factor, 2))  # type: ignore[arg-type]


def _longer(setting: Setting, rng: random.Random) -> Setting:
    factor = rng.lognormvariate(0, _SPREAD)
    if isinstance(setting, Dial):
        return Dial(f"{seconds(setting.loud) * factor:.0f}s", f"{seconds(setting.quiet) * factor:.0f}s")
    return f"{seconds(setting) * factor:.0f}s"


def as_yaml(scenario: Scenario) -> str:
    """The scenario as a file that `load` reads."""
    found = msgspec.to_builtins(scenario)
    for stage in found["stages"]:
        for name in [name for name, value in stage.items() if value in ("", [], {})]:
            del stage[name]
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)
