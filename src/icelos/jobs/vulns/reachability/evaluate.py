"""Evaluating one unit (a module's or function's body) over abstract values; calls become edges as they are found.

Flow-insensitive: the order of statements does not count, and values only grow until nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from icelos.jobs.vulns.reachability import builtin
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.values import (
    EACH,
    NOTHING,
    PLAIN,
    UNKNOWN,
    Function,
    Kind,
    Scope,
    Value,
)

Values = set[Value]


class Unresolved(NamedTuple):
    """A call that could not be followed: `how` is attribute, plain, value, getattr, import or code."""

    unit: str
    how: str
    name: str
    line: int


class Evaluator:
    """Evaluates units of a program. `edges` are caller -> callee -> the line of the first call."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tables = program.tables
        self.edges: dict[str, dict[str, int]] = {}
        self.calls: dict[str, dict[tuple[str, int, int], ast.Call]] = {}
        self.unresolved: dict[tuple[str, str, str, int], Unresolved] = {}
        self.made: dict[str, None] = {}
        self.escaped: dict[str, None] = {}
        self.gotten: dict[Value, set[str]] = {}
        self.unit = ""
        self.unit_is_own = False
        self.used: dict[str, str] = {}
        self.loose = False

    # -- units

    def run(self, unit: str) -> None:
        """Evaluate a module's or a function's body once."""
        self.unit = unit
        module = self.program.scopes.get(unit)
        found = module or self.program.functions.get(unit)
        self.unit_is_own = found is not None and found.module.own
        if module is not None:
            assert module.module.tree is not None  # noqa: S101 - scopes are made of parsed modules; tells mypy so
            self._body(module.module.tree.body, module)
            return
        function = self.program.functions.get(unit)
        if function is None:
            return
        scope = function.scope
        if isinstance(function.node, ast.Lambda):
            self.tables.add((unit, "*return*"), self.value(function.node.body, scope))
        else:
            self._body(function.node.body, scope)

    def enter(self, name: str) -> None:
        """A function is called from somewhere: it becomes a unit."""
        if name not in self.edges:
            self.edges[name] = {}
            self.tables.queue[name] = None

    def edge(self, callee: str, line: int) -> None:
        """A call from the present unit."""
        self.edges.setdefault(self.unit, {}).setdefault(callee, line)
        self.enter(callee)

    # -- statements

    def _body(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        for node in body:
            self._statement(node, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope)
            case ast.ClassDef():
                self._class(node, scope)
            case ast.Return():
                self.tables.add(
                    (scope.unit, "*return*"), self.value(node.value, scope) if node.value else [NOTHING]
                )
            case ast.Assign():
                values = self.value(node.value, scope)
                for target in node.targets:
                    self.assign(target, values, scope, node.value)
            case ast.AnnAssign():
                if node.value is not None:
                    self.assign(node.target, self.value(node.value, scope), scope, node.value)
            case ast.AugAssign():
                values = self.value(node.value, scope)
                held = self.value(_loaded(node.target), scope)
                found = self._dunder(held, builtin.IN_PLACE.get(type(node.op), ()), [values], node.lineno)
                self.assign(node.target, values | held | found, scope, None)
            case ast.For() | ast.AsyncFor():
                self.assign(
                    node.target, self.elements(self.value(node.iter, scope), node.lineno), scope, None
                )
                self._body(node.body, scope)
                self._body(node.orelse, scope)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    held = self.value(item.context_expr, scope)
                    entered = self._dunder(held, ("__enter__", "__aenter__"), [], node.lineno)
                    self._dunder(held, ("__exit__", "__aexit__"), [{PLAIN}] * 3, node.lineno)
                    if item.optional_vars is not None:
                        plain = {one for one in held if one.kind in {Kind.EXTERNAL, Kind.UNKNOWN}}
                        managed = {one for one in held if one.kind is Kind.CONTAINER}
                        self.assign(
                            item.optional_vars,
                            entered | plain | self.elements(managed, node.lineno),
                            scope,
                            None,
                        )
                self._body(node.body, scope)
            case ast.Import() | ast.ImportFrom():
                self._import(node, scope)
            case ast.Match():
                subject = self.value(node.subject, scope)
                for case in node.cases:
                    self._pattern(case.pattern, subject, scope)
                    if case.guard is not None:
                        self.value(case.guard, scope)
                    self._body(case.body, scope)
            case ast.Try() | ast.TryStar():
                self._body(node.body, scope)
                for handler in node.handlers:
                    kinds = self.value(handler.type, scope) if handler.type is not None else {PLAIN}
                    if handler.name:
                        caught = {self._made(one) for one in kinds}
                        self._bind_name(handler.name, caught, scope)
                    self._body(handler.body, scope)
                self._body(node.orelse, scope)
                self._body(node.finalbody, scope)
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, ast.Subscript):
                        self._dunder(
                            self.value(target.value, scope), ("__delitem__",), [{PLAIN}], node.lineno
                        )
            case ast.If():
                self.value(node.test, scope)
                body, other = self._branches(node.test, scope)
                if body:
                    self._body(node.body, scope)
                if other:
                    self._body(node.orelse, scope)
            case ast.Raise():
                for part in (node.exc, node.cause):
                    if part is not None:
                        for one in self.value(part, scope):
                            if one.kind is Kind.CLASS:
                                self.call({one}, [], {}, part.lineno)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.stmt):
                        self._statement(child, scope)
                    elif isinstance(child, ast.expr):
                        self._truth(child, self.value(child, scope), node)

    def _truth(self, child: ast.expr, values: Values, node: ast.stmt) -> None:
        if isinstance(node, ast.If | ast.While | ast.Assert) and child is getattr(node, "test", None):
            self._dunder(values, ("__bool__",), [], child.lineno)

    def _branches(self, test: ast.expr, scope: Scope) -> tuple[bool, bool]:
        """Whether the branches of a test can be run: `x is None` is decided where it is known what x may be.

        A name that has no value yet decides nothing now; its readers are looked at again when it has one.
        """
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                body, other = self._branches(inner, scope)
                return other, body
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                return False, True
            case ast.Compare(
                left=ast.Name() | ast.Attribute() as left, ops=[op], comparators=[ast.Constant(value=None)]
            ):
                values = self.value(left, scope)
                if (self.loose and not values) or values & {UNKNOWN, PLAIN}:
                    return True, True
                nothing, other = NOTHING in values, bool(values - {NOTHING})
                return (nothing, other) if isinstance(op, ast.Is | ast.Eq) else (other, nothing)
            case ast.Name() | ast.Attribute():
                values = self.value(test, scope)
                return values != {NOTHING}, True
        return True, True

    @staticmethod
    def _made(value: Value) -> Value:
        return Value(Kind.INSTANCE, value.name) if value.kind is Kind.CLASS else PLAIN

    def _pattern(self, pattern: ast.pattern, subject: Values, scope: Scope) -> None:
        for node in ast.walk(pattern):
            if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                self._bind_name(node.name, subject | self.elements(subject, pattern.lineno), scope)
            elif isinstance(node, ast.MatchClass):
                self.value(node.cls, scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        function = self.program.define(node, scope)
        self._defaults(function, scope)
        values: Values = {Value(Kind.FUNCTION, function.name)}
        for decorator in reversed(node.decorator_list):
            maker = self.value(decorator, scope)
            known = {one for one in maker if one.kind not in {Kind.EXTERNAL, Kind.UNKNOWN}}
            result = self.call(known, [values], {}, decorator.lineno, node=None)
            if any(one.kind is Kind.UNKNOWN for one in maker):
                self._escape(values)
            passed = values if len(known) < len(maker) or not maker else set()
            values = {one for one in result if one != PLAIN} | passed or values
        self._bind_name(node.name, values, scope)

    def _defaults(self, function: Function, scope: Scope) -> None:
        """Defaults are kept apart; they flow to a parameter where a call leaves it out."""
        for name, default in function.defaults.items():
            self.tables.add((f"{function.name}*defaults*", name), self.value(default, scope))

    def _left_out(self, function: Function, given: set[str]) -> None:
        for name in function.defaults.keys() - given:
            self.tables.add(
                (function.name, name), set(self.tables.read((f"{function.name}*defaults*", name), self.unit))
            )

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        found = self.program.define_class(node, scope)
        value = Value(Kind.CLASS, found.name)
        for base in node.bases:
            held = self.value(base, scope)
            self.program.derive(found.name, held or {PLAIN})
        for keyword in node.keywords:
            for one in self.value(keyword.value, scope):
                if keyword.arg == "metaclass" and one.kind is Kind.CLASS:
                    self.tables.add((found.name, "*metaclass*"), [one])
                    self.method(Value(Kind.CLASS, one.name), "__new__", [{one}, {PLAIN}], node.lineno)
                    self.method(Value(Kind.INSTANCE, one.name), "__init__", [{PLAIN}], node.lineno)
        self._body(node.body, found.scope)
        self.method(Value(Kind.SUPER, found.name, value), "__init_subclass__", [], node.lineno)
        values: Values = {value}
        for decorator in reversed(node.decorator_list):
            maker = self.value(decorator, scope)
            known = {one for one in maker if one.kind not in {Kind.EXTERNAL, Kind.UNKNOWN}}
            result = {one for one in self.call(known, [values], {}, decorator.lineno) if one != PLAIN}
            values = result | (values if len(known) < len(maker) or not maker else set()) or values
        self._bind_name(node.name, values, scope)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        file = str(scope.module.file or "")
        by = (self.unit, file, node.lineno)
        if isinstance(node, ast.Import):
            for one in node.names:
                found = self.program.load(one.name, by)
                top = one.name.split(".")[0]
                if one.asname:
                    value = Value(Kind.MODULE, found.name) if found else Value(Kind.EXTERNAL, one.name)
                    self._bind_name(one.asname, {value}, scope)
                else:
                    known = self.program.modules.get(self.program._aliases.get(top, top))
                    value = Value(Kind.MODULE, known.name) if known else Value(Kind.EXTERNAL, top)
                    self._bind_name(top, {value}, scope)
            return
        base = _absolute(node, scope)
        module = self.program.load(base, by) if base else None
        for one in node.names:
            if one.name == "*":
                self._star(module, scope)
                continue
            name = one.asname or one.name
            if module is None:
                self._bind_name(name, {Value(Kind.EXTERNAL, f"{base}.{one.name}")}, scope)
                continue
            child = self.program.load(f"{module.name}.{one.name}", by) if module.package else None
            held = set(self.tables.read((module.name, one.name), self.unit))
            if child is not None and not held:
                held.add(Value(Kind.MODULE, child.name))
            if module.tree is None and not held:
                held.add(Value(Kind.EXTERNAL, f"{module.name}.{one.name}"))
            self._bind_name(name, held, scope)

    def _star(self, module: object, scope: Scope) -> None:
        name = getattr(module, "name", "")
        for one in self.tables.names(name, self.unit) if name else ():
            if not one.startswith(("_", "*")):
                self._bind_name(one, set(self.tables.read((name, one), self.unit)), scope)

    # -- names and targets

    def _bind_name(self, name: str, values: Iterable[Value], scope: Scope) -> None:
        if name in scope.outer:
            at = scope.parent
            while at is not None and not (at.kind == "function" and name in at.bound):
                at = at.parent
            owner = at.name if at is not None else scope.module.name
            self.tables.add((owner, name), values)
        else:
            self.tables.add((scope.name, name), values)

    def assign(self, target: ast.expr, values: Values, scope: Scope, written: ast.expr | None) -> None:
        """Let values flow to a target."""
        match target:
            case ast.Name():
                self._bind_name(target.id, values, scope)
            case ast.Starred():
                self.assign(target.value, values, scope, None)
            case ast.Tuple() | ast.List():
                if isinstance(written, ast.Tuple | ast.List) and len(written.elts) == len(target.elts):
                    for one, part in zip(target.elts, written.elts, strict=True):
                        self.assign(one, self.value(part, scope), scope, part)
                    return
                for number, one in enumerate(target.elts):
                    self.assign(one, self.elements(values, target.lineno, str(number)), scope, None)
            case ast.Attribute():
                for owner in self.value(target.value, scope):
                    if owner.kind is Kind.INSTANCE or owner.kind is Kind.FUNCTION:
                        self.tables.add((f"{owner.name}()", target.attr), values)
                        for setter in self._setters(owner, target.attr):
                            self.call({setter}, [values], {}, target.lineno)
                    elif owner.kind in {Kind.CLASS, Kind.MODULE}:
                        self.tables.add((owner.name, target.attr), values)
                    elif owner.kind in {Kind.EXTERNAL, Kind.UNKNOWN}:
                        self._escape(values)
            case ast.Subscript():
                key = _constant_key(target.slice)
                self.value(target.slice, scope)
                for owner in self.value(target.value, scope):
                    if owner.kind is Kind.CONTAINER:
                        self.tables.add((owner.name, key), values)
                    elif owner.kind is Kind.INSTANCE:
                        self.method(owner, "__setitem__", [{PLAIN}, values], target.lineno)
                        self.tables.add((f"{owner.name}[]", key), values)
                    elif owner.kind in {Kind.EXTERNAL, Kind.UNKNOWN}:
                        self._escape(values)

    def _setters(self, owner: Value, name: str) -> list[Value]:
        found = []
        if owner.kind is Kind.INSTANCE:
            for each in self.program.linear(owner.name):
                for one in list(self.tables.read((each, name), self.unit)):
                    function = self.program.functions.get(one.name) if one.kind is Kind.FUNCTION else None
                    if function is not None and "setter" in function.decorators:
                        found.append(Value(Kind.BOUND, one.name, owner))
                    elif one.kind is Kind.INSTANCE:
                        for setter in self.program.attribute(one, "__set__", self.unit):
                            self.call({setter}, [{owner}, {UNKNOWN}], {}, 0)
        return found

    # -- expressions

    def value(self, node: ast.expr | None, scope: Scope) -> Values:
        """The values that an expression may have."""
        match node:
            case ast.Constant(value=None):
                return {NOTHING}
            case None | ast.Constant():
                return {PLAIN}
            case ast.Name():
                return self._name(node, scope)
            case ast.Attribute():
                return self._used(self.attribute(self.value(node.value, scope), node.attr, node.lineno))
            case ast.Call():
                return self._call(node, scope)
            case ast.Lambda():
                function = self.program.define(node, scope)
                self._defaults(function, scope)
                return {Value(Kind.FUNCTION, function.name)}
            case ast.Tuple() | ast.List() | ast.Set():
                return self._sequence(node, scope)
            case ast.Dict():
                return self._dict(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, scope)
            case ast.IfExp():
                self.value(node.test, scope)
                body, other = self._branches(node.test, scope)
                return (self.value(node.body, scope) if body else set()) | (
                    self.value(node.orelse, scope) if other else set()
                )
            case ast.BoolOp():
                return set().union(*(self.value(one, scope) for one in node.values))
            case ast.NamedExpr():
                values = self.value(node.value, scope)
                self._bind_name(node.target.id, values, scope)
                return values
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.BinOp():
                left, right = self.value(node.left, scope), self.value(node.right, scope)
                ahead, behind = builtin.BINARY.get(type(node.op), ("", ""))
                found = self._dunder(left, (ahead,), [right], node.lineno) | self._dunder(
                    right, (behind,), [left], node.lineno
                )
                held = {one for one in left | right if one.kind in {Kind.CONTAINER, Kind.UNKNOWN}}
                return found | held or {PLAIN}
            case ast.UnaryOp():
                held = self.value(node.operand, scope)
                return self._dunder(held, (builtin.UNARY.get(type(node.op), ""),), [], node.lineno) or {PLAIN}
            case ast.Compare():
                return self._compare(node, scope)
            case ast.Await():
                held = self.value(node.value, scope)
                return held | self._dunder(held, ("__await__",), [], node.lineno)
            case ast.Yield():
                values = self.value(node.value, scope) if node.value else {PLAIN}
                self.tables.add((f"{scope.unit}*yield*", EACH), values)
                return set(self.tables.read((scope.unit, "*sent*"), self.unit)) or {PLAIN}
            case ast.YieldFrom():
                self.tables.add(
                    (f"{scope.unit}*yield*", EACH), self.elements(self.value(node.value, scope), node.lineno)
                )
                return {PLAIN}
            case ast.Starred():
                return self.elements(self.value(node.value, scope), node.lineno)
            case ast.JoinedStr():
                for part in node.values:
                    if isinstance(part, ast.FormattedValue):
                        self._dunder(
                            self.value(part.value, scope), ("__format__", "__str__"), [], node.lineno
                        )
                return {PLAIN}
            case ast.Slice():
                for bound in (node.lower, node.upper, node.step):
                    self.value(bound, scope)
                return {PLAIN}
        return {PLAIN}

    def _name(self, node: ast.Name, scope: Scope) -> Values:
        key = self.program.variable(scope, node.id)
        if key is not None:
            return self._used(set(self.tables.read(key, self.unit)))
        if node.id in builtin.NAMES:
            return {Value(Kind.EXTERNAL, f"builtins.{node.id}")}
        self.tables.names(scope.module.name, self.unit)
        return set(self.tables.read((scope.module.name, node.id), self.unit))

    def _used(self, values: Values) -> Values:
        """Functions and classes that an expression names, whatever becomes of them."""
        for one in values:
            if one.kind in {Kind.FUNCTION, Kind.CLASS, Kind.EXTERNAL} and one.name:
                if one.name not in self.used or self.unit_is_own:
                    self.used[one.name] = self.unit
        return values

    def attribute(self, owners: Values, name: str, line: int) -> Values:
        """`owner.name` of each; a property is called."""
        found: Values = set()
        for owner in owners:
            if owner.kind is Kind.UNKNOWN:
                found.add(UNKNOWN)
                continue
            if owner.kind is Kind.CONTAINER:
                found.add(Value(Kind.BOUND, f"*container*.{name}", owner))
                continue
            if name == "__class__" and owner.kind is Kind.INSTANCE:
                found.add(Value(Kind.CLASS, owner.name))
            held = list(self.program.attribute(owner, name, self.unit))
            if not held and owner.kind is Kind.INSTANCE:
                held = list(self.method(owner, "__getattr__", [{PLAIN}], line))
                if not held and self.program.has_external_base(owner.name):
                    held = [PLAIN]
            for one in held:
                function = self.program.functions.get(one.name) if one.kind is Kind.BOUND else None
                if function is not None and function.decorators & builtin.PROPERTIES:
                    found |= self.call({one}, [], {}, line)
                elif one.kind is Kind.INSTANCE and owner.kind in {Kind.INSTANCE, Kind.CLASS}:
                    got = self.method(one, "__get__", [{owner}, {PLAIN}], line)
                    found |= got or {one}
                else:
                    found.add(one)
        return found

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set, scope: Scope) -> Values:
        site = f"{self.unit}@{node.lineno}.{node.col_offset}"
        for number, one in enumerate(node.elts):
            if isinstance(one, ast.Starred):
                self.tables.add((site, EACH), self.elements(self.value(one.value, scope), node.lineno))
            else:
                self.tables.add((site, str(number)), self.value(one, scope))
        return {Value(Kind.CONTAINER, site)}

    def _dict(self, node: ast.Dict, scope: Scope) -> Values:
        site = f"{self.unit}@{node.lineno}.{node.col_offset}"
        for key, value in zip(node.keys, node.values, strict=True):
            held = self.value(value, scope)
            if key is None:
                for one in held:
                    if one.kind is Kind.CONTAINER:
                        self._copy(one.name, site)
            else:
                self.tables.add((site, "*key*"), self.value(key, scope) - {PLAIN})
                self.tables.add((site, _constant_key(key)), held)
        return {Value(Kind.CONTAINER, site)}

    def _copy(self, source: str, target: str) -> None:
        for key in self.tables.names(source, self.unit):
            self.tables.add((target, key), set(self.tables.read((source, key), self.unit)))

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope
    ) -> Values:
        for one in node.generators:
            self._comprehended(one.target, self.elements(self.value(one.iter, scope), node.lineno), scope)
            for test in one.ifs:
                self.value(test, scope)
        site = f"{self.unit}@{node.lineno}.{node.col_offset}"
        if isinstance(node, ast.DictComp):
            self.value(node.key, scope)
            self.tables.add((site, EACH), self.value(node.value, scope))
        else:
            self.tables.add((site, EACH), self.value(node.elt, scope))
        return {Value(Kind.CONTAINER, site)}

    def _comprehended(self, target: ast.expr, values: Values, scope: Scope) -> None:
        """Names of a comprehension; taken as names of the scope around it, which is coarse and harmless."""
        self.assign(target, values, scope, None)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Values:
        held = self.value(node.value, scope)
        self.value(node.slice, scope)
        key = _constant_key(node.slice)
        found: Values = set()
        for one in held:
            if one.kind is Kind.CONTAINER:
                found |= held & {one} if isinstance(node.slice, ast.Slice) else self._item(one.name, key)
            elif one.kind is Kind.INSTANCE:
                found |= self.method(one, "__getitem__", [{PLAIN}], node.lineno)
                found |= self._item(f"{one.name}[]", key)
            elif one.kind is Kind.CLASS:
                found |= self.method(one, "__class_getitem__", [{PLAIN}], node.lineno) or {one}
            elif one.kind in {Kind.UNKNOWN, Kind.EXTERNAL}:
                found.add(UNKNOWN if one.kind is Kind.UNKNOWN else PLAIN)
        return found

    def _item(self, site: str, key: str) -> Values:
        if key == EACH:
            return self._all(site)
        return set(self.tables.read((site, key), self.unit)) | set(self.tables.read((site, EACH), self.unit))

    def _all(self, site: str) -> Values:
        found: Values = set()
        for key in self.tables.names(site, self.unit):
            if key != "*key*":
                found |= self.tables.read((site, key), self.unit)
        return found

    def elements(self, values: Values, line: int, key: str = EACH) -> Values:
        """What iterating gives."""
        found: Values = set()
        for one in values:
            if one.kind is Kind.CONTAINER:
                found |= self._item(one.name, key) | set(self.tables.read((one.name, "*key*"), self.unit))
            elif one.kind is Kind.INSTANCE:
                made = self.method(one, "__iter__", [], line) | self.method(one, "__aiter__", [], line)
                for each in made:
                    if each.kind is Kind.INSTANCE:
                        found |= self.method(each, "__next__", [], line) | self.method(
                            each, "__anext__", [], line
                        )
                found |= self.elements({each for each in made if each.kind is Kind.CONTAINER}, line)
                if not made:
                    found |= self.method(one, "__getitem__", [{PLAIN}], line)
            elif one.kind is Kind.CLASS:
                found |= self._members(one)
            elif one.kind is Kind.UNKNOWN:
                found.add(UNKNOWN)
            elif one.kind is not Kind.NOTHING:
                found.add(PLAIN)
        return found

    def _members(self, cls: Value) -> Values:
        found: Values = set()
        for meta in list(self.tables.read((cls.name, "*metaclass*"), self.unit)):
            found |= self.elements(self.method(Value(Kind.INSTANCE, meta.name), "__iter__", [], 0), 0)
        return found | {Value(Kind.INSTANCE, cls.name)}

    def _compare(self, node: ast.Compare, scope: Scope) -> Values:
        left = self.value(node.left, scope)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, scope)
            ahead, behind = builtin.COMPARED.get(type(op), ("", ""))
            self._dunder(left, (ahead,), [right], node.lineno)
            self._dunder(right, (behind,), [left], node.lineno)
            left = right
        return {PLAIN}

    def _dunder(self, values: Values, names: Iterable[str], arguments: Sequence[Values], line: int) -> Values:
        found: Values = set()
        for one in values:
            if one.kind is Kind.INSTANCE:
                for name in names:
                    if name:
                        got = self.method(one, name, arguments, line)
                        found |= got
                        if got and name in {"__format__", "__iadd__"}:
                            break
        return found

    def method(self, owner: Value, name: str, arguments: Sequence[Values], line: int) -> Values:
        """Call a method where the owner's class has it."""
        found: Values = set()
        for one in list(self.program.attribute(owner, name, self.unit)):
            if one.kind in {Kind.BOUND, Kind.FUNCTION, Kind.INSTANCE}:
                found |= self.call({one}, arguments, {}, line) or {PLAIN}
        return found

    # -- calls

    def _call(self, node: ast.Call, scope: Scope) -> Values:
        if (
            isinstance(node.func, ast.Name)
            and node.func.id == "super"
            and self.program.variable(scope, "super") is None
        ):
            return self._super(node, scope)
        callee = self.value(node.func, scope)
        if (
            isinstance(node.func, ast.Name) and node.func.id in {"getattr", "import_module", "__import__"}
        ) or (isinstance(node.func, ast.Attribute) and node.func.attr == "import_module"):
            found = self._by_name(node, callee, scope)
            if found is not None:
                return found
        arguments: list[Values] = []
        for one in node.args:
            if isinstance(one, ast.Starred):
                spread = self.value(one.value, scope)
                arguments += [
                    self.elements(spread, node.lineno, str(n)) | self.elements(spread, node.lineno)
                    for n in range(4)
                ]
            else:
                arguments.append(self.value(one, scope))
        keywords: dict[str, Values] = {}
        for keyword in node.keywords:
            held = self.value(keyword.value, scope)
            if keyword.arg:
                keywords[keyword.arg] = held
            else:
                for each in held:
                    if each.kind is Kind.CONTAINER:
                        for key in self.tables.names(each.name, self.unit):
                            keywords.setdefault(key.strip("'\""), set()).update(self._item(each.name, key))
                    elif each.kind is Kind.UNKNOWN:
                        keywords.setdefault("**", set()).add(UNKNOWN)
        if not callee - {NOTHING} or UNKNOWN in callee:
            self._note(node, known=UNKNOWN in callee)
            self._escape(set().union(*arguments, *keywords.values()) if arguments or keywords else set())
        return self.call(callee, arguments, keywords, node.lineno, node)

    def _by_name(self, node: ast.Call, callee: Values, scope: Scope) -> Values | None:
        """`getattr(x, "name")` and `import_module("name")`; None where it is another function of that name."""
        names = {one.name for one in callee if one.kind is Kind.EXTERNAL}
        if "builtins.getattr" in names:
            owners = self.value(node.args[0], scope) if node.args else set()
            for one in node.args[1:]:
                self.value(one, scope)
            name, start = builtin.attribute_name(node)
            default = self.value(node.args[2], scope) if len(node.args) > 2 else set()
            if name is not None:
                return self.attribute(owners, name, node.lineno) | default
            self.doubt("getattr", start, node.lineno)
            for owner in owners:
                self.gotten.setdefault(owner, set()).add(start)
            return {UNKNOWN} | default
        if names & {"importlib.import_module", "builtins.__import__"} and node.args:
            match node.args[0]:
                case ast.Constant(value=str(name)):
                    found = self.program.load(
                        name.lstrip("."), (self.unit, str(scope.module.file or ""), node.lineno)
                    )
                    top = (
                        found
                        if "importlib.import_module" in names
                        else self.program.modules.get(name.split(".")[0])
                    )
                    return {Value(Kind.MODULE, top.name)} if top is not None else {Value(Kind.EXTERNAL, name)}
            for one in node.args:
                self.value(one, scope)
            self.doubt("import", "", node.lineno)
            return {UNKNOWN}
        return None

    def _note(self, node: ast.Call, *, known: bool) -> None:
        """`known` is true where what is called may be anything, false where nothing is known by its name."""
        if isinstance(node.func, ast.Attribute):
            self.doubt("attribute", node.func.attr, node.lineno)
        elif isinstance(node.func, ast.Name) and not known:
            self.doubt("plain", node.func.id, node.lineno)
        else:
            self.doubt("value", "", node.lineno)

    def doubt(self, how: str, name: str, line: int) -> None:
        """Keep a call that cannot be followed."""
        key = (self.unit, how, name, line)
        self.unresolved.setdefault(key, Unresolved(*key))

    def _escape(self, values: Iterable[Value]) -> None:
        """Functions and instances that code outside of our sight may call from now on."""
        for one in values:
            if (
                one.kind in {Kind.FUNCTION, Kind.BOUND} and one.name in self.program.functions
            ) or one.kind in {Kind.CLASS, Kind.INSTANCE, Kind.MODULE}:
                self.escaped.setdefault(one.name)

    def _super(self, node: ast.Call, scope: Scope) -> Values:
        at: Scope | None = scope
        while (
            at is not None
            and at.kind == "function"
            and not (at.parent is not None and at.parent.kind == "class")
        ):
            at = at.parent
        owner = scope.owner
        function = self.program.functions.get(at.name) if at is not None else None
        if not owner or function is None:
            return {PLAIN}
        first = function.parameters[:1]
        held = set(self.tables.read((function.name, first[0]), self.unit)) if first else set()
        kinds = {Kind.INSTANCE, Kind.CLASS}
        known = {one for one in held if one.kind in kinds and owner in self.program.linear(one.name)}
        if function.name.endswith(".__new__"):
            known |= {Value(Kind.CLASS, owner)}
        return {Value(Kind.SUPER, owner, one) for one in known or {Value(Kind.INSTANCE, owner)}}

    def call(
        self,
        callee: Iterable[Value],
        arguments: Sequence[Values],
        keywords: dict[str, Values],
        line: int,
        node: ast.Call | None = None,
    ) -> Values:
        """Call each value; what the calls give back."""
        found: Values = set()
        for one in list(callee):
            match one.kind:
                case Kind.FUNCTION:
                    found |= self._invoke(one.name, arguments, keywords, line, node)
                case Kind.BOUND if one.name.startswith("*container*.") and one.of is not None:
                    found |= builtin.container_call(self, one.of, one.name.split(".", 1)[1], arguments)
                case Kind.BOUND if one.of is not None:
                    found |= self._invoke(one.name, [{one.of}, *arguments], keywords, line, node)
                case Kind.CLASS:
                    found |= self._construct(one, arguments, keywords, line, node)
                case Kind.INSTANCE:
                    for inner in list(self.program.attribute(one, "__call__", self.unit)):
                        found |= self.call({inner}, arguments, keywords, line, node)
                case Kind.EXTERNAL:
                    found |= builtin.external_call(self, one, arguments, keywords, line)
                case Kind.UNKNOWN:
                    found.add(UNKNOWN)
        return found

    def _construct(
        self,
        cls: Value,
        arguments: Sequence[Values],
        keywords: dict[str, Values],
        line: int,
        node: ast.Call | None,
    ) -> Values:
        self.made.setdefault(cls.name)
        made = Value(Kind.INSTANCE, cls.name)
        found: Values = set()
        for meta in list(self.tables.read((cls.name, "*metaclass*"), self.unit)):
            found |= self.method(Value(Kind.INSTANCE, meta.name), "__call__", [], line)
        for one in list(self.program.attribute(Value(Kind.CLASS, cls.name), "__new__", self.unit)):
            if one.kind is Kind.FUNCTION:
                found |= self._invoke(one.name, [{cls}, *arguments], keywords, line, node)
        for one in list(self.program.attribute(made, "__init__", self.unit)):
            self.call({one}, arguments, keywords, line, node)
        self._dataclass(cls, arguments, keywords)
        if node is not None:
            self._record(cls.name, node)
        instances = {one for one in found if one.kind is Kind.INSTANCE}
        return instances | {made}

    def _dataclass(self, cls: Value, arguments: Sequence[Values], keywords: dict[str, Values]) -> None:
        """Fields of dataclasses, named tuples and structs, which have no `__init__` of their own."""
        known = self.program.classes.get(cls.name)
        if known is None or ("__init__" in known.scope.bound):
            return
        fields = [
            n.target.id
            for n in known.node.body
            if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        ]
        for name, values in zip(fields, arguments, strict=False):
            self.tables.add((f"{cls.name}()", name), values)
        for name, values in keywords.items():
            if name in fields:
                self.tables.add((f"{cls.name}()", name), values)
        if fields:
            self.method(Value(Kind.INSTANCE, cls.name), "__post_init__", [], known.node.lineno)

    def _record(self, symbol: str, node: ast.Call) -> None:
        self.calls.setdefault(symbol, {})[self.unit, node.lineno, node.col_offset] = node

    def _invoke(
        self,
        name: str,
        arguments: Sequence[Values],
        keywords: dict[str, Values],
        line: int,
        node: ast.Call | None,
    ) -> Values:
        function = self.program.functions.get(name)
        if function is None:
            return {PLAIN}
        self.edge(name, line)
        if node is not None:
            self._record(name, node)
        given = function.node.args
        names = function.parameters
        for number, values in enumerate(arguments):
            if number < len(names):
                self.tables.add((name, names[number]), values)
            elif given.vararg is not None:
                site = f"{name}*args*"
                self.tables.add((site, EACH), values)
        if given.vararg is not None:
            self.tables.add((name, given.vararg.arg), [Value(Kind.CONTAINER, f"{name}*args*")])
        known = {*names, *(one.arg for one in given.kwonlyargs)}
        spread = node is not None and any(isinstance(one, ast.Starred) for one in node.args)
        if function.defaults:
            self._left_out(function, set() if spread else {*names[: len(arguments)], *keywords})
        for key, values in keywords.items():
            if key in known:
                self.tables.add((name, key), values)
            elif given.kwarg is not None:
                self.tables.add((f"{name}*kwargs*", repr(key)), values)
        if given.kwarg is not None:
            self.tables.add((name, given.kwarg.arg), [Value(Kind.CONTAINER, f"{name}*kwargs*")])
        if function.generates:
            return {Value(Kind.CONTAINER, f"{name}*yield*")}
        return set(self.tables.read((name, "*return*"), self.unit))


def _loaded(target: ast.expr) -> ast.expr:
    """The same place, to be read."""
    return target


def _constant_key(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | bytes | bool):
        return repr(node.value) if not isinstance(node.value, int) else str(node.value)
    return EACH


def _absolute(node: ast.ImportFrom, scope: Scope) -> str:
    if not node.level:
        return node.module or ""
    parts = scope.module.parent.split(".") if scope.module.parent else []
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])
