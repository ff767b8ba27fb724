"""The phrase banks: TOML files in `phrases/<language>/`, written by us, loaded once.

A fault in a bank is an InputError that names the file and the scene. How many phrases a scene should have
is told by `shortfalls`, which the tests ask; a thin scene works, only less varied.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.synthesis.synthetic import Scene

SLOTS = frozenset(
    "org brand first last boss colleague vendor amount date time days hours ref phone city product email "
    "link wallet project".split()
)
STYLES = ("corporate", "personal", "bulk", "terse")
LEAST = {"senders": 4, "subjects": 6, "openers": 6, "details": 6, "asks": 6, "extras": 4}
LEAST_PRESSURES = 5
LEAST_ACTIONS = 5
LISTS = (*LEAST, "pressures", "actions")
MAX_PHRASE = 1200
_SLOT = re.compile(r"\{([^{}]*)\}")


class Bank:
    """Scenes by language and intent, in the order of their files."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self.scenes = tuple(scenes)
        self.languages = tuple(sorted({scene.language for scene in self.scenes}))
        self._by_intent: dict[tuple[str, str], list[Scene]] = {}
        self._by_name: dict[tuple[str, str], Scene] = {}
        self._twins: dict[tuple[str, str], list[Scene]] = {}
        for scene in self.scenes:
            self._by_intent.setdefault((scene.language, scene.intent), []).append(scene)
            self._by_name[(scene.language, scene.name)] = scene
            if scene.twin:
                self._twins.setdefault((scene.language, scene.twin), []).append(scene)

    def of(self, language: str, intent: str) -> list[Scene]:
        """The scenes of an intent in a language; empty where there are none."""
        return self._by_intent.get((language, intent), [])

    def named(self, language: str, name: str) -> Scene:
        """Raises KeyError."""
        return self._by_name[(language, name)]

    def twins(self, scene: Scene) -> list[Scene]:
        """Harmless scenes of the same subject matter."""
        return self._twins.get((scene.language, scene.name), [])

    def intents(self, language: str) -> tuple[str, ...]:
        """Intents that have scenes in a language, in the taxonomy's order."""
        return tuple(intent for intent in ALL if (language, intent) in self._by_intent)

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of scenes by language and intent."""
        return {
            language: {intent: len(self.of(language, intent)) for intent in self.intents(language)}
            for language in self.languages
        }


@cache
def load_bank() -> Bank:
    """All banks of the package. Raises InputError."""
    sources: dict[tuple[str, str], str] = {}
    scenes: list[Scene] = []
    for source, text in bank_files():
        for scene in read_bank(text, source):
            place = (scene.language, scene.name)
            if place in sources:
                raise _fault(source, scene.name, f"the name stands in {sources[place]} too")
            sources[place] = source
            scenes.append(scene)
    return Bank(scenes)


def bank_files() -> Iterator[tuple[str, str]]:
    """Name ("de/bank.toml") and text of every bank, sorted."""
    root = files("icelos.jobs.mail.synthesis") / "phrases"
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".toml"):
                    yield f"{folder.name}/{file.name}", file.read_text("utf-8")


def read_bank(text: str, source: str) -> list[Scene]:
    """The scenes of one file. Raises InputError with file and scene."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"a phrase bank is no TOML: {error}", source=source) from error
    language = table.get("language")
    if not isinstance(language, str) or set(table) - {"language", "scene"}:
        raise InputError("a phrase bank holds `language` and scenes, and nothing else", source=source)
    scenes = [_scene(entry, language, source) for entry in table.get("scene", [])]
    seen: set[str] = set()
    for scene in scenes:
        if scene.name in seen:
            raise _fault(source, scene.name, "the name stands twice")
        seen.add(scene.name)
    return scenes


def _scene(entry: Mapping[str, Any], language: str, source: str) -> Scene:
    name = str(entry.get("name", "(without name)"))
    try:
        scene = msgspec.convert({**entry, "language": language}, Scene, strict=True)
    except msgspec.ValidationError as error:
        raise _fault(source, name, str(error)) from error
    unknown = set(entry) - set(Scene.__struct_fields__)
    for problem in [*(f"unknown key {key!r}" for key in sorted(unknown)), *_problems(scene)]:
        raise _fault(source, name, problem)
    return scene


def _fault(source: str, name: str, problem: str) -> InputError:
    return InputError(f"scene {name!r}: {problem}", source=source)


def _problems(scene: Scene) -> Iterator[str]:
    if scene.intent not in ALL:
        yield f"no intent called {scene.intent!r}"
        return
    if scene.style not in STYLES:
        yield f"style must be one of {', '.join(STYLES)}"
    for key in ("senders", "subjects", "openers", "details", "asks"):
        if not getattr(scene, key):
            yield f"{key} is empty"
    for key in LISTS:
        for phrase in getattr(scene, key):
            yield from (f"{key}: {problem}" for problem in _phrase_problems(phrase))


def _phrase_problems(phrase: str) -> Iterator[str]:
    if not phrase.strip():
        yield "an empty phrase"
    if len(phrase) > MAX_PHRASE:
        yield f"a phrase is longer than {MAX_PHRASE} characters: {phrase[:60]!r}"
    for slot in _SLOT.findall(phrase):
        if slot not in SLOTS:
            yield f"unknown slot {{{slot}}} in {phrase[:80]!r}"
    if _SLOT.sub("", phrase).count("{") or _SLOT.sub("", phrase).count("}"):
        yield f"a lone brace in {phrase[:80]!r}"


def shortfalls(scene: Scene) -> list[str]:
    """Where a scene has fewer phrases than the format asks for, or the same one twice."""
    least = {**LEAST, "pressures": LEAST_PRESSURES if scene.malicious else 1}
    if scene.actions:
        least["actions"] = LEAST_ACTIONS
    short = [
        f"{key} has {len(getattr(scene, key))} phrases, the format asks for {number}"
        for key, number in least.items()
        if len(getattr(scene, key)) < number
    ]
    doubled = [key for key in LISTS if len(set(getattr(scene, key))) < len(getattr(scene, key))]
    return short + [f"{key} has the same phrase twice" for key in doubled]
