"""Ways that are likely, though no value proves them: what frameworks hand in, load or call for templates.

Three kinds of them begin in the application's own files. An attribute of an object that is not known, by a
name that few classes have (`request.POST`); the whole name of a class or function in a string, which a
framework imports (a list of middleware); the name of a filter or tag in a template. What these lead to is
evaluated as called from outside, and its own calls are followed exactly.
"""

from __future__ import annotations

import ast
import datetime
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from icelos.jobs.vulns.reachability.evaluate import Evaluator
from icelos.jobs.vulns.reachability.modules import Module
from icelos.jobs.vulns.reachability.names import own_nodes
from icelos.jobs.vulns.reachability.possible import Outside
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.scopes import Function, Scope
from icelos.jobs.vulns.reachability.values import Kind, Value

FEW = 4
"""Classes without a common base that may have an attribute for its name to tell which object is meant."""
_LANGUAGE = (
    *(
        str,
        bytes,
        bytearray,
        dict,
        list,
        set,
        frozenset,
        tuple,
        int,
        float,
        complex,
        slice,
        range,
        memoryview,
    ),
    *(
        io.BytesIO,
        io.StringIO,
        io.TextIOWrapper,
        Path,
        re.Match,
        re.Pattern,
        datetime.datetime,
        datetime.timedelta,
    ),
    *(Exception, type, property),
)
COMMON = frozenset(name for one in _LANGUAGE for name in dir(one))
"""Attributes of the language's own objects: their names tell of no other."""
MAX_MODULES = 20_000
MAX_SOURCE = 2 * 1024 * 1024
_TEST = re.compile(r"(?:^|\.)(?:tests?|testing|test_\w+|conftest)(?:\.|$)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")
_TEMPLATE = frozenset(
    "filter tag simple_tag inclusion_tag simple_block_tag assignment_tag stringfilter pass_context "
    "pass_environment pass_eval_context environmentfilter contextfilter evalcontextfilter".split()
)
"""Decorators of functions that templates call."""
_KNOWN = frozenset({Kind.MODULE, Kind.EXTERNAL, Kind.FUNCTION, Kind.BOUND, Kind.CONTAINER, Kind.PARTIAL})


class Entry(NamedTuple):
    """A function that is likely to be called from a line of an own unit, and why."""

    unit: str
    line: int
    function: str
    why: str


