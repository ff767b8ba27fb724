"""The call graph of an application and its packages, and what leads to a symbol.

Two analyses, one after the other. The exact one follows values (assignments, parameters, returns, attributes)
and gives `edges`; what it reaches is reached. Then every call that it could not follow is let go wherever its
name could lead; what even that does not reach is not reached. In between the answer is unknown.
"""

from __future__ import annotations

import ast
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from icelos.jobs.vulns.reachability.evaluate import Evaluator, Unresolved
from icelos.jobs.vulns.reachability.modules import Finder, Limits
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.values import UNKNOWN, Kind, Value

MAX_ARGUMENT = 200
MAX_BREADTH = 6
"""Functions that the calls of one line may lead to for a way through it to count as found."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?$")


class Standing(StrEnum):
    """Whether calls lead to a symbol."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"


class Step(msgspec.Struct, frozen=True):
    """One step of a way: the function or module that makes the call, and where the call stands."""

    function: str
    file: str
    line: int


class Reach(msgspec.Struct, frozen=True):
    """What is known of the ways to a symbol: one of them, or the calls that could not be followed."""

    standing: Standing
    symbol: str
    path: tuple[Step, ...]
    why: str
    unknown: tuple[Step, ...] = ()


class Call(msgspec.Struct, frozen=True):
    """One call of a symbol, its arguments as they are written."""

    caller: str
    file: str
    line: int
    arguments: tuple[str, ...]
    keywords: Mapping[str, str]


