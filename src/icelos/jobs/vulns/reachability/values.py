"""What a name may stand for, and the tables of what flows where."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from icelos.jobs.vulns.reachability.modules import Module


class Kind(StrEnum):
    """Kinds of abstract values."""

    FUNCTION = "function"
    BOUND = "bound"
    CLASS = "class"
    INSTANCE = "instance"
    MODULE = "module"
    CONTAINER = "container"
    SUPER = "super"
    EXTERNAL = "external"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class Value(NamedTuple):
    """One abstract value: `name` is the dotted name of the function, class or module, or where a container is made.

    `of` is the receiver of a bound method, or the instance within `super()`.
    """

    kind: Kind
    name: str = ""
    of: Value | None = None


UNKNOWN = Value(Kind.UNKNOWN)
"""Something that may be anything of the target."""
NOTHING = Value(Kind.NOTHING)
"""None: kept apart, as `if x is None` decides whether much code is run."""
PLAIN = Value(Kind.EXTERNAL)
"""A value of the language or its standard library, such as a string."""
Key = tuple[str, str]
"""(owner, name): a variable of a scope, an attribute of a class's instances, a key of a container."""
EACH = "[]"
"""The key that stands for elements whose key is not known."""
MAX_VALUES = 24
"""Values that one key may hold; beyond that it holds UNKNOWN, so that the analysis ends."""


class Function:
    """A function or lambda of the target. `owner` is its class's dotted name or "".

    `parameters` are those that a position fills, in order; `generates` tells whether a call gives a generator.
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
    """Where names are bound: a module, class or function body. `unit` is what runs it: a function or module."""

    def __init__(self, name: str, unit: str, module: Module, parent: Scope | None, kind: str) -> None:
        self.name = name
        self.unit = unit
        self.module = module
        self.parent = parent
        self.kind = kind
        self.bound: frozenset[str] = frozenset()
        self.outer: frozenset[str] = frozenset()
        self.owner = ""


def own_nodes(scope: ast.AST) -> Iterable[ast.AST]:
    """The nodes of a scope without those of functions and classes within it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting.extend(node.decorator_list)
        elif not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def bound_names(node: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    """(names that a body binds, names it declares global or nonlocal)."""
    bound: set[str] = set()
    outer: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        given = node.args
        every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        bound |= {one.arg for one in every if one is not None}
    for inner in own_nodes(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                bound |= {(one.asname or one.name).split(".")[0] for one in names}
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                bound.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                outer |= set(names)
    return frozenset(bound - outer), frozenset(outer)


class Tables:
    """What flows where, who reads it, and which units must be looked at again."""

    def __init__(self) -> None:
        self.values: dict[Key, set[Value]] = {}
        self.readers: dict[Key, set[str]] = {}
        self.keys: dict[str, set[str]] = {}
        self.queue: dict[str, None] = {}

    def add(self, key: Key, values: Iterable[Value]) -> None:
        """Let values flow to a key; whoever reads it is looked at again."""
        held = self.values.setdefault(key, set())
        before = len(held)
        if before > MAX_VALUES:
            return
        held.update(values)
        if len(held) > MAX_VALUES:
            held.add(UNKNOWN)
        if len(held) != before:
            if key[1] not in self.keys.setdefault(key[0], set()):
                self.keys[key[0]].add(key[1])
                self.wake((key[0], "*keys*"))
            self.wake(key)

    def wake(self, key: Key) -> None:
        """Look again at all that read a key."""
        for unit in self.readers.get(key, ()):
            self.queue[unit] = None

    def read(self, key: Key, unit: str) -> set[Value]:
        """The values of a key so far."""
        self.readers.setdefault(key, set()).add(unit)
        return self.values.get(key, _NONE)

    def names(self, owner: str, unit: str) -> list[str]:
        """The names that an owner has so far."""
        self.readers.setdefault((owner, "*keys*"), set()).add(unit)
        return list(self.keys.get(owner, ()))


_NONE: set[Value] = set()
