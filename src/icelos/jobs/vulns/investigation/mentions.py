"""Whether any code that runs names a function or class: what nothing names is not used.

From the vulnerable symbol backwards: the functions and classes of the installed packages whose text names it,
those that name these, and so on. Where all of that ends before it comes to a name in the application's own
files, or to code that is reached, nothing can call the symbol but by a name that is put together at run time;
such names are known by their beginnings ("visit_") and leave the question open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from icelos.jobs.vulns.investigation.definitions import Definition, Kind
from icelos.jobs.vulns.investigation.package_text import PackageText, SourceFile
from icelos.jobs.vulns.reachability.likely import COMMON

MAX_UNITS = 400
"""Functions and classes that are looked at, above which the symbol is taken to be in general use."""
_CHECKED = re.compile(r"\b(?:isinstance|issubclass)\s*\([^()]*$|^\s*except\b[^:]*$|->[^:]*$")
"""Before a name that is only compared with, not used."""
_PICKLED = re.compile(r"\.(?:pickle|pkl)[\"']")
_LOGGED = re.compile(r"\blog(?:ger|ging)?\.$", re.IGNORECASE)
_DOTTED = re.compile(r"[\"'][\w.]*\.$")
_SERVED = re.compile(
    r"\s*(?:async\s+)?def\s+\w+\(\s*(?:self,\s*)?"
    r"(?:environ\w*[^,]*,\s*start_response|scope[^,]*,\s*receive[^,]*,\s*send)\b"
)
_KEY = re.compile(r"[\"']([\w.-]+)[\"']\s*:\s*(?:[\w.]+\.)?$")
_BOUND = re.compile(r"\s+(\w+)\s*=")
"""An attribute in the body of a class: `POST = property(_get_post)`."""
_TEMPLATE = re.compile(r"\.(?:filter|tag|simple_tag|inclusion_tag|simple_block_tag|assignment_tag)\b")
_KEPT = re.compile(r"@\s*(?:functools|contextlib|abc|typing|six|\w+\.(?:setter|getter|deleter))\b")
_CLASS = re.compile(r"\s*class\s+\w+\s*\(([^)]*)\)")
_LAST = re.compile(r"\w+$")
_PLAIN_BASES = frozenset(
    "object dict list tuple str bytes int float set frozenset type ABC Generic Protocol NamedTuple TypedDict "
    "Enum IntEnum StrEnum Flag IntFlag Exception BaseException".split()
)
"""Bases that call no method of a class below them by a name of its own."""
_PLAIN_ENDS = ("Error", "Exception", "Warning")
_GIVEN = re.compile(r"[\"'](\w+)[\"']")


class Own(NamedTuple):
    """What the application's own files say: all of their words, and the filters and tags of its templates.

    `names_package` tells whether they name a package by its dotted name, or code that runs loads it.
    """

    words: frozenset[str]
    template_words: frozenset[str]
    names_package: Callable[[str], bool]


class Running(NamedTuple):
    """What is known of the code that runs.

    `reaches` tells of a symbol whether calls are known to lead there, `takes` whether such code was seen to
    take the function or class by its name, and `may_load` of a module whether it may be loaded at all.
    """

    reaches: Callable[[str], bool]
    takes: Callable[[str], bool]
    may_load: Callable[[str], bool]


class Mentions:
    """The names in a target's packages."""

    def __init__(self, text: PackageText, own: Own, running: Running) -> None:
        self._text = text
        self._own = own
        self._running = running
        self._left = 0
        self._files: list[SourceFile] | None = None
        self._by_name: dict[str, list[tuple[SourceFile, Definition]]] | None = None

    @property
    def all_files(self) -> list[SourceFile]:
        """The modules of all packages that stand there."""
        return self._text.modules

    def is_own_word(self, word: str) -> bool:
        """Whether the application's own files have a word anywhere."""
        return word in self._own.words

    def is_named_elsewhere(self, symbol: str) -> bool:
        """Whether a module of another package that may be loaded names something as this one."""
        top, _, _ = symbol.partition(".")
        name = re.escape(symbol.rpartition(".")[2])
        mention = re.compile(rf"\.{name}(?!\w)")
        return any(
            file.names_of(symbol) or (top in file.imports and mention.search(file.text))
            for file in self.files
            if file.module.partition(".")[0] != top
        )

    @property
    def files(self) -> list[SourceFile]:
        """The modules that may be loaded."""
        if self._files is None:
            self._files = [one for one in self._text.modules if self._running.may_load(one.module)]
        return self._files

    def unused(self, symbol: str) -> tuple[str, ...] | None:
        """The symbol and all that names it, where none of that runs; None where some of it may."""
        if not self._text.whole or self._may_be_unpickled(symbol):
            return None
        self._left = MAX_UNITS
        return self._dead(symbol, ())

    def _may_be_unpickled(self, symbol: str) -> bool:
        """Whether objects come out of data by the names of their classes: of pickles that packages ship."""
        if any(self._running.reaches(f"pickle.{one}") for one in ("load", "loads", "Unpickler")):
            return True
        top = symbol.partition(".")[0]
        return any(one.module.partition(".")[0] == top and _PICKLED.search(one.text) for one in self.files)

    def _dead(self, symbol: str, assumed: tuple[str, ...]) -> tuple[str, ...] | None:
        """`assumed` with the symbol and what names it, all unused; in a circle each holds by the others."""
        if symbol in assumed:
            return assumed
        self._left -= 1
        if self._left < 0 or self._running.reaches(symbol) or self._is_served(symbol):
            return None
        owner = self._owner(symbol)
        if owner:
            found = self._dead(owner, (*assumed, symbol))
            if found is not None:
                return found
        return self._unnamed(symbol, (*assumed, symbol))

    def _is_served(self, symbol: str) -> bool:
        """Whether servers call it, which need no name: an application of WSGI (PEP 3333) or ASGI."""
        for file in self.files:
            if symbol.startswith(f"{file.module}."):
                found = (one for one in file.definitions if one.symbol in {symbol, f"{symbol}.__call__"})
                if any(_SERVED.match(file.line(one.line)) for one in found):
                    return True
        return False

    def _owner(self, symbol: str) -> str:
        """The class of a method, "" for what is none."""
        above, _, _ = symbol.rpartition(".")
        for file in self.files:
            inside = file.definitions if above.startswith(f"{file.module}.") else ()
            if any(one.symbol == above and one.kind is Kind.CLASS for one in inside):
                return above
        return ""

    def _unnamed(self, symbol: str, assumed: tuple[str, ...]) -> tuple[str, ...] | None:
        name = symbol.rpartition(".")[2]
        if (
            name.startswith("__")
            or name in COMMON
            or name in self._own.words
            or self._is_put_together(symbol)
            or self._is_of_another(self._owner(symbol), ())
        ):
            return None
        taken = self._running.takes(symbol) or self._is_value(symbol)
        found: tuple[str, ...] | None = assumed
        for use, plain in self._uses(symbol, name):
            if plain and not taken and self._running.reaches(use):
                continue  # it runs, and was seen not to come to this name
            found = self._dead(use, found) if use and found is not None else None
            if found is None:
                return None
        return found

    def _is_value(self, symbol: str) -> bool:
        """Whether it is a value of a module, which is taken without a call of it being seen."""
        inside = (
            one for file in self.files if symbol.startswith(f"{file.module}.") for one in file.definitions
        )
        return any(one.symbol == symbol and one.kind is Kind.VALUE for one in inside)

    def _is_of_another(self, name: str, below: tuple[str, ...]) -> bool:
        """Whether a class has a base outside of the packages, which may call methods by its own rules."""
        if not name or name in below:
            return False
        for module, definition in self._classes.get(name.rpartition(".")[2], ()):
            if definition.symbol != name:
                continue
            for base in _bases(module.line(definition.line)):
                known = self._classes.get(base, ())
                if not known and base not in _PLAIN_BASES and not base.endswith(_PLAIN_ENDS):
                    return True
                if any(self._is_of_another(one.symbol, (*below, name)) for _, one in known):
                    return True
        return False

    @property
    def _classes(self) -> Mapping[str, Sequence[tuple[SourceFile, Definition]]]:
        """The classes of the modules by their last names."""
        if self._by_name is None:
            self._by_name = {}
            for file in self.files:
                for one in file.definitions:
                    if one.kind is Kind.CLASS:
                        self._by_name.setdefault(one.name, []).append((file, one))
        return self._by_name

    def _is_put_together(self, symbol: str) -> bool:
        """Whether code makes names up that begin as this one: of methods anywhere, else in its own module."""
        name = symbol.rpartition(".")[2]
        if self._owner(symbol):
            return any(name.startswith(one) for one in self._text.beginnings)
        own = (one for one in self.files if symbol.startswith(f"{one.module}."))
        return any(name.startswith(beginning) for one in own for beginning in one.beginnings)

    def _uses(self, symbol: str, name: str) -> Iterator[tuple[str, bool]]:
        """The symbols whose code names one, "" for code not known; and whether by the plain name."""
        for file in self.files:
            if name not in file.text and name not in file.imports:
                continue
            plain = file.names_of(symbol)
            for spelt in plain | {name}:
                mention = re.compile(rf"(?<!\w){re.escape(spelt)}(?!\w)")
                for match in mention.finditer(file.text):
                    if (use := self._use(file, match, plain)) is not None:
                        before = file.text[max(0, match.start() - 1) : match.start()]
                        yield use, before not in {".", "'", '"'}
            for use in self._registered(file, symbol):
                yield use, False

    def _use(self, file: SourceFile, match: re.Match[str], plain: set[str]) -> str | None:
        """The symbol that a mention stands in; None for what is no use."""
        text, start = file.text, match.start()
        line = text[text.rfind("\n", 0, start) + 1 : start]
        rest = text[match.end() : match.end() + 80].partition("\n")[0]
        before = line[-1:]
        quoted = before in {"'", '"'} and rest[:1] == before
        if not (before == "." or quoted or match.group(0) in plain) or _is_aside(line, rest, before):
            return None
        if (key := _KEY.search(line)) is not None and not quoted:
            return self._by_key(key.group(1), file, start)
        if line.lstrip().startswith("@"):
            return ""
        unit = file.unit_at(start)
        if unit is None:
            return ""
        bound = _BOUND.match(line) if unit.kind is Kind.CLASS else None
        return f"{unit.symbol}.{bound.group(1)}" if bound else unit.symbol

    def _by_key(self, key: str, file: SourceFile, start: int) -> str | None:
        """A function in a table: used by its key, or where all of the table's values are taken."""
        unit = file.unit_at(start)
        if unit is None or unit.kind is not Kind.VALUE:
            return unit.symbol if unit is not None else ""
        everything = re.compile(rf"(?<!\w){re.escape(unit.name)}\.(?:values|items)\(")
        if key in self._own.words or any(everything.search(one.text) for one in self.files):
            return unit.symbol
        asked = re.compile(rf"[\"']{re.escape(key)}[\"'](?!\s*:)")
        return unit.symbol if any(asked.search(one.text) for one in self.files) else None

    def _registered(self, file: SourceFile, symbol: str) -> Iterator[str]:
        """What the decorators of a function hand it to: templates that use its name, or code not known."""
        if not symbol.startswith(f"{file.module}."):
            return
        for one in file.definitions:
            if one.symbol == symbol and one.kind is not Kind.VALUE:
                for decorator in _decorators(file, one.line):
                    yield from self._by_decorator(decorator, symbol.rpartition(".")[2])

    def _by_decorator(self, decorator: str, name: str) -> Iterator[str]:
        if _TEMPLATE.search(decorator):
            words = {name, *_GIVEN.findall(decorator)}
            if words & self._own.template_words:
                yield ""
            used = re.compile(rf"[|%]-?\s*(?:{'|'.join(map(re.escape, words))})(?!\w)")
            for package, text in self._text.templates:
                if used.search(text) and self._own.names_package(package):
                    yield ""
        elif "." in decorator.partition("(")[0] and not _KEPT.match(decorator):
            yield ""


def _bases(line: str) -> list[str]:
    """The last names of the bases in a class's first line, its metaclass apart."""
    match = _CLASS.match(line)
    named = match.group(1).split(",") if match else []
    found = (_LAST.search(one.partition("[")[0].strip()) for one in named if "=" not in one)
    return [one.group(0) for one in found if one]


def _is_aside(line: str, rest: str, before: str) -> bool:
    """Whether a mention is no use: a definition, a check, a name bound, a log call, a part of a text."""
    if re.search(r"\b(?:def|class)\s+$", line) or _CHECKED.search(line):
        return True
    if before != "." and re.match(r"\s*=(?!=)", rest):
        return True
    return bool(_LOGGED.search(line) or (_DOTTED.search(line) and re.match(r"\.[\w.]+[\"']", rest)))


def _decorators(file: SourceFile, line: int) -> Iterator[str]:
    """The decorators above a definition, nearest first; each in one line."""
    lines = file.text.split("\n")
    for number in range(line - 2, -1, -1):
        text = lines[number].strip()
        if not text.startswith("@"):
            return
        yield text