class CallGraph:
    """Made by `CallGraph.of`; reads what is loaded from the application, and nothing else."""

    def __init__(self, program: Program, work: Evaluator, deadline: float) -> None:
        self._program = program
        self._work = work
        self._deadline = deadline
        self.whole = self._settle()
        self.edges: Mapping[str, frozenset[str]] = {c: frozenset(found) for c, found in work.edges.items()}
        self._lines = {caller: dict(found) for caller, found in work.edges.items()}
        self._calls = {symbol: dict(found) for symbol, found in work.calls.items()}
        self._exact = self._ways(broad=False)
        self._broad = frozenset(self._ways(broad=True))
        known = {*program.functions, *program.classes}
        self._external = {
            name: unit for name, unit in work.used.items() if unit in self._exact and name not in known
        }
        self._loaded = frozenset(program.modules)
        self._possible: frozenset[str] | None = None

    @classmethod
    def of(
        cls, application: Sequence[Path], packages: Sequence[Path], *, limits: Limits | None = None
    ) -> CallGraph:
        """The graph of an application's files or folders, and of what they load of folders of packages."""
        limits = limits or Limits()
        program = Program(Finder(application, packages, limits))
        work = Evaluator(program)
        for name in program.finder.own:
            program.load(name)
        return cls(program, work, time.monotonic() + limits.seconds)

    # -- questions

    def defines(self, symbol: str) -> str | None:
        """The canonical name of a function, class or module, through re-exports; None where there is none."""
        found = self._resolved(symbol)
        return found[0] if found else None

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
        found = [d for d in self._work.unresolved.values() if d.how == "import" and self._is_own(d.unit)]
        return tuple(Step(d.unit, self._file(d.unit), d.line) for d in found[:5])

    def reach(self, symbol: str) -> Reach:
        """Whether calls lead from the application's own source to a symbol."""
        names = self._resolved(symbol) or [symbol]
        if symbol in self._external:
            unit = self._external[symbol]
            way = (*self._steps(unit), Step(unit, self._file(unit), 0))
            return Reach(Standing.REACHED, symbol, way, f"{unit} uses it, of a binary module")
        for name in names:
            path = self._path(name)
            if path is not None:
                return Reach(
                    Standing.REACHED,
                    symbol,
                    path,
                    f"by {len(path)} calls" if path else "it is the application's own",
                )
        if any(self._is_broad(name) for name in names):
            why = "only calls that may lead to very many functions lead there"
            return Reach(Standing.UNKNOWN, symbol, (), why, self._doubts(names))
        if not self.whole:
            return Reach(Standing.UNKNOWN, symbol, (), "the analysis came to its limits")
        possible = self._over_approximated()
        if self._possible_limit:
            return Reach(Standing.UNKNOWN, symbol, (), "the analysis came to its limits")
        last = symbol.rpartition(".")[2]
        binary = (
            not self._resolved(symbol)
            and self._module_of(symbol)
            and not self._parsed(self._module_of(symbol))
        )
        if binary and any(doubt.name == last for doubt in self._work.unresolved.values()):
            return Reach(Standing.UNKNOWN, symbol, (), "an open call has its name", self._doubts([symbol]))
        if any(name in possible or self._class_made(name, possible) for name in names):
            doubts = self._doubts(names)
            return Reach(
                Standing.UNKNOWN, symbol, (), "only calls that cannot be followed may lead there", doubts
            )
        used = next((name for name in names if self._is_own(self._work.used.get(name, ""))), "")
        if used:
            unit = self._work.used[used]
            return Reach(
                Standing.UNKNOWN,
                symbol,
                (),
                f"{unit} names it and no call of it is seen",
                (Step(unit, self._file(unit), 0),),
            )
        module = next((one for name in names if (one := self._module_of(name))), "")
        unread = self._unread(module, symbol)
        if unread:
            return Reach(Standing.UNKNOWN, symbol, (), unread)
        why = (
            "its module is never loaded"
            if not module
            else "no call leads there, and none that could was left open"
        )
        return Reach(Standing.NOT_REACHED, symbol, (), why)

    def calls_of(self, symbol: str) -> tuple[Call, ...]:
        """The reachable calls of a function or class that the exact analysis found."""
        found = []
        for name in self._resolved(symbol) or [symbol]:
            for (unit, line, _), node in sorted(self._calls.get(name, {}).items(), key=lambda item: item[0]):
                if unit in self._exact:
                    found.append(_call(unit, self._file(unit), line, node))
        return tuple(found)

    # -- the exact analysis

    def _settle(self) -> bool:
        """Evaluate until nothing changes; functions of the application are entered from outside as well."""
        work, own = self._work, set()
        while True:
            if not self._run():
                return False
            new = [f for f in self._program.functions.values() if f.module.own and f.name not in own]
            if not new:
                return True
            for function in new:
                own.add(function.name)
                work.enter(function.name)
                self._enter_from_outside(function.name)

    def _enter_from_outside(self, name: str) -> None:
        function = self._program.functions[name]
        names = function.parameters
        for one in function.defaults:
            held = self._work.tables.values.get((f"{name}*defaults*", one), ())
            self._work.tables.add((name, one), held)
        if function.owner and names and "staticmethod" not in function.decorators:
            kind = Kind.CLASS if "classmethod" in function.decorators else Kind.INSTANCE
            self._work.tables.add((name, names[0]), [Value(kind, function.owner)])
            names = names[1:]
        for one in (*names, *(each.arg for each in function.node.args.kwonlyargs)):
            self._work.tables.add((name, one), [UNKNOWN])

    def _run(self) -> bool:
        queue = self._work.tables.queue
        while queue:
            unit = next(iter(queue))
            del queue[unit]
            self._work.run(unit)
            if time.monotonic() > self._deadline:
                return False
        return True

    def _entries(self) -> list[str]:
        own = [f.name for f in self._program.functions.values() if f.module.own]
        return [*self._program.scopes, *own]

    def _ways(self, *, broad: bool) -> dict[str, str | None]:
        """Every unit that is reached -> the unit before it on a shortest way.

        `broad` also follows calls of which one line may lead to more than `MAX_BREADTH` functions: wrappers
        through which everything goes, so that a way by them tells little.
        """
        own = [name for name, module in self._program.modules.items() if module.own]
        functions = [f.name for f in self._program.functions.values() if f.module.own]
        before: dict[str, str | None] = dict.fromkeys([*own, *functions])
        level = list(before)
        children: dict[str, list[str]] = {}
        for name, by in self._program.loaded_by.items():
            children.setdefault(by[0], []).append(name)
        while level:
            after = []
            for unit in level:
                for callee in (*self._followed(unit, broad=broad), *children.get(unit, ())):
                    if callee not in before:
                        before[callee] = unit
                        after.append(callee)
            level = after
        return before

    def _followed(self, unit: str, *, broad: bool) -> list[str]:
        lines = self._lines.get(unit, {})
        if broad or len(lines) <= MAX_BREADTH:
            return list(lines)
        breadth = Counter(lines.values())
        return [callee for callee, line in lines.items() if breadth[line] <= MAX_BREADTH]

    def _path(self, name: str) -> tuple[Step, ...] | None:
        targets = [name] if name in self._exact else []
        if name in self._program.classes:
            callers = [unit for unit, _, _ in self._calls.get(name, {}) if unit in self._exact]
            if callers:
                best = min(callers, key=self._length)
                line = min(line for unit, line, _ in self._calls[name] if unit == best)
                return (*self._steps(best), Step(best, self._file(best), line))
            targets += [
                one
                for one in self._program.methods(name)
                if one in self._exact and one.startswith(f"{name}.")
            ]
        if name in self._program.modules and not targets:
            targets = [name] if name in self._exact else []
        if not targets:
            return None
        return self._steps(min(targets, key=self._length))

    def _is_broad(self, name: str) -> bool:
        made = any(unit in self._broad for unit, _, _ in self._calls.get(name, {}))
        return name in self._broad or made

    def _length(self, unit: str) -> int:
        return len(self._steps(unit))

    def _steps(self, unit: str) -> tuple[Step, ...]:
        steps: list[Step] = []
        at: str | None = unit
        while at is not None and len(steps) < 100:
            before = self._exact.get(at)
            if before is not None:
                line = self._lines.get(before, {}).get(at) or self._program.loaded_by.get(at, ("", "", 0))[2]
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
                    values = {v for one in values for v in program.attribute(one, part, "*question*")}
                kinds = {Kind.FUNCTION, Kind.BOUND, Kind.CLASS, Kind.MODULE}
                found = sorted({one.name for one in values if one.kind in kinds})
                if found:
                    return found
        return []

    def _module_of(self, unit: str) -> str:
        name = unit
        while name and name not in self._program.modules:
            name = name.rpartition(".")[0]
        return name

    def _parsed(self, module: str) -> bool:
        return self._program.modules[module].tree is not None

    def _file(self, unit: str) -> str:
        module = self._program.modules.get(self._module_of(unit))
        return str(module.file) if module is not None and module.file is not None else unit

    # -- what cannot be followed

    def _over_approximated(self) -> frozenset[str]:
        """Every unit that could be reached where each open call leads wherever its name could."""
        if self._possible is None:
            self._possible_limit = False
            self._work.loose = True
            self._work.tables.queue.update(dict.fromkeys([*self._program.scopes, *self._work.edges]))
            before = -1
            while before != len(self._work.edges) + len(self._program.modules):
                before = len(self._work.edges) + len(self._program.modules)
                self._let_go()
                if not self._run():
                    self._possible_limit = True
                    break
            self._possible = frozenset(self._work.edges) | frozenset(self._program.scopes)
        return self._possible

    def _let_go(self) -> None:
        work, program = self._work, self._program
        for name in list(work.escaped):
            for each in [name] if name in program.functions else list(program.methods(name)):
                self._enter_possible(each)
        for cls in [*work.made, *(name for name in work.escaped if name in program.classes)]:
            if program.has_external_base(cls):
                for each in list(program.methods(cls)):
                    self._enter_possible(each)
        there = self._there()
        doubts = list(work.unresolved.values())
        for name in {doubt.name for doubt in doubts if doubt.how == "attribute"}:
            for each in program.by_name.get(name, ()):
                if each in there:
                    self._enter_possible(each)
        for name in {doubt.name for doubt in doubts if doubt.how == "plain"}:
            for each in program.by_name.get(name, ()):
                self._enter_possible(each)
        for owner, starts in list(work.gotten.items()):
            self._let_go_attributes(owner, starts, there)
        if any(doubt.how == "import" for doubt in doubts):
            self._load_named()

    def _there(self) -> set[str]:
        """Functions that an object of unknown kind may have: methods of what is made or handed on, and the
        functions of modules that are handed on as values."""
        work, program = self._work, self._program
        found: set[str] = set()
        for name in {*work.made, *work.escaped}:
            if name in program.classes:
                found.update(program.methods(name))
            elif name in program.modules:
                found.update(f"{name}.{key}" for key in program.tables.keys.get(name, ()))
        return found

    def _let_go_attributes(self, owner: Value, starts: Iterable[str], there: set[str]) -> None:
        """`getattr(owner, name)` with a name that is made up: all names that begin so, or that stand in a string."""
        program = self._program
        if owner.kind in {Kind.INSTANCE, Kind.CLASS}:
            names = set(program.methods(owner.name))
        elif owner.kind is Kind.MODULE:
            names = {f"{owner.name}.{key}" for key in program.tables.keys.get(owner.name, ())}
        else:
            names = there
        for start in starts:
            for name in names:
                last = name.rpartition(".")[2]
                if (
                    last.startswith(start)
                    if start
                    else owner.kind is not Kind.UNKNOWN or last in program.strings
                ):
                    self._enter_possible(name)

    def _load_named(self) -> None:
        """Modules whose names stand in strings, and which an open import may load; classes named there."""
        program = self._program
        for text in sorted(program.strings):
            if not _DOTTED.match(text):
                continue
            name = text.replace(":", ".")
            module = program.load(name)
            if module is None and "." in name:
                parent, _, last = name.rpartition(".")
                if program.load(parent) is not None:
                    for one in list(program.attribute(Value(Kind.MODULE, parent), last, "*question*")):
                        if one.kind is Kind.CLASS:
                            self._work.escaped.setdefault(one.name)
                        elif one.kind is Kind.FUNCTION:
                            self._enter_possible(one.name)

    def _enter_possible(self, name: str) -> None:
        function = self._program.functions.get(name)
        if function is None or name in self._work.edges:
            return
        self._work.enter(name)
        self._enter_from_outside(name)

    def _class_made(self, name: str, possible: frozenset[str]) -> bool:
        if name not in self._program.classes:
            return False
        return (
            name in self._work.made
            or name in self._work.escaped
            or any(m in possible for m in self._program.methods(name) if m.startswith(f"{name}."))
        )

    def _doubts(self, names: Sequence[str]) -> tuple[Step, ...]:
        """The open calls that may lead to one of the names, the application's own first."""
        lasts = {name.rpartition(".")[2] for name in names}
        found = [
            d
            for d in self._work.unresolved.values()
            if d.name in lasts or d.how in {"import", "code", "getattr"}
        ]
        found.sort(key=lambda d: (d.name not in lasts, not self._is_own(d.unit), d.unit, d.line))
        return tuple(Step(d.unit, self._file(d.unit), d.line) for d in found[:5])

    def _is_own(self, unit: str) -> bool:
        module = self._program.modules.get(self._module_of(unit))
        return module is not None and module.own

    def _unread(self, module: str, symbol: str) -> str:
        """Why nothing can be said, where source that matters could not be read."""
        program = self._program
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
        code = [d for d in self._work.unresolved.values() if d.how == "code" and self._is_own(d.unit)]
        if code and module:
            return f"{code[0].unit} runs code that is made up at run time"
        return ""


def _call(unit: str, file: str, line: int, node: ast.Call) -> Call:
    arguments = tuple(ast.unparse(one)[:MAX_ARGUMENT] for one in node.args)
    keywords = {one.arg or "**": ast.unparse(one.value)[:MAX_ARGUMENT] for one in node.keywords}
    return Call(unit, file, line, arguments, keywords)


__all__ = ["Call", "CallGraph", "Reach", "Standing", "Step", "Unresolved"]
