"""Calls as they are written: arguments, `getattr` and imports by name, `super()`."""

from __future__ import annotations

import ast
from abc import abstractmethod

from icelos.jobs.vulns.reachability.machine import Machine
from icelos.jobs.vulns.reachability.objects import Given
from icelos.jobs.vulns.reachability.scopes import Function, Scope
from icelos.jobs.vulns.reachability.values import (
    ANY,
    EACH,
    NOTHING,
    PLAIN,
    UNKNOWN,
    Kind,
    Value,
    Values,
)
from icelos.jobs.vulns.reachability.written import COMPOSED, HOLE, is_composed, pattern, start_of

MAX_SPREAD = 6
"""Arguments that `*x` may stand for."""
_GETTING = frozenset({"builtins.getattr", "builtins.setattr"})
_IMPORTING = frozenset({"importlib.import_module", "builtins.__import__"})


class Calls(Machine):
    """Call expressions. What an expression is worth is told by the class derived from this one."""

    @abstractmethod
    def value(self, node: ast.expr | None, scope: Scope) -> Values:
        """The values that an expression may have."""

    @abstractmethod
    def set_attribute(self, owner: Value, name: str, values: Values, line: int) -> None:
        """`owner.name = values`."""

    def defaults(self, function: Function, scope: Scope) -> None:
        """Defaults are kept apart; they flow to a parameter where a call leaves it out."""
        for name, default in function.defaults.items():
            self.tables.add((f"{function.name}*defaults*", name), self.value(default, scope))

    def call_of(self, node: ast.Call, scope: Scope) -> Values:
        """The values of a call."""
        named = node.func.id if isinstance(node.func, ast.Name) else ""
        if named == "super" and self.program.variable(scope, "super") is None:
            return self._super(scope)
        callee = self.value(node.func, scope)
        names = {one.name for one in callee if one.kind is Kind.EXTERNAL}
        if names & _GETTING:
            return self._get_or_set(node, "builtins.getattr" in names, scope)
        if names & _IMPORTING and node.args:
            return self._import_named(node, names, scope)
        given = self._given(node, scope)
        if not callee - {NOTHING} or UNKNOWN in callee:
            self._note(node, known=UNKNOWN in callee)
            self.escape(given.all())
        if not callee:
            self.decide_later()
            return {UNKNOWN} if self.loose else set()
        return self.call(callee, given)

    def _given(self, node: ast.Call, scope: Scope) -> Given:
        positional: list[Values] = []
        keywords: dict[str, Values] = {}
        spread = False
        for one in node.args:
            if isinstance(one, ast.Starred):
                spread = True
                positional += self._spread(self.value(one.value, scope), node.lineno)
            else:
                positional.append(self.value(one, scope))
        for keyword in node.keywords:
            held = self.value(keyword.value, scope)
            if keyword.arg:
                keywords[keyword.arg] = held
            else:
                spread = True
                self._spread_keywords(held, keywords)
        return Given(positional, keywords, node.lineno, node, spread)

    def _spread(self, values: Values, line: int) -> list[Values]:
        """`*x`: by place where the places are known, else each of its elements at each place."""
        numbered = {
            name
            for one in values
            if one.kind is Kind.CONTAINER
            for name in self.tables.names(one.name)
            if name.isdigit()
        }
        loose = {
            one for one in values if one.kind is not Kind.CONTAINER or EACH in self.tables.names(one.name)
        }
        self.elements(values, line, "")
        count = MAX_SPREAD if loose else min(len(numbered), 4 * MAX_SPREAD)
        return [self.elements(values, line, str(number)) for number in range(count)]

    def _spread_keywords(self, held: Values, keywords: dict[str, Values]) -> None:
        for one in held:
            if one.kind is Kind.CONTAINER:
                for key in self.tables.names(one.name):
                    if key != "*key*":
                        name = "**" if key == EACH else key.strip("'\"")
                        keywords[name] = keywords.get(name, set()) | self.item(one.name, key)
            elif one.kind is Kind.UNKNOWN:
                keywords["**"] = keywords.get("**", set()) | {UNKNOWN}

    # -- by name

    def _get_or_set(self, node: ast.Call, getting: bool, scope: Scope) -> Values:
        """`getattr(x, "name")`, `setattr(x, "name", value)`, and those with a name that is made up."""
        held = [self.value(one, scope) for one in node.args]
        owners = held[0] if held else set()
        third = held[2] if len(held) > 2 else set()
        name, start = attribute_name(node)
        if not getting:
            for owner in owners if name is not None else ():
                self.set_attribute(owner, name or "", third, node.lineno)
            for owner in owners if name is None else ():
                self.set_attribute(owner, ANY, third, node.lineno)
            if name is None:
                self.escape(third)
            return {PLAIN}
        if name is not None:
            return self.attribute(owners, name, node.lineno) | third
        self.doubt("getattr", start, node.lineno)
        found: set[Value] = {UNKNOWN}
        for owner in owners:
            self.gotten.setdefault(owner, set()).add(start)
            found |= self.attribute({owner} - {UNKNOWN}, ANY, node.lineno) - {PLAIN}
            if start not in {"", COMPOSED}:
                found |= self._beginning(owner, start, node.lineno)
        return found | third

    def _beginning(self, owner: Value, start: str, line: int) -> set[Value]:
        """Attributes whose names begin as the name that `getattr` makes up."""
        if owner.kind not in {Kind.INSTANCE, Kind.CLASS, Kind.MODULE}:
            return set()
        places = [owner.name] if owner.kind is Kind.MODULE else list(self.program.linear(owner.name))
        names = {name for place in places for name in self.tables.names(place) if name.startswith(start)}
        return {value for name in names for value in self.attribute({owner}, name, line)}

    def _import_named(self, node: ast.Call, names: set[str], scope: Scope) -> Values:
        for one in node.args:
            self.value(one, scope)
        match node.args[0]:
            case ast.Constant(value=str(name)):
                relative = len(name) - len(name.lstrip("."))
                if relative:
                    name = absolute(name.lstrip("."), relative, scope)
                by = (self.unit, str(scope.module.file or ""), node.lineno)
                found = self.program.load(name, by)
                if "importlib.import_module" not in names:
                    found = self.program.known(name.split(".")[0])
                return {Value(Kind.MODULE, found.name) if found is not None else Value(Kind.EXTERNAL, name)}
        self.doubt("import", pattern(node.args[0]), node.lineno)
        return {UNKNOWN}

    def _note(self, node: ast.Call, *, known: bool) -> None:
        """`known`: what is called may be anything; else nothing is known by its name."""
        if isinstance(node.func, ast.Attribute):
            self.doubt("attribute", node.func.attr, node.lineno)
        elif isinstance(node.func, ast.Name) and not known:
            self.doubt("plain", node.func.id, node.lineno)
        else:
            self.doubt("value", "", node.lineno)

    def _super(self, scope: Scope) -> Values:
        at: Scope | None = scope
        while at is not None and at.kind == "function" and not at.in_class:
            at = at.parent
        owner = scope.owner
        function = self.program.functions.get(at.name) if at is not None else None
        if not owner or function is None:
            return {PLAIN}
        first = function.parameters[:1]
        held = self.tables.read((function.name, first[0])) if first else frozenset()
        kinds = {Kind.INSTANCE, Kind.CLASS}
        known = {one for one in held if one.kind in kinds and owner in self.program.linear(one.name)}
        if function.name.endswith(".__new__"):
            known.add(Value(Kind.CLASS, owner))
        return {Value(Kind.SUPER, owner, one) for one in known or {Value(Kind.INSTANCE, owner)}}


def absolute(module: str, level: int, scope: Scope) -> str:
    """The dotted name of a relative import."""
    parts = scope.module.parent.split(".") if scope.module.parent else []
    return ".".join([*parts[: len(parts) - level + 1], *([module] if module else [])])


def attribute_name(node: ast.Call) -> tuple[str | None, str]:
    """(the name that `getattr` asks for where it is written, else None; the beginning that is written)."""
    if len(node.args) < 2:
        return None, ""
    found = pattern(node.args[1])
    return (None if HOLE in found else found), COMPOSED if is_composed(found) else start_of(found)
