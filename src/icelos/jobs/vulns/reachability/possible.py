"""The over-approximation: every call that could not be followed leads wherever its name, or a value, could.

What the exact analysis has evaluated is evaluated on, with anything for what could be changed or handed in from
elsewhere; of all else only the names that it mentions are read. What even this does not enter cannot be called,
as far as the source of the target tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from icelos.jobs.vulns.reachability.closure import Closure
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.modules import code_words
from icelos.jobs.vulns.reachability.values import (
    EACH,
    PLAIN,
    RETURN,
    UNKNOWN,
    YIELDED,
    Kind,
    Task,
    Value,
)

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?$")


class Outside(Closure):
    """Code outside of our sight: it calls what is handed to it, with arguments of which nothing is known."""

    def __init__(self, work: Evaluator) -> None:
        super().__init__(work)
        self._called_from: set[str] = set()
        self._handed: set[Value] = set()
        self._named: set[str] = set()
        self._read_words: set[str] = set()
        self._words: set[str] = set()
        self._coded: set[str] = set()
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
        for name in list(self.possible):
            if name in self.work.edges and name not in self._called_from:
                self.reenter(name)
        doubts = list(self.work.unresolved)
        for owner, starts in list(self.work.gotten.items()):
            self._made_up(owner, starts)
        imports = [doubt for doubt in doubts if doubt.how == "import"]
        if imports:
            self._load_named(self.program.strings - self._named)
            self._named |= self.program.strings
            self._load_within({self._package(doubt.unit, doubt.name) for doubt in imports})
        self._made_up_code({self.program.module_of(doubt.unit) for doubt in doubts if doubt.how == "code"})
        self._unreadable()

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
        while new := [one for one in work.escaped if one not in self._handed]:
            for one in new:
                self._handed.add(one)
                self.open([one])
                if one.kind in {Kind.CLASS, Kind.INSTANCE}:
                    self._enter_all(self.program.methods(one.name))
                elif one.kind is Kind.CONTAINER:
                    work.escape(work.all_items(one.name))

    # -- names made at run time

    def _made_up(self, owner: Value, starts: Iterable[str]) -> None:
        """`getattr(owner, name)` of a made-up name: all names that begin so, or that stand in a string."""
        if owner.kind in {Kind.INSTANCE, Kind.CLASS}:
            owners: Sequence[str] = [
                each for one in self.family(owner.name) for each in self.program.linear(one)
            ]
            owners = [*owners, *(f"{each}()" for each in owners)]
        elif owner.kind is Kind.MODULE:
            owners = [owner.name]
        elif owner.kind is Kind.UNKNOWN:
            owners = [*self.classes, *(f"{each}()" for each in self.classes), *self.modules]
        else:
            return
        for start in list(starts):
            named = None if start else self.program.strings
            for one in owners:
                self._open_beginning(one, start, named)

    def _open_beginning(self, owner: str, start: str, named: set[str] | None) -> None:
        values = self.tables.values
        for key in list(self.tables.keys.get(owner, ())):
            if key.startswith(start) and (named is None or key in named):
                self.open(values[owner, key])

    # -- modules

    def _load_named(self, texts: Iterable[str]) -> None:
        """Modules whose names stand in strings, and which an open import may load; classes named there."""
        for text in sorted(texts):
            if not _DOTTED.match(text):
                continue
            name = text.replace(":", ".")
            module = self.program.load(name)
            if module is not None:
                self.open([Value(Kind.MODULE, module.name)])
            elif "." in name:
                parent, _, last = name.rpartition(".")
                if self.program.load(parent) is not None:
                    found = self.program.attribute(Value(Kind.MODULE, parent), last)
                    self.work.escape(one for one in found if one != PLAIN and one.kind is not Kind.MODULE)

    def _package(self, unit: str, start: str) -> str:
        """The package within which an open import looks: what its name begins with, or its module's own."""
        if start.strip("."):
            return start.rstrip(".")
        module = self.program.modules.get(self.program.module_of(unit))
        return module.parent if module is not None else ""

    def _load_within(self, packages: set[str]) -> None:
        """Modules of these packages whose names stand in strings."""
        for package in sorted(packages - {""}):
            for text in sorted(self.program.strings):
                if text.isidentifier():
                    self.program.load(f"{package}.{text}")

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