class Likely:
    """The entries of one program, once the exact analysis is done."""

    def __init__(self, work: Evaluator, outside: Outside, in_templates: Iterable[str] = ()) -> None:
        """`in_templates` are the filters and tags that the application's templates use."""
        self.work = work
        self.program = work.program
        self._outside = outside
        self._in_templates = frozenset(in_templates)

    def load(self) -> None:
        """Load the modules that strings name; their bodies are to be evaluated before `enter`."""
        for _, _, text in self._texts():
            self.program.load(text.rpartition(".")[0])
        wanted = {node.attr for _, node in self._open() if not self._having(node.attr)}
        for name in unloaded(self.program, wanted):
            self.program.load(name)

    def enter(self) -> list[Entry]:
        """All entries; from now on they count as called."""
        found = list(dict.fromkeys((*self._configured(), *self._by_name(), *self._of_templates())))
        for one in found:
            self.work.edges.setdefault(one.unit, {}).setdefault(one.function, one.line)
            self._outside.call(one.function)
        return found

    # -- attributes of objects that are not known

    def _by_name(self) -> Iterator[Entry]:
        for unit, node in self._open():
            for function in self._having(node.attr):
                yield Entry(unit, node.lineno, function, f"an object there has .{node.attr}")

    def _open(self) -> Iterator[tuple[str, ast.Attribute]]:
        """The attributes in own source of which the exact analysis knows nothing, with their units."""
        for unit, scope, nodes in list(self._own()):
            for node in nodes:
                if isinstance(node, ast.Attribute) and self._is_open(node, unit, scope):
                    yield unit, node

    def _own(self) -> Iterator[tuple[str, Scope, Iterable[ast.AST]]]:
        for module in self.program.modules.values():
            scope = self.program.scopes.get(module.name)
            if module.own and scope is not None and module.tree is not None:
                yield module.name, scope, own_nodes(module.tree)
        for function in self.program.functions.values():
            if function.module.own:
                yield function.name, function.scope, own_nodes(function.node)
        for cls in self.program.classes.values():
            if cls.module.own:
                yield cls.scope.unit, cls.scope, own_nodes(cls.node)

    def _is_open(self, node: ast.Attribute, unit: str, scope: Scope) -> bool:
        """Whether the exact analysis knows nothing of this attribute."""
        if node.attr in COMMON or node.attr.startswith("_") or not isinstance(node.ctx, ast.Load):
            return False
        if isinstance(node.value, ast.Constant | ast.JoinedStr):
            return False
        self.work.unit, self.work.tables.task = unit, None
        try:
            owners = self.work.value(node.value, scope)
        except RecursionError:
            return False
        return not any(one.kind in _KNOWN or self._has(one, node.attr) for one in owners)

    def _has(self, owner: Value, name: str) -> bool:
        """Whether a value has an attribute of its own name; a function made at run time has another."""
        found = self.program.attribute(owner, name)
        made = [one for one in found if one.kind in {Kind.FUNCTION, Kind.BOUND}]
        return bool(found) and (len(made) < len(found) or any(_last(one.name) == name for one in made))

    def _having(self, name: str) -> list[str]:
        """Methods and properties of packages by this name, where few classes have it."""
        functions = [
            f for each in self.program.by_name.get(name, ()) if (f := self._packaged(each)) and f.owner
        ]
        found = {one.name: one.owner for one in functions}
        for owner in self.program.tables.owners.get(name, ()):
            if owner in self.program.classes and not self.program.is_own(owner):
                for value in self.program.tables.values.get((owner, name), ()):
                    if value.kind is Kind.PROPERTY:
                        getters = self.program.tables.values.get((value.name, "get"), ())
                        found |= {one.name: owner for one in getters if one.kind is Kind.FUNCTION}
        roots = {self._root(owner, name) for owner in found.values()}
        return list(found) if len(roots) <= FEW else []

    def _root(self, owner: str, name: str) -> str:
        """The highest class above one that has the attribute too."""
        above = [one for one in self.program.linear(owner) if name in self.program.tables.keys.get(one, ())]
        return above[-1] if above else owner

    def _packaged(self, name: str) -> Function | None:
        function = self.program.functions.get(name)
        return None if function is None or function.module.own else function

    # -- names in strings

    def _configured(self) -> Iterator[Entry]:
        """Whole names of classes and functions of packages in own strings."""
        for unit, line, text in self._texts():
            for function in self._named(text):
                yield Entry(unit, line, function, f'"{text}" is loaded by its name')

    def _texts(self) -> list[tuple[str, int, str]]:
        """(unit, line, text) of own strings that are dotted names."""
        return [
            (unit, node.lineno, node.value)
            for unit, _, nodes in self._own()
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.match(node.value)
        ]

    def _named(self, text: str) -> Iterator[str]:
        parent, _, last = text.rpartition(".")
        module = self.program.known(parent)
        if module is None or module.own:
            return
        for one in self.program.attribute(Value(Kind.MODULE, module.name), last):
            if one.kind is Kind.FUNCTION:
                yield one.name
            elif one.kind is Kind.CLASS:
                yield from self.program.methods(one.name)

    # -- templates

    def _of_templates(self) -> Iterator[Entry]:
        """Functions that packages offer to templates by the names that the application's templates use."""
        own = next((one.name for one in self.program.modules.values() if one.own), "")
        for word in sorted(self._in_templates):
            for name in (word, f"do_{word}"):
                for each in self.program.by_name.get(name, ()):
                    function = self._packaged(each)
                    if function is not None and (function.decorators & _TEMPLATE or name != word):
                        yield Entry(own, 0, each, f"a template uses {word}")


def unloaded(program: Program, names: Iterable[str]) -> Iterator[str]:
    """Modules that nothing loads of the packages in use, in which a few classes have one of these attributes.

    A server, not the application, imports the classes of the objects that it hands in.
    """
    wanted = "|".join(sorted(map(re.escape, names)))
    if not wanted:
        return
    having = re.compile(
        rf"^[ \t]+(?:(?:async )?def[ \t]+({wanted})[ \t]*\(|({wanted})[ \t]*=[^=])", re.MULTILINE
    )
    found: dict[str, list[str]] = {}
    for module in _not_loaded(program):
        for first, second in set(having.findall(_text(module))):
            found.setdefault(first or second, []).append(module.name)
    for modules in found.values():
        if len(modules) <= FEW:
            yield from modules


def _not_loaded(program: Program) -> Iterator[Module]:
    """The modules below the packages of which some are loaded, tests apart."""
    waiting = [one for one in program.modules.values() if one.package and not one.own and "." not in one.name]
    count = 0
    while waiting:
        module = waiting.pop()
        for name in program.finder.children(module):
            count += 1
            child = program.finder.find(name)
            if child is None or count > MAX_MODULES or _TEST.search(name):
                continue
            waiting.append(child)
            if name not in program.modules:
                yield child


def _text(module: Module) -> str:
    try:
        if module.file is None or module.file.stat().st_size > MAX_SOURCE:
            return ""
        return module.file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _last(name: str) -> str:
    return name.rpartition(".")[2].partition(":")[0]


def why_of(entries: Iterable[Entry]) -> Mapping[tuple[str, str], str]:
    """(unit, function) -> why it is likely to be called."""
    return {(one.unit, one.function): one.why for one in entries}
