"""Where the arguments of a call come from: written in the source, or possibly from outside.

A value counts as fixed only where every way to it ends at a literal or at a file that the target ships.
Everything that cannot be followed may come from outside.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec

from icelos.jobs.vulns.investigation.module_source import ModuleSource, called, parsed

MAX_DEPTH = 12
MAX_CALLERS = 50


class Origin(StrEnum):
    """From what an argument is made; chosen is one of a fixed set, whoever chooses."""

    FIXED = "fixed"
    CHOSEN = "chosen"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class Site(msgspec.Struct, frozen=True):
    """One call: the file it stands in, its line, and the dotted name of the function around it."""

    file: Path
    line: int
    caller: str


Callers = Callable[[str], Sequence[Site]]
"""The calls of a function, by its dotted name."""

_PURE = frozenset(
    """
    str int float bool bytes bytearray list tuple dict set frozenset len repr sorted reversed min max
    sum abs round enumerate zip range format Path PurePath StringIO BytesIO dedent deepcopy copy
    """.split()
)
_SHAPING = frozenset(
    """
    strip lstrip rstrip split rsplit splitlines join format encode decode lower upper title replace
    removeprefix removesuffix get items keys values copy joinpath resolve absolute expanduser
    with_suffix with_name dirname basename abspath normpath realpath fspath as_posix read_text
    read_bytes read open
    """.split()
)
_OUTSIDE_CALLS = frozenset(
    """
    input recv recvfrom readline readlines getvalue getlist get_json get_data
    """.split()
)
OUTSIDE_NAMES = frozenset(
    """
    request req argv stdin environ
    """.split()
)

_PLACE = re.compile(r"\w+://\S+|(?:~|\.{0,2}/)[\w.-]+/[\w./-]+|[\w./-]*\w\.[A-Za-z]\w{0,7}")
"""A path or address, by which other things are read."""


class Control:
    """Answers for one application; parses each file once."""

    def __init__(
        self,
        callers: Callers,
        ships: Callable[[str, Path], bool],
        made: Callable[[ast.Call, ModuleSource], bool] | None = None,
    ) -> None:
        """`ships` says whether the target holds a file, `made` of a call whether it is known to depend on
        nothing but what it is given.
        """
        self._callers = callers
        self._ships = ships
        self._made = made
        self._parsed = lru_cache(maxsize=256)(parsed)

    def of_call(self, site: Site, name: str) -> Origin:
        """The origin of all arguments of the calls of `name` (its last part) in one line, taken together."""
        module = self._parsed(site.file)
        if module is None:
            return Origin.UNKNOWN
        calls = [call for call in module.calls_at(site.line) if called(call) == name] or module.calls_at(
            site.line
        )
        found = [self._arguments(call, module, site, 0) for call in calls]
        return _worst(found) if found else Origin.UNKNOWN

    def of_node(self, call: ast.Call, site: Site) -> Origin:
        """The origin of the arguments of one call, and of what it is a method of."""
        module = self._parsed(site.file)
        if module is None:
            return Origin.UNKNOWN
        values = [*call.args, *(one.value for one in call.keywords)]
        if isinstance(call.func, ast.Attribute) and not _is_imported(call.func.value, module):
            values.append(call.func.value)
        return _worst([self._value(one, module, site, 0) for one in values])

    def _arguments(self, call: ast.Call, module: ModuleSource, site: Site, depth: int) -> Origin:
        values = [*call.args, *(one.value for one in call.keywords)]
        if all(isinstance(one, ast.Constant) and not isinstance(one.value, str | bytes) for one in values):
            return Origin.UNKNOWN  # numbers and flags alone are no data: the data come from elsewhere
        if isinstance(call.func, ast.Attribute) and not _is_imported(call.func.value, module):
            values.append(call.func.value)  # what a method works on counts as well
        return _worst([self._value(one, module, site, depth) for one in values])

    def _value(self, node: ast.expr, module: ModuleSource, site: Site, depth: int) -> Origin:
        if depth > MAX_DEPTH:
            return Origin.UNKNOWN
        follow = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        match node:
            case ast.Constant(value=constant):
                return self._constant(constant, module)
            case ast.Name():
                found = self._name(node.id, module, site, depth)
                guarded = found is not Origin.FIXED and self._guarded(node.id, module, site, depth)
                return Origin.CHOSEN if guarded else found
            case ast.Subscript():
                return self._item(node.value, [node.slice], module, site, depth)
            case ast.Attribute():
                return self._attribute(node, module, site, depth)
            case ast.Call():
                return self._call(node, module, site, depth)
            case ast.Lambda() | ast.Await() | ast.Yield() | ast.NamedExpr():
                return Origin.UNKNOWN
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return Origin.UNKNOWN
        return (
            _worst([self._value(child, module, site, depth + 1) for child in follow])
            if follow
            else Origin.FIXED
        )

    def _constant(self, value: object, module: ModuleSource) -> Origin:
        """A name of a place is as fixed as what stands there: a file that the target ships, no address."""
        if not isinstance(value, str) or not _PLACE.fullmatch(value):
            return Origin.FIXED
        shipped = "://" not in value and self._ships(value, module.file)
        return Origin.FIXED if shipped else Origin.UNKNOWN

    def _item(
        self, held: ast.expr, keys: Sequence[ast.expr], module: ModuleSource, site: Site, depth: int
    ) -> Origin:
        """A part of something: of what is fixed it is one of a fixed set, by whatever key."""
        found = self._value(held, module, site, depth + 1)
        key = _worst([self._value(one, module, site, depth + 1) for one in keys])
        if found in {Origin.FIXED, Origin.CHOSEN}:
            return found if key is Origin.FIXED else Origin.CHOSEN
        return _worst([found, key])

    def _guarded(self, name: str, module: ModuleSource, site: Site, depth: int) -> bool:
        """Whether the line is reached only by values of a name that are in a fixed set."""
        for test in module.guards(site.line, name):
            if self._value(test, module, site, depth + 1) is Origin.FIXED and not isinstance(
                test, ast.Constant
            ):
                return True
        return False

    def _name(self, name: str, module: ModuleSource, site: Site, depth: int) -> Origin:
        if name == "__file__":
            return Origin.FIXED
        if name in OUTSIDE_NAMES:
            return Origin.OUTSIDE
        around = module.function_at(site.line)
        if around is not None:
            if position := module.parameter(around, name):
                return self._parameter(position[0], name, around, site, depth)
            values = module.assigned(around, name)
            if values is None:
                return Origin.UNKNOWN
            if values:
                return _worst([self._value(one, module, site, depth + 1) for one in values])
        values = module.assigned(None, name)
        if values is None:
            return Origin.UNKNOWN
        if not values:
            return Origin.FIXED if name in module.defined else Origin.UNKNOWN
        outer = Site(site.file, values[0].lineno, site.caller)
        return _worst([self._value(one, module, outer, depth + 1) for one in values])

    def _parameter(self, index: int, name: str, around: ast.AST, site: Site, depth: int) -> Origin:
        """What the callers give; a function that nobody in the target calls is called from outside."""
        calls = self._callers(site.caller)
        if not calls or len(calls) > MAX_CALLERS or getattr(around, "decorator_list", None):
            return Origin.UNKNOWN
        found = []
        for one in calls:
            module = self._parsed(one.file)
            last = site.caller.rpartition(".")[2]
            for call in module.calls_at(one.line) if module else []:
                if module is not None and called(call) == last:
                    given = _given(call, index, name)
                    found.append(self._value(given, module, one, depth + 1) if given else Origin.UNKNOWN)
        return _worst(found) if found else Origin.UNKNOWN

    def _attribute(self, node: ast.Attribute, module: ModuleSource, site: Site, depth: int) -> Origin:
        root = node
        names = {node.attr}
        while isinstance(root.value, ast.Attribute):
            root = root.value
            names.add(root.attr)
        if isinstance(root.value, ast.Name):
            names.add(root.value.id)
            if names & OUTSIDE_NAMES:
                return Origin.OUTSIDE
            if root.value.id in {"self", "cls"}:
                return Origin.UNKNOWN
            if root.value.id in module.imports:
                return Origin.FIXED if node.attr[:1].isupper() or node.attr.isupper() else Origin.UNKNOWN
            return self._name(root.value.id, module, site, depth + 1)
        return self._value(root.value, module, site, depth + 1)

    def _call(self, node: ast.Call, module: ModuleSource, site: Site, depth: int) -> Origin:
        name = called(node)
        if name in _OUTSIDE_CALLS:
            return Origin.OUTSIDE
        arguments = [self._value(one, module, site, depth + 1) for one in node.args]
        if isinstance(node.func, ast.Name) and name == "open":
            return self._opened(node, module, arguments)
        if name in _PURE and (isinstance(node.func, ast.Name) or _is_of_module(node.func, module)):
            return _worst(arguments) if arguments else Origin.FIXED
        if isinstance(node.func, ast.Attribute) and name in _SHAPING:
            inner = self._value(node.func.value, module, site, depth + 1)
            if name in {"read_text", "read_bytes", "open"}:
                return self._opened(node, module, [inner])
            if name == "get" and inner is Origin.FIXED:
                return _worst([Origin.CHOSEN, *arguments[1:]])
            return _worst([inner, *arguments])
        if self._made is not None and self._made(node, module):
            given = [self._value(one.value, module, site, depth + 1) for one in node.keywords]
            return _worst([*arguments, *given])
        return Origin.OUTSIDE if Origin.OUTSIDE in arguments else Origin.UNKNOWN

    def _opened(self, node: ast.Call, module: ModuleSource, path: Sequence[Origin]) -> Origin:
        """A file that the target ships under a name that stands in the source is fixed."""
        if _worst(path) is not Origin.FIXED:
            return _worst(path)
        names = [
            one.value
            for one in ast.walk(node)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        ends = [name for name in names if "." in name or "/" in name]
        return (
            Origin.FIXED if ends and all(self._ships(name, module.file) for name in ends) else Origin.UNKNOWN
        )


_OF_MODULES = frozenset("Path PurePath StringIO BytesIO dedent deepcopy".split())


def _is_of_module(node: ast.expr, module: ModuleSource) -> bool:
    """Whether it is a pure function of the standard library by its module: `pathlib.Path`."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=last):
            return last in _OF_MODULES and module.imports.get(name) in sys.stdlib_module_names
    return False


def _is_imported(node: ast.expr, module: ModuleSource) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in module.imports


def _worst(found: Sequence[Origin]) -> Origin:
    for origin in (Origin.OUTSIDE, Origin.UNKNOWN, Origin.CHOSEN):
        if origin in found:
            return origin
    return Origin.FIXED


def _given(call: ast.Call, index: int, name: str) -> ast.expr | None:
    for one in call.keywords:
        if one.arg == name:
            return one.value
    if any(isinstance(one, ast.Starred) for one in call.args) or any(
        one.arg is None for one in call.keywords
    ):
        return None
    return call.args[index] if index < len(call.args) else None


def literal_value(text: str) -> str | None:
    """A literal as Python's `repr` writes it, so that "x" and 'x' are equal; None for what is no literal."""
    try:
        return repr(ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text if re.fullmatch(r"[A-Za-z_][\w.]*", text) else None
