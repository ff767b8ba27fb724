"""What could be called from outside of the exact analysis, and the classes of which objects may be there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import islice

from icelos.jobs.vulns.reachability import builtin
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.values import (
    EACH,
    METACLASS,
    RETURN,
    UNKNOWN,
    YIELDED,
    Kind,
    Task,
    Value,
)

FAMILY = "*family*"
_FUNCTIONS = frozenset({Kind.FUNCTION, Kind.BOUND})


class There(ABC):
    """Functions that are possible, classes that are there, values that possible functions may get hold of."""

    def __init__(self, work: Evaluator) -> None:
        self.work = work
        self.program = work.program
        self.tables = work.tables
        self.possible: dict[str, None] = {}
        self.made: dict[str, None] = {}
        self.classes: set[str] = set()
        """Those that are made, with all their bases."""
        self.modules: set[str] = set()
        """Modules that are handed on as values."""
        self._opened: set[Value] = set()
        self._asked: dict[str, None] = dict.fromkeys(builtin.PROTOCOLS)
        self._looked = 0
        self._families: dict[str, dict[str, None]] = {}

    @abstractmethod
    def follow(self, name: str) -> None:
        """Read what a possible function mentions, whose body is not evaluated."""

    @abstractmethod
    def reenter(self, name: str) -> None:
        """Let anything flow to the parameters of a possible function whose body is evaluated."""

    def enter(self, name: str) -> None:
        """A function may be called by code that is not evaluated."""
        if name in self.possible or name not in self.program.functions:
            return
        self.possible[name] = None
        self.tables.add((name, RETURN), {UNKNOWN})
        self.tables.add((f"{name}{YIELDED}", EACH), {UNKNOWN})
        if name in self.work.edges:
            self.reenter(name)
        else:
            self.follow(name)

    # -- values

    def open(self, values: Iterable[Value]) -> None:
        """Values that code that is not evaluated gets hold of: it may call them, or ask them for any name."""
        for one in values:
            if one in self._opened:
                continue
            self._opened.add(one)
            if one.kind in _FUNCTIONS:
                self.enter(one.name)
            elif one.kind in {Kind.CLASS, Kind.INSTANCE}:
                self.make(one.name)
                self.tables.add((f"{one.name}[]", EACH), {UNKNOWN})
            elif one.kind is Kind.MODULE:
                self.modules.add(one.name)
            elif one.kind is Kind.CONTAINER:
                self._open_container(one.name)
            elif one.kind is Kind.PARTIAL and one.of is not None:
                self._open_container(one.name)
                self.open([one.of])
            elif one.kind is Kind.PROPERTY:
                self._open_container(one.name)

    def _open_container(self, site: str) -> None:
        self.enter(site.removesuffix(YIELDED))
        self.tables.add((site, EACH), {UNKNOWN})
        task = Task(self.work.unit, lambda: self.open(self.tables.total(site)))
        self.tables.queue[task] = None

    def open_key(self, owner: str, name: str) -> None:
        """Open what an attribute holds and will hold."""
        task = Task(self.work.unit, lambda: self.open(self.tables.read((owner, name))))
        self.tables.queue[task] = None

    # -- classes

    def make(self, name: str) -> None:
        """There may be an object of a class where nothing is known of it: its special methods are called."""
        if name in self.made or name not in self.program.classes:
            return
        self.made[name] = None

    def family(self, owner: str) -> Iterable[str]:
        """A class and those of its subclasses that are there; read again when one more is."""
        self.tables.read((FAMILY, owner))
        return dict.fromkeys([owner, *self._families.get(owner, ())])

    def _relate(self) -> None:
        """Bring the families up to date, as classes are made and their bases become known."""
        for name in self.made:
            for base in self.program.linear(name):
                held = self._families.setdefault(base, {})
                if name not in held:
                    held[name] = None
                    self.classes.add(base)
                    self.tables.wake((FAMILY, base))

    def _enter_methods(self) -> None:
        """Special methods, of modules too, and all methods of those classes of which a base is not known."""
        for name in list(self.made):
            external = self.program.hierarchy.has_active_base(name)
            for each in list(self.program.methods(name)):
                if external or is_special(each):
                    self.enter(each)
        for module in self.program.modules:
            for special in ("__getattr__", "__dir__"):
                self.open(self.tables.values.get((module, special), ()))

    # -- attributes by name

    def look(self) -> None:
        """One round: whatever has a name that is asked for, on classes that are there."""
        for name in list(self.work.made):
            self.make(name)
        for name in list(self.program.classes):
            for meta in self.tables.values.get((name, METACLASS), ()):
                self.make(meta.name)
        self._relate()
        self._enter_methods()
        unresolved = self.work.unresolved
        for doubt in islice(list(unresolved), self._looked, None):
            if doubt.how == "attribute":
                self._asked[doubt.name] = None
            elif doubt.how == "plain":
                for each in self.program.by_name.get(doubt.name, ()):
                    self.enter(each)
        self._looked = len(unresolved)
        for name in list(self._asked):
            self._match(name)

    def ask(self, name: str) -> None:
        """Let `x.name` of an unknown x be asked for."""
        self._asked[name] = None

    def _match(self, name: str) -> None:
        """`x.name` of an unknown x."""
        tables, functions = self.tables, self.program.functions
        for each in self.program.by_name.get(name, ()):
            if functions[each].owner in self.classes:
                self.enter(each)
        for owner in list(tables.owners.get(name, ())):
            if owner.endswith("()") or owner in self.classes or owner in self.modules:
                self.open(tables.values[owner, name])


def is_special(name: str) -> bool:
    """Whether a method is one that the language calls, such as `__init__`."""
    last = name.rpartition(".")[2].split(":")[0]
    return last.startswith("__") and last.endswith("__")
