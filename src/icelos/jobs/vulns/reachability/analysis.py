"""The analyses behind a call graph: exact first, then likely ways, then everything that is possible.

Each is made once, when it is first asked for: the later ones change the values that those before have used.
"""

from __future__ import annotations

import ast
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from icelos.jobs.vulns.reachability.answers import Step
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.handed import handed_on
from icelos.jobs.vulns.reachability.likely import Likely, why_of
from icelos.jobs.vulns.reachability.possible import Outside
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.values import Kind, Value

Edges = Mapping[str, Mapping[str, int]]
"""Caller -> callee -> the line of the first call."""
MAX_BREADTH = 6
"""Functions that the calls of one line may lead to for a way through it to count as found."""
_EVERY = 64
"""Tasks between two looks at the clock."""


class Analysis:
    """The units of a program that are reached, likely to be, or perhaps, and the ways that lead there."""

    def __init__(
        self,
        program: Program,
        work: Evaluator,
        seconds: float,
        in_templates: Sequence[str] = (),
        entries: Sequence[str] = (),
    ) -> None:
        self._program = program
        self._work = work
        self._in_templates = in_templates
        self._seconds = seconds
        self._outside = Outside(work)
        self._started = entries
        self._entries: tuple[str, ...] = ()
        self.whole = self._settle()
        for name, (unit, _, line) in program.loaded_by.items():
            work.edges.setdefault(unit, {}).setdefault(name, line)
        self.edges: Mapping[str, frozenset[str]] = {c: frozenset(found) for c, found in work.edges.items()}
        self._lines = {caller: dict(found) for caller, found in work.links.items()}
        for caller, found in work.edges.items():
            self._lines[caller] = {**self._lines.get(caller, {}), **found}
        self._calls = {symbol: dict(found) for symbol, found in work.calls.items()}
        self._exact = self._ways(self._lines, broad=False)
        self._used = self._ways(self._lines, broad=False, loading=False)
        self._broad = frozenset(self._ways(self._lines, broad=True, loading=False))
        known = {*program.functions, *program.classes}
        self._external = {
            name: unit for name, unit in work.used.items() if unit in self._used and name not in known
        }
        self._loaded = frozenset(program.modules)
        self._likely: dict[str, str | None] | None = None
        self._whys: Mapping[tuple[str, str], str] = {}
        self._taken: frozenset[str] = frozenset()
        self._possible: frozenset[str] | None = None
        self._possible_limit = False
        self._handed: frozenset[str] | None = None

    def _settle(self) -> bool:
        """Evaluate until nothing changes; functions of the application that nothing calls are then entered
        from outside."""
        deadline = time.monotonic() + self._seconds
        for one in self._started:
            self._program.load(one)
            self._program.load(one.rpartition(".")[0])
        while True:
            if not self._run(deadline):
                return False
            self._entries = tuple(name for one in self._started for name in self._resolved(one))
            for name in self._entries:
                self._outside.call(name)
            if not self._run(deadline):
                return False
            own = [f.name for f in self._program.functions.values() if f.module.own]
            new = [name for name in own if name not in self._work.edges]
            if not new:
                return True
            for name in new:
                self._outside.call(name)

    def _run(self, deadline: float) -> bool:
        tables, work = self._work.tables, self._work
        work.begin_modules()
        count = 0
        while (task := tables.next()) is not None:
            work.run(task)
            count += 1
            if count % _EVERY == 0 and time.monotonic() > deadline:
                return False
        return True

    def _likely_ways(self) -> dict[str, str | None]:
        """Every unit that is reached, or likely to be -> the unit before it; for once and all."""
        if self._likely is None:
            likely = Likely(self._work, self._outside, self._in_templates)
            deadline = time.monotonic() + self._seconds
            likely.load()
            self._run(deadline)
            self._whys = why_of(likely.enter())
            self._run(deadline)
            edges = {unit: {**self._work.links.get(unit, {}), **e} for unit, e in self._work.edges.items()}
            for number, (unit, function) in enumerate(self._whys):  # a way each, though all are of one line
                edges[unit] = {**edges[unit], function: -number}
            self._likely = self._ways(edges, broad=False, loading=False)
            self._taken = frozenset(self._work.used)
        return self._likely

    def _over_approximated(self) -> frozenset[str]:
        """Every unit that could be reached where each open call leads wherever its name could."""
        if self._possible is None:
            work, outside = self._work, self._outside
            deadline = time.monotonic() + self._seconds
            outside.loosen()
            before: tuple[int, ...] = ()
            while before != outside.size() and not self._possible_limit:
                before = outside.size()
                outside.let_go()
                self._possible_limit = not self._run(deadline)
            self._possible = frozenset((*work.edges, *self._program.scopes, *outside.possible))
        return self._possible

    def _ways(self, lines: Edges, *, broad: bool, loading: bool = True) -> dict[str, str | None]:
        """Every unit that is reached -> the unit before it on a shortest way.

        `broad` also follows calls of which one line may lead to more than `MAX_BREADTH` functions: wrappers
        through which everything goes, so that a way by them tells little. `loading` also follows the calls
        that a package makes as it is loaded, which work on nothing but its own.
        """
        modules = self._program.modules
        own = [name for name, module in self._program.modules.items() if module.own]
        functions = [f.name for f in self._program.functions.values() if f.module.own]
        before: dict[str, str | None] = dict.fromkeys([*own, *functions, *self._entries])
        level = list(before)
        while level:
            after = []
            for unit in level:
                loads = not loading and unit in modules and not modules[unit].own
                loads = loads and unit not in self._entries
                for callee in self._next(unit, lines.get(unit, {}), broad=broad, loading=loading):
                    if callee not in before and (callee in modules or not loads):
                        before[callee] = unit
                        after.append(callee)
            level = after
        return before

    def _next(self, unit: str, lines: Mapping[str, int], *, broad: bool, loading: bool) -> Iterable[str]:
        """What a unit calls: where a call leads to functions of its name and to others, to those of its name.

        Methods that one decorator wraps come to the same call of it, and `query.order_by(x)` to all of them.
        """
        if loading:
            return self._followed(lines, broad=broad)
        sites: dict[tuple[int, int], dict[bool, set[str]]] = {}
        for callee in lines:
            for (caller, line, column), node in self._work.calls.get(callee, {}).items():
                if caller == unit and isinstance(node.func, ast.Attribute):
                    is_same = callee.rpartition(".")[2] == node.func.attr
                    sites.setdefault((line, column), {True: set(), False: set()})[is_same].add(callee)
        named = {one for found in sites.values() if len(found[True]) <= MAX_BREADTH for one in found[True]}
        others = {one for found in sites.values() if found[True] for one in found[False]} - named
        functions = self._program.functions
        dropped = {one for one in others if one in functions and functions[one].decorators}
        rest = {callee: line for callee, line in lines.items() if callee not in dropped | named}
        return [*sorted(named), *self._followed(rest, broad=broad)]

    def _followed(self, lines: Mapping[str, int], *, broad: bool) -> list[str]:
        if broad or len(lines) <= MAX_BREADTH:
            return list(lines)
        breadth = Counter(line for callee, line in lines.items() if callee in self._program.functions)
        return [callee for callee, line in lines.items() if breadth[line] <= MAX_BREADTH]

    def _steps(
        self, unit: str, ways: Mapping[str, str | None] | None = None, lines: Edges | None = None
    ) -> tuple[Step, ...]:
        ways, lines = ways or self._used, lines or self._lines
        steps: list[Step] = []
        at: str | None = unit
        while at is not None and len(steps) < 100:
            before = ways.get(at)
            if before is not None:
                line = lines.get(before, {}).get(at) or self._program.loaded_by.get(at, ("", "", 0))[2]
                steps.append(Step(before, self._file(before), line))
            at = before
        return tuple(reversed(steps))

    def _length(self, unit: str) -> int:
        return len(self._steps(unit))

    def _is_use(self, unit: str) -> bool:
        """Whether an object made there is made for use: what a package makes as it is loaded need not be."""
        return unit not in self._program.modules or self._program.modules[unit].own

    def _is_broad(self, name: str) -> bool:
        calls = self._calls.get(name, {}) if name in self._program.classes else {}
        made = any(unit in self._broad for unit, _, _ in calls)
        return name in self._broad or made

    def _is_possible(self, name: str) -> bool:
        possible = self._over_approximated() if self.whole else frozenset()
        return self.whole and not self._possible_limit and name in possible

    def _handed_on(self) -> frozenset[str]:
        if self._handed is None:
            own = [one.tree for one in self._program.modules.values() if one.own and one.tree is not None]
            self._handed = handed_on(own)
        return self._handed

    def _resolved(self, symbol: str) -> list[str]:
        """The functions, classes and modules that a dotted name leads to, re-exports followed."""
        program = self._program
        if symbol in program.functions or symbol in program.classes or symbol in program.modules:
            return [symbol]
        parts = symbol.split(".")
        for depth in range(len(parts) - 1, 0, -1):
            top = ".".join(parts[:depth])
            if top in program.modules:
                values = {Value(Kind.MODULE, top)}
                for part in parts[depth:]:
                    values = {v for one in values for v in program.attribute(one, part)}
                kinds = {Kind.FUNCTION, Kind.BOUND, Kind.CLASS, Kind.MODULE}
                found = sorted({one.name for one in values if one.kind in kinds})
                if found:
                    return found
        return []

    def _module_of(self, unit: str) -> str:
        return self._program.module_of(unit)

    def _file(self, unit: str) -> str:
        module = self._program.modules.get(self._module_of(unit))
        return str(module.file) if module is not None and module.file is not None else unit

    def _is_own(self, unit: str) -> bool:
        return self._program.is_own(unit)
