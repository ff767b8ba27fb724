"""A scenario: an attack, or what looks like one and is none, as stages of rows; TOML or YAML, no code.

    name = "password-spray"
    title = "One password tried on many accounts"
    victims = { loud = 60, quiet = 12 }

    [[stages]]
    name = "spray"
    technique = "T1110.003"
    log = "entra-signin"
    rows = 2
    within = { loud = "20m", quiet = "2d" }
    like = { "status.errorCode" = 50126 }
    set = { "clientAppUsed" = "Browser" }

A *dial* `{ loud, quiet }` goes with the difficulty, 0 to 1: numbers and durations in geometric steps, other
values by chance. Texts may hold `${names}` (see `NAMES`); `{ one_of = [...] }` draws, `{ drop = true }` takes
a field away. Fields are named as in Microsoft Graph, the Office 365 Management Activity API and CloudTrail,
whatever form the log has.
"""

from __future__ import annotations

import math
import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from icelos.data.parse.limits import load_yaml, read_bounded
from icelos.errors import InputError
from icelos.jobs.logs.whatif.forms import LOGS

_LARGEST = 256 * 1024
_SUFFIXES = (".toml", ".yaml", ".yml")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhd])")
_NAMED = re.compile(r"\$\{([^}]*)\}")
NAMES = frozenset(
    {
        "victim.user", "victim.id", "victim.name", "target.user", "target.id", "target.name",
        "attacker.address", "attacker.asn", "attacker.agent", "attacker.browser", "attacker.system",
        "episode.session", "episode.app", "episode.app_id", "episode.name", "new.guid", "new.digits",
    }
)  # fmt: skip
"""What texts may name. The victim's and the attacker's; `target` is another person; `episode` stays the same
for all rows of an episode, `new` is another one each time. `episode.app` is an application nobody has."""

Scalar = str | int | float | bool | None


class Dial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two ends of a value: at difficulty 0 and at 1."""

    loud: Scalar
    quiet: Scalar


Setting = Dial | Scalar


class Attacker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the rows that are not the victim's own come from.

    `place`: abroad, country (the victim's) or town. `client`: script, browser (one of the attacker's), same
    (as the victim's, on a machine that is not registered), or own (the victim's machine itself). `addresses`:
    how many are changed between.
    """

    place: Setting = "abroad"
    client: Setting = "browser"
    addresses: Setting = 1


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"by": "from"}):
    """Rows of one log. They are made after rows that `like` describes, the victim's own where there are any.

    `per`: for each victim, or once in the episode (for its last victim). `after` the end of the stage before,
    `within` so much time. `by` (in files: `from`): where the rows come from. `session`: kept (that of the
    victim's rows), episode (the attacker's) or new. `keep`: the only fields that stay of a row of another
    kind than `like` says; `set`: what is written over. A composed attack has a stage only where earlier ones
    give all that it `needs`.
    """

    name: str
    log: str
    technique: str = ""
    per: Literal["victim", "episode"] = "victim"
    rows: Setting = 1
    chance: Setting = 1.0
    after: Setting = "0s"
    within: Setting = "0s"
    by: Literal["attacker", "victim"] = "attacker"
    session: Literal["kept", "episode", "new"] = "episode"
    like: dict[str, Any] = {}
    keep: tuple[str, ...] = ()
    set: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens, to how many, and when it begins: `hours` any, awake or asleep (the victim's own),
    `begins` anywhere or at an activity of the victim. A `benign` one only looks like what it `resembles`."""

    name: str
    title: str
    stages: tuple[Stage, ...]
    description: str = ""
    references: tuple[str, ...] = ()
    victims: Setting = 1
    who: Literal["anyone", "admins", "others"] = "anyone"
    hours: Setting = "any"
    begins: Literal["anywhere", "at-activity"] = "anywhere"
    attacker: Attacker = Attacker()
    benign: bool = False
    resembles: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK technique ids, in the order of the stages."""
        return tuple(dict.fromkeys(stage.technique for stage in self.stages if stage.technique))


def seconds(duration: object) -> float:
    """Of "90s", "20m", "6h", "1.5d". Raises InputError."""
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None:
        raise InputError(f"not a duration: {duration!r}", hint='such as "90s", "20m", "6h" or "3d"')
    return float(match[1]) * _UNITS[match[2]]


def dialled(setting: Setting, difficulty: float, rng: random.Random) -> Scalar:
    """A setting at a difficulty. What is no number is `quiet` with that chance."""
    if not isinstance(setting, Dial):
        return setting
    loud, quiet = setting.loud, setting.quiet
    if _is_number(loud) and _is_number(quiet):
        return between(float(loud), float(quiet), difficulty)  # type: ignore[arg-type]
    return quiet if rng.random() < difficulty else loud


def number(setting: Setting, difficulty: float, rng: random.Random) -> float:
    """A number at a difficulty."""
    return float(dialled(setting, difficulty, rng))  # type: ignore[arg-type]


def duration(setting: Setting, difficulty: float) -> float:
    """Seconds at a difficulty."""
    if isinstance(setting, Dial):
        return between(seconds(setting.loud), seconds(setting.quiet), difficulty)
    return seconds(setting)


def between(loud: float, quiet: float, difficulty: float) -> float:
    """Geometric steps where both ends are positive, else equal ones."""
    if loud > 0 and quiet > 0:
        return loud * math.pow(quiet / loud, difficulty)
    return loud + (quiet - loud) * difficulty


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def valued(value: Any, named: Mapping[str, object], difficulty: float, rng: random.Random) -> Any:
    """What a scenario writes into a field, with names filled in and draws made."""
    if isinstance(value, str):
        return _filled(value, named)
    if isinstance(value, list):
        return [valued(one, named, difficulty, rng) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"loud", "quiet"}:
        dial = msgspec.convert(value, Dial)
        found = dialled(dial, difficulty, rng)
        whole = isinstance(dial.loud, int) and isinstance(dial.quiet, int) and isinstance(found, float)
        return _filled(found, named) if isinstance(found, str) else round(found) if whole else found  # type: ignore[arg-type]
    if set(value) == {"one_of"}:
        return valued(rng.choice(value["one_of"]), named, difficulty, rng)
    return {key: valued(inner, named, difficulty, rng) for key, inner in value.items()}


def drops(value: object) -> bool:
    """Whether a value says that the field goes."""
    return isinstance(value, dict) and value.get("drop") is True and len(value) == 1


def _filled(text: str, named: Mapping[str, object]) -> object:
    whole = _NAMED.fullmatch(text)
    if whole:
        return named[whole[1]]
    return _NAMED.sub(lambda match: str(named[match[1]]), text)


def shipped() -> tuple[str, ...]:
    """Names of the scenarios that come with the package."""
    folder = resources.files(__package__) / "scenarios"
    return tuple(
        sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
    )


def named(given: Sequence[str]) -> list[Scenario]:
    """Scenarios by their names, files, and the words attacks, benign and all. Raises InputError."""
    found: dict[str, Scenario] = {}
    for one in given:
        for scenario in _group(one) if one in ("attacks", "benign", "all") else [load(one)]:
            found[scenario.name] = scenario
    return list(found.values())


def _group(word: str) -> list[Scenario]:
    every = [load(name) for name in shipped()]
    return [one for one in every if word == "all" or one.benign == (word == "benign")]


def load(name: str) -> Scenario:
    """A scenario by its name, or a file of one. Raises InputError that says what is wrong, and where."""
    if Path(name).suffix in _SUFFIXES:
        return _loaded(Path(name))
    if name not in shipped():
        raise InputError(f"no scenario is called {name!r}", hint=f"a file, or one of: {', '.join(shipped())}")
    return parse(
        (resources.files(__package__) / "scenarios" / f"{name}.toml").read_text("utf-8"), f"{name}.toml"
    )


def _loaded(path: Path) -> Scenario:
    try:
        return parse(read_bounded(path, _LARGEST).decode(), path.name)
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8", source=str(path)) from error
    except InputError as error:
        raise InputError(error.message, hint=error.hint, source=str(path)) from error


def parse(text: str, name: str) -> Scenario:
    """A scenario of a file called NAME.toml, .yaml or .yml. Raises InputError."""
    try:
        found = tomllib.loads(text) if name.endswith(".toml") else load_yaml(text)
        scenario = msgspec.convert(found, Scenario)
        for problem in _problems(scenario):
            raise InputError(problem)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"not a scenario: {error}", source=name) from error
    except InputError as error:
        raise InputError(error.message, hint=error.hint, source=name) from error
    return scenario


