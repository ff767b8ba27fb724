"""Long harmless text out of a small grammar: reports, letters, answers on lists, tables, delivery reports.

Real mail is often long, and a model that has only seen short harmless mail takes all long mail for harm. The
same blocks lengthen malicious mail as well (`fillers`), so that length tells nothing.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from icelos.errors import InputError
from icelos.jobs.mail.synthesis.addresses import random_id
from icelos.jobs.mail.synthesis.layout import Paragraph, Piece
from icelos.jobs.mail.synthesis.personas import Values

MAX_DEPTH = 6
_RULE = re.compile("«([a-z_0-9]+)»")
_FRESH = re.compile(r"\{(n|nn|hex|ver|who)\}")


class Grammar(msgspec.Struct, frozen=True):
    """Blocks by topic, and the alternatives of every rule."""

    topics: Mapping[str, tuple[str, ...]]
    text: Mapping[str, tuple[str, ...]]


@cache
def grammar(language: str) -> Grammar | None:
    """The grammar of a language, where it has one. Raises InputError for a broken one."""
    file = files("icelos.jobs.mail.synthesis") / "grammar" / f"{language}.toml"
    if not file.is_file():
        return None
    try:
        found = msgspec.convert(tomllib.loads(file.read_text("utf-8")), Grammar)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"a broken grammar: {error}", source=f"synthesis/grammar/{language}.toml") from error
    unknown = _unknown(found)
    if unknown:
        raise InputError(f"no rule called {', '.join(unknown)}", source=f"synthesis/grammar/{language}.toml")
    return found


def _unknown(found: Grammar) -> list[str]:
    used = {
        rule for alternatives in found.text.values() for one in alternatives for rule in _RULE.findall(one)
    }
    used |= {block for blocks in found.topics.values() for block in blocks}
    return sorted(used - set(found.text))


def blocks(topic: str, number: int, values: Values, rng: random.Random) -> list[Paragraph]:
    """`number` blocks for a topic, each a paragraph; none where language or topic has no grammar."""
    found = grammar(values.language)
    names = found.topics.get(topic, ()) if found else ()
    if found is None or not names:
        return []
    chosen = rng.choices(names, k=number)
    return [paragraph for name in chosen for paragraph in _paragraphs(_expanded(name, found, values, rng, 0))]


def _expanded(rule: str, found: Grammar, values: Values, rng: random.Random, depth: int) -> str:
    text = rng.choice(found.text[rule])
    if depth < MAX_DEPTH:
        text = _RULE.sub(lambda match: _expanded(match[1], found, values, rng, depth + 1), text)
    text = _FRESH.sub(lambda match: _fresh(match[1], values, rng), text)
    return values.fill(text)


def _fresh(kind: str, values: Values, rng: random.Random) -> str:
    """A value that is another one at each place."""
    if kind == "n":
        return str(rng.randrange(2, 10))
    if kind == "nn":
        return str(rng.randrange(11, 99))
    if kind == "hex":
        return f"{rng.randrange(16**7):07x}"
    if kind == "ver":
        return f"{rng.randrange(1, 9)}.{rng.randrange(20)}.{rng.randrange(10)}"
    return values.person(random_id(rng, 4))


def _paragraphs(text: str) -> list[Paragraph]:
    """Blocks of several lines keep their lines."""
    found: list[Paragraph] = []
    for part in text.split("\n\n"):
        lines = part.split("\n")
        kind = "sentence" if len(lines) == 1 else "line"
        found.append([Piece(line, kind=kind) for line in lines if line.strip()])
    return [paragraph for paragraph in found if paragraph]
