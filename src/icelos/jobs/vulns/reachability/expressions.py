"""The values of expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable

from icelos.jobs.vulns.reachability import builtin, containers
from icelos.jobs.vulns.reachability.scopes import Scope
from icelos.jobs.vulns.reachability.targets import Targets, constant_key
from icelos.jobs.vulns.reachability.values import (
    EACH,
    NOTHING,
    PLAIN,
    RETURN,
    UNKNOWN,
    YIELDED,
    Kind,
    Value,
    Values,
)
from icelos.jobs.vulns.reachability.written import HOLE

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Expressions(Targets):
    """Expressions over abstract values."""

    def value(self, node: ast.expr | None, scope: Scope) -> Values:
        """The values that an expression may have."""
        act = _VALUES.get(type(node))
        found = act(self, node, scope) if act is not None else {PLAIN}
        return found or {UNKNOWN} if self.loose else found

    def truth(self, node: ast.expr, scope: Scope) -> None:
        """Evaluate a test, which asks the value whether it is true."""
        self.dunder(self.value(node, scope), ("__bool__", "__len__"), [], node.lineno)

    # -- names

    def _name(self, node: ast.Name, scope: Scope) -> Values:
        key = self.program.variable(scope, node.id)
        if key is not None:
            return self._use(self.tables.read(key))
        if node.id in builtin.NAMES:
            return {Value(Kind.EXTERNAL, f"builtins.{node.id}")}
        self.tables.names(scope.module.name)
        return self.tables.read((scope.module.name, node.id))

    def _attribute_of(self, node: ast.Attribute, scope: Scope) -> Values:
        return self._use(self.attribute(self.value(node.value, scope), node.attr, node.lineno))

    def _use(self, values: Values) -> Values:
        """Functions and classes that an expression names, whatever becomes of them."""
        for one in values:
            named = one.kind in {Kind.FUNCTION, Kind.CLASS, Kind.EXTERNAL} and one.name
            if named and (one.name not in self.used or self.program.is_own(self.unit)):
                self.used[one.name] = self.unit
        return values

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Values:
        function = self.program.define(node, scope)
        self.defaults(function, scope)
        return {Value(Kind.FUNCTION, function.name)}

    # -- containers

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
            if key is not None:
                self.tables.add((site, "*key*"), self.value(key, scope) - {PLAIN})
                self.tables.add((site, constant_key(key)), held)
                continue
            for one in held:
                if one.kind is Kind.CONTAINER:
                    containers.copy(self, one.name, site)
        return {Value(Kind.CONTAINER, site)}

    def _comprehension(self, node: Comprehension, scope: Scope) -> Values:
        """Its names are taken as names of the scope around it, which is coarse and harmless."""
        for one in node.generators:
            self.assign(one.target, self.elements(self.value(one.iter, scope), node.lineno), scope)
            for test in one.ifs:
                self.truth(test, scope)
        site = f"{self.unit}@{node.lineno}.{node.col_offset}"
        if isinstance(node, ast.DictComp):
            self.tables.add((site, "*key*"), self.value(node.key, scope) - {PLAIN})
            self.tables.add((site, EACH), self.value(node.value, scope))
        else:
            self.tables.add((site, EACH), self.value(node.elt, scope))
        return {Value(Kind.CONTAINER, site)}

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Values:
        held = self.value(node.value, scope)
        keys = self.value(node.slice, scope)
        key = constant_key(node.slice)
        found: set[Value] = set()
        for one in held:
            if one.kind is Kind.CONTAINER:
                found |= {one} if isinstance(node.slice, ast.Slice) else self.item(one.name, key)
            elif one.kind is Kind.INSTANCE:
                found |= self.method(one, "__getitem__", [keys], node.lineno)
                found |= self.item(f"{one.name}[]", key)
            elif one.kind is Kind.CLASS:
                found |= self.method(one, "__class_getitem__", [keys], node.lineno) | {one}
            elif one.kind in {Kind.UNKNOWN, Kind.EXTERNAL}:
                found |= self._item_outside(one, node, scope)
        return found

    def _item_outside(self, one: Value, node: ast.Subscript, scope: Scope) -> Values:
        if one.name == "sys.modules":
            if isinstance(node.slice, ast.Name) and node.slice.id == "__name__":
                return {Value(Kind.MODULE, scope.module.name)}
            self.doubt("import", HOLE, node.lineno)
            return {UNKNOWN}
        last = one.name.rpartition(".")[2]  # an item of a class, such as `Mapping[str, int]`, is that class
        known = one.kind is Kind.EXTERNAL and (not self.loose or not last or last[0].isupper())
        return {PLAIN if known or one.name in builtin.NAMES_OF_TYPES else UNKNOWN}

    # -- operators

    def _binary(self, node: ast.BinOp, scope: Scope) -> Values:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        ahead, behind = builtin.BINARY[type(node.op)]
        found = self.dunder(left, (ahead,), [right], node.lineno)
        if not found:
            found |= self.dunder(right, (behind,), [left], node.lineno)
        held = {one for one in left | right if one.kind in {Kind.CONTAINER, Kind.UNKNOWN}}
        return found | held or {PLAIN}

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Values:
        held = self.value(node.operand, scope)
        return self.dunder(held, (builtin.UNARY[type(node.op)],), [], node.lineno) or {PLAIN}

    def _compare(self, node: ast.Compare, scope: Scope) -> Values:
        left = self.value(node.left, scope)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, scope)
            ahead, behind = builtin.COMPARED.get(type(op), ("", ""))
            self.dunder(left, (ahead,), [right], node.lineno)
            self.dunder(right, (behind,), [left], node.lineno)
            left = right
        return {PLAIN}

    def _boolean(self, node: ast.BoolOp, scope: Scope) -> Values:
        found: set[Value] = set()
        for one in node.values:
            values = self.value(one, scope)
            if one is not node.values[-1]:
                self.dunder(values, ("__bool__", "__len__"), [], node.lineno)
            found |= values
        return found

    def _conditional(self, node: ast.IfExp, scope: Scope) -> Values:
        self.truth(node.test, scope)
        body, other = self.branches(node.test, scope)
        found: set[Value] = set()
        for part, run in ((node.body, body), (node.orelse, other)):
            if run:
                found |= self.value(part, scope)
        return found

    def _walrus(self, node: ast.NamedExpr, scope: Scope) -> Values:
        values = self.value(node.value, scope)
        self.bind(node.target.id, values, scope)
        return values

    def _formatted(self, node: ast.JoinedStr, scope: Scope) -> Values:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                held = self.value(part.value, scope)
                names = (
                    ("__repr__",) if part.conversion == ord("r") else ("__format__", "__str__", "__repr__")
                )
                self.dunder(held, names, [], node.lineno)
        return {PLAIN}

    def _slice(self, node: ast.Slice, scope: Scope) -> Values:
        for bound in (node.lower, node.upper, node.step):
            self.value(bound, scope)
        return {PLAIN}

    # -- generators

    def _await(self, node: ast.Await, scope: Scope) -> Values:
        held = self.value(node.value, scope)
        return held | self.dunder(held, ("__await__",), [], node.lineno)

    def _yield(self, node: ast.Yield, scope: Scope) -> Values:
        values = self.value(node.value, scope) if node.value else {PLAIN}
        self.tables.add((f"{scope.unit}{YIELDED}", EACH), values)
        return self.tables.read((scope.unit, "*sent*")) or {PLAIN}

    def _yield_from(self, node: ast.YieldFrom, scope: Scope) -> Values:
        held = self.value(node.value, scope)
        self.tables.add((f"{scope.unit}{YIELDED}", EACH), self.elements(held, node.lineno))
        found: set[Value] = {one for one in held if one.kind is Kind.UNKNOWN}
        for one in held:
            if one.kind is Kind.CONTAINER and one.name.endswith(YIELDED):
                found |= self.tables.read((one.name.removesuffix(YIELDED), RETURN))
        return found or {PLAIN}

    # -- tests

    def branches(self, test: ast.expr, scope: Scope) -> tuple[bool, bool]:
        """Whether the branches of a test can be run: `x is None` is decided where it is known what x may be.

        A name that has no value yet decides nothing now; its readers are run again when it has one.
        """
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                body, other = self.branches(inner, scope)
                return other, body
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                return False, True
            case ast.Compare(
                left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
            ):
                return scope.module.own, True
            case ast.Compare(left=ast.Name() as left, ops=[op], comparators=[ast.Constant(value=None)]):
                return self._compared_to_none(left, op, scope)
            case ast.Name():
                values = self.value(test, scope)
                if values == {NOTHING} and not self._open_parameter(test, scope):
                    self.decide_later()
                    return False, True
        return True, True

    def _compared_to_none(self, left: ast.Name, op: ast.cmpop, scope: Scope) -> tuple[bool, bool]:
        values = self.value(left, scope)
        if not isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
            return True, True
        if (self.loose and not values) or values & {UNKNOWN, PLAIN}:
            return True, True
        self.decide_later()
        nothing, other = NOTHING in values, bool(values - {NOTHING})
        return (nothing, other) if isinstance(op, ast.Is | ast.Eq) else (other, nothing)

    def _open_parameter(self, node: ast.Name, scope: Scope) -> bool:
        """In the loose analysis, whether a name may be bound from where we do not look: a global."""
        key = self.program.variable(scope, node.id)
        return self.loose and key is not None and key[0] in self.program.scopes


_VALUES: dict[type, Callable[..., Values]] = {
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute_of,
    ast.Call: Expressions.call_of,
    ast.Lambda: Expressions._lambda,
    ast.Tuple: Expressions._sequence,
    ast.List: Expressions._sequence,
    ast.Set: Expressions._sequence,
    ast.Dict: Expressions._dict,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.Subscript: Expressions._subscript,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.Compare: Expressions._compare,
    ast.BoolOp: Expressions._boolean,
    ast.IfExp: Expressions._conditional,
    ast.NamedExpr: Expressions._walrus,
    ast.JoinedStr: Expressions._formatted,
    ast.Slice: Expressions._slice,
    ast.Await: Expressions._await,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield_from,
    ast.Starred: lambda work, node, scope: work.elements(work.value(node.value, scope), node.lineno),
    ast.Constant: lambda _work, node, _scope: {NOTHING} if node.value is None else {PLAIN},
}
