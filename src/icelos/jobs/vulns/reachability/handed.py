"""Which classes an application hands on: themselves or their objects, as arguments of calls.

What is handed on is used by others, by methods that the application's own source does not name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_ASKING = frozenset({"isinstance", "issubclass", "type", "print", "len", "repr", "str", "super", "cast"})


def handed_on(trees: Iterable[ast.AST]) -> frozenset[str]:
    """The last names of what stands in arguments of calls, those of own functions apart.

    Of names, of what is called there, and of what a name is given.
    """
    trees = list(trees)
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    own = {one.name for tree in trees for one in ast.walk(tree) if isinstance(one, functions)}
    found: set[str] = set()
    for tree in trees:
        made: dict[str, set[str]] = {}
        given: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                for target in node.targets:
                    if name := _last(target):
                        made.setdefault(name, set()).add(_last(node.value.func))
            elif isinstance(node, ast.withitem) and isinstance(node.context_expr, ast.Call):
                if node.optional_vars is not None and (name := _last(node.optional_vars)):
                    made.setdefault(name, set()).add(_last(node.context_expr.func))
            elif isinstance(node, ast.Call) and _last(node.func) not in _ASKING | own:
                for argument in (*node.args, *(one.value for one in node.keywords)):
                    given.update(_names(argument))
        found |= given.union(*(made[name] for name in given if name in made))
    return frozenset(found - {""})


def _names(node: ast.expr) -> Iterator[str]:
    """The last names of the values that an argument is made of; those of a call it is the result of, too."""
    match node:
        case ast.Name() | ast.Attribute():
            yield _last(node)
        case ast.Call():
            yield _last(node.func)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            for one in parts:
                yield from _names(one)
        case ast.Dict(values=parts):
            for one in parts:
                yield from _names(one)
        case ast.Starred(value=value):
            yield from _names(value)
        case ast.IfExp(body=body, orelse=other):
            yield from _names(body)
            yield from _names(other)


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
