"""Brands that are impersonated, what is theirs, and where a text names one of them.

A name is found token by token, with or without spaces, accents and look-alike characters. Names that are
ordinary words count only where they stand for a sender by themselves: "Apple Support", not "apple pie".
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec

from icelos.jobs.mail.signals.hosts import words
from icelos.jobs.mail.signals.spelling import plain_letters, skeleton

SOCIAL = "social-and-jobs"
"""The group whose names stand under every newsletter."""
MAX_TOKENS = 60
MAX_JOINED = 5
_CHEAP_COUNTRIES = frozenset(
    "tk ml ga cf gq cc ws pw su to me la io ai tv fm gg ly sh vc st ac im is nu cx gd gs ms so bz".split()
)


class Brand(msgspec.Struct, frozen=True):
    """One brand. `plain`: its name is an ordinary word. `stems` stand for domains under country endings."""

    key: str
    group: str
    names: tuple[str, ...]
    domains: frozenset[str]
    stems: frozenset[str]
    plain: bool = False


class Claim(msgspec.Struct, frozen=True):
    """A text names a brand. `alone`: nothing but words of service stands beside it.

    `misspelt`: only by characters that look like those of the name.
    """

    brand: Brand
    alone: bool
    misspelt: bool = False


@lru_cache(maxsize=1)
def brands() -> tuple[Brand, ...]:
    """All brands of the table that the package brings."""
    table = tomllib.loads((files(__package__) / "brands.toml").read_text(encoding="utf-8"))
    domains = {key: entry["domains"] for entries in table.values() for key, entry in entries.items()}
    found = []
    for group, entries in table.items():
        for key, entry in entries.items():
            theirs = [*entry["domains"], *domains.get(entry.get("of", ""), ())]
            stems = frozenset(domain[:-2] for domain in theirs if domain.endswith(".*"))
            whole = frozenset(domain for domain in theirs if not domain.endswith(".*"))
            found.append(Brand(key, group, tuple(entry["name"]), whole, stems, entry.get("plain", False)))
    return tuple(found)


@lru_cache(maxsize=1)
def _by_domain() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for brand in brands():
        for domain in brand.domains:
            found[domain].add(brand.key)
    return {domain: frozenset(keys) for domain, keys in found.items()}


@lru_cache(maxsize=1)
def _by_stem() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for brand in brands():
        for stem in brand.stems:
            found[stem].add(brand.key)
    return {stem: frozenset(keys) for stem, keys in found.items()}


_NOBODY: frozenset[str] = frozenset()
_COUNTRY = re.compile(r"(?:com?|net|org)?\.?([a-z]{2})|com")


@lru_cache(maxsize=65536)
def owners(host: str) -> frozenset[str]:
    """Keys of the brands that a host belongs to; nothing for a stranger's."""
    labels = host.lower().strip(".").split(".")[-6:]
    found: frozenset[str] = _NOBODY
    for start in range(len(labels)):
        found |= _by_domain().get(".".join(labels[start:]), _NOBODY)
        ending = _COUNTRY.fullmatch(".".join(labels[start + 1 :]))
        if ending and ending[1] not in _CHEAP_COUNTRIES:
            found |= _by_stem().get(labels[start], _NOBODY)
    return found


# ---- names in a text

_TOKEN = re.compile(r"[^\W_]+")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*]){2,20}[^\W_](?![^\W_])")


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Brand]:
    """Joined tokens of a name -> brand. A name that is nobody's ordinary word wins over one that is."""
    found: dict[str, Brand] = {}
    for brand in sorted(brands(), key=lambda brand: not brand.plain):
        for name in brand.names:
            found["".join(_TOKEN.findall(plain_letters(name)))] = brand
    return found


@lru_cache(maxsize=1)
def _skeletons() -> Mapping[str, Brand]:
    return {skeleton(name): brand for name, brand in _names().items() if len(name) >= 5 and not brand.plain}


def claims(text: str) -> list[Claim]:
    """The brands that a short text names, as a sender's name or a subject; the first `MAX_TOKENS` count."""
    cut = text[:600]
    closed = _SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found.group()), cut)
    tokens = _TOKEN.findall(plain_letters(closed))[:MAX_TOKENS]
    raw = _TOKEN.findall(closed.casefold())[:MAX_TOKENS]
    found: dict[str, Claim] = {}
    service = words("service")
    for start, end, brand, misspelt in _spans(tokens, raw):
        beside = tokens[:start] + tokens[end:]
        alone = all(word in service or word.isdigit() or word in _names() for word in beside)
        if alone or misspelt or not brand.plain:
            found.setdefault(brand.key, Claim(brand, alone, misspelt))
    return list(found.values())


def _spans(tokens: list[str], raw: list[str]) -> Iterator[tuple[int, int, Brand, bool]]:
    """(from, to, brand, misspelt) for each name, the longest first at each place."""
    names, skeletons = _names(), _skeletons()
    place = 0
    while place < len(tokens):
        for size in range(min(MAX_JOINED, len(tokens) - place), 0, -1):
            joined = "".join(tokens[place : place + size])
            brand = names.get(joined)
            if brand is not None and (size == 1 or len(joined) >= 6):
                yield place, place + size, brand, _is_disguised(joined, raw, place, size)
                place += size - 1
                break
            likeness = skeletons.get(skeleton(joined)) if size == 1 and len(joined) >= 5 else None
            if likeness is not None:
                yield place, place + size, likeness, True
        place += 1


def _is_disguised(joined: str, raw: list[str], place: int, size: int) -> bool:
    """Whether the name came out only after letters of other alphabets were read as Latin ones."""
    as_written = "".join(raw[place : place + size])
    return as_written != joined and joined.isascii() and any(ord(c) >= 0x370 for c in as_written)
