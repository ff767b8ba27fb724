"""The loaded part of a program: modules, classes, functions, and how their names are looked up."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from icelos.jobs.vulns.reachability.hierarchy import Hierarchy
from icelos.jobs.vulns.reachability.modules import Finder, Module
from icelos.jobs.vulns.reachability.names import argument_names, bound_names
from icelos.jobs.vulns.reachability.scopes import Class, Function, Scope
from icelos.jobs.vulns.reachability.values import ANY, BASES, OPEN, PLAIN, Key, Kind, Lookup, Tables, Value

By = tuple[str, str, int]
"""(unit, file, line) of an import."""
_ON_CLASSES = frozenset({"__init_subclass__", "__class_getitem__"})


class Program:
    """Everything loaded so far. `started` lists modules whose bodies are still to be evaluated."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.tables = Tables()
        self.hierarchy = Hierarchy(self.tables)
        self.modules: dict[str, Module] = {}
        self.missing: set[str] = set()
        self.scopes: dict[str, Scope] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self.by_name: dict[str, list[str]] = {}
        self.strings: set[str] = set()
        self.loaded_by: dict[str, By] = {}
        self.started: list[Scope] = []
        self._lookups: dict[tuple[Kind, str, str], Lookup] = {}
        self._aliases: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._own_units: dict[str, bool] = {}
        self.loose = False

    # -- modules

    def load(self, name: str, by: By | None = None) -> Module | None:
        """The module, after the packages above it; None where the target does not have it.

        `by` is the import, kept for the first.
        """
        parts = name.split(".")
        found = None
        for depth in range(1, len(parts) + 1):
            found = self._load_one(".".join(parts[:depth]), by)
            if found is None:
                return None
        return found

    def known(self, name: str) -> Module | None:
        """A module that is loaded, by any of its names."""
        return self.modules.get(self._aliases.get(name, name))

    def _load_one(self, name: str, by: By | None) -> Module | None:
        found = self.known(name)
        if found is not None and by is not None:
            self._imported(found.name, by)
        if found is not None or name in self.missing:
            return found
        module = self.finder.find(name)
        if module is None:
            self.missing.add(name)
            return None
        if module.own and module.file is not None:
            same = self._files.setdefault(str(module.file), name)
            if same != name:
                self._aliases[name] = same
                return self.modules[same]
        self._take(module, by)
        return module

    def _imported(self, name: str, by: By) -> None:
        """Keep the first import of a module that is known already, unless it is a part of a circle."""
        at = self.module_of(by[0])
        while at in self.loaded_by and at != name:
            at = self.module_of(self.loaded_by[at][0])
        if at != name:
            self.loaded_by.setdefault(name, by)

    def _take(self, module: Module, by: By | None) -> None:
        name = module.name
        self.modules[name] = module
        if by is not None:
            self.loaded_by[name] = by
        self.finder.parse(module)
        if module.tree is not None:
            scope = Scope(name, name, module, None, "module")
            scope.bound = module.bound
            self.scopes[name] = scope
            self.strings |= module.strings
            self.started.append(scope)
        parent, _, last = name.rpartition(".")
        if parent:
            self.tables.add((parent, last), [Value(Kind.MODULE, name)])

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
            inner.arguments = argument_names(node.args)
            found = Function(name, node, scope.module, inner, owner, frozenset(decorators(node)))
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
            self.hierarchy.declare(name, node.bases)
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
        """The method resolution order of a class, itself first."""
        return self.hierarchy.linear(name)

    def attribute(self, value: Value, name: str) -> Sequence[Value]:
        """What `value.name` may be, as far as it is known."""
        match value.kind:
            case Kind.MODULE:
                return self._of_module(value.name, name)
            case Kind.CLASS | Kind.INSTANCE:
                return self._of_class(value, name)
            case Kind.SUPER:
                return self._of_super(value, name)
            case Kind.FUNCTION:
                return list(self.tables.read((f"{value.name}()", name)))
            case Kind.EXTERNAL:
                return [Value(Kind.EXTERNAL, f"{value.name}.{name}") if value.name else PLAIN]
        return []

    def _of_module(self, module: str, name: str) -> list[Value]:
        found = self.tables.read((module, name)) | self.tables.read((OPEN, name))
        if found:
            return list(found)
        child = f"{module}.{name}"
        if child in self.modules:
            return [Value(Kind.MODULE, child)]
        if module in self.modules and self.modules[module].tree is None:
            return [Value(Kind.EXTERNAL, child)]
        return []

    def _of_class(self, value: Value, name: str) -> tuple[Value, ...]:
        """An attribute of a class or its instances; looked up once for all that read it."""
        key = (value.kind, value.name, name)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._lookups[key] = Lookup()
        if lookup.stale:
            lookup.stale = False
            lookup.found = tuple(dict.fromkeys(self._searched(value, name, lookup)))
        if self.tables.task is not None:
            lookup.readers[self.tables.task] = None
        return lookup.found

    def _searched(self, value: Value, name: str, lookup: Lookup) -> Iterator[Value]:
        self.tables.watch((value.name, BASES), lookup)
        order = self.linear(value.name)
        if value.kind is Kind.INSTANCE:
            for each in order:
                yield from self.tables.watch((f"{each}()", name), lookup)
        yield from self.tables.watch((OPEN, name), lookup)
        for each in order:
            held = self.tables.watch((each, name), lookup)
            if held:
                yield from (self._bind(one, value) for one in held)
                return
        if value.kind is not Kind.INSTANCE or name.startswith("__"):
            return
        for each in order:
            yield from self.tables.watch((f"{each}()", ANY), lookup)

    def _of_super(self, value: Value, name: str) -> list[Value]:
        if value.of is None:
            return []
        order = self.linear(value.of.name)
        for each in order[order.index(value.name) + 1 :] if value.name in order else ():
            held = self.tables.read((each, name))
            if held:
                return [self._bind(one, value.of) for one in held]
        return [Value(Kind.EXTERNAL, f"builtins.object.{name}")]

    def _bind(self, found: Value, receiver: Value) -> Value:
        function = self.functions.get(found.name) if found.kind is Kind.FUNCTION else None
        if function is None or "staticmethod" in function.decorators:
            return found
        last = function.name.rpartition(".")[2]
        if "classmethod" in function.decorators or last in _ON_CLASSES:
            return Value(Kind.BOUND, found.name, Value(Kind.CLASS, receiver.name))
        if last == "__new__" or receiver.kind is not Kind.INSTANCE:
            return found
        return Value(Kind.BOUND, found.name, receiver)

    def methods(self, name: str) -> Iterable[str]:
        """The functions of a class and its known bases."""
        for each in self.linear(name):
            for key in list(self.tables.keys.get(each, ())):
                for value in self.tables.values.get((each, key), ()):
                    if value.kind is Kind.FUNCTION:
                        yield value.name

    def heirs(self, owner: str, method: str) -> Iterator[str]:
        """The classes, the owner first, whose objects have this method of it and no other in its place."""
        last = method.rpartition(".")[2]
        for name in (owner, *(one for one in list(self.classes) if one != owner)):
            order = self.linear(name)
            if owner in order:
                having = next((one for one in order if last in self.tables.keys.get(one, ())), "")
                if having == owner:
                    yield name

    def is_own(self, unit: str) -> bool:
        """Whether a unit stands in the application's own source."""
        if unit not in self._own_units:
            module = self.modules.get(self.module_of(unit))
            self._own_units[unit] = module is not None and module.own
        return self._own_units[unit]

    def module_of(self, unit: str) -> str:
        """The module of a function or class by dotted name; "" where none is loaded."""
        name = unit
        while name and name not in self.modules:
            name = name.rpartition(".")[0]
        return name


def decorators(node: ast.AST) -> Iterator[str]:
    """The last names of the decorators of a function."""
    for one in getattr(node, "decorator_list", ()):
        target = one.func if isinstance(one, ast.Call) else one
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute):
            yield target.attr
