"""The parts of a Python module that a fix may change: functions, classes, values, imported names.

Two versions of a part are the same where nothing but comments, docstrings and layout differs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_IGNORED = re.compile(r"^(?:__(?:all|version|author|date|copyright|license|email)\w*__|\w*version\w*)$", re.I)
"""Values that every release changes and no flaw is in."""
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def units(source: bytes, module: str) -> dict[str, str]:
    """Dotted name -> content, of every part of a module; the module's own is what else it runs when loaded.

    A class's content is its bases, attributes and the names of its methods, whose bodies are parts of their
    own. Raises ValueError where the source is no Python of this version.
    """
    try:
        tree = ast.parse(source)
        _without_docstrings(tree)
        found = dict(_parts(tree.body, module, top=True))
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"no Python of this version: {error}") from error
    return found


def _without_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]


def _parts(body: Sequence[ast.stmt], prefix: str, *, top: bool) -> Iterator[tuple[str, str]]:
    rest: list[str] = []
    contents: dict[str, list[str]] = {}
    for node in _flat(body):
        if isinstance(node, _FUNCTIONS):
            contents.setdefault(node.name, []).append(ast.dump(node))
            if not top:
                rest.append(f"def {node.name}")
        elif isinstance(node, ast.ClassDef):
            yield from _parts(node.body, f"{prefix}.{node.name}", top=False)
            head = [ast.dump(one) for one in (*node.bases, *node.keywords, *node.decorator_list)]
            contents.setdefault(f"{node.name}*", []).extend(head)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                origin = f"{getattr(node, 'module', '')}:{getattr(node, 'level', 0)}:{alias.name}"
                contents.setdefault(alias.asname or alias.name, []).append(origin)
        elif top and (names := _assigned(node)):
            for name in names:
                contents.setdefault(name, []).append(ast.dump(node))
        else:
            rest.append(ast.dump(node))
    for name, parts in contents.items():
        yield f"{prefix}.{name}", "|".join(parts)
    yield f"{prefix}**", "|".join(rest)


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a scope, those under `if` and `try` too, after what they hang on."""
    for node in body:
        if isinstance(node, ast.If):
            yield ast.Expr(node.test)
            yield from _flat((*node.body, *node.orelse))
        elif isinstance(node, ast.Try):
            yield from _flat((*node.body, *(one for each in node.handlers for one in each.body)))
            yield from _flat((*node.orelse, *node.finalbody))
        else:
            yield node


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The parts of `before` that `after` has not, or has otherwise, in their order; a class once."""
    found: dict[str, None] = {}
    for name, content in before.items():
        plain = name.rstrip("*")
        if after.get(name) != content and not _IGNORED.match(plain.rpartition(".")[2]):
            found[plain] = None
    return list(found)
