"""The call graph of an application and its packages, and what leads to a symbol.

Two analyses, one after the other. The exact one follows values (assignments, parameters, returns, attributes)
and gives `edges`; what it reaches is reached. Then every call that it could not follow is let go wherever its
name could lead; what even that does not reach is not reached. In between the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from icelos.jobs.vulns.reachability.analysis import Analysis
from icelos.jobs.vulns.reachability.answers import Call, Reach, Standing, Step, written_call
from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.modules import Finder, Limits
from icelos.jobs.vulns.reachability.program import Program


class CallGraph(Analysis):
    """Made by `CallGraph.of`; reads what is loaded from the application, and nothing else."""

    @classmethod
    def of(
        cls,
        application: Sequence[Path],
        packages: Sequence[Path],
        *,
        limits: Limits | None = None,
        in_templates: Sequence[str] = (),
        entries: Sequence[str] = (),
    ) -> CallGraph:
        """The graph of an application's files or folders, and of what they load of folders of packages.

        `in_templates` are the filters and tags that its templates use, `entries` the functions and modules of
        packages ("gunicorn.app.wsgiapp.run") by which it is started.
        """
        limits = limits or Limits()
        program = Program(Finder(application, packages, limits))
        work = Evaluator(program)
        for name in program.finder.own:
            program.load(name)
        return cls(program, work, limits.seconds, in_templates, entries)

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

    def is_started(self, module: str) -> bool:
        """Whether one of the `entries` is a known function or module of a package."""
        return any(one == module or one.startswith(f"{module}.") for one in self._entries)

    def may_be_named(self, module: str) -> bool:
        """Whether code may load a module by a name that is made up or stands in a text, of what is loaded.

        Of a package as a whole, where a loaded module of another has its name in a text; of a part of one, by
        the over-approximation.
        """
        if "." in module:
            return self.may_load(module)
        others = (one for one in self._program.modules.values() if one.name.partition(".")[0] != module)
        begins = (module, f"{module}.", f"{module}:")
        return any(text == module or text.startswith(begins[1:]) for one in others for text in one.strings)

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

    def heirs(self, symbol: str) -> list[str]:
        """The classes, its own first, whose objects have a method; none of what is no method."""
        found: list[str] = []
        for name in self._resolved(symbol):
            function = self._program.functions.get(name)
            if function is not None and function.owner:
                found.extend(self._program.heirs(function.owner, name))
        return found

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

    def _parsed(self, module: str) -> bool:
        return self._program.modules[module].tree is not None

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
