"""Where the arguments of a call come from: written in the source, or possibly from outside.

A value counts as fixed only where every way to it ends at a literal or at a file that the target ships.
Everything that cannot be followed may come from outside.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec

MAX_SOURCE = 4 * 1024 * 1024
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
_CHANGING = frozenset(
    """
    append extend insert add update setdefault write writelines appendleft push
    """.split()
)
_OUTSIDE_CALLS = frozenset(
    """
    input recv recvfrom readline readlines getvalue getlist get_json get_data
    """.split()
)
_OUTSIDE_NAMES = frozenset(
    """
    request req argv stdin environ
    """.split()
)


class Control:
    """Answers for one application; parses each file once. `ships` says whether the target holds a file."""

    def __init__(self, callers: Callers, ships: Callable[[str, Path], bool]) -> None:
        self._callers = callers
        self._ships = ships
        self._parsed = lru_cache(maxsize=256)(_parsed)

    def of_call(self, site: Site, name: str) -> Origin:
        """The origin of all arguments of the calls of `name` (its last part) in one line, taken together."""
        module = self._parsed(site.file)
        if module is None:
            return Origin.UNKNOWN
        calls = [call for call in module.calls_at(site.line) if _called(call) == name] or module.calls_at(
            site.line
        )
        found = [self._arguments(call, module, site, 0) for call in calls]
        return _worst(found) if found else Origin.UNKNOWN

    def _arguments(self, call: ast.Call, module: _Module, site: Site, depth: int) -> Origin:
        values = [*call.args, *(one.value for one in call.keywords)]
        if all(isinstance(one, ast.Constant) and not isinstance(one.value, str | bytes) for one in values):
            return Origin.UNKNOWN  # numbers and flags alone are no data: the data come from elsewhere
        if isinstance(call.func, ast.Attribute) and not _is_imported(call.func.value, module):
            values.append(call.func.value)  # what a method works on counts as well
        return _worst([self._value(one, module, site, depth) for one in values])

    def _value(self, node: ast.expr, module: _Module, site: Site, depth: int) -> Origin:
        if depth > MAX_DEPTH:
            return Origin.UNKNOWN
        follow = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        match node:
            case ast.Constant():
                return Origin.FIXED
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

    def _item(
        self, held: ast.expr, keys: Sequence[ast.expr], module: _Module, site: Site, depth: int
    ) -> Origin:
        """A part of something: of what is fixed it is one of a fixed set, by whatever key."""
        found = self._value(held, module, site, depth + 1)
        key = _worst([self._value(one, module, site, depth + 1) for one in keys])
        if found in {Origin.FIXED, Origin.CHOSEN}:
            return found if key is Origin.FIXED else Origin.CHOSEN
        return _worst([found, key])

    def _guarded(self, name: str, module: _Module, site: Site, depth: int) -> bool:
        """Whether the line is reached only by values of a name that are in a fixed set."""
        for test in module.guards(site.line, name):
            if self._value(test, module, site, depth + 1) is Origin.FIXED and not isinstance(
                test, ast.Constant
            ):
                return True
        return False

    def _name(self, name: str, module: _Module, site: Site, depth: int) -> Origin:
        if name == "__file__":
            return Origin.FIXED
        if name in _OUTSIDE_NAMES:
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
                if module is not None and _called(call) == last:
                    given = _given(call, index, name)
                    found.append(self._value(given, module, one, depth + 1) if given else Origin.UNKNOWN)
        return _worst(found) if found else Origin.UNKNOWN

    def _attribute(self, node: ast.Attribute, module: _Module, site: Site, depth: int) -> Origin:
        root = node
        names = {node.attr}
        while isinstance(root.value, ast.Attribute):
            root = root.value
            names.add(root.attr)
        if isinstance(root.value, ast.Name):
            names.add(root.value.id)
            if names & _OUTSIDE_NAMES:
                return Origin.OUTSIDE
            if root.value.id in {"self", "cls"}:
                return Origin.UNKNOWN
            if root.value.id in module.imported:
                return Origin.FIXED if node.attr[:1].isupper() or node.attr.isupper() else Origin.UNKNOWN
            return self._name(root.value.id, module, site, depth + 1)
        return self._value(root.value, module, site, depth + 1)

    def _call(self, node: ast.Call, module: _Module, site: Site, depth: int) -> Origin:
        name = _called(node)
        if name in _OUTSIDE_CALLS:
            return Origin.OUTSIDE
        arguments = [self._value(one, module, site, depth + 1) for one in node.args]
        if isinstance(node.func, ast.Name) and name == "open":
            return self._opened(node, module, arguments)
        if isinstance(node.func, ast.Name) and name in _PURE:
            return _worst(arguments) if arguments else Origin.FIXED
        if isinstance(node.func, ast.Attribute) and name in _SHAPING:
            inner = self._value(node.func.value, module, site, depth + 1)
            if name in {"read_text", "read_bytes", "open"}:
                return self._opened(node, module, [inner])
            if name == "get" and inner is Origin.FIXED:
                return _worst([Origin.CHOSEN, *arguments[1:]])
            return _worst([inner, *arguments])
        return Origin.OUTSIDE if Origin.OUTSIDE in arguments else Origin.UNKNOWN

    def _opened(self, node: ast.Call, module: _Module, path: Sequence[Origin]) -> Origin:
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


def _is_imported(node: ast.expr, module: _Module) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in module.imported


def _worst(found: Sequence[Origin]) -> Origin:
    for origin in (Origin.OUTSIDE, Origin.UNKNOWN, Origin.CHOSEN):
        if origin in found:
            return origin
    return Origin.FIXED


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""


def _given(call: ast.Call, index: int, name: str) -> ast.expr | None:
    for one in call.keywords:
        if one.arg == name:
            return one.value
    if any(isinstance(one, ast.Starred) for one in call.args) or any(
        one.arg is None for one in call.keywords
    ):
        return None
    return call.args[index] if index < len(call.args) else None


class _Module:
    """One parsed file."""

    def __init__(self, file: Path, tree: ast.Module) -> None:
        self.file = file
        self._tree = tree
        self._functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        self._calls: dict[int, list[ast.Call]] = {}
        self.imported: set[str] = set()
        self.defined: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._calls.setdefault(node.lineno, []).append(node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self.imported |= {(a.asname or a.name).split(".")[0] for a in node.names}
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.defined.add(node.name)

    def calls_at(self, line: int) -> list[ast.Call]:
        return self._calls.get(line, [])

    def function_at(self, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        around = [f for f in self._functions if f.lineno <= line <= (f.end_lineno or f.lineno)]
        return max(around, key=lambda f: f.lineno) if around else None

    def guards(self, line: int, name: str) -> list[ast.expr]:
        """The collections that a name has to be in for a line to be reached.

        By `if name not in them: return` before it in the same block, or `if name in them:` around it.
        """
        around = self.function_at(line)
        found = []
        for node in ast.walk(around) if around is not None else ():
            match node:
                case ast.If(test=ast.Compare(left=ast.Name(id=tested), ops=[op], comparators=[held])):
                    if tested != name or len(_givings(around, name)) > 1:
                        continue
                    if isinstance(op, ast.NotIn) and _ends(node.body) and _follows(around, node, line):
                        found.append(held)
                    if isinstance(op, ast.In) and node.body[0].lineno <= line <= _last_line(node.body):
                        found.append(held)
        return found

    def parameter(self, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> tuple[int] | None:
        """Its position among the arguments a caller gives, or None where it is no parameter."""
        arguments = function.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
        bound = 1 if names[:1] in (["self"], ["cls"]) else 0
        if name in names:
            return (names.index(name) - bound,)
        others = [*arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
        return (len(names),) if any(one.arg == name for one in others) else None

    def assigned(self, scope: ast.AST | None, name: str) -> list[ast.expr] | None:
        """The values given to a name in a function or at the top; None where they cannot be told."""
        scoped = scope or self._tree
        if any(_changes(node, name) or _hides(node, name) for node in ast.walk(scoped)):
            return None
        return [value for node in _within(scoped) for value in _given_by(node, name)]


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a block leaves what it stands in."""
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return _called(last.value) in {"abort", "exit"}
    return isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break)


