"""What functions that are only possible could call: by the names they mention, not by values.

The bodies of such functions are not evaluated. Their plain names are resolved exactly, `self` to the classes
that are there, and any other attribute to whatever has that name on a class of which there may be an object.
"""

from __future__ import annotations

import ast

from icelos.jobs.vulns.reachability import builtin
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.program import decorators
from icelos.jobs.vulns.reachability.scopes import Function, Scope
from icelos.jobs.vulns.reachability.shapes import CALLED, SUPER, Definition, Dynamic, Shape, Store
from icelos.jobs.vulns.reachability.syntax import Summary, summary
from icelos.jobs.vulns.reachability.there import There
from icelos.jobs.vulns.reachability.values import (
    ANY,
    METACLASS,
    NOTHING,
    OPEN,
    PLAIN,
    RETURN,
    UNKNOWN,
    Kind,
    Task,
    Value,
    Values,
)
from icelos.jobs.vulns.reachability.written import HOLE

_WORTH = {"nothing": NOTHING, "plain": PLAIN, "any": UNKNOWN}
_KNOWN_DECORATORS = builtin.PROPERTIES | {"staticmethod", "classmethod", "abstractmethod", "setter"}
_OF_CLASSES = frozenset({Kind.CLASS, Kind.INSTANCE, Kind.SUPER})
_FUNCTIONS = frozenset({Kind.FUNCTION, Kind.BOUND})


