"""The over-approximation: every call that could not be followed leads wherever its name, or a value, could.

What even this does not enter cannot be called, as far as the source of the target tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from icelos.jobs.vulns.reachability.evaluate import Evaluator
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
_FUNCTIONS = frozenset({Kind.FUNCTION, Kind.BOUND})


class Outside:
    """Code outside of our sight: it calls what is handed to it, with arguments of which nothing is known."""

    def __init__(self, work: Evaluator) -> None:
        self.work = work
        self.program = work.program
        self.entered: set[str] = set()
        self._handed: set[Value] = set()
        self._named: set[str] = set()
        self._read: set[str] = set()
        self._words: set[str] = set()

    def enter(self, name: str) -> None:
        """Let a function be called from outside."""
        function = self.program.functions.get(name)
        if function is None or name in self.entered:
            return
        self.entered.add(name)
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
        there = self._there()
        doubts = list(self.work.unresolved)
        for name in {doubt.name for doubt in doubts if doubt.how == "attribute"}:
            self._look_into(name, there)
        for name in {doubt.name for doubt in doubts if doubt.how == "plain"}:
            self._enter_all(self.program.by_name.get(name, ()))
        for owner, starts in list(self.work.gotten.items()):
            self._made_up(owner, starts, there)
        imports = [doubt for doubt in doubts if doubt.how == "import"]
        if imports:
            self._load_named(self.program.strings - self._named)
            self._named |= self.program.strings
            self._load_within({self._package(doubt.unit, doubt.name) for doubt in imports})
        self._unreadable()

    def size(self) -> tuple[int, ...]:
        """Grows as long as another round may find more."""
        work = self.work
        counts = (work.edges, work.escaped, work.made, work.unresolved, self.program.modules, self.entered)
        return (*(len(one) for one in counts), sum(len(one) for one in work.gotten.values()))

    def _enter_all(self, names: Iterable[str]) -> None:
        for name in list(names):
            self.enter(name)

    # -- values that are handed over

    def _hand_over(self) -> None:
        work = self.work
        work.escape(work.tables.spilled)
        for name in self.entered:
            work.escape(work.tables.values.get((name, RETURN), ()))
            work.escape(work.tables.values.get((f"{name}{YIELDED}", EACH), ()))
        while new := [one for one in work.escaped if one not in self._handed]:
            for one in new:
                self._handed.add(one)
                self._hand(one)
        for cls in list(work.made):
            external = self.program.hierarchy.has_external_base(cls)
            for each in list(self.program.methods(cls)):
                if external or _is_special(each):
                    self.enter(each)

    def _hand(self, one: Value) -> None:
        if one.kind in _FUNCTIONS:
            self.enter(one.name)
        elif one.kind in {Kind.CLASS, Kind.INSTANCE}:
            self._enter_all(self.program.methods(one.name))
        elif one.kind is Kind.CONTAINER:
            self.enter(one.name.removesuffix(YIELDED))
            self.work.escape(self.work.all_items(one.name))
        elif one.kind is Kind.PARTIAL and one.of is not None:
            self.work.escape([one.of])

    def _there(self) -> set[str]:
        """Functions that an object of unknown kind may have: methods of what is made or handed on, and the
        functions of modules that are handed on as values."""
        found: set[str] = set()
        handed = {one.name: one.kind for one in self.work.escaped}
        for name in {*self.work.made, *handed}:
            if name in self.program.classes:
                found.update(self.program.methods(name))
            elif handed.get(name) is Kind.MODULE:
                found.update(f"{name}.{key}" for key in self.program.tables.keys.get(name, ()))
        return found

    # -- names

    def _look_into(self, name: str, there: set[str]) -> None:
        """`x.name` of an unknown x: methods and functions of that name, and what attributes of it hold."""
        self._enter_all(each for each in self.program.by_name.get(name, ()) if each in there)
        tables = self.work.tables
        for owner in list(tables.owners.get(name, ())):
            if owner.endswith("()"):
                self.work.escape(tables.values[owner, name])
            elif owner in self.program.classes:
                held = tables.values[owner, name]
                self.work.escape(one for one in held if one.name not in self.program.functions)
                self._enter_all(
                    one.name for one in held if one.kind in _FUNCTIONS and owner in self.work.made
                )

    def _made_up(self, owner: Value, starts: Iterable[str], there: set[str]) -> None:
        """`getattr(owner, name)` of a made-up name: all names that begin so, or that stand in a string."""
        program = self.program
        if owner.kind in {Kind.INSTANCE, Kind.CLASS}:
            names = set(program.methods(owner.name))
            for each in program.linear(owner.name):
                self._escape_all(f"{each}()", "")
        elif owner.kind is Kind.MODULE:
            names = {f"{owner.name}.{key}" for key in program.tables.keys.get(owner.name, ())}
            for start in starts:
                self._escape_all(owner.name, start)
        else:
            names = there
        for start in list(starts):
            named = [(name, name.rpartition(".")[2]) for name in names]
            if owner.kind is Kind.UNKNOWN and not start:
                named = [(name, last) for name, last in named if last in program.strings]
            self._enter_all(name for name, last in named if last.startswith(start))

    def _escape_all(self, owner: str, start: str) -> None:
        tables = self.work.tables
        for key in list(tables.keys.get(owner, ())):
            if key.startswith(start):
                self.work.escape(tables.values[owner, key])

    # -- modules

    def _load_named(self, texts: Iterable[str]) -> None:
        """Modules whose names stand in strings, and which an open import may load; classes named there."""
        for text in sorted(texts):
            if not _DOTTED.match(text):
                continue
            name = text.replace(":", ".")
            module = self.program.load(name)
            if module is not None:
                self.work.escape([Value(Kind.MODULE, module.name)])
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

    def _unreadable(self) -> None:
        """A module that is loaded and cannot be parsed may import and call whatever its text names."""
        for module in list(self.program.modules.values()):
            if module.words and module.name not in self._read:
                self._read.add(module.name)
                self._load_named(module.words)
                self._words |= {part for word in module.words for part in word.split(".")}
        for word in sorted(self._words):
            self._enter_all(self.program.by_name.get(word, ()))
            self._escape_classes(word)

    def _escape_classes(self, name: str) -> None:
        for owner in self.work.tables.owners.get(name, ()):
            if owner in self.program.modules:
                self.work.escape(self.work.tables.values[owner, name])


def _is_special(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.startswith("__") and last.endswith("__")