def _last_line(body: Sequence[ast.stmt]) -> int:
    return max(one.end_lineno or one.lineno for one in body)


def _follows(around: ast.AST, guard: ast.If, line: int) -> bool:
    """Whether a line stands after a guard, in the block of the guard or below it."""
    for node in ast.walk(around):
        for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(block, list) and guard in block:
                return (guard.end_lineno or guard.lineno) < line <= _last_line(block)
    return False


def _givings(scope: ast.AST | None, name: str) -> list[ast.expr]:
    return [value for node in _within(scope) for value in _given_by(node, name)] if scope else []


def _hides(node: ast.AST, name: str) -> bool:
    """Whether a statement binds a name to what cannot be told: parts of a value, an exception."""
    match node:
        case ast.Assign(targets=targets):
            parts = (
                part for one in targets if isinstance(one, ast.Tuple | ast.List) for part in ast.walk(one)
            )
            return any(isinstance(part, ast.Name) and part.id == name for part in parts)
        case ast.ExceptHandler(name=found):
            return found == name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return name in names
    return False


def _given_by(node: ast.AST, name: str) -> list[ast.expr]:
    """The values that a statement gives to a name."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return [value] if any(isinstance(one, ast.Name) and one.id == name for one in targets) else []
        case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
            return [value]
        case ast.AugAssign(target=ast.Name(id=found), value=value) if found == name:
            return [value]
        case ast.NamedExpr(target=ast.Name(id=found), value=value) if found == name:
            return [value]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            bound = ((one.optional_vars, one.context_expr) for one in items)
            return [value for target, value in bound if isinstance(target, ast.Name) and target.id == name]
        case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
            inside = any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(target))
            return [node.iter] if inside else []
    return []


def _changes(node: ast.AST, name: str) -> bool:
    """Whether a value is changed in place: `name.append(x)`, `name[key] = x`, `name.field = x`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr=attribute)):
            return found == name and attribute in _CHANGING
        case ast.Subscript(value=ast.Name(id=found)) | ast.Attribute(value=ast.Name(id=found)):
            return found == name and not isinstance(node.ctx, ast.Load)
    return False


def _within(scope: ast.AST) -> list[ast.AST]:
    """The nodes of a scope, those of functions and classes inside it apart."""
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _parsed(file: Path) -> _Module | None:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_SOURCE + 1)
        if len(data) > MAX_SOURCE:
            return None
        return _Module(file, ast.parse(data))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def literal_value(text: str) -> str | None:
    """A literal as Python's `repr` writes it, so that "x" and 'x' are equal; None for what is no literal."""
    try:
        return repr(ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text if re.fullmatch(r"[A-Za-z_][\w.]*", text) else None
