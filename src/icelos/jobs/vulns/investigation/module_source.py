"""One file of own Python source: its calls, what its names are given, and the checks before a line."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

MAX_SOURCE = 4 * 1024 * 1024
_CHANGING = frozenset(
    """
    append extend insert add update setdefault write writelines appendleft push
    """.split()
)


class ModuleSource:
    """One parsed file."""

    def __init__(self, file: Path, tree: ast.Module) -> None:
        self.file = file
        self._tree = tree
        self._functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        self._calls: dict[int, list[ast.Call]] = {}
        self.imports: dict[str, str] = {}
        """Name in this module -> the top package that it is of, "" for one of the same package."""
        self.defined: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._calls.setdefault(node.lineno, []).append(node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                top = node.module or "" if isinstance(node, ast.ImportFrom) and not node.level else ""
                for one in node.names:
                    whole = top or (one.name if isinstance(node, ast.Import) else "")
                    self.imports[(one.asname or one.name).split(".")[0]] = whole.split(".")[0]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.defined.add(node.name)

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """All of its syntax."""
        return ast.walk(self._tree)

    @property
    def calls(self) -> Iterator[ast.Call]:
        """All calls, by line."""
        return (call for line in sorted(self._calls) for call in self._calls[line])

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
        if around is None:
            return []
        found = []
        for node in ast.walk(around):
            match node:
                case ast.If(test=ast.Compare(left=ast.Name(id=tested), ops=[op], comparators=[held])):
                    if tested != name or len(_givings(around, name)) > 1:
                        continue
                    if isinstance(op, ast.NotIn) and _ends(node.body) and _follows(around, node, line):
                        found.append(held)
                    if isinstance(op, ast.In) and node.body[0].lineno <= line <= _last_line(node.body):
                        found.append(held)
        return found

    def tests_before(self, line: int) -> list[ast.expr]:
        """The tests by which a function is left before a line, or in which the line stands."""
        around = self.function_at(line) or self._tree
        found = []
        for node in ast.walk(around):
            if isinstance(node, ast.If):
                inside = node.body[0].lineno <= line <= _last_line(node.body)
                if inside or (_ends(node.body) and _follows(around, node, line)):
                    found.append(node.test)
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
        return called(last.value) in {"abort", "exit"}
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


def parsed(file: Path) -> ModuleSource | None:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_SOURCE + 1)
        if len(data) > MAX_SOURCE:
            return None
        return ModuleSource(file, ast.parse(data))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
    return ""
