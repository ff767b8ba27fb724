"""What the body of a function or class mentions, as far as it shows without evaluating it.

A shape is how a value is come by: a name and then attributes and calls, such as `json.dumps()` or `self.x`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from icelos.jobs.vulns.reachability.local_names import local_names
from icelos.jobs.vulns.reachability.names import argument_names
from icelos.jobs.vulns.reachability.shapes import (
    CALLED,
    LISTED,
    LITERAL,
    LITERALLY,
    PLAIN_CALLS,
    SUPER,
    Definition,
    Dynamic,
    Import,
    Shape,
    Store,
    is_text,
    longer,
    worth_of,
)
from icelos.jobs.vulns.reachability.written import COMPOSED, HOLE, is_composed, pattern, start_of

_TESTS = frozenset({"isinstance", "issubclass"})


class Summary:
    """What one body mentions, without those of functions and classes within it, kept in `definitions`.

    `attributes` maps names that are asked of values of which nothing is known to their first line.
    """

    def __init__(self, node: Definition) -> None:
        self.shapes: dict[Shape, int] = {}
        self.attributes: dict[str, int] = {}
        self.stores: dict[Store, None] = {}
        self.dynamic: dict[Dynamic, None] = {}
        self.imports: list[Import] = []
        self.loads: dict[str, int] = {}
        self.definitions: list[Definition] = []
        self._arguments = frozenset() if isinstance(node, ast.ClassDef) else argument_names(node.args)
        self._locals, self._outer = local_names(node, self._arguments)
        self._looking: set[str] = set()
        self._line = node.lineno
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        for one in body:
            self._visit(one)

    def _local(self, name: str) -> Shape | None:
        """The shape of a local name: that of all it is assigned, None apart."""
        if name in self._looking:
            return None
        self._looking.add(name)
        shapes = set()
        for one in self._locals[name]:
            if not (isinstance(one, ast.Constant) and one.value is None):
                shapes.add(self._shape(one) if isinstance(one, ast.expr) else None)
        self._looking.discard(name)
        return shapes.pop() if len(shapes) == 1 else None

    def _shape(self, node: ast.expr) -> Shape | None:
        """How an expression comes by its value; None where it does not show."""
        match node:
            case ast.Name(id=name):
                return self._local(name) if name in self._locals else Shape(name)
            case ast.Attribute(value=value, attr=name):
                return longer(self._shape(value), name)
            case ast.Call(func=ast.Name(id="super")):
                return Shape(SUPER)
            case ast.Call(func=ast.Name(id=name)) if name in PLAIN_CALLS and name not in self._locals:
                return LITERALLY
            case ast.Call(func=function):
                found = self._shape(function)
                if found == LITERALLY:
                    text = isinstance(function, ast.Attribute) and is_text(function.value)
                    return LITERALLY if text else None
                return longer(found, CALLED)
        return LITERALLY if isinstance(node, LITERAL) else None

    # -- expressions

    def _use(self, node: ast.expr) -> Shape | None:
        """Keep what an expression mentions."""
        self._line = getattr(node, "lineno", self._line)
        shape = self._shape(node)
        if shape is not None and shape != LITERALLY:
            self.shapes.setdefault(shape, self._line)
        self._parts(node, shape)
        return shape

    def _parts(self, node: ast.expr, shape: Shape | None) -> None:
        match node:
            case ast.Name():
                pass
            case ast.Attribute():
                self._attribute(node)
            case ast.Call():
                self._call(node, shape)
            case ast.Subscript(value=ast.Attribute(attr="modules") as value):
                self.dynamic[Dynamic("modules", self._shape(value), "", node.lineno)] = None
                self._use(value)
                self._use(node.slice)
            case ast.Lambda():
                self._defaults(node.args)
                self.definitions.append(node)
            case ast.NamedExpr():
                self._use(node.value)
                self._target(node.target, worth_of(node.value))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case _:
                self._all(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        for one in node.generators:
            self._use(one.iter)
            self._target(one.target, "any")
            self._all(one.ifs)
        self._all((node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,))

    def _attribute(self, node: ast.Attribute) -> None:
        base = self._shape(node.value)
        if base is None:
            self.attributes.setdefault(node.attr, node.lineno)
            self._use(node.value)
        else:
            self._parts(node.value, base)
        if node.attr == "__dict__":
            self.dynamic[Dynamic("getattr", base, "", node.lineno)] = None

    def _call(self, node: ast.Call, shape: Shape | None) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if not (name == "super" and not node.args):
            base = self._shape(node.func)
            if base is None or shape is None or shape == LITERALLY:
                self._use(node.func)
            else:
                self._parts(node.func, base)
        arguments = node.args[:1] if name in _TESTS else node.args
        for one in arguments:
            self._use(one)
        for one in node.args[1:] if name in _TESTS else ():
            self._mention(one)
        for keyword in node.keywords:
            self._use(keyword.value)
        last = node.func.attr if isinstance(node.func, ast.Attribute) else name
        if last in _ASKING:
            self._ask(last, node)

    def _ask(self, name: str, node: ast.Call) -> None:
        """Calls by which a name, a module or code is made up."""
        first = node.args[0] if node.args else None
        owner = self._shape(first) if first is not None else None
        if name in {"getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller"}:
            at = 0 if name in {"attrgetter", "methodcaller"} else 1
            if len(node.args) <= at:
                return
            found = pattern(node.args[at])
            if name in {"attrgetter", "methodcaller"}:
                owner = None
            worth = "any" if name != "setattr" or len(node.args) < 3 else worth_of(node.args[2])
            self._by_name(name, owner, found, worth, node.lineno)
        elif name in {"iter_modules", "walk_packages"}:
            self.dynamic[Dynamic("import", None, LISTED, node.lineno)] = None
        elif name == "getmembers":
            self.dynamic[Dynamic("members", owner, "", node.lineno)] = None
        elif name in {"vars", "globals", "locals"}:
            self.dynamic[Dynamic("names" if not node.args else "getattr", owner, "", node.lineno)] = None
        elif name in {"import_module", "__import__", "load_module"} and first:
            found = pattern(first)
            if HOLE in found:
                self.dynamic[Dynamic("import", None, found, node.lineno)] = None
            else:
                self.loads.setdefault(found, node.lineno)
        elif name in {"eval", "exec", "execfile"} and isinstance(node.func, ast.Name):
            self.dynamic[Dynamic("code", None, name, node.lineno)] = None

    def _by_name(self, how: str, owner: Shape | None, name: str, worth: str, line: int) -> None:
        if HOLE in name:
            start = COMPOSED if is_composed(name) else start_of(name)
            self.dynamic[Dynamic("setattr" if how == "setattr" else "getattr", owner, start, line)] = None
            if how == "setattr":
                self.stores[Store(owner, "", worth)] = None
            return
        if how == "setattr":
            self.stores[Store(owner, name, worth)] = None
        for part in name.split("."):
            shape = longer(owner, part)
            if shape is None or how != "getattr":
                self.attributes.setdefault(part, line)
            elif shape != LITERALLY:
                self.shapes.setdefault(shape, line)

    def _mention(self, node: ast.expr | None) -> None:
        """Classes that a value is only compared with."""
        if isinstance(node, ast.Tuple):
            for one in node.elts:
                self._mention(one)
        elif isinstance(node, ast.Attribute):
            self._mention(node.value)
            if isinstance(node.value, ast.Name) and node.value.id in self._arguments:
                self._use(node)
        elif node is not None and not isinstance(node, ast.Name):
            self._use(node)

    def _defaults(self, arguments: ast.arguments) -> None:
        for one in (*arguments.defaults, *arguments.kw_defaults):
            if one is not None:
                self._use(one)

    # -- statements

    def _visit(self, node: ast.AST) -> None:
        match node:
            case ast.expr():
                self._use(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._all(node.decorator_list)
                self._defaults(node.args)
                self.definitions.append(node)
            case ast.ClassDef():
                self._all([*node.decorator_list, *node.bases, *(one.value for one in node.keywords)])
                self.definitions.append(node)
            case ast.Import() | ast.ImportFrom():
                self.imports.append(node)
            case ast.ExceptHandler():
                self._mention(node.type)
                self._bodies(node.body)
            case ast.MatchClass():
                self._mention(node.cls)
                self._bodies(node.patterns, node.kwd_patterns)
            case ast.Delete():
                for target in node.targets:
                    self._target(target, "plain")
            case _ if not self._binds(node):
                self._bodies(list(ast.iter_child_nodes(node)))

    def _binds(self, node: ast.AST) -> bool:
        """Keep what a statement gives to its targets; False for one that has none."""
        match node:
            case ast.Assign():
                self._use(node.value)
                for target in node.targets:
                    self._target(target, worth_of(node.value))
            case ast.AnnAssign():
                if node.value is not None:
                    self._use(node.value)
                    self._target(node.target, worth_of(node.value))
            case ast.AugAssign(value=value):
                self._use(value)
                self._target(node.target, "any")
            case ast.For(iter=value) | ast.AsyncFor(iter=value):
                self._use(value)
                self._target(node.target, "any")
                self._bodies(node.body, node.orelse)
            case ast.withitem():
                self._use(node.context_expr)
                if node.optional_vars is not None:
                    self._target(node.optional_vars, "any")
            case _:
                return False
        return True

    def _all(self, nodes: Iterable[ast.expr]) -> None:
        for one in nodes:
            self._use(one)

    def _bodies(self, *bodies: Iterable[ast.AST]) -> None:
        for body in bodies:
            for one in body:
                self._visit(one)

    def _target(self, node: ast.expr, worth: str) -> None:
        match node:
            case ast.Name(id=name):
                if name in self._outer:
                    self.stores[Store(None, name, worth, outer=True)] = None
            case ast.Attribute(value=value, attr=name):
                owner = self._use(value)
                self.stores[Store(owner, name, worth)] = None
            case ast.Subscript(value=value, slice=key):
                self._use(value)
                self._use(key)
            case ast.Starred(value=value):
                self._target(value, "any")
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for one in elements:
                    self._target(one, "any")


_ASKING = frozenset(
    """
    getattr setattr hasattr delattr attrgetter methodcaller vars globals locals getmembers iter_modules
    walk_packages import_module __import__ load_module eval exec execfile
    """.split()
)
_summaries: WeakKeyDictionary[ast.AST, Summary] = WeakKeyDictionary()


def summary(node: Definition) -> Summary:
    """What the body of a definition mentions; made once for each tree."""
    found = _summaries.get(node)
    if found is None:
        found = _summaries[node] = Summary(node)
    return found
