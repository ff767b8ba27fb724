"""Functions, classes and scopes of the target, and the names that a body binds."""

from __future__ import annotations

import ast
from typing import NamedTuple

from icelos.jobs.vulns.reachability.modules import Module
from icelos.jobs.vulns.reachability.names import own_nodes


class Function:
    """A function or lambda of the target. `owner` is its class's dotted name or "".

    `parameters` are those that a position fills, in order; `generates`: whether a call gives a generator.
    """

    def __init__(
        self,
        name: str,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        module: Module,
        scope: Scope,
        owner: str,
        decorators: frozenset[str],
    ) -> None:
        self.name = name
        self.node = node
        self.module = module
        self.scope = scope
        self.owner = owner
        self.decorators = decorators
        self.parameters = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        self.named = {*self.parameters, *(one.arg for one in node.args.kwonlyargs)}
        self.generates = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own_nodes(node))
        self.defaults: dict[str, ast.expr] = dict(
            zip(
                self.parameters[len(self.parameters) - len(node.args.defaults) :],
                node.args.defaults,
                strict=True,
            )
        )
        self.defaults |= {
            one.arg: value
            for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if value is not None
        }


class Class(NamedTuple):
    """A class of the target."""

    name: str
    node: ast.ClassDef
    module: Module
    scope: Scope


class Scope:
    """Where names are bound: a module, class or function body. `unit` (a function or module) runs it."""

    def __init__(self, name: str, unit: str, module: Module, parent: Scope | None, kind: str) -> None:
        self.name = name
        self.unit = unit
        self.module = module
        self.parent = parent
        self.kind = kind
        self.bound: frozenset[str] = frozenset()
        self.outer: frozenset[str] = frozenset()
        self.arguments: frozenset[str] = frozenset()
        self.owner = ""

    @property
    def in_class(self) -> bool:
        """Whether it stands directly in a class body."""
        return self.parent is not None and self.parent.kind == "class"
