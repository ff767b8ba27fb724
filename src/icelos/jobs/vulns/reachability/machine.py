"""What abstract values do when they are called. Calls become edges."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from icelos.jobs.vulns.reachability import containers, outside
from icelos.jobs.vulns.reachability.objects import Given, Objects
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.scopes import Function
from icelos.jobs.vulns.reachability.values import (
    EACH,
    METACLASS,
    PLAIN,
    RETURN,
    YIELDED,
    Kind,
    Value,
    Values,
)


class Machine(Objects):
    """Objects that can be called."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._calling: set[str] = set()

    def call(self, callee: Iterable[Value], given: Given) -> set[Value]:
        """Call each value; what the calls give back."""
        found: set[Value] = set()
        for one in callee:
            act = _CALLS.get(one.kind)
            if act is not None:
                found |= act(self, one, given)
        return found

    def _call_bound(self, one: Value, given: Given) -> Values:
        assert one.of is not None  # noqa: S101 - bound values have a receiver; tells mypy so
        if one.name.startswith("*container*."):
            return containers.container_call(self, one.of, one.name.split(".", 1)[1], given)
        if one.name == "*dispatch*.register":
            functions = {v for v in given.all() if v.kind is Kind.FUNCTION}
            self.tables.add((f"{one.of.name}()", "*registered*"), functions)
            return functions or {one}
        return self.invoke(one.name, given.behind(one.of))

    def _call_partial(self, one: Value, given: Given) -> Values:
        assert one.of is not None  # noqa: S101 - as above
        names = self.tables.names(one.name)
        places = sorted(int(name) for name in names if name.isdigit())
        bound = [self.tables.read((one.name, str(place))) for place in places]
        keywords = {n[1:]: self.tables.read((one.name, n)) for n in names if n.startswith("=")}
        positional = [*bound, *given.positional]
        return self.call(
            {one.of}, given._replace(positional=positional, keywords={**keywords, **given.keywords})
        )

    def _call_instance(self, one: Value, given: Given) -> Values:
        if one.name in self._calling:  # `__call__` is an object of the same class, as decorators make it
            return set()
        self._calling.add(one.name)
        try:
            return self.call(self.program.attribute(one, "__call__"), given)
        finally:
            self._calling.discard(one.name)

    def _construct(self, cls: Value, given: Given) -> Values:
        self.made.setdefault(cls.name)
        made = Value(Kind.INSTANCE, cls.name)
        found: set[Value] = set()
        for meta in self.tables.read((cls.name, METACLASS)):
            for one in self.program.attribute(Value(Kind.INSTANCE, meta.name), "__call__"):
                found |= self.call({one._replace(of=cls)} if one.of else {one}, given._replace(node=None))
        for one in self.program.attribute(cls, "__new__"):
            if one.kind is Kind.FUNCTION:
                found |= self.invoke(one.name, given.behind(cls))
        for one in self.program.attribute(made, "__init__"):
            self.call({one}, given)
        self._fill_fields(cls, given)
        if given.node is not None:
            self._record(cls.name, given.node)
        return {one for one in found if one.kind is Kind.INSTANCE} | {made}

    def _fill_fields(self, cls: Value, given: Given) -> None:
        """Fields of dataclasses, named tuples and structs, which have no `__init__` of their own."""
        known = self.program.classes.get(cls.name)
        if known is None or "__init__" in known.scope.bound:
            return
        fields = self.fields(cls.name)
        for name, values in zip(fields, given.positional, strict=False):
            self.tables.add((f"{cls.name}()", name), values)
        for name, values in given.keywords.items():
            if name in fields:
                self.tables.add((f"{cls.name}()", name), values)
        if fields:
            self.method(Value(Kind.INSTANCE, cls.name), "__post_init__", [], given.line)
            for name in fields:
                for factory in self.tables.read((cls.name, name)):
                    if factory.kind is Kind.CONTAINER and factory.name.endswith("*field*"):
                        made = self.call(self.tables.read((factory.name, "factory")), Given(line=given.line))
                        self.tables.add((f"{cls.name}()", name), made)

    def _record(self, symbol: str, node: ast.Call) -> None:
        self.calls.setdefault(symbol, {})[self.unit, node.lineno, node.col_offset] = node

    def invoke(self, name: str, given: Given) -> Values:
        """Call a function of the target."""
        function = self.program.functions.get(name)
        if function is None:
            return {PLAIN}
        if given.node is not None:
            self._record(name, given.node)
        self._pass(function, given)
        if self.divert is not None and name not in self.edges:
            self.divert(name, given.all())
        if function.generates:
            self.links.setdefault(self.unit, {}).setdefault(name, given.line)
            self.enter(name)
            return {Value(Kind.CONTAINER, f"{name}{YIELDED}")}
        self.edge(name, given.line)
        found = self.tables.read((name, RETURN))
        if "singledispatch" in function.decorators:
            return found | self.call(self.tables.read((f"{name}()", "*registered*")), given)
        return found

    def _pass(self, function: Function, given: Given) -> None:
        """Let arguments flow to parameters, and defaults to those left out."""
        name, names, written = function.name, function.parameters, function.node.args
        for number, values in enumerate(given.positional):
            if number < len(names):
                self.tables.add((name, names[number]), values)
            elif written.vararg is not None:
                place = EACH if given.spread else str(number - len(names))
                self.tables.add((f"{name}*args*", place), values)
        self._pass_keywords(function, given)
        if written.vararg is not None:
            self.tables.add((name, written.vararg.arg), {Value(Kind.CONTAINER, f"{name}*args*")})
        if written.kwarg is not None:
            self.tables.add((name, written.kwarg.arg), {Value(Kind.CONTAINER, f"{name}*kwargs*")})
        if function.defaults:
            filled = set() if given.spread else {*names[: len(given.positional)], *given.keywords}
            for one in function.defaults.keys() - filled:
                self.tables.add((name, one), self.tables.read((f"{name}*defaults*", one)))

    def _pass_keywords(self, function: Function, given: Given) -> None:
        name, known = function.name, function.named
        for key, values in given.keywords.items():
            if key in known:
                self.tables.add((name, key), values)
                continue
            if function.node.args.kwarg is not None:
                self.tables.add((f"{name}*kwargs*", repr(key)), values)
            for one in known if key == "**" else ():
                self.tables.add((name, one), values)


_CALLS: dict[Kind, Callable[[Machine, Value, Given], Values]] = {
    Kind.FUNCTION: lambda work, one, given: work.invoke(one.name, given),
    Kind.BOUND: Machine._call_bound,
    Kind.CLASS: Machine._construct,
    Kind.INSTANCE: Machine._call_instance,
    Kind.EXTERNAL: lambda work, one, given: outside.external_call(work, one, given),
    Kind.PARTIAL: Machine._call_partial,
    Kind.UNKNOWN: lambda _work, one, _given: {one},
}
