"""The names that an installed Python package defines, read from its source without running it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from math import log
from typing import NamedTuple

MAX_DEFINITIONS = 200_000
MAX_BLOCK = 4000
"""Lines of one definition."""
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z][a-z]{2,}|[A-Z]{3,}(?![a-z])|\d{2,}")
_COMMON = frozenset(
    """
    the and for with from when this that have could would should which will been than then them they into
    does not are was has can may all any its via using used use before after version versions through where
    """.split()
)
STEM = 5
"""Letters at the beginning of a word by which its forms are alike ("parse", "parser", "parsing")."""
_IDENTIFIER = re.compile(rb"(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]{3,60}(?=\0)")
_BY_NAME = re.compile(r"\b(?:import_module|__import__|import_string)\((?![\"'])")
_DEFINES = re.compile(r"^([ \t]*)(?:async[ \t]+def|def|class)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_ASSIGNS = re.compile(r"^([A-Za-z_]\w*)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


_FROM = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n]*)", re.MULTILINE)


class Kind(StrEnum):
    """What a name stands for."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    VALUE = "value"


class Definition(NamedTuple):
    """One name: "django.utils.text.Truncator.chars", and the line that defines it (0 for a module)."""

    symbol: str
    kind: Kind
    file: str
    line: int

    @property
    def name(self) -> str:
        """The last part, by which prose calls it."""
        return self.symbol.rpartition(".")[2]

    @property
    def parts(self) -> tuple[str, ...]:
        """The dotted parts."""
        return tuple(self.symbol.split("."))


