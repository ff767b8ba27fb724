"""The call graph of an application and its packages, and what leads to a symbol.

Two analyses, one after the other. The exact one follows values (assignments, parameters, returns, attributes)
and gives `edges`; what it reaches is reached. Then every call that it could not follow is let go wherever its
name could lead; what even that does not reach is not reached. In between the answer is unknown.
"""

from __future__ import annotations

import ast
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from icelos.jobs.vulns.reachability.answers import Call, Reach, Standing, Step, written_call
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.handed import handed_on
from icelos.jobs.vulns.reachability.likely import Likely, why_of
from icelos.jobs.vulns.reachability.modules import Finder, Limits
from icelos.jobs.vulns.reachability.possible import Outside
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.values import Kind, Value

Edges = Mapping[str, Mapping[str, int]]
"""Caller -> callee -> the line of the first call."""
MAX_BREADTH = 6
"""Functions that the calls of one line may lead to for a way through it to count as found."""
_EVERY = 64
"""Tasks between two looks at the clock."""


class CallGraph:
    """Made by `CallGraph.of`; reads what is loaded from the application, and nothing else."""

    def __init__(
        self, program: Program, work: Evaluator, seconds: float, in_templates: Sequence[str] = ()
    ) -> None:
        self._program = program
        self._work = work
        self._in_templates = in_templates
        self._seconds = seconds
        self._outside = Outside(work)
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

    @classmethod
    def of(
        cls,
        application: Sequence[Path],
        packages: Sequence[Path],
        *,
        limits: Limits | None = None,
        in_templates: Sequence[str] = (),
    ) -> CallGraph:
        """The graph of an application's files or folders, and of what they load of folders of packages.

        `in_templates` are the filters and tags that its templates use.
        """
        limits = limits or Limits()
        program = Program(Finder(application, packages, limits))
        work = Evaluator(program)
        for name in program.finder.own:
            program.load(name)
        return cls(program, work, limits.seconds, in_templates)

    # -- questions

    def defines(self, symbol: str) -> str | None:
        """The canonical name of a function, class or module, through re-exports; None where there is none."""
        found = self._resolved(symbol)
        return found[0] if found else None

    def functions(self) -> tuple[str, ...]:
        """The dotted names of all functions and methods that are defined by what is loaded or could be."""
        self._over_approximated()
        return tuple(sorted(self._program.functions))

    def imports(self, module: str) -> tuple[Step, ...]:
        """The way by which a module is loaded, the application first; () where it never is."""
        name = module if module in self._loaded else ""
        if not name:
            name = next((one for one in sorted(self._loaded) if one.startswith(f"{module}.")), "")
        steps: list[Step] = []
        seen: set[str] = set()
        while name and name in self._program.loaded_by and name not in seen:
            seen.add(name)
            unit, file, line = self._program.loaded_by[name]
            steps.append(Step(unit, file, line))
            name = self._module_of(unit)
        if name and not steps:
            found = self._program.modules[name]
            return (Step(name, str(found.file or ""), 1),)
        return tuple(reversed(steps))

    def open_imports(self) -> tuple[Step, ...]:
        """Where the application's own source imports a module whose name is made up at run time."""
        found = [d for d in self._work.unresolved if d.how == "import" and self._is_own(d.unit)]
        return tuple(Step(d.unit, self._file(d.unit), d.line) for d in found[:5])

    def reach(self, symbol: str) -> Reach:
        """Whether calls lead from the application's own source to a symbol."""
        names = self._resolved(symbol) or [symbol]
        found = self._reached(symbol, names) or self._likely_reached(symbol, names)
        return found or self._of_object(symbol, names) or self._not_reached(symbol, names)

    def is_reached(self, symbol: str) -> bool:
        """Whether the exact analysis has a way to a symbol; quick, as what is open is not looked into."""
        return self._reached(symbol, self._resolved(symbol) or [symbol]) is not None

    def runs(self, symbol: str) -> bool:
        """Whether a symbol is reached or likely to be, or called as packages are loaded."""
        names = self._resolved(symbol) or [symbol]
        return any(one in self._exact for one in names) or self.is_reached(symbol) or self.is_likely(symbol)

    def takes(self, symbol: str) -> bool:
        """Whether code that is reached, or likely to be, was seen to take a function or class by its name."""
        self._likely_ways()
        return any(name in self._taken for name in self._resolved(symbol) or [symbol])

    def may_load(self, module: str) -> bool:
        """Whether a module may be loaded, by the over-approximation; true where that is not whole."""
        self._over_approximated()
        return not self.whole or self._possible_limit or module in self._program.modules

    def is_likely(self, symbol: str) -> bool:
        """Whether a way that begins with a call by name leads to a symbol."""
        return self._likely_reached(symbol, self._resolved(symbol) or [symbol]) is not None

    def _reached(self, symbol: str, names: Sequence[str]) -> Reach | None:
        if symbol in self._external:
            unit = self._external[symbol]
            way = (*self._steps(unit), Step(unit, self._file(unit), 0))
            return Reach(Standing.REACHED, symbol, way, f"{unit} uses it, of a binary module")
        for name in names:
            path = self._path(name)
            if path is not None:
                why = f"by {len(path)} calls" if path else "it is the application's own"
                return Reach(Standing.REACHED, symbol, path, why)
        return None

    def _likely_reached(self, symbol: str, names: Sequence[str]) -> Reach | None:
        """A way that begins with a call by name."""
        before = self._likely_ways()
        for name in names:
            calls = self._work.calls.get(name, {}) if name in self._program.classes else {}
            made = [unit for unit, _, _ in calls if unit in before and self._is_use(unit)]
            own = [one for one in self._program.methods(name) if one.startswith(f"{name}.")]
            units = made or [one for one in (name, *own) if one in before]
            if units:
                steps = self._steps(units[0], before, self._work.edges)
                whys = (self._whys.get((one.function, other.function)) for one, other in pairwise(steps))
                last = self._whys.get((steps[-1].function, units[0])) if steps else None
                why = next((one for one in whys if one), last) or "by a name"
                return Reach(Standing.LIKELY, symbol, steps, why, steps[:1])
        return None

    def _of_object(self, symbol: str, names: Sequence[str]) -> Reach | None:
        """A method of a class of which the application hands on objects, where an open call may come to it.

        Or one that calls with very many targets come to, where code that is reached makes such an object.
        """
        for name in names:
            function = self._program.functions.get(name)
            if function is None or not function.owner:
                continue
            private = name.rpartition(".")[2].startswith("_")  # called by others of its class, if at all
            for heir in self._program.heirs(function.owner, name):
                made = [(u, line) for u, line, _ in self._calls.get(heir, {}) if u in self._used]
                made = [(u, line) for u, line in made if self._is_use(u)]
                own = [one for one in made if self._is_own(one[0])]
                if self._is_own(taker := self._work.used.get(heir, "")):
                    own.append((taker, 0))
                handed = heir.rpartition(".")[2] in self._handed_on()
                if own and handed and not private and self._is_possible(name):
                    step = Step(own[0][0], self._file(own[0][0]), own[0][1])
                    why = f"the application hands on {heir}, and open calls lead to it"
                    return Reach(Standing.LIKELY, symbol, (step,), why, (step,))
                if made and self._is_broad(name):
                    steps = (*self._steps(made[0][0]), Step(made[0][0], self._file(made[0][0]), made[0][1]))
                    why = f"{heir} is made, and a call of many leads to it"
                    return Reach(Standing.LIKELY, symbol, steps, why, steps[-1:])
        return None

    def _handed_on(self) -> frozenset[str]:
        if self._handed is None:
            own = [one.tree for one in self._program.modules.values() if one.own and one.tree is not None]
            self._handed = handed_on(own)
        return self._handed

    def _is_possible(self, name: str) -> bool:
        possible = self._over_approximated() if self.whole else frozenset()
        return self.whole and not self._possible_limit and name in possible

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

    def _is_broad(self, name: str) -> bool:
        calls = self._calls.get(name, {}) if name in self._program.classes else {}
        made = any(unit in self._broad for unit, _, _ in calls)
        return name in self._broad or made

    def _not_reached(self, symbol: str, names: Sequence[str]) -> Reach:
        unknown = Standing.UNKNOWN
        if any(name in self._exact and name not in self._program.modules for name in names):
            return Reach(unknown, symbol, (), "it is called as packages are loaded, and perhaps later")
        if any(self._is_broad(name) for name in names):
            why = "only calls that may lead to very many functions lead there"
            return Reach(unknown, symbol, (), why, self._doubts(names))
        possible = self._over_approximated() if self.whole else frozenset()
        if not self.whole or self._possible_limit:
            return Reach(unknown, symbol, (), "the analysis came to its limits")
        names = [*names, *(one for one in self._resolved(symbol) if one not in names)]
        if self._open_binary(symbol):
            return Reach(unknown, symbol, (), "an open call has its name", self._doubts([symbol]))
        if any(name in possible or self._class_made(name, possible) for name in names):
            why = "only calls that cannot be followed may lead there"
            return Reach(unknown, symbol, (), why, self._doubts(names))
        used = next((name for name in names if self._is_own(self._work.used.get(name, ""))), "")
        if used:
            unit = self._work.used[used]
            step = Step(unit, self._file(unit), 0)
            return Reach(unknown, symbol, (), f"{unit} names it and no call of it is seen", (step,))
        module = next((one for name in names if (one := self._module_of(name))), "")
        unread = self._unread(module, symbol)
        if unread:
            return Reach(unknown, symbol, (), unread)
        why = "no call leads there, and none that could was left open"
        return Reach(Standing.NOT_REACHED, symbol, (), why if module else "its module is never loaded")

    def _open_binary(self, symbol: str) -> bool:
        """Whether a symbol of a module without source may be what an open call of its name calls."""
        module = self._module_of(symbol)
        if self._resolved(symbol) or not module or self._parsed(module):
            return False
        last = symbol.rpartition(".")[2]
        return any(doubt.name == last for doubt in self._work.unresolved)

    def is_followed(self, file: str, line: int, name: str) -> bool:
        """Whether a call in a line was found to lead to a function or class of this last name."""
        for symbol in self._program.by_name.get(name, ()):
            for unit, at, _ in self._calls.get(symbol, {}):
                if at == line and self._file(unit) == file:
                    return True
        return False

    def calls_of(self, symbol: str) -> tuple[Call, ...]:
        """The calls of a function or class that were found where code is reached, or is likely to be."""
        found = []
        likely = self._likely_ways()
        for name in self._resolved(symbol) or [symbol]:
            calls = {**self._work.calls.get(name, {}), **self._calls.get(name, {})}
            for (unit, line, _), node in sorted(calls.items(), key=lambda item: item[0]):
                if unit in self._exact or unit in likely:
                    found.append(written_call(unit, self._file(unit), line, node))
        return tuple(found)

    # -- the exact analysis

    def _settle(self) -> bool:
        """Evaluate until nothing changes; functions of the application that nothing calls are then entered
        from outside."""
        deadline = time.monotonic() + self._seconds
        while True:
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

    def _ways(self, lines: Edges, *, broad: bool, loading: bool = True) -> dict[str, str | None]:
        """Every unit that is reached -> the unit before it on a shortest way.

        `broad` also follows calls of which one line may lead to more than `MAX_BREADTH` functions: wrappers
        through which everything goes, so that a way by them tells little. `loading` also follows the calls
        that a package makes as it is loaded, which work on nothing but its own.
        """
        modules = self._program.modules
        own = [name for name, module in self._program.modules.items() if module.own]
        functions = [f.name for f in self._program.functions.values() if f.module.own]
        before: dict[str, str | None] = dict.fromkeys([*own, *functions])
        level = list(before)
        while level:
            after = []
            for unit in level:
                loads = not loading and unit in modules and not modules[unit].own
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

    def _path(self, name: str) -> tuple[Step, ...] | None:
        targets = [name] if name in self._used else []
        if name in self._program.classes:
            callers = [u for u, _, _ in self._calls.get(name, {}) if u in self._used and self._is_use(u)]
            if callers:
                best = min(callers, key=self._length)
                line = min(line for unit, line, _ in self._calls[name] if unit == best)
                return (*self._steps(best), Step(best, self._file(best), line))
            targets += [
                one
                for one in self._program.methods(name)
                if one in self._used and one.startswith(f"{name}.") and not one.endswith(".__init__")
            ]
        if name in self._program.modules and not targets:
            targets = [name] if name in self._used else []
        if not targets:
            return None
        return self._steps(min(targets, key=self._length))

    def _is_use(self, unit: str) -> bool:
        """Whether an object made there is made for use: what a package makes as it is loaded need not be."""
        return unit not in self._program.modules or self._program.modules[unit].own

    def _length(self, unit: str) -> int:
        return len(self._steps(unit))

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

    # -- names

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

    def _parsed(self, module: str) -> bool:
        return self._program.modules[module].tree is not None

    def _file(self, unit: str) -> str:
        module = self._program.modules.get(self._module_of(unit))
        return str(module.file) if module is not None and module.file is not None else unit

    # -- what cannot be followed

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

    def _class_made(self, name: str, possible: frozenset[str]) -> bool:
        if name not in self._program.classes:
            return False
        return (
            name in self._work.made
            or name in self._outside.made
            or any(one.name == name for one in self._work.escaped)
            or any(m in possible for m in self._program.methods(name) if m.startswith(f"{name}."))
        )

    def _doubts(self, names: Sequence[str]) -> tuple[Step, ...]:
        """The open calls that may lead to one of the names, the application's own first."""
        lasts = {name.rpartition(".")[2] for name in names}
        found = [
            d for d in self._work.unresolved if d.name in lasts or d.how in {"import", "code", "getattr"}
        ]
        found.sort(key=lambda d: (d.name not in lasts, not self._is_own(d.unit), d.unit, d.line))
        return tuple(Step(d.unit, self._file(d.unit), d.line) for d in found[:5])

    def _is_own(self, unit: str) -> bool:
        return self._program.is_own(unit)

    def _unread(self, module: str, symbol: str) -> str:
        """Why nothing can be said, where source that matters could not be read."""
        program = self._program
        if self._work.broken:
            unit, why = next(iter(self._work.broken.items()))
            return f"{unit} cannot be read: {why}"
        own = [
            one for one in program.modules.values() if one.own and one.tree is None and one.file is not None
        ]
        if own:
            return f"{own[0].name} cannot be read: {own[0].why}"
        top = symbol.split(".")[0]
        broken = [
            m
            for m in program.modules.values()
            if m.tree is None and m.file is not None and m.name.split(".")[0] == top
        ]
        if broken:
            return f"{broken[0].name} cannot be read: {broken[0].why}"
        code = [d for d in self._work.unresolved if d.how == "code" and self._is_own(d.unit)]
        if code and module:
            return f"{code[0].unit} runs code that is made up at run time"
        return ""
