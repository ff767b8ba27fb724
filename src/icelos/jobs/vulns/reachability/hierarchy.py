"""Classes and their bases: the order in which a name is looked for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from icelos.jobs.vulns.reachability.builtin import is_passive
from icelos.jobs.vulns.reachability.values import BASES, UNKNOWN, Kind, Tables, Value


class Hierarchy:
    """Which class derives from which, as far as the values of their bases are known."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._orders: dict[str, tuple[str, ...]] = {}
        self._derived: dict[str, set[str]] = {}
        self._written: dict[str, tuple[str, ...]] = {}

    def declare(self, name: str, bases: Iterable[ast.expr]) -> None:
        """Keep the order in which the bases of a class are written."""
        self._written[name] = tuple(_last_name(one) for one in bases)

    def linear(self, name: str) -> tuple[str, ...]:
        """The method resolution order (C3) of a class by dotted name, itself first, without external bases.

        Depth first where the bases do not agree.
        """
        found = self._orders.get(name)
        if found is None:
            self._orders[name] = (name,)  # a class that derives from itself ends here
            found = self._orders[name] = self._merged(name)
        return found

    def derive(self, name: str, bases: Iterable[Value]) -> None:
        """Let bases flow to a class."""
        key = (name, BASES)
        before = self._tables.values.get(key, frozenset())
        self._tables.add(key, bases)
        for base in self._tables.values.get(key, frozenset()) - before:
            self._derived.setdefault(base.name, set()).add(name)
        if self._tables.values.get(key) != before:
            self._forget(name)

    def _forget(self, name: str) -> None:
        waiting, seen = [name], {name}
        while waiting:
            one = waiting.pop()
            self._orders.pop(one, None)
            self._tables.wake((one, BASES))
            more = self._derived.get(one, set()) - seen
            seen |= more
            waiting.extend(more)

    def _bases(self, name: str) -> list[str]:
        """The known base classes, in the order in which they are written as far as their names tell."""
        written = self._written.get(name, ())

        def rank(base: str) -> tuple[int, str]:
            last = base.rpartition(".")[2].split(":")[0]
            return (written.index(last) if last in written else len(written), base)

        held = self._tables.values.get((name, BASES), ())
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
        """Whether a class derives from one outside of the target."""
        return self._derives(name, lambda base: base not in {"builtins.object", ""})

    def has_active_base(self, name: str) -> bool:
        """Whether a class derives from one outside of the target which calls methods of any name."""
        return self._derives(name, lambda base: not is_passive(base))

    def _derives(self, name: str, fits: Callable[[str], bool]) -> bool:
        return any(
            value == UNKNOWN or (value.kind is Kind.EXTERNAL and fits(value.name))
            for each in self.linear(name)
            for value in self._tables.values.get((each, BASES), ())
        )


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=inner):
            return _last_name(inner)
    return ""