class Definitions:
    """All definitions of a package, by name; `whole` is false where `MAX_DEFINITIONS` left some out."""

    def __init__(
        self, modules: Iterable[tuple[str, str, str]], binaries: Iterable[tuple[str, str, bytes]] = ()
    ) -> None:
        """`modules` are (dotted name, file, source), `binaries` the same with the bytes of compiled ones."""
        self._binaries = [
            (dotted, file, frozenset(_IDENTIFIER.findall(data))) for dotted, file, data in binaries
        ]
        self.by_name: dict[str, list[Definition]] = {}
        self._by_lower: dict[str, list[Definition]] = {}
        self.count = 0
        self.whole = True
        self._sources: dict[str, tuple[str, str]] = {}
        self.tops: set[str] = set()
        for dotted, file, source in modules:
            self._sources[dotted] = (file, source)
            self.tops.add(dotted.split(".")[0])
            for found in read_definitions(dotted, file, source):
                if self.count >= MAX_DEFINITIONS:
                    self.whole = False
                    return
                self.by_name.setdefault(found.name, []).append(found)
                self._by_lower.setdefault(found.name.lower(), []).append(found)
                self.count += 1

    @property
    def all(self) -> Iterator[Definition]:
        """Every definition."""
        return (one for found in self.by_name.values() for one in found)

    def begins_names(self, module: str, word: str) -> bool:
        """Whether classes or functions of a module are called after a word ("SandboxedEnvironment")."""
        inside = (
            one for found in self.by_name.values() for one in found if one.symbol.startswith(f"{module}.")
        )
        return any(one.kind is Kind.CLASS and one.name.lower().startswith(word) for one in inside)

    def taking(self, argument: str) -> list[Definition]:
        """The functions, and classes by their `__init__`, that have a parameter of this name."""
        word = re.compile(rf"(?<![\w.])\*{{0,2}}{re.escape(argument)}(?!\w)\s*(?:[=,:)]|$)")
        found = []
        for module, (file, source) in self._sources.items():
            if argument not in source:
                continue
            lines = source.splitlines()
            for one in read_definitions(module, file, source):
                if one.kind is Kind.FUNCTION and word.search(_signature(lines, one.line)):
                    owner, _, name = one.symbol.rpartition(".")
                    symbol = owner if name == "__init__" else one.symbol
                    found.append(
                        Definition(symbol, Kind.CLASS if name == "__init__" else one.kind, file, one.line)
                    )
        return found

    def compiled(self, name: str) -> list[Definition]:
        """Binary modules that hold a name as a string of its own: there the name may be defined."""
        wanted = name.encode()
        return [
            Definition(f"{m}.{name}", Kind.FUNCTION, file, 0)
            for m, file, held in self._binaries
            if wanted in held
        ]

    @cached_property
    def loads_by_name(self) -> bool:
        """Whether the package imports modules by names that it is given, as frameworks do."""
        return any(_BY_NAME.search(source) for _, source in self._sources.values())

    def is_installed_app(self, symbol: str) -> bool:
        """Whether it is in a Django application, which settings list for it to be there at all."""
        return any(f"{one}.apps" in self._sources for one in _parents(symbol) if "." in one)

    def users_of(self, symbol: str) -> list[str]:
        """The functions and classes whose text mentions a module's top-level value, or a value made of it.

        In other modules too, where these mention the module by the last part of its name.
        """
        module, _, name = symbol.rpartition(".")
        users: dict[str, None] = {}
        for value in self._made_of(module, name):
            for other, (file, source) in self._sources.items():
                if value in source and (other == module or module.rpartition(".")[2] in source):
                    users.update(dict.fromkeys(_mentioning(other, file, source, value)))
        return list(users)

    def made_of(self, symbol: str) -> list[str]:
        """A module's top-level value and those of its module that are made of it, which others may use."""
        module, _, name = symbol.rpartition(".")
        return [f"{module}.{one}" for one in self._made_of(module, name)]

    def _made_of(self, module: str, name: str) -> list[str]:
        """A value's name and those of values of its module that are made of it."""
        file, source = self._sources.get(module, ("", ""))
        lines = source.splitlines()
        values = [one for one in read_definitions(module, file, source) if one.kind is Kind.VALUE]
        found = [name]
        for one in values:
            text = _statement(lines, one.line)
            if one.name not in found and any(re.search(rf"(?<![\w.]){re.escape(n)}\b", text) for n in found):
                found.append(one.name)
        return found

    def _imported(self, module: str, name: str) -> list[Definition]:
        """A top-level definition that another module of the package imports: `from .a import name`."""
        _, text = self._sources.get(module, ("", ""))
        for source, names in _FROM.findall(text):
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", names):
                last = source.lstrip(".").rpartition(".")[2]
                found = self.by_name.get(name, ())
                return [one for one in found if one.parts[-2:-1] == (last,)] if last else []
        return []

    @cached_property
    def rarities(self) -> dict[str, float]:
        """Stem -> weight by how few of the package's dotted names have it (inverse document frequency)."""
        counts: dict[str, int] = {}
        for definition in self.all:
            for one in own_stems(definition.symbol):
                counts[one] = counts.get(one, 0) + 1
        return {one: log(1 + self.count / count) for one, count in counts.items()}

    def source_of(self, symbol: str) -> tuple[str, int, str]:
        """(file, line, text) of a definition; text is its block, "" where it is not known."""
        for one in self.by_name.get(symbol.rpartition(".")[2], ()):
            module = next((m for m in _parents(symbol) if m in self._sources), "")
            if one.symbol == symbol and module:
                return one.file, one.line, _block(self._sources[module][1], one.line)
        return "", 0, ""

    def kind_of(self, symbol: str) -> Kind | None:
        """What a symbol is, None where nothing defines it."""
        return next(
            (one.kind for one in self.by_name.get(symbol.rpartition(".")[2], ()) if one.symbol == symbol),
            None,
        )

    def is_plain_function(self, symbol: str) -> bool:
        """Whether it is a function that makes no other functions or classes, which would be called later."""
        _, _, block = self.source_of(symbol)
        inner = re.search(r"\n[ \t]+(?:async[ \t]+)?(?:def|class)[ \t]|\blambda\b", block)
        return self.kind_of(symbol) is Kind.FUNCTION and bool(block) and inner is None

    def named(self, words: tuple[str, ...]) -> list[Definition]:
        """What a name in prose may mean: definitions whose dotted parts hold the words in their order.

        A name that begins with the package itself is the whole name: "lxml.html" is no method called html.
        "utils.text.Truncator" finds "django.utils.text.Truncator"; the last word is the definition's own.
        Names with capitals are also found spelt otherwise ("PSDImagePlugin"), where none is spelt so.
        """
        if len(words) > 1 and words[0] in self.tops:
            whole = ".".join(words)
            exact = [one for one in self.by_name.get(words[-1], ()) if one.symbol == whole]
            if exact or whole in self._sources:
                return exact
            if found := self._imported(".".join(words[:-1]), words[-1]):
                return found
        found = [one for one in self.by_name.get(words[-1], ()) if _holds(one.parts, words)]
        if found or words[-1].islower():
            return found
        spelt = tuple(word.lower() for word in words)
        alike = self._by_lower.get(spelt[-1], ())
        return [one for one in alike if _holds(tuple(part.lower() for part in one.parts), spelt)]


