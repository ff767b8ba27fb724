"""Where assignment lets values flow."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from icelos.jobs.vulns.reachability.calls import Calls
from icelos.jobs.vulns.reachability.scopes import Scope
from icelos.jobs.vulns.reachability.values import EACH, PLAIN, Kind, Value, Values


class Targets(Calls):
    """Names, attributes, elements and tuples of them, as they stand on the left."""

    def bind(self, name: str, values: Iterable[Value], scope: Scope) -> None:
        """Let values flow to a name of a scope."""
        if name not in scope.outer:
            self.tables.add((scope.name, name), values)
            return
        at = scope.parent
        while at is not None and not (at.kind == "function" and name in at.bound):
            at = at.parent
        self.tables.add((at.name if at is not None else scope.module.name, name), values)

    def assign(self, target: ast.expr, values: Values, scope: Scope, written: ast.expr | None = None) -> None:
        """Let values flow to a target. `written` is the expression they come from, taken apart with it."""
        match target:
            case ast.Name():
                self.bind(target.id, values, scope)
            case ast.Starred():
                site = f"{self.unit}@{target.lineno}.{target.col_offset}"
                self.tables.add((site, EACH), values)
                self.assign(target.value, {Value(Kind.CONTAINER, site)}, scope)
            case ast.Tuple() | ast.List():
                self._unpack(target, values, scope, written)
            case ast.Attribute():
                for owner in self.value(target.value, scope):
                    self.set_attribute(owner, target.attr, values, target.lineno)
            case ast.Subscript():
                self._set_item(target, values, scope)

    def _unpack(
        self, target: ast.Tuple | ast.List, values: Values, scope: Scope, written: ast.expr | None
    ) -> None:
        starred = any(isinstance(one, ast.Starred) for one in target.elts)
        if (
            isinstance(written, ast.Tuple | ast.List)
            and not starred
            and len(written.elts) == len(target.elts)
        ):
            for one, part in zip(target.elts, written.elts, strict=True):
                self.assign(one, self.value(part, scope), scope, part)
            return
        behind = False
        for number, one in enumerate(target.elts):
            behind = behind or isinstance(one, ast.Starred)
            key = EACH if behind else str(number)
            self.assign(one, self.elements(values, target.lineno, key), scope)

    def set_attribute(self, owner: Value, name: str, values: Values, line: int) -> None:
        """`owner.name = values`."""
        if owner.kind is Kind.INSTANCE:
            self.tables.add((f"{owner.name}()", name), values)
            self.setters(owner, name, values, line)
        elif owner.kind is Kind.FUNCTION:
            self.tables.add((f"{owner.name}()", name), values)
        elif owner.kind in {Kind.CLASS, Kind.MODULE}:
            self.tables.add((owner.name, name), values)
        elif owner.kind in {Kind.EXTERNAL, Kind.UNKNOWN}:
            self.escape(values)

    def _set_item(self, target: ast.Subscript, values: Values, scope: Scope) -> None:
        key = constant_key(target.slice)
        keys = self.value(target.slice, scope)
        if isinstance(target.slice, ast.Slice):
            values = values | self.elements(values, target.lineno)
        for owner in self.value(target.value, scope):
            if owner.kind is Kind.CONTAINER:
                self.tables.add((owner.name, key), values)
                self.tables.add((owner.name, "*key*"), keys - {PLAIN})
            elif owner.kind is Kind.INSTANCE:
                self.method(owner, "__setitem__", [keys, values], target.lineno)
                self.tables.add((f"{owner.name}[]", key), values)
            elif owner.kind in {Kind.EXTERNAL, Kind.UNKNOWN}:
                self.escape(values)


def constant_key(node: ast.expr) -> str:
    """The key under which an element is kept: its constant, or EACH."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | bytes):
        return str(node.value) if isinstance(node.value, int) else repr(node.value)
    return EACH
