"""Words of every language that stand around a scene: names, places, formats, greetings, footers.

`words/<language>.toml` holds them; a language without a file of its own borrows from English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from icelos.errors import InputError

Styled = Mapping[str, tuple[str, ...]]
Kind = TypeVar("Kind")


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of a language. Formats hold `{day}`, `{e}` (an exact amount), `#` (a digit) and the like."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    sectors: tuple[str, ...]
    nouns: tuple[str, ...]
    suffixes: tuple[str, ...]
    public: tuple[str, ...]
    products: tuple[str, ...]
    roles: tuple[str, ...]
    date_formats: tuple[str, ...]
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    time_formats: tuple[str, ...]
    amount_formats: tuple[str, ...]
    phone_formats: tuple[str, ...]
    domains: tuple[str, ...]
    on_wrote: tuple[str, ...]
    view_online: tuple[str, ...]
    labels: Mapping[str, str]
    """Slot -> its label in a list of facts."""
    greetings: Styled
    signoffs: Styled
    footers: Styled
    brands: Mapping[str, tuple[str, ...]] = {}
    """Brands of the country by kind, besides those known everywhere."""
    decimal_comma: bool = False


class International(msgspec.Struct, frozen=True):
    """Names that occur in every language."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    projects: tuple[str, ...]


class Brands(msgspec.Struct, frozen=True):
    """Brand names by kind, their domains, and the words of a scene's name that tell the kind."""

    kinds: Mapping[str, tuple[str, ...]]
    domains: Mapping[str, str]
    hints: Mapping[str, str]


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts of made-up addresses, URLs and brand names."""

    free_mail: tuple[str, ...]
    free_hosts: tuple[str, ...]
    shorteners: tuple[str, ...]
    shares: tuple[str, ...]
    redirectors: tuple[str, ...]
    lures: tuple[str, ...]
    odd_endings: tuple[str, ...]
    trades: tuple[str, ...]
    broken_into: tuple[str, ...]
    pages: tuple[str, ...]
    honest_paths: tuple[str, ...]
    honest_hosts: tuple[str, ...]
    small_endings: tuple[str, ...]
    boxes: tuple[str, ...]
    syllables_1: tuple[str, ...]
    syllables_2: tuple[str, ...]


@cache
def words(language: str) -> Words:
    """The words of a language, or the English ones. Raises InputError for a broken file."""
    return _read(f"{language if language in known_languages() else 'en'}.toml", Words)


@cache
def known_languages() -> frozenset[str]:
    """Languages that have words of their own."""
    names = {entry.name.removesuffix(".toml") for entry in _folder().iterdir()}
    return frozenset(names - {"brands", "international", "addresses"})


@cache
def international() -> International:
    return _read("international.toml", International)


@cache
def brands() -> Brands:
    return _read("brands.toml", Brands)


@cache
def parts() -> Parts:
    return _read("addresses.toml", Parts)


def _folder() -> Traversable:
    return files("icelos.jobs.mail.synthesis") / "words"


def _read(name: str, kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(tomllib.loads((_folder() / name).read_text("utf-8")), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"broken words: {error}", source=f"synthesis/words/{name}") from error
