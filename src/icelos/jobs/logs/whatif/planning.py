"""Episodes: which scenario, when, whom and from where; and their rows as offsets from their beginning."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from icelos.errors import InputError
from icelos.jobs.logs.simulation.organisation import as_guid
from icelos.jobs.logs.whatif.composing import varied
from icelos.jobs.logs.whatif.footholds import Client, Network, abroad, beside, client_of
from icelos.jobs.logs.whatif.scenario import Scenario, Stage, dialled, duration, number
from icelos.jobs.logs.whatif.world import Person, World

_FEWEST = 20
"""Rows of someone who is known well enough to be a victim."""
_STARTS = 60
"""Beginnings that are tried until one is at the right hour."""


@dataclass(frozen=True)
class Planned:
    """A row to come: seconds from the beginning of its episode, its stage, its victim."""

    after: float
    stage: Stage
    victim: str
    foothold: int


@dataclass
class Episode:
    """One time that a scenario is played. `begins` is None until the victim does something after `earliest`.
    On the victim's `own_device` nothing of the device changes; `client` None: one like the victim's."""

    id: str
    scenario: Scenario
    difficulty: float
    victims: tuple[str, ...]
    target: str
    footholds: tuple[Network, ...]
    client: Client | None
    own_device: bool
    session: str
    app: tuple[str, str]
    earliest: float
    begins: float | None
    rows: list[Planned] = field(default_factory=list)
    played: int = 0


@dataclass(frozen=True)
class Wanted:
    """How many episodes of each scenario, how hard to see (0 to 1; evenly up to `hardest` where that is
    given), and when: seconds since the epoch. `varied` are so many more of each attack, each by another hand
    (`composing.varied`)."""

    episodes: int
    difficulty: float
    seed: int
    begin: float | None = None
    end: float | None = None
    hardest: float | None = None
    varied: int = 0


def plan(world: World, scenarios: Sequence[Scenario], wanted: Wanted) -> list[Episode]:
    """All episodes. Raises InputError where there is no time for them, or nobody to be a victim."""
    begin = world.first if wanted.begin is None else max(world.first, wanted.begin)
    end = world.last if wanted.end is None else min(world.last, wanted.end)
    if not begin < end:
        raise InputError("the log has no rows in the time that was asked for")
    episodes = []
    for scenario in scenarios:
        people = _possible(world, scenario)
        for count in range(wanted.episodes + (0 if scenario.benign else wanted.varied)):
            name = f"{scenario.name}-{count + 1:03d}"
            rng = random.Random(f"{wanted.seed} {scenario.name} {count}")  # noqa: S311 - not a secret
            hard = wanted.difficulty
            if wanted.hardest is not None:
                hard = rng.uniform(wanted.difficulty, wanted.hardest)
            one = scenario if count < wanted.episodes else varied(scenario, rng)
            episodes.append(_episode(world, one, name, people, round(hard, 3), (begin, end), rng))
    return episodes


def _possible(world: World, scenario: Scenario) -> list[Person]:
    """Who can be a victim: people, known by some rows; the best known half where all are known little."""
    people = [person for person in world.people.values() if person.interactive]
    if scenario.who != "anyone":
        people = [person for person in people if person.admin == (scenario.who == "admins")] or people
    people.sort(key=lambda person: (-person.rows, person.user))
    known = [person for person in people if person.rows >= _FEWEST] or people[: max(1, len(people) // 2)]
    if not known:
        raise InputError(f"nobody in the log can be a victim of {scenario.name}")
    return sorted(known, key=lambda person: person.user)


def _episode(
    world: World, scenario: Scenario, name: str, people: list[Person], difficulty: float,
    span: tuple[float, float], rng: random.Random,
) -> Episode:  # fmt: skip
    wanted = max(1, round(number(scenario.victims, difficulty, rng)))
    victims = rng.sample(people, min(wanted, len(people)))
    footholds = _footholds(world, scenario, victims[-1], difficulty, rng)
    rows = list(_rows(scenario, victims, difficulty, len(footholds), rng))
    length = max((row.after for row in rows), default=0.0)
    client = str(dialled(scenario.attacker.client, difficulty, rng))
    earliest = _beginning(scenario, victims[-1], span, length, difficulty, rng)
    return Episode(
        id=name,
        scenario=scenario,
        difficulty=difficulty,
        victims=tuple(person.user for person in victims),
        target=rng.choice(sorted(world.people)),
        footholds=footholds,
        client=client_of(client, rng),
        own_device=client == "own",
        session=as_guid(f"{rng.getrandbits(128):032x}"),
        app=(_app_name(rng), as_guid(f"{rng.getrandbits(128):032x}")),
        earliest=earliest,
        begins=earliest if scenario.begins == "anywhere" else None,
        rows=rows,
    )


def _footholds(
    world: World, scenario: Scenario, victim: Person, difficulty: float, rng: random.Random
) -> tuple[Network, ...]:
    found = []
    home = victim.home
    for _ in range(max(1, round(number(scenario.attacker.addresses, difficulty, rng)))):
        place = dialled(scenario.attacker.place, difficulty, rng)
        near = world.networks.get(home.country, []) if home and place != "abroad" else []
        if place == "town" and home:
            near = [network for network in near if network.city == home.city] or [home]
        network = beside(near, world.used, rng) if near else abroad(world.networks, world.used, rng)
        world.reserve(network.address)
        found.append(network)
    return tuple(found)


def _rows(
    scenario: Scenario, victims: list[Person], difficulty: float, footholds: int, rng: random.Random
) -> list[Planned]:
    rows, now = [], 0.0
    for stage in scenario.stages:
        if rng.random() >= number(stage.chance, difficulty, rng):
            continue
        now += duration(stage.after, difficulty) * (0.5 + rng.random())
        length = duration(stage.within, difficulty) * (0.75 + 0.5 * rng.random())
        for person in victims if stage.per == "victim" else victims[-1:]:
            times = sorted(rng.random() * length for _ in range(_whole(stage, difficulty, rng)))
            rows += [Planned(now + time, stage, person.user, rng.randrange(footholds)) for time in times]
        now += length
    return sorted(rows, key=lambda row: row.after)


def _whole(stage: Stage, difficulty: float, rng: random.Random) -> int:
    """Rows of a stage: what is left of a whole number is a chance."""
    wanted = number(stage.rows, difficulty, rng)
    return int(wanted) + (rng.random() < wanted % 1)


def _beginning(
    scenario: Scenario, victim: Person, span: tuple[float, float], length: float, difficulty: float,
    rng: random.Random,
) -> float:  # fmt: skip
    latest = max(span[0], span[1] - length)
    hours = dialled(scenario.hours, difficulty, rng)
    for _ in range(_STARTS):
        start = rng.uniform(span[0], latest)
        if hours == "any" or victim.awake(start) == (hours == "awake"):
            break
    return start


_APP_WORDS = (
    ("Secure", "Cloud", "Smart", "Team", "Doc", "Mail", "Fast", "Office"),
    ("Sync", "Viewer", "Backup", "Planner", "Signer", "Reader", "Archive", "Calendar"),
    ("", " Pro", " 365", " Plus", " Add-in", " Cloud"),
)


def _app_name(rng: random.Random) -> str:
    """Of an application that nobody in the organisation has."""
    return "".join(rng.choice(words) for words in _APP_WORDS)
