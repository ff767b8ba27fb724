"""Import statements: modules are loaded, and their names bound."""

from __future__ import annotations

import ast

from icelos.jobs.vulns.reachability.calls import absolute
from icelos.jobs.vulns.reachability.expressions import Expressions
from icelos.jobs.vulns.reachability.modules import Module
from icelos.jobs.vulns.reachability.scopes import Scope
from icelos.jobs.vulns.reachability.values import Kind, Value, Values


class Imports(Expressions):
    """The two statements that import."""

    def run_import(self, node: ast.Import, scope: Scope) -> None:
        by = (self.unit, str(scope.module.file or ""), node.lineno)
        for one in node.names:
            found = self.program.load(one.name, by)
            top = one.name.split(".")[0]
            module = found if one.asname else self.program.known(top)
            plain = Value(Kind.EXTERNAL, one.name if one.asname else top)
            value = Value(Kind.MODULE, module.name) if module is not None else plain
            self.bind(one.asname or top, {value}, scope)

    def run_import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        by = (self.unit, str(scope.module.file or ""), node.lineno)
        base = absolute(node.module or "", node.level, scope) if node.level else node.module or ""
        module = self.program.load(base, by) if base else None
        for one in node.names:
            if one.name == "*":
                self._star(module, scope)
            elif module is None:
                self.bind(one.asname or one.name, {Value(Kind.EXTERNAL, f"{base}.{one.name}")}, scope)
            else:
                child = self.program.load(f"{module.name}.{one.name}", by) if module.package else None
                self.bind(one.asname or one.name, self._imported(module, one.name, child), scope)

    def _imported(self, module: Module, name: str, child: Module | None) -> Values:
        held = self.tables.read((module.name, name))
        if held:
            return held
        if child is not None:
            return {Value(Kind.MODULE, child.name)}
        return {Value(Kind.EXTERNAL, f"{module.name}.{name}")} if module.tree is None else held

    def _star(self, module: Module | None, scope: Scope) -> None:
        for one in self.tables.names(module.name) if module is not None else ():
            if not one.startswith(("_", "*")):
                self.bind(one, self.tables.read((module.name if module else "", one)), scope)
