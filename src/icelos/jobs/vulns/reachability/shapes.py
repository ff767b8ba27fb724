"""How a value is come by: a name and then attributes and calls, such as `json.dumps()` or `self.x`."""

from __future__ import annotations

import ast
from typing import NamedTuple

LISTED = "listed"
"""Stands for the name of an import where all modules of a package are asked for."""
CALLED = "()"
"""The step of a shape that stands for a call."""
SUPER = "super()"
"""The root of a shape that begins with `super()`."""
MAX_STEPS = 8
PLAIN_CALLS = frozenset(
    """
    str repr ascii bytes bytearray int float complex bool len hash id ord chr hex oct bin isinstance
    issubclass hasattr callable format range print input dir any all
    """.split()
)
_SCALAR = (ast.Constant, ast.JoinedStr, ast.Compare, ast.FormattedValue)
LITERAL = (*_SCALAR, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
Import = ast.Import | ast.ImportFrom


class Shape(NamedTuple):
    """A name, and what is done to its value: attributes taken and, as `()`, calls."""

    root: str
    steps: tuple[str, ...] = ()


class Store(NamedTuple):
    """`owner.name = value`, or a global's or nonlocal's where `owner` is None and `local` is set.

    `worth` is "nothing" for None, "plain" for what is a number or text, else "any".
    """

    owner: Shape | None
    name: str
    worth: str
    outer: bool = False


class Dynamic(NamedTuple):
    """What is asked for by a name made at run time: `how` is getattr, setattr, import, code, names or
    modules."""

    how: str
    owner: Shape | None
    text: str
    line: int


LITERALLY = Shape("")
"""The shape of a value of the language, such as a text or a list."""


def longer(shape: Shape | None, step: str) -> Shape | None:
    """A shape and one step more, None where that is not known or too long."""
    if shape is None or len(shape.steps) >= MAX_STEPS:
        return None
    return shape if shape == LITERALLY else Shape(shape.root, (*shape.steps, step))


def worth_of(node: ast.expr) -> str:
    """What a value is worth to a `Store`."""
    if isinstance(node, ast.Constant) and node.value is None:
        return "nothing"
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLAIN_CALLS
    return "plain" if plain or isinstance(node, _SCALAR) else "any"


def is_text(node: ast.expr) -> bool:
    """Whether an expression is a text or bytes as written."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