def stems(text: str) -> set[str]:
    """The beginnings of the words of a text or a name, by which their forms are alike."""
    words = (word.lower() for word in _WORD.findall(text))
    return {word[:STEM] for word in words if word not in _COMMON}


def own_stems(symbol: str) -> set[str]:
    """The stems of a dotted name, the package's own name apart."""
    return stems(" ".join(symbol.split(".")[1:]))


def _holds(parts: tuple[str, ...], words: tuple[str, ...]) -> bool:
    left = iter(parts)
    return all(word in left for word in words)


def read_definitions(dotted: str, file: str, source: str) -> Iterator[Definition]:
    """The module itself, its classes, functions and methods (by indentation), and its top-level values.

    Text that is no valid Python of this version (Python 2's print, say) is read as well.
    """
    yield Definition(dotted, Kind.MODULE, file, 0)
    lines = _Lines(source)
    open_: list[tuple[int, str]] = []
    for match in _DEFINES.finditer(source):
        indent, name = len(match.group(1).expandtabs(8)), match.group(2)
        while open_ and open_[-1][0] >= indent:
            open_.pop()
        symbol = ".".join((dotted, *(outer for _, outer in open_), name))
        kind = Kind.CLASS if match.group(0).lstrip().startswith("class") else Kind.FUNCTION
        yield Definition(symbol, kind, file, lines.at(match.start(2)))
        open_.append((indent, name))
    for match in _ASSIGNS.finditer(source):
        yield Definition(f"{dotted}.{match.group(1)}", Kind.VALUE, file, lines.at(match.start(1)))


def _mentioning(module: str, file: str, source: str, name: str) -> Iterator[str]:
    """The innermost functions and classes of a module whose text mentions a name."""
    found = [one for one in read_definitions(module, file, source) if one.kind is not Kind.VALUE and one.line]
    for match in re.finditer(rf"(?<!\w){re.escape(name)}\b", source):
        line = source.count("\n", 0, match.start()) + 1
        inside = [one for one in found if one.line < line and _indented(source, match.start())]
        if inside:
            yield max(inside, key=lambda one: one.line).symbol


def _statement(lines: list[str], line: int) -> str:
    """A top-level statement's text: its line and those that go on with it."""
    taken = lines[line - 1 : line]
    for row in lines[line : line + 200]:
        if row[:1] not in {" ", "\t", ")", "]", "}", '"', "'"}:
            break
        taken.append(row)
    return "\n".join(taken)


def _signature(lines: list[str], line: int) -> str:
    """The text of a function's parameters, from its first bracket to the one that closes it."""
    text = "\n".join(lines[line - 1 : line + 60])
    start = text.find("(")
    depth = 0
    for position in range(start, len(text)) if start >= 0 else ():
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + 1 : position + 1]
    return ""


def _parents(symbol: str) -> Iterator[str]:
    while symbol:
        yield symbol
        symbol = symbol.rpartition(".")[0]


def _indented(source: str, position: int) -> bool:
    return source[source.rfind("\n", 0, position) + 1 : position][:1].isspace()


def _block(source: str, line: int) -> str:
    """A definition's lines: until the next line that is indented no deeper."""
    lines = source.splitlines()[line - 1 :]
    if not lines:
        return ""
    indent = len(lines[0]) - len(lines[0].lstrip())
    taken = lines[:1]
    for row in lines[1:MAX_BLOCK]:
        if row.strip() and len(row) - len(row.lstrip()) <= indent and not row.lstrip().startswith(")"):
            break
        taken.append(row)
    return "\n".join(taken)


class _Lines:
    """Line numbers of positions that only grow, counted once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def at(self, position: int) -> int:
        if position < self._position:
            self._position, self._line = 0, 1
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line
