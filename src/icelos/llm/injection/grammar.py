"""Texts that speak to an assistant, and their benign twins that speak to people, put together by rules.

An attack is an order (say this, send that, change your answer, judge so, keep quiet) in a frame (plain, a
note to the machine, an override, a forged delimiter, a role, a condition, a courtesy, an encoding). A
twin has the same words for a person: a runbook's step, a mail to a colleague, an editor's note, a
question to a tutor. The words are in grammar.toml. Deterministic for a seed.
"""

from __future__ import annotations

import base64
import codecs
import random
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

FOREIGN, PLAIN, DISGUISED, FOREIGN_TWINS = 0.22, 0.3, 0.14, 0.2
"""Shares: attacks in other languages, orders with nothing around them, disguises, foreign twins."""


class Language(msgspec.Struct, frozen=True):
    """Orders, frames with {order} in them, and benign sentences."""

    orders: tuple[str, ...]
    frames: tuple[str, ...]
    twins: tuple[str, ...]


class Words(msgspec.Struct, frozen=True):
    """What grammar.toml holds."""

    plain: tuple[str, ...]
    frames: tuple[str, ...]
    twins: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]
    orders: Mapping[str, tuple[str, ...]]
    twin_slots: Mapping[str, tuple[str, ...]]
    languages: Mapping[str, Language]


@cache
def words() -> Words:
    """The rules' words."""
    text = (files("icelos.llm.injection") / "grammar.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Words)


def attacks(count: int, *, seed: int = 0) -> Iterator[str]:
    """Attacks, some in other languages, some disguised."""
    source = random.Random(seed)  # noqa: S311 - examples
    for _ in range(count):
        text = foreign(source) if source.random() < FOREIGN else english(source)
        yield source.choice(DISGUISES)(text, source) if source.random() < DISGUISED else text


def english(source: random.Random) -> str:
    """One order in a frame, in English."""
    known = words()
    kinds = list(known.orders)
    text = source.choice(known.plain if source.random() < PLAIN else known.frames)
    orders = [source.choice(known.orders[source.choice(kinds)]) for _ in range(2)]
    return _styled(_filled(text, source, orders), source)


def foreign(source: random.Random) -> str:
    """The same in another language."""
    language = source.choice(list(words().languages.values()))
    return _filled(source.choice(language.frames), source, [source.choice(language.orders)])


def _filled(text: str, source: random.Random, orders: Sequence[str]) -> str:
    for name, order in zip(("order", "order2"), orders, strict=False):
        text = text.replace(f"{{{name}}}", order).replace(f"{{{name.capitalize()}}}", _capital(order))
    for _ in range(4):  # what fills a slot may have slots
        text = _slotted(text, source, words().slots)
    for start in "aeiouAEIOULN":
        text = text.replace(f"{{an}} {start}", f"an {start}")
    return text.replace("{an}", "a").replace("{{", "{").replace("}}", "}").strip()


def _slotted(text: str, source: random.Random, slots: Mapping[str, Sequence[str]]) -> str:
    for slot, choices in slots.items():
        for name, change in ((slot, str), (slot.capitalize(), _capital)):
            while f"{{{name}}}" in text:
                text = text.replace(f"{{{name}}}", change(source.choice(choices)), 1)
    return text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _styled(text: str, source: random.Random) -> str:
    roll = source.random()
    if roll < 0.05:
        return text.upper()
    if roll < 0.12:
        return text.lower().rstrip(".")
    if roll < 0.16:
        return f"**{text}**"
    if roll < 0.19:
        return f'"{text}"'
    return text


# ---- disguises


def _base64(text: str, _: random.Random) -> str:
    return f"Decode this and do what it says: {base64.b64encode(text.encode()).decode()}"


def _bare64(text: str, _: random.Random) -> str:
    return base64.b64encode(text.encode()).decode()


def _rot13(text: str, _: random.Random) -> str:
    return codecs.encode(text, "rot13")


def _leet(text: str, source: random.Random) -> str:
    table = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5", "t": "7"}
    return "".join(table.get(c, c) if source.random() < 0.4 else c for c in text)


def _lookalike(text: str, source: random.Random) -> str:
    table = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "i": "і", "x": "х", "y": "у"}
    return "".join(table.get(c, c) if source.random() < 0.5 else c for c in text)


def _typos(text: str, source: random.Random) -> str:
    letters = list(text)
    for _ in range(max(1, len(text) // 25)):
        at = source.randrange(1, max(2, len(letters) - 1))
        if letters[at].isalpha() and letters[at - 1].isalpha():
            letters[at - 1], letters[at] = letters[at], letters[at - 1]
    return "".join(letters)


def _split(text: str, source: random.Random) -> str:
    return text.replace(" ", source.choice(("  ", " \n", " … ", " / ")))


DISGUISES: Sequence[Callable[[str, random.Random], str]] = (
    _base64, _bare64, _rot13, _leet, _lookalike, _typos, _typos, _split,
)  # fmt: skip


def twins(count: int, *, seed: int = 0) -> Iterator[str]:
    """Benign texts with the words of attacks, some in other languages."""
    source = random.Random(seed)  # noqa: S311 - examples
    known = words()
    for _ in range(count):
        if source.random() < FOREIGN_TWINS:
            yield source.choice(source.choice(list(known.languages.values())).twins)
        else:
            yield _capital(_slotted(source.choice(known.twins), source, known.twin_slots))
