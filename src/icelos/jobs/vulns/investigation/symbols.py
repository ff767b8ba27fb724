"""What an advisory is about: the functions and classes of the package that its text names.

A name counts only where the installed package defines it. Names in a sentence that tells what is safe, or
what to use instead, are remedies, not the vulnerable code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from icelos.jobs.vulns.investigation.definitions import Definition, Definitions, Kind

MAX_TEXT = 20_000
"""Characters of an advisory's text that are read; the rest repeats and gives examples."""


MAX_TAKING = 8
"""Functions that may have a parameter of the name which an advisory gives, for it to tell them apart."""


class Role(StrEnum):
    """What the advisory says of a name."""

    VULNERABLE = "vulnerable"
    REMEDY = "remedy"


class Strength(StrEnum):
    """How surely a word is a name of code: written as code, called a function, a parameter, or perhaps."""

    CODE = "code"
    CALLED = "called"
    OPTION = "option"
    WORD = "word"
    PLACE = "place"


class Named(msgspec.Struct, frozen=True):
    """A name in the advisory with what it may stand for in the package, and the sentence as proof."""

    text: str
    role: Role
    strength: Strength
    sentence: str
    definitions: tuple[Definition, ...]


_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z`*\[(])|\n\s*\n|\n(?=[-*#] ?)")
_NAME = re.compile(r"(`{1,3})?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(\(\)|\()?")
_PATH = re.compile(r"(?:\w+/)+\w+\.py\b")
_REMEDY = re.compile(
    r"\b(instead|work-?arounds?|mitigat\w+|recommend\w*|should (?:be )?use|"
    r"not (?:be )?(?:affected|vulnerable|impacted)|unaffected|is safe|are safe|prevent this|avoid|upgrade to|"
    r"patched|remediat\w+|as a fix|fix(?:es)? (?:is|was|in|adds?)|has been fixed)\b",
    re.IGNORECASE,
)
_CALLED = (
    r"functions?|methods?|class(?:es)?|views?|filters?|tags?|decorators?|middlewares?|widgets?|fields?|"
    r"parsers?|lexers?|loaders?|validators?|modules?|handlers?|serializers?|forms?|backends?|helpers?|"
    r"templatetags?|template (?:filters?|tags?)|routines?|property|attribute|constructors?|apis?"
)
_KINDS = frozenset(re.findall(r"[a-z]{3,}", _CALLED.replace("?", ""))) | {"class", "classes", "property"}
_KIND_AFTER = re.compile(rf"^[`'\")]*\s*(?:\(\))?[`'\"]*\s+(?:\w+\s+)?(?:{_CALLED})\b", re.IGNORECASE)
_KIND_BEFORE = re.compile(rf"\b(?:{_CALLED})\s+(?:called\s+|named\s+)?[`'\"(]*$", re.IGNORECASE)
_MODULE = re.compile(r"\bmodules?\b", re.IGNORECASE)
_JOINED = re.compile(r"^[`'\")(]*\s*(?:,|,?\s*(?:and|or))\s+[`'\"]*([A-Za-z_][\w.]*)")
_PROSE = frozenset(
    """
    load loads dump open read write get set put post head delete update clean parse run call main send
    save init start stop close encode decode format render compile match search find join split copy
    data name value text key default request response header headers body this that the and for with
    which input output user server client file path url http https xml html json filter header content
    argument arguments option options parameter parameters keyword keywords context attribute attributes
    object objects string strings character characters
    """.split()
)
"""Words that stand before "function" or "header" in prose without being the name of code."""
_POSSESSIVE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)[`'\"]*(?:'s|’s)?\s+[`'\"(]*$")


def sentences(text: str) -> list[str]:
    """The sentences and list items of an advisory's text, in its order."""
    return [part.strip() for part in _SENTENCE.split(text[:MAX_TEXT]) if part and part.strip()]


def is_remedial(sentence: str) -> bool:
    """Whether a sentence tells what is safe, fixed or to be used instead."""
    return _REMEDY.search(sentence) is not None


def named_in(text: str, definitions: Definitions, *, own: Iterable[str] = ()) -> list[Named]:
    """The names of an advisory's text that the package defines. `own` are names of the package itself."""
    ignored = {name.lower() for name in own}
    found: dict[tuple[str, Role], Named] = {}
    remedial = False
    for sentence in sentences(text):
        if sentence.startswith("#"):
            remedial = bool(
                re.search(r"work-?around|patch|fix|mitigat|remediat|reference", sentence, re.IGNORECASE)
            )
            continue
        role = Role.REMEDY if remedial or is_remedial(sentence) else Role.VULNERABLE
        for words, strength in _words(sentence):
            if words[-1].lower() in ignored or (len(words) == 1 and words[0].lower() in ignored):
                continue
            meant = definitions.named(words) or definitions.named(_less(words, ignored))
            meant = _likely(meant, sentence, strength)
            if not meant and _may_be_compiled(words[-1], strength, sentence):
                meant = definitions.compiled(words[-1])
            if not meant and len(words) == 1 and strength is Strength.CODE and "_" in words[0].strip("_"):
                meant = definitions.taking(words[0])[:MAX_TAKING]
                strength = Strength.OPTION
            if meant and strength is Strength.WORD and all(one.kind is Kind.MODULE for one in meant):
                strength = Strength.CALLED  # "the clean module"
            if meant:
                one = Named(".".join(words), role, strength, sentence, tuple(meant))
                found.setdefault((one.text, role), one)
    return _without_repeats(found.values())


def _may_be_compiled(word: str, strength: Strength, sentence: str) -> bool:
    """Whether a name is worth looking for in binary modules: code, or called a function outright."""
    if strength is Strength.CODE:
        return not word.istitle()
    return re.search(rf"\b{re.escape(word)}[`'\"()]*\s+(?:function|method)s?\b", sentence) is not None


def places_in(text: str, definitions: Definitions, *, own: Iterable[str] = ()) -> list[Named]:
    """Modules after which the advisory's beginning calls its subject: "a sandbox escape", and jinja2.sandbox.

    Only where one module has that name, and names of its own begin with it: a feature, not a helper.
    """
    found = {}
    for sentence in [one for one in sentences(text) if not is_remedial(one)][:2]:
        for word in re.findall(r"[a-z]{5,}", sentence):
            modules = [one for one in definitions.by_name.get(word, ()) if one.kind is Kind.MODULE]
            modules = [one for one in modules if one.symbol not in own]
            if len(modules) == 1 and definitions.begins_names(modules[0].symbol, word):
                found[word] = Named(word, Role.VULNERABLE, Strength.PLACE, sentence, tuple(modules))
    return list(found.values())


def _less(words: tuple[str, ...], ignored: set[str]) -> tuple[str, ...]:
    """Without leading parts that are the package's own name or a folder of its source tree."""
    rest = tuple(word for word in words[:-1] if word.lower() not in ignored) + words[-1:]
    return rest if rest != words else words[-2:] if len(words) > 2 else words


def _words(sentence: str) -> Iterator[tuple[tuple[str, ...], Strength]]:
    for tag in re.findall(r"\{%-?\s*(\w+)", sentence):
        yield (tag,), Strength.CODE
    sentence = _PATH.sub(lambda match: match.group(0).replace("/", "."), sentence)
    for match in _NAME.finditer(sentence):
        ticks, text, call = match.groups()
        parts = text.removesuffix(".py").split(".")
        if "py" in parts:  # "html/clean.py" is a file of the source tree
            parts = parts[: parts.index("py")]
        if not parts:
            continue
        before, after = sentence[: match.start()], sentence[match.end() :]
        if ticks or call or _is_code(text, parts):
            owner = _POSSESSIVE.search(before)
            whose = (
                owner.group(1).split(".")[-1:] if owner and len(parts) == 1 and "'s" in before[-4:] else []
            )
            yield (*whose, *parts) if whose else tuple(parts), Strength.CODE
        elif len(text) > 2 and text.lower() not in _KINDS and _is_called(before, after):
            yield tuple(parts), Strength.WORD if text.lower() in _PROSE else Strength.CALLED
        elif len(text) > 4 and text[0].isupper() and text[1:].islower() and before.strip():
            yield (
                tuple(parts),
                Strength.WORD,
            )  # a class, where one is called so; the beginning of a sentence is not


def _is_called(before: str, after: str) -> bool:
    """Whether prose calls the word a function, a class and so on, or joins it to a name of code by "and"."""
    if _KIND_AFTER.match(after) or _KIND_BEFORE.search(before):
        return True
    joined = _JOINED.match(after)
    return joined is not None and _is_code(joined.group(1), joined.group(1).split("."))


def _is_code(text: str, parts: Sequence[str]) -> bool:
    """Whether it is written as no English word is: with dots, underscores or inner capitals."""
    if len(parts) > 1:
        return True
    return (
        "_" in text.strip("_")
        or text.startswith("__")
        or bool(re.search(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]{2,}", text))
    )


def _likely(meant: list[Definition], sentence: str, strength: Strength) -> list[Definition]:
    """Among several definitions of one name, those whose class or module the sentence names too."""
    if strength is not Strength.CODE:
        modules = [one for one in meant if one.kind is Kind.MODULE]
        if modules and re.search(rf"\b{modules[0].name}(?:\(\)|['\"`])*\s+module\b", sentence):
            return modules
        capital = meant and meant[0].name[:1].isupper()
        meant = [
            one for one in meant if one.kind is Kind.CLASS or (one.kind is Kind.FUNCTION and not capital)
        ]
    if len(meant) < 2:
        return meant
    spoken = {word.lower() for word in re.findall(r"[A-Za-z_]\w*", sentence)}
    scored = [(sum(part.lower() in spoken for part in one.parts[1:-1]), one) for one in meant]
    best = max(score for score, _ in scored)
    return [one for score, one in scored if score == best]


def _without_repeats(found: Iterable[Named]) -> list[Named]:
    """A name that is a remedy in one sentence and vulnerable in another is vulnerable."""
    items = list(found)
    vulnerable = {one.text for one in items if one.role is Role.VULNERABLE}
    return [one for one in items if one.role is Role.VULNERABLE or one.text not in vulnerable]
