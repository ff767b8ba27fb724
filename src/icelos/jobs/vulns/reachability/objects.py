"""What abstract values do when they are looked into or iterated over; what is known of the whole program."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from icelos.jobs.vulns.reachability import builtin
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.values import (
    BASES,
    EACH,
    METACLASS,
    PLAIN,
    UNKNOWN,
    YIELDED,
    Kind,
    Task,
    Value,
    Values,
)

_HELD = frozenset(
    {Kind.FUNCTION, Kind.BOUND, Kind.CLASS, Kind.INSTANCE, Kind.MODULE, Kind.CONTAINER, Kind.PARTIAL}
)


_READ = frozenset({Kind.BOUND, Kind.PROPERTY, Kind.INSTANCE})
"""What reading an attribute may give otherwise than it is held."""


class Unresolved(NamedTuple):
    """A call that could not be followed: `how` is attribute, plain, value, getattr, import or code."""

    unit: str
    how: str
    name: str
    line: int


class Given(NamedTuple):
    """The arguments of a call. `node` is the call as written, `spread` whether it has `*` or `**`."""

    positional: Sequence[Values] = ()
    keywords: Mapping[str, Values] = {}
    line: int = 0
    node: ast.Call | None = None
    spread: bool = False

    def all(self) -> set[Value]:
        """Every value that is handed over."""
        return {one for values in (*self.positional, *self.keywords.values()) for one in values}

    def behind(self, first: Value) -> Given:
        """The same with one more argument in front."""
        return self._replace(positional=[{first}, *self.positional])


class Objects(ABC):
    """Values at work in a program. `edges` are caller -> callee -> the line of the first call.

    `links` lead to generators where they are made: their bodies are run, and called, where they are consumed.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tables = program.tables
        self.edges: dict[str, dict[str, int]] = {}
        self.links: dict[str, dict[str, int]] = {}
        self.calls: dict[str, dict[tuple[str, int, int], ast.Call]] = {}
        self.unresolved: dict[Unresolved, None] = {}
        self.made: dict[str, None] = {}
        self.escaped: dict[Value, bool] = {}
        self.gotten: dict[Value, set[str]] = {}
        self.members: dict[Value, None] = {}
        """Of what all attributes are asked for, as `inspect.getmembers` does."""
        self.undecided: dict[Task, None] = {}
        self.unit = ""
        self.used: dict[str, str] = {}
        self.loose = False
        self.divert: Callable[[str, Iterable[Value]], None] | None = None
        """Told of calls of functions that are not evaluated, and of the arguments, in the loose analysis."""

    @abstractmethod
    def enter(self, name: str) -> None:
        """A function is called from somewhere: its body is to be evaluated."""

    def edge(self, callee: str, line: int) -> None:
        """A call from the present unit."""
        self.edges.setdefault(self.unit, {}).setdefault(callee, line)
        self.enter(callee)

    def decide_later(self) -> None:
        """The present task leaves something out until more is known; the loose analysis runs it again."""
        if self.tables.task is not None:
            self.undecided[self.tables.task] = None

    def doubt(self, how: str, name: str, line: int) -> None:
        """Keep a call that cannot be followed."""
        self.unresolved.setdefault(Unresolved(self.unit, how, name, line))

    def escape(self, values: Iterable[Value], *, binary: bool = False) -> None:
        """What code that is not followed may call, or look into, from now on.

        `binary`: code without source, of which it is not even known by what names it asks.
        """
        for one in values:
            if one.kind in _HELD:
                self.escaped[one] = binary or self.escaped.get(one, False)

    # -- attributes

    def attribute(self, owners: Values, name: str, line: int) -> set[Value]:
        """`owner.name` of each; a property is called."""
        found: set[Value] = set()
        for owner in owners:
            if owner.kind is Kind.UNKNOWN:
                self.doubt("attribute", name, line)
                found.add(UNKNOWN)
            elif owner.kind is Kind.CONTAINER:
                found.add(Value(Kind.BOUND, f"*container*.{name}", owner))
            elif owner.kind is Kind.FUNCTION and name == "register" and self._dispatches(owner):
                found.add(Value(Kind.BOUND, "*dispatch*.register", owner))
            else:
                found |= self._attribute(owner, name, line)
        return found

    def _attribute(self, owner: Value, name: str, line: int) -> set[Value]:
        found: set[Value] = set()
        if name == "__class__" and owner.kind is Kind.INSTANCE:
            found.add(Value(Kind.CLASS, owner.name))
        held: Iterable[Value] = self.program.attribute(owner, name)
        if not held and owner.kind is Kind.INSTANCE:
            held = self.method(owner, "__getattr__", [{PLAIN}], line)
            if self.program.attribute(owner, "__getattr__"):  # of a proxy: whatever stands behind it has
                self.doubt("attribute", name, line)
                held = {*held, UNKNOWN}
            if not held and self.program.hierarchy.has_external_base(owner.name):
                held = [UNKNOWN if self.loose else PLAIN]
        elif not held and owner.kind is Kind.CLASS:
            metas = self.tables.read((owner.name, METACLASS))
            held = [
                one._replace(of=owner) if one.kind is Kind.BOUND else one
                for meta in metas
                for one in self.program.attribute(Value(Kind.INSTANCE, meta.name), name)
            ]
        for one in held:
            if one.kind in _READ:
                found |= self._gotten(one, owner, line)
            else:
                found.add(one)
        return found

    def _gotten(self, one: Value, owner: Value, line: int) -> Values:
        """What reading an attribute gives: of properties and descriptors, what their getter returns."""
        if one.kind is Kind.BOUND:
            function = self.program.functions.get(one.name)
            if function is not None and function.decorators & builtin.PROPERTIES:
                return self.call({one}, Given(line=line))
        elif one.kind is Kind.PROPERTY and owner.kind is Kind.INSTANCE:
            getters = self.tables.read((one.name, "get"))
            return self.call(getters, Given([{owner}], line=line))
        elif one.kind is Kind.INSTANCE and owner.kind in {Kind.INSTANCE, Kind.CLASS}:
            return self.method(one, "__get__", [{owner}, {PLAIN}], line) or {one}
        return {one}

    def setters(self, owner: Value, name: str, values: Values, line: int) -> None:
        """Call what is called when `owner.name` is assigned."""
        for each in self.program.linear(owner.name):
            for one in self.tables.read((each, name)):
                function = self.program.functions.get(one.name) if one.kind is Kind.FUNCTION else None
                if function is not None and "setter" in function.decorators:
                    self.call({one}, Given([{owner}, values], line=line))
                elif one.kind is Kind.PROPERTY:
                    self.call(self.tables.read((one.name, "set")), Given([{owner}, values], line=line))
                elif one.kind is Kind.INSTANCE:
                    self.method(one, "__set__", [{owner}, values], line)
        self.method(owner, "__setattr__", [{PLAIN}, values], line)

    def _dispatches(self, value: Value) -> bool:
        function = self.program.functions.get(value.name)
        return function is not None and "singledispatch" in function.decorators

    # -- elements

    def item(self, site: str, key: str) -> Values:
        """What a container holds at a key, or anywhere."""
        if key == EACH:
            return self.all_items(site)
        return self.tables.read((site, key)) | self.tables.read((site, EACH))

    def all_items(self, site: str) -> frozenset[Value]:
        """Everything that a container holds."""
        return self.tables.total(site)

    def elements(self, values: Values, line: int, key: str = EACH) -> set[Value]:
        """What iterating gives."""
        found: set[Value] = set()
        for one in values:
            if one.kind is Kind.CONTAINER:
                self.resume(one, line)
                found |= self.item(one.name, key) | self.tables.read((one.name, "*key*"))
            elif one.kind is Kind.INSTANCE:
                found |= self._iterated(one, line, key)
            elif one.kind is Kind.CLASS:
                found |= self._members(one)
            elif one.kind is Kind.UNKNOWN:
                found.add(UNKNOWN)
            elif one.kind is not Kind.NOTHING:
                found.add(PLAIN)
        return found

    def resume(self, container: Value, line: int) -> None:
        """Taking from a generator runs its body."""
        if container.name.endswith(YIELDED):
            name = container.name.removesuffix(YIELDED)
            if name in self.program.functions:
                self.edge(name, line)

    def _iterated(self, one: Value, line: int, key: str) -> set[Value]:
        found: set[Value] = set()
        made = self.method(one, "__iter__", [], line) | self.method(one, "__aiter__", [], line)
        for each in made:
            if each.kind is Kind.INSTANCE:
                found |= self.method(each, "__next__", [], line) | self.method(each, "__anext__", [], line)
        found |= self.elements({each for each in made if each.kind is Kind.CONTAINER}, line)
        if not made:
            found |= self.method(one, "__getitem__", [{PLAIN}], line)
            fields = self.fields(one.name)
            for number, field in enumerate(fields):
                if key in {EACH, str(number)}:
                    found |= self.tables.read((f"{one.name}()", field))
        return found

    def _members(self, cls: Value) -> set[Value]:
        found: set[Value] = {Value(Kind.INSTANCE, cls.name)}
        for meta in self.tables.read((cls.name, METACLASS)):
            found |= self.elements(self.method(Value(Kind.INSTANCE, meta.name), "__iter__", [], 0), 0)
        return found

    def fields(self, name: str) -> list[str]:
        """Annotated names in the bodies of a class and its bases, the topmost first."""
        self.tables.read((name, BASES))
        found: dict[str, None] = {}
        for each in reversed(self.program.linear(name)):
            known = self.program.classes.get(each)
            for node in known.node.body if known is not None else ():
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    found[node.target.id] = None
        return list(found)

    # -- special methods

    def dunder(
        self, values: Values, names: Iterable[str], arguments: Sequence[Values], line: int
    ) -> set[Value]:
        """Call special methods where the class has them: the first that is there."""
        found: set[Value] = set()
        for one in values:
            if one.kind is not Kind.INSTANCE:
                continue
            for name in names:
                got = self.method(one, name, arguments, line) if name else set()
                found |= got
                if got:
                    break
        return found

    def method(self, owner: Value, name: str, arguments: Sequence[Values], line: int) -> set[Value]:
        """Call a method where the owner's class has it; PLAIN stands for what is not known of the result."""
        found: set[Value] = set()
        for one in self.program.attribute(owner, name):
            if one.kind in {Kind.BOUND, Kind.FUNCTION, Kind.INSTANCE}:
                found |= self.call({one}, Given(arguments, line=line)) or {PLAIN}
        return found

    @abstractmethod
    def call(self, callee: Iterable[Value], given: Given) -> set[Value]:
        """Call each value; what the calls give back."""