class Closure(There):
    """Follows what possible functions mention. `possible` are these functions."""

    def __init__(self, work: Evaluator) -> None:
        super().__init__(work)

    def follow(self, name: str) -> None:
        """Make a task of what a function mentions."""
        function = self.program.functions[name]
        self._task(function.node, function.scope, name)

    def _task(self, node: Definition, scope: Scope, unit: str) -> None:
        found = Task(unit, lambda: self._read(node, scope))
        self.tables.queue[found] = None

    def _read(self, node: Definition, scope: Scope) -> None:
        held = summary(node)
        self._imports(held, scope)
        for name, line in held.attributes.items():
            self.work.doubt("attribute", name, line)
        for shape, line in held.shapes.items():
            self.open(self._values(shape, scope, line))
        for store in held.stores:
            self._store(store, scope)
        for dynamic in held.dynamic:
            self._dynamic(dynamic, scope)
        for definition in held.definitions:
            if isinstance(definition, ast.ClassDef):
                self._define_class(definition, scope)
            elif not isinstance(node, ast.ClassDef) or _handed_on(definition):
                self._define(definition, scope)

    def _imports(self, held: Summary, scope: Scope) -> None:
        for one in held.imports:
            if isinstance(one, ast.Import):
                self.work.run_import(one, scope)
            else:
                self.work.run_import_from(one, scope)
        for name, line in held.loads.items():
            self._load(name, scope, line)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
        function = self.program.define(node, scope)
        if not isinstance(node, ast.Lambda) and not node.decorator_list:
            self.tables.add((scope.name, node.name), {Value(Kind.FUNCTION, function.name)})
        self.enter(function.name)

    def _load(self, name: str, scope: Scope, line: int) -> None:
        by = (self.work.unit, str(scope.module.file or ""), line)
        module = self.program.load(name, by)
        if module is not None:
            self.open([Value(Kind.MODULE, module.name)])

    # -- values of shapes

    def _values(self, shape: Shape, scope: Scope, line: int) -> Values:
        """What a shape may be worth; functions on the way to it are called or may be."""
        values = self._super(scope) if shape.root == SUPER else self._root(shape.root, scope, line)
        for step in shape.steps:
            self._pass_by(values)
            values = self._called(values, line) if step == CALLED else self._attribute(values, step, line)
        return values

    def _pass_by(self, values: Values) -> None:
        """Values on the way: a module of which a name is taken is not handed on itself."""
        self.open(one for one in values if one.kind is not Kind.MODULE)

    def _root(self, name: str, scope: Scope, line: int) -> Values:
        key = self.program.variable(scope, name)
        if key is None:
            if name in builtin.NAMES:
                return {Value(Kind.EXTERNAL, f"builtins.{name}")}
            key = (scope.module.name, name)
        function = self.program.functions.get(key[0])
        if function is None:
            found = self.tables.read(key)
            if not found:
                self.work.doubt("plain", name, line)
            return found or {UNKNOWN}
        if function.owner and function.parameters[:1] == [name] and "staticmethod" not in function.decorators:
            return self.itself(function)
        found = self.tables.read(key)
        if function.name not in self.work.edges and name in function.scope.arguments:
            return {UNKNOWN}
        return found or {UNKNOWN}

    def itself(self, function: Function) -> Values:
        """What `self` or `cls` may be: the class and those of its subclasses that are there."""
        last = function.name.rpartition(".")[2]
        of_class = "classmethod" in function.decorators or last in {"__new__", "__init_subclass__"}
        kind = Kind.CLASS if of_class else Kind.INSTANCE
        return {Value(kind, one) for one in self.family(function.owner)}

    def _super(self, scope: Scope) -> Values:
        owner = scope.owner
        if not owner:
            return {UNKNOWN}
        return {Value(Kind.SUPER, owner, Value(Kind.INSTANCE, one)) for one in self.family(owner)}

    def _attribute(self, values: Values, name: str, line: int) -> Values:
        found: set[Value] = set()
        for one in values:
            if one.kind is Kind.UNKNOWN:
                self.work.doubt("attribute", name, line)
                found.add(UNKNOWN)
            elif one.kind in _OF_CLASSES or one.kind is Kind.MODULE:
                found |= self._held(one, name)
            elif one.kind is Kind.EXTERNAL:
                found.update(self.program.attribute(one, name))
            elif one.kind in _FUNCTIONS:
                found |= self.tables.read((f"{one.name}()", name)) | {UNKNOWN}
            elif one.kind is not Kind.NOTHING:
                found.add(UNKNOWN)
        return found

    def _held(self, owner: Value, name: str) -> Values:
        """An attribute of a class, object or module."""
        found: set[Value] = set(self.program.attribute(owner, name))
        if owner.kind is Kind.CLASS and not found:
            for meta in self.tables.read((owner.name, METACLASS)):
                found.update(self.program.attribute(Value(Kind.INSTANCE, meta.name), name))
        if owner.kind is Kind.MODULE and not found:
            self.open(self.tables.read((owner.name, "__getattr__")))
        result: set[Value] = set()
        for one in found:
            result.add(one)
            if one.kind in _FUNCTIONS:
                function = self.program.functions.get(one.name)
                if function is not None and function.decorators & builtin.PROPERTIES:
                    self.enter(one.name)
                    result.add(UNKNOWN)
            elif one.kind in {Kind.PROPERTY, Kind.INSTANCE}:
                result.add(UNKNOWN)
        return result or {UNKNOWN}

    def _called(self, values: Values, line: int) -> Values:
        found: set[Value] = set()
        for one in values:
            if one.kind is Kind.CLASS:
                found.add(Value(Kind.INSTANCE, one.name))
                if self.tables.read((one.name, METACLASS)) or self.program.attribute(one, "__new__"):
                    found.add(UNKNOWN)
            elif one.kind in _FUNCTIONS and one.name in self.work.edges:
                function = self.program.functions[one.name]
                held = self.tables.read((one.name, RETURN))
                found |= {UNKNOWN} if function.generates or not held else held
            elif one.name in builtin.IMPORTING:
                self.work.doubt("import", HOLE, line)
                found.add(UNKNOWN)
            elif one.kind is Kind.EXTERNAL and builtin.gives_plain(one.name):
                found.add(PLAIN)
            else:
                found.add(UNKNOWN)
        return found

    # -- what is assigned

    def _store(self, store: Store, scope: Scope) -> None:
        worth = _WORTH[store.worth]
        if store.outer:
            self.work.bind(store.name, {worth}, scope)
            return
        owners = self._values(store.owner, scope, 0) if store.owner is not None else {UNKNOWN}
        for one in owners:
            self._store_in(one, store.name or ANY, worth, scope, own=store.owner)
        if store.name:
            self.open(self._attribute(owners, store.name, 0) - {UNKNOWN})

    def _store_in(self, owner: Value, name: str, worth: Value, scope: Scope, own: Shape | None) -> None:
        tables = self.tables
        if owner.kind is Kind.INSTANCE:
            of_self = own is not None and not own.steps and scope.owner
            at = scope.owner if of_self and scope.owner in self.program.linear(owner.name) else owner.name
            tables.add((f"{at}()", name), {worth})
        elif owner.kind in {Kind.CLASS, Kind.MODULE}:
            tables.add((owner.name, name), {worth})
        elif owner.kind in _FUNCTIONS:
            tables.add((f"{owner.name}()", name), {worth})
        elif owner.kind is not Kind.NOTHING:
            tables.add((OPEN, name), {worth})

    # -- names made at run time

    def _dynamic(self, one: Dynamic, scope: Scope) -> None:
        work = self.work
        if one.how == "modules":
            owners = self._values(one.owner, scope, one.line) if one.owner is not None else set()
            if any(owner.name == "sys.modules" for owner in owners):
                work.doubt("import", HOLE, one.line)
                self.open([Value(Kind.MODULE, scope.module.name)])
        elif one.how in {"import", "code"}:
            work.doubt(one.how, one.text, one.line)
        elif one.how == "names":
            work.gotten.setdefault(Value(Kind.MODULE, scope.module.name), set()).add("")
        elif one.how == "members":
            owners = self._values(one.owner, scope, one.line) if one.owner is not None else {UNKNOWN}
            work.members.update(dict.fromkeys(owners))
        elif one.how == "getattr":
            work.doubt("getattr", one.text, one.line)
            owners = self._values(one.owner, scope, one.line) if one.owner is not None else {UNKNOWN}
            for owner in owners:
                work.gotten.setdefault(owner, set()).add(one.text)

    # -- classes within functions

    def _define_class(self, node: ast.ClassDef, scope: Scope) -> None:
        found = self.program.define_class(node, scope)
        for base in node.bases:
            shape = summary_shape(base)
            held = self._values(shape, scope, base.lineno) if shape is not None else {UNKNOWN}
            self.program.hierarchy.derive(found.name, held)
            for one in held:
                self.tables.add((found.name, METACLASS), self.tables.read((one.name, METACLASS)))
        for keyword in node.keywords:
            shape = summary_shape(keyword.value)
            if keyword.arg == "metaclass":
                held = self._values(shape, scope, node.lineno) if shape is not None else set()
                self.tables.add((found.name, METACLASS), {one for one in held if one.kind is Kind.CLASS})
        methods = {
            one.name: self.program.define(one, found.scope)
            for one in node.body
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for name in found.scope.bound:
            value = Value(Kind.FUNCTION, methods[name].name) if name in methods else UNKNOWN
            self.tables.add((found.name, name), {value})
        self.tables.add((scope.name, node.name), {Value(Kind.CLASS, found.name)})
        self.make(found.name)
        self._task(node, found.scope, self.work.unit)


def _handed_on(node: Definition) -> bool:
    """Whether a function of a class body is more than a method: a lambda, or handed to a decorator."""
    if isinstance(node, ast.Lambda | ast.ClassDef):
        return True
    return not set(decorators(node)) <= _KNOWN_DECORATORS or any(
        isinstance(one, ast.Call) for one in node.decorator_list
    )


def summary_shape(node: ast.expr) -> Shape | None:
    """The shape of a base or metaclass: a dotted name, or None."""
    match node:
        case ast.Name(id=name):
            return Shape(name)
        case ast.Attribute(value=value, attr=name):
            found = summary_shape(value)
            return Shape(found.root, (*found.steps, name)) if found is not None else None
        case ast.Subscript(value=value):
            return summary_shape(value)
    return None
