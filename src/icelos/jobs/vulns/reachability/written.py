"""Texts that are put together at run time, as far as they are written: a pattern with `*` for each hole."""

from __future__ import annotations

import ast
import re

HOLE = "*"
_PERCENT = re.compile(r"%(?:\(\w+\))?[-#0 +]*[\d*]*(?:\.\d+)?[a-zA-Z]")
_BRACES = re.compile(r"\{[^{}]*\}")
COMPOSED = "**"
"""Stands for the beginning of a name that is put together of parts, none of them written."""


def pattern(node: ast.expr) -> str:
    """The text of an expression, with `*` for what is not written: "PIL.*" of f"PIL.{name}"."""
    return _pattern(node)


def _pattern(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(one) for one in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _pattern(left) + _pattern(right)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return _PERCENT.sub(HOLE, text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _BRACES.sub(HOLE, text)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="join"),
            args=[ast.List(elts=parts) | ast.Tuple(elts=parts)],
        ):
            return text.join(_pattern(one) for one in parts)
    return HOLE


def is_composed(text: str) -> bool:
    """Whether a pattern begins with a hole and is made of more than that."""
    return text.startswith(HOLE) and len(text) > 1


def start_of(text: str) -> str:
    """What a pattern is sure to begin with."""
    return text.split(HOLE)[0]
