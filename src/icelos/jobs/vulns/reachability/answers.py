"""What the call graph answers: ways, calls, and how sure it is."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import StrEnum

import msgspec

MAX_ARGUMENT = 200


class Standing(StrEnum):
    """Whether calls lead to a symbol; likely where only a name, and no value, tells of the first of them."""

    REACHED = "reached"
    LIKELY = "likely"
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"


class Step(msgspec.Struct, frozen=True):
    """One step of a way: the function or module that makes the call, and where the call stands."""

    function: str
    file: str
    line: int


class Reach(msgspec.Struct, frozen=True):
    """What is known of the ways to a symbol: one of them, or the calls that could not be followed."""

    standing: Standing
    symbol: str
    path: tuple[Step, ...]
    why: str
    unknown: tuple[Step, ...] = ()


class Call(msgspec.Struct, frozen=True):
    """One call of a symbol, its arguments as they are written."""

    caller: str
    file: str
    line: int
    arguments: tuple[str, ...]
    keywords: Mapping[str, str]


def written_call(unit: str, file: str, line: int, node: ast.Call) -> Call:
    """A call as it is written."""
    arguments = tuple(_written(one) for one in node.args)
    keywords = {one.arg or "**": _written(one.value) for one in node.keywords}
    return Call(unit, file, line, arguments, keywords)


def _written(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:MAX_ARGUMENT]
    except RecursionError:
        return "..."
