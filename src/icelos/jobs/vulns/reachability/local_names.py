"""The local names of a function or class, and what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from icelos.jobs.vulns.reachability.names import own_nodes
from icelos.jobs.vulns.reachability.shapes import Definition

Locals = dict[str, list[ast.AST | None]]


def local_names(node: Definition, arguments: frozenset[str]) -> tuple[Locals, set[str]]:
    """(local names, names of scopes around that it assigns to).

    Each local name has the expressions that are assigned to it; None where it is something else. A function
    or class that nothing else is assigned to is no local name, but found by its own.
    """
    found: Locals = {}
    outer: set[str] = set()
    simple: set[ast.AST] = set()
    for one in own_nodes(node):
        if (assigned := _assigned(one)) is not None:
            simple.add(assigned[0])
            found.setdefault(assigned[0].id, []).append(assigned[1])
        elif isinstance(one, ast.Global | ast.Nonlocal):
            outer |= set(one.names)
        else:
            for label, value in _labels(one):
                found.setdefault(label, []).append(value)
    for one in own_nodes(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one not in simple:
            found.setdefault(one.id, []).append(None)
    for label in arguments & found.keys():
        found[label].append(None)
    kept = {name: given for name, given in found.items() if name not in outer and not _only_defined(given)}
    return kept, outer


def _assigned(node: ast.AST) -> tuple[ast.Name, ast.expr] | None:
    """The one name that a statement or expression gives a value, with it."""
    match node:
        case (
            ast.Assign(targets=[ast.Name() as name], value=value)
            | ast.NamedExpr(target=name, value=value)
            | ast.AnnAssign(target=ast.Name() as name, value=ast.expr() as value)
        ):
            return name, value
    return None


def _labels(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """The names that other statements bind, with the definition that they bind them to."""
    match node:
        case ast.FunctionDef(name=label) | ast.AsyncFunctionDef(name=label) | ast.ClassDef(name=label):
            yield label, node
            for inner in ast.walk(node):
                for other in inner.names if isinstance(inner, ast.Nonlocal) else ():
                    yield other, None
        case (
            ast.ExceptHandler(name=str(label))
            | ast.MatchAs(name=str(label))
            | ast.MatchStar(name=str(label))
            | ast.MatchMapping(rest=str(label))
        ):
            yield label, None


def _only_defined(given: list[ast.AST | None]) -> bool:
    one = given[0]
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return len(given) == 1 and isinstance(one, kinds) and not one.decorator_list
