"""The names that the body of a module, class or function binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable

MAX_TEXT = 200


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


def texts(scope: ast.AST) -> frozenset[str]:
    """Short texts in a body and in classes within it, functions within it and documentation apart.

    Those of `__all__` name what there is anyway.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Constant(value=str(text)) if len(text) <= MAX_TEXT:
                found.add(text)
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.AugAssign(target=ast.Name(id="__all__")):
                pass
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                waiting += [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
                waiting += getattr(node, "decorator_list", ())
            case _:
                waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def argument_names(given: ast.arguments) -> frozenset[str]:
    """The names of all parameters."""
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    return frozenset(one.arg for one in every if one is not None)


def bound_names(node: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    """(names that a body binds, names it declares global or nonlocal)."""
    bound: set[str] = set()
    outer: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        bound |= argument_names(node.args)
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