def _problems(scenario: Scenario) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", scenario.name):
        yield f"a name is made of a-z, 0-9 and -, not {scenario.name!r}"
    if not scenario.stages:
        yield "no stages"
    names = [stage.name for stage in scenario.stages]
    yield from (f"two stages are called {name!r}" for name in names if names.count(name) > 1)
    yield from _wrong_setting("victims", scenario.victims, 1, 100_000)
    yield from _wrong_setting("attacker.addresses", scenario.attacker.addresses, 1, 10_000)
    yield from _wrong_choice("attacker.place", scenario.attacker.place, {"abroad", "country", "town"})
    yield from _wrong_choice(
        "attacker.client", scenario.attacker.client, {"script", "browser", "same", "own"}
    )
    yield from _wrong_choice("hours", scenario.hours, {"any", "awake", "asleep"})
    if scenario.benign and scenario.techniques:
        yield "what is benign has no techniques: say `resembles` instead"
    for stage in scenario.stages:
        yield from (f"stage {stage.name}: {problem}" for problem in _stage_problems(stage, scenario.benign))


def _stage_problems(stage: Stage, benign: bool) -> Iterator[str]:
    if stage.log not in LOGS:
        yield f"no log is called {stage.log!r}; one of: {', '.join(LOGS)}"
    if not benign and not re.fullmatch(r"T\d{4}(\.\d{3})?", stage.technique):
        yield f"not a technique of ATT&CK: {stage.technique!r}, such as T1110.003"
    yield from _wrong_setting("rows", stage.rows, 0, 100_000)
    yield from _wrong_setting("chance", stage.chance, 0, 1)
    for name, setting in (("after", stage.after), ("within", stage.within)):
        try:
            duration(setting, 0.5)
        except InputError as error:
            yield f"{name}: {error.message}"
    for name in sorted(set(_names(stage.set)) - NAMES):
        yield f"nothing is called ${{{name}}}; one of: {', '.join(sorted(NAMES))}"


def _ends(setting: Setting) -> tuple[Scalar, ...]:
    return (setting.loud, setting.quiet) if isinstance(setting, Dial) else (setting,)


def _wrong_setting(name: str, setting: Setting, least: float, most: float) -> Iterator[str]:
    for end in _ends(setting):
        if not _is_number(end) or not least <= end <= most:  # type: ignore[operator]
            yield f"{name} is a number from {least:g} to {most:g}, not {end!r}"


def _wrong_choice(name: str, setting: Setting, choices: set[str]) -> Iterator[str]:
    for end in _ends(setting):
        if end not in choices:
            yield f"{name} is one of {', '.join(sorted(choices))}, not {end!r}"


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _NAMED.findall(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
