"""The loaded part of a program: modules, classes, functions, and how their names are looked up."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from icelos.jobs.vulns.reachability.modules import Finder, Module
from icelos.jobs.vulns.reachability.values import (
    PLAIN,
    UNKNOWN,
    Class,
    Function,
    Key,
    Kind,
    Scope,
    Tables,
    Value,
    bound_names,
)

MAX_STRING = 200


class Program:
    """Everything loaded so far. Loading a module makes it a unit to be evaluated; nothing of it is run."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.tables = Tables()
        self.modules: dict[str, Module] = {}
        self.missing: set[str] = set()
        self.scopes: dict[str, Scope] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self.by_name: dict[str, list[str]] = {}
        self.strings: set[str] = set()
        self.loaded_by: dict[str, tuple[str, str, int]] = {}
        self._aliases: dict[str, str] = {}
        self._orders: dict[str, tuple[str, ...]] = {}
        self._derived: dict[str, set[str]] = {}
        self._written: dict[str, tuple[str, ...]] = {}

    # -- modules

    def load(self, name: str, by: tuple[str, str, int] | None = None) -> Module | None:
        """The module and the packages above it; None where the target does not have it.

        `by` is (unit, file, line) of the import, kept for the first.
        """
        parts = name.split(".")
        found = None
        for depth in range(1, len(parts) + 1):
            found = self._load_one(".".join(parts[:depth]), by)
            if found is None:
                return None
        return found

    def _load_one(self, name: str, by: tuple[str, str, int] | None) -> Module | None:
        name = self._aliases.get(name, name)
        if name in self.modules:
            return self.modules[name]
        if name in self.missing:
            return None
        module = self.finder.find(name)
        if module is None:
            self.missing.add(name)
            return None
        if module.own and module.file is not None:
            for other in self.modules.values():
                if other.own and other.file == module.file:
                    self._aliases[name] = other.name
                    return other
        self.modules[name] = module
        if by is not None:
            self.loaded_by[name] = by
        self.finder.parse(module)
        if module.tree is not None:
            scope = Scope(name, name, module, None, "module")
            scope.bound, _ = bound_names(module.tree)
            self.scopes[name] = scope
            for node in ast.walk(module.tree):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and len(node.value) <= MAX_STRING
                ):
                    self.strings.add(node.value)
            self.tables.queue[name] = None
        parent, _, last = name.rpartition(".")
        if parent:
            self.tables.add((parent, last), [Value(Kind.MODULE, name)])
        return module

    # -- definitions

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> Function:
        """The function of a definition; made once."""
        label = f"<lambda{node.lineno}.{node.col_offset}>" if isinstance(node, ast.Lambda) else node.name
        name = f"{scope.name}.{label}"
        found = self.functions.get(name)
        if found is not None and found.node is not node:
            name = f"{name}:{node.lineno}"
            found = self.functions.get(name)
        if found is None:
            owner = scope.name if scope.kind == "class" else ""
            inner = Scope(name, name, scope.module, scope, "function")
            inner.bound, inner.outer = bound_names(node)
            inner.owner = owner or scope.owner
            found = Function(name, node, scope.module, inner, owner, frozenset(_decorators(node)))
            self.functions[name] = found
            self.by_name.setdefault(label, []).append(name)
        return found

    def define_class(self, node: ast.ClassDef, scope: Scope) -> Class:
        """The class of a definition; made once."""
        name = f"{scope.name}.{node.name}"
        found = self.classes.get(name)
        if found is not None and found.node is not node:
            name = f"{name}:{node.lineno}"
            found = self.classes.get(name)
        if found is None:
            inner = Scope(name, scope.unit, scope.module, scope, "class")
            inner.bound, inner.outer = bound_names(node)
            inner.owner = name
            found = Class(name, node, scope.module, inner)
            self.classes[name] = found
            self._written[name] = tuple(ast.unparse(one).split(".")[-1] for one in node.bases)
        return found

    # -- looking up

    def variable(self, scope: Scope, name: str) -> Key | None:
        """The key that a name in a scope stands for; None for a builtin."""
        at: Scope | None = scope
        first = True
        while at is not None:
            if (at.kind != "class" or first) and name in at.bound and name not in at.outer:
                return (at.name, name)
            first = False
            at = at.parent
        if name in self.tables.keys.get(scope.module.name, ()) or name in scope.outer:
            return (scope.module.name, name)
        return None

    def linear(self, name: str) -> tuple[str, ...]:
        """The method resolution order (C3) of a class by dotted name, itself first; external bases are left out.

        Depth first where the bases do not agree.
        """
        found = self._orders.get(name)
        if found is None:
            self._orders[name] = (name,)  # a class that derives from itself ends here
            found = self._orders[name] = self._merged(name)
        return found

    def derive(self, name: str, bases: Iterable[Value]) -> None:
        """Let bases flow to a class."""
        key = (name, "*bases*")
        before = len(self.tables.values.get(key, ()))
        self.tables.add(key, bases)
        if len(self.tables.values.get(key, ())) != before:
            for base in self.tables.values[key]:
                self._derived.setdefault(base.name, set()).add(name)
            waiting, seen = [name], {name}
            while waiting:
                one = waiting.pop()
                self._orders.pop(one, None)
                more = self._derived.get(one, set()) - seen
                seen |= more
                waiting.extend(more)

    def _bases(self, name: str) -> list[str]:
        """The known base classes, in the order in which they are written as far as their names tell."""
        held = self.tables.values.get((name, "*bases*"), ())
        written = self._written.get(name, ())

        def rank(base: str) -> tuple[int, str]:
            last = base.rpartition(".")[2].split(":")[0]
            return (written.index(last) if last in written else len(written), base)

        return sorted({one.name for one in held if one.kind is Kind.CLASS}, key=rank)

    def _merged(self, name: str) -> tuple[str, ...]:
        parents = self._bases(name)
        lists = [list(order) for order in (*(self.linear(one) for one in parents), parents) if order]
        merged: dict[str, None] = {name: None}
        while lists:
            tails = {one for each in lists for one in each[1:]}
            head = next((each[0] for each in lists if each[0] not in tails), lists[0][0])
            merged[head] = None
            lists = [rest for each in lists if (rest := [one for one in each if one != head])]
        return tuple(merged)

    def has_external_base(self, name: str) -> bool:
        """Whether a class derives from one outside of the target, which may call its methods."""
        return any(
            (value.kind in {Kind.EXTERNAL, Kind.UNKNOWN} and value.name not in {"builtins.object", ""})
            or value == UNKNOWN
            for each in self.linear(name)
            for value in self.tables.values.get((each, "*bases*"), ())
        )

    def attribute(self, value: Value, name: str, unit: str) -> Iterator[Value]:
        """What `value.name` may be, as far as it is known."""
        tables = self.tables
        match value.kind:
            case Kind.MODULE:
                found = tables.read((value.name, name), unit)
                yield from list(found)
                if not found:
                    child = f"{value.name}.{name}"
                    if child in self.modules:
                        yield Value(Kind.MODULE, child)
                    elif value.name in self.modules and self.modules[value.name].tree is None:
                        yield Value(Kind.EXTERNAL, child)
            case Kind.CLASS:
                for one in self._member(value.name, name, unit):
                    yield self._bind(one, value, instance=False)
            case Kind.INSTANCE:
                own = list(tables.read((f"{value.name}()", name), unit))
                yield from own
                for each in self.linear(value.name)[1:]:
                    yield from list(tables.read((f"{each}()", name), unit))
                for one in self._member(value.name, name, unit):
                    yield self._bind(one, value, instance=True)
            case Kind.SUPER if value.of is not None:
                order = self.linear(value.of.name)
                rest = order[order.index(value.name) + 1 :] if value.name in order else ()
                for each in rest:
                    held = list(tables.read((each, name), unit))
                    if held:
                        for one in held:
                            yield self._bind(one, value.of, instance=value.of.kind is Kind.INSTANCE)
                        return
                yield Value(Kind.EXTERNAL, f"builtins.object.{name}")
            case Kind.FUNCTION:
                yield from list(tables.read((f"{value.name}()", name), unit))
            case Kind.EXTERNAL:
                yield Value(Kind.EXTERNAL, f"{value.name}.{name}") if value.name else PLAIN

    def _member(self, owner: str, name: str, unit: str) -> list[Value]:
        self.tables.read((owner, "*bases*"), unit)
        for each in self.linear(owner):
            held = list(self.tables.read((each, name), unit))
            if held:
                return held
        return []

    def _bind(self, found: Value, receiver: Value, *, instance: bool) -> Value:
        function = self.functions.get(found.name) if found.kind is Kind.FUNCTION else None
        if function is None or "staticmethod" in function.decorators:
            return found
        if "classmethod" in function.decorators or function.name.rpartition(".")[2] in {
            "__new__",
            "__init_subclass__",
        }:
            cls = Value(Kind.CLASS, receiver.name)
            return Value(Kind.BOUND, found.name, cls) if "classmethod" in function.decorators else found
        return Value(Kind.BOUND, found.name, receiver) if instance else found

    def methods(self, name: str) -> Iterable[str]:
        """The functions of a class and its known bases."""
        for each in self.linear(name):
            for key in list(self.tables.keys.get(each, ())):
                for value in self.tables.values.get((each, key), ()):
                    if value.kind is Kind.FUNCTION:
                        yield value.name


def _decorators(node: ast.AST) -> Iterator[str]:
    for one in getattr(node, "decorator_list", ()):
        target = one.func if isinstance(one, ast.Call) else one
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute):
            yield target.attr
