"""The over-approximation: every call that could not be followed leads wherever its name, or a value, could.

What the exact analysis has evaluated is evaluated on, with anything for what could be changed or handed in
from elsewhere; of all else only the names that it mentions are read. What even this does not enter cannot be
called, as far as the source of the target tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from icelos.jobs.vulns.reachability.closure import Closure
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.modules import code_words
from icelos.jobs.vulns.reachability.names import texts
from icelos.jobs.vulns.reachability.shapes import LISTED
from icelos.jobs.vulns.reachability.values import (
    EACH,
    RETURN,
    UNKNOWN,
    YIELDED,
    Kind,
    Task,
    Value,
)
from icelos.jobs.vulns.reachability.written import COMPOSED, HOLE

_PATTERN = re.compile(r"(?:\*\.|\w)[\w.]*\*?")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?$")


class Outside(Closure):
    """Code outside of our sight: it calls what is handed to it, with arguments of which nothing is known."""

    def __init__(self, work: Evaluator) -> None:
        super().__init__(work)
        self._called_from: set[str] = set()
        self._handed: dict[Value, bool] = {}
        self._named: set[str] = set()
        self._read_words: set[str] = set()
        self._words: set[str] = set()
        self._coded: set[str] = set()
        self._opened_by_name: set[str] = set()
        self._texts_of: set[str] = set()
        self._own_texts: set[str] = set()
        self._packages: dict[str, bool] = {}
        self._code_words: set[str] = set()

    def loosen(self) -> None:
        """Begin: from now on functions that are not evaluated yet are only read."""
        work = self.work
        work.loose = self.program.loose = True
        work.divert = self._diverted
        work.tables.queue.update(work.all_tasks)
        for function in list(self.program.functions.values()):
            if function.module.own:
                self.enter(function.name)

    def _diverted(self, name: str, arguments: Iterable[Value]) -> None:
        self.enter(name)
        self.open(arguments)

    def reenter(self, name: str) -> None:
        """Let anything flow to the parameters of a possible function whose body is evaluated."""
        self.call(name)
        function = self.program.functions[name]
        first = function.parameters[:1]
        if function.owner and first and "staticmethod" not in function.decorators:
            key, flow = (name, first[0]), self.itself
            self.tables.queue[Task(name, lambda: self.tables.add(key, flow(function)))] = None
        self.open_key(name, RETURN)
        self.open_key(f"{name}{YIELDED}", EACH)

    def call(self, name: str) -> None:
        """Evaluate a function as called from outside."""
        function = self.program.functions.get(name)
        if function is None or name in self._called_from:
            return
        self._called_from.add(name)
        self.work.enter(name)
        tables = self.work.tables
        for one in function.defaults:
            tables.add((name, one), tables.values.get((f"{name}*defaults*", one), ()))
        names = function.parameters
        if function.owner and names and "staticmethod" not in function.decorators:
            kind = Kind.CLASS if "classmethod" in function.decorators else Kind.INSTANCE
            tables.add((name, names[0]), {Value(kind, function.owner)})
            names = names[1:]
        written = function.node.args
        for each in (*names, *(one.arg for one in written.kwonlyargs)):
            tables.add((name, each), {UNKNOWN})
            self._inject(name, each)
        for site, rest in (("*args*", written.vararg), ("*kwargs*", written.kwarg)):
            if rest is not None:
                tables.add((f"{name}{site}", EACH), {UNKNOWN})
                tables.add((name, rest.arg), {Value(Kind.CONTAINER, f"{name}{site}")})

    def _inject(self, name: str, parameter: str) -> None:
        """What pytest hands to a test: the result of the fixture of the parameter's name."""
        functions = self.program.functions
        fixtures = [
            one for one in self.program.by_name.get(parameter, ()) if "fixture" in functions[one].decorators
        ]
        module = functions[name].module.name
        near = [one for one in fixtures if functions[one].module.name == module] or fixtures
        tables = self.work.tables

        def flow() -> None:
            for one in near:
                tables.add((name, parameter), tables.read((one, RETURN)))
                tables.add((name, parameter), tables.read((f"{one}{YIELDED}", EACH)))

        if near:
            tables.queue[Task(name, flow)] = None

    def let_go(self) -> None:
        """One round: enter all that could be called by what is open so far."""
        self._hand_over()
        self.look()
        self._keep_texts()
        for name in list(self.possible):
            if name in self.work.edges and name not in self._called_from:
                self.reenter(name)
        doubts = list(self.work.unresolved)
        self._all_members()
        self._made_up()
        imports = [doubt for doubt in doubts if doubt.how == "import"]
        if imports:
            self._load_named(self.program.strings - self._named)
            self._named |= self.program.strings
            self._load_below()
            for text in {doubt.name for doubt in imports}:
                self._load_pattern(text)
            self._load_within({self._package(doubt.unit) for doubt in imports if doubt.name[:1] in "*."})
        self._made_up_code({self.program.module_of(doubt.unit) for doubt in doubts if doubt.how == "code"})
        self._unreadable()

    def _keep_texts(self) -> None:
        """Texts of functions that could run: names may be made of them."""
        units = {*self.work.edges, *self.possible} - self._texts_of
        self._texts_of |= units
        for name in units:
            function = self.program.functions.get(name)
            if function is not None:
                found = texts(function.node)
                self.program.strings |= found
                self._own_texts |= found if function.module.own else set()

    def size(self) -> tuple[int, ...]:
        """Grows as long as another round may find more."""
        work = self.work
        counts = (work.edges, work.escaped, work.made, work.unresolved, self.program.modules)
        mine = (self.possible, self.made, self.classes, self.modules, self._opened)
        return (*(len(one) for one in (*counts, *mine)), sum(len(one) for one in work.gotten.values()))

    def _enter_all(self, names: Iterable[str]) -> None:
        for name in list(names):
            self.enter(name)

    # -- values that are handed over

    def _hand_over(self) -> None:
        """Code without source may call any method of what it is given."""
        work = self.work
        work.escape(work.tables.spilled)
        while new := [one for one, binary in work.escaped.items() if self._handed.get(one) is not binary]:
            for one in new:
                self._handed[one] = binary = work.escaped[one]
                self.open([one])
                if one.kind in {Kind.CLASS, Kind.INSTANCE} and binary:
                    self._enter_all(self.program.methods(one.name))
                elif one.kind is Kind.CONTAINER:
                    work.escape(work.all_items(one.name), binary=binary)

    # -- names made at run time

    def _made_up(self) -> None:
        """`getattr(owner, name)` of a made-up name: all names that begin so, or that stand in a string."""
        wanted: dict[str, set[str]] = {}
        for owner, starts in self.work.gotten.items():
            for one in self._owners(owner):
                wanted.setdefault(one, set()).update(starts)
        for name, begun in wanted.items():
            self._open_if(name, partial(_begins, starts=tuple(begun)))
        starts = self.work.gotten.get(UNKNOWN, set())
        fits = self._fitting(starts)
        for one in [*self.classes, *(f"{each}()" for each in self.classes), *self.modules] if starts else ():
            self._open_if(one, fits)

    def _fitting(self, starts: set[str]) -> Callable[[str], bool]:
        """Whether a name may be asked of an unknown value.

        It begins so, stands in a string or, where it is put together, each of its parts does.
        """
        strings, written = self.program.strings, tuple(starts - {"", COMPOSED})
        named, composed = "" in starts, COMPOSED in starts

        def fits(key: str) -> bool:
            return (
                key.startswith(written)
                or ((named or composed) and key in strings)
                or (composed and all(part in strings for part in key.split("_") if part))
            )

        return fits

    def _owners(self, owner: Value) -> list[str]:
        """The owners, as the tables name them, of the attributes of a known value."""
        if owner.kind is Kind.MODULE:
            return [owner.name]
        if owner.kind not in {Kind.INSTANCE, Kind.CLASS}:
            return []
        every = {each for one in self.family(owner.name) for each in self.program.linear(one)}
        return [*every, *(f"{each}()" for each in every)]

    def _all_members(self) -> None:
        """`getmembers` of an unknown value: classes of modules only, as nothing asks for all functions."""
        for owner in list(self.work.members):
            self.work.gotten.setdefault(owner, set()).update([""] if owner.kind is not Kind.UNKNOWN else [])
        for module in filter(self._only_named, list(self.modules)) if UNKNOWN in self.work.members else ():
            for key in list(self.tables.keys.get(module, ())):
                self.open(one for one in self.tables.values[module, key] if one.kind is Kind.CLASS)

    def _open_if(self, owner: str, fits: Callable[[str], bool]) -> None:
        for key in list(self.tables.keys.get(owner, ())):
            if fits(key):
                self.open(self.tables.values[owner, key])

    # -- modules

    def _load_named(self, found: Iterable[str]) -> None:
        """Modules whose names stand in strings, and which an open import may load; classes named there."""
        own = self._own_texts.union(*(one.strings for one in self.program.modules.values() if one.own))
        for text in sorted(found):
            if not _DOTTED.match(text):
                continue
            name = text.replace(":", ".")
            module = self.program.load(name)
            if module is not None:
                self.open([Value(Kind.MODULE, module.name)])
                if text in own or self._only_named(module.name):
                    self._packages[module.name] = False
            elif "." in name:
                parent, _, last = name.rpartition(".")
                if self.program.load(parent) is not None:
                    self.open_key(parent, last)

    def _load_below(self) -> None:
        """Modules of packages that are named in strings, as those are that are named there too ("models").

        Of packages found so ("migrations"), all of them where something asks for all modules.
        """
        listed = any(doubt.how == "import" and doubt.name == LISTED for doubt in self.work.unresolved)
        for package, found in list(self._packages.items()):
            for name in self._children(package, listed=listed and found):
                if name not in self._packages and self.program.load(name) is not None:
                    self._packages[name] = True
                    self.open([Value(Kind.MODULE, name)])

    def _children(self, package: str, *, listed: bool) -> list[str]:
        """The modules of a package that stand in a string, or all."""
        module = self.program.known(package)
        names = self.program.finder.children(module) if module is not None else []
        strings = self.program.strings
        return [one for one in names if listed or one.rpartition(".")[2] in strings]

    def _only_named(self, module: str) -> bool:
        """Whether no statement imports a module: it is there by a name that is made at run time."""
        return module not in self.program.loaded_by

    def _package(self, unit: str) -> str:
        """The package within which an open import may look: its module's own."""
        module = self.program.modules.get(self.program.module_of(unit))
        return module.parent if module is not None else ""

    def _load_pattern(self, text: str) -> None:
        """Modules whose names fit a pattern such as "*.management.commands.*": its first hole is a package
        that a string names, its last any module."""
        if not _PATTERN.fullmatch(text):
            return
        starts = [""] if text[0] != HOLE else [one for one in self._named if self.program.known(one)]
        middle, _, last = text.lstrip(HOLE).partition(HOLE)
        if last:
            return
        for start in sorted(starts):
            name = f"{start}{middle}"
            parent, _, beginning = name.rpartition(".")
            if not text.endswith(HOLE):
                self._load_and_open(name)
            elif self.program.load(parent) is not None:
                for child in self._children(parent, listed=True):
                    if child.startswith(f"{parent}.{beginning}"):
                        self._load_and_open(child)

    def _load_and_open(self, name: str) -> None:
        if name not in self._opened_by_name:
            self._opened_by_name.add(name)
            if self.program.load(name) is not None:
                self.open([Value(Kind.MODULE, name)])

    def _load_within(self, packages: set[str]) -> None:
        """Modules of these packages whose names stand in strings."""
        for package in sorted(packages - {""}):
            for name in self._children(package, listed=False):
                self.program.load(name)

    def _made_up_code(self, modules: set[str]) -> None:
        """Code that is made up at run time may use what the texts of its package name, in its module or of
        what it is given."""
        for name in sorted(modules - self._coded):
            self._coded.add(name)
            top = name.split(".")[0]
            for module in list(self.program.modules.values()):
                if module.tree is not None and module.name.split(".")[0] == top:
                    self._code_words |= code_words(module.tree)
        for word in sorted(self._code_words):
            self.ask(word)
            for name in sorted(self._coded):
                self.open(self.tables.values.get((name, word), ()))

    def _unreadable(self) -> None:
        """A module that is loaded and cannot be parsed may import and call whatever its text names."""
        for module in list(self.program.modules.values()):
            if module.words and module.name not in self._read_words:
                self._read_words.add(module.name)
                self._load_named(module.words)
                self._words |= {part for word in module.words for part in word.split(".")}
        for word in sorted(self._words):
            self._enter_all(self.program.by_name.get(word, ()))
            self._escape_classes(word)

    def _escape_classes(self, name: str) -> None:
        for owner in self.work.tables.owners.get(name, ()):
            if owner in self.program.modules:
                self.work.escape(self.work.tables.values[owner, name])


def _begins(key: str, starts: tuple[str, ...]) -> bool:
    return COMPOSED in starts or key.startswith(starts)
