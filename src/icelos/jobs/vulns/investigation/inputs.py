"""The tool that asks what a package is given at all: where that is the application's own, nobody attacks it.

It answers for packages that work on what they are handed and nothing else: no module of theirs, or of what
they import, takes data from a network or another process. Then all that reaches the vulnerable code comes
through the application's own calls, and these can be read.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.arguments import control
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.code import MAX_PROOF
from icelos.jobs.vulns.investigation.control import OUTSIDE_NAMES, Control, Origin, Site
from icelos.jobs.vulns.investigation.definitions import Kind
from icelos.jobs.vulns.investigation.module_source import ModuleSource, called, parsed
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.package_text import SourceFile
from icelos.jobs.vulns.verdicts import Label

MAX_SYMBOLS = 4000
"""Functions and classes of a package; one that has more is not looked at."""
_TAKING = re.compile(
    r"\b(?:socket|socketserver|ssl|http|urllib2|urllib\.request|urlopen|ftplib|smtplib|imaplib|poplib|"
    r"telnetlib|xmlrpc|subprocess|asyncio|multiprocessing|selectors|pty|webbrowser|sqlite3|ctypes|cffi)\b"
)
"""Modules through which data come in from elsewhere."""
_CALLED = frozenset({Kind.FUNCTION, Kind.CLASS})
_TOP = re.compile(r"(?:\bfrom|\bimport|,)\s+(\w+)")


def inputs(case: Case) -> Observation:
    """Whether all that the application hands to the package stands in its own source or in shipped files."""
    if case.distribution is None or not case.target.application.sources:
        return Observation("inputs", {}, "", open="no Python source of the application or of the package")
    names = _names(case)
    if names is None:
        return Observation("inputs", {}, "", open=f"{case.component.name} is too large to look at its calls")
    made = control(case, lambda call, module: _is_ours(call, module, case.modules, names))
    callers = _callers(case)
    if callers is None:
        return Observation("inputs", {}, "", open=f"{case.component.name} is called by other packages too")
    given: list[tuple[Evidence, Origin]] = []
    for path in case.target.application.sources:
        module = parsed(path)
        if module is None:
            return Observation("inputs", {}, "", open=f"{case.target.place(str(path))} cannot be read")
        if _hands_over_code(module, case.modules, names):
            why = f"{case.target.place(str(path))} gives the package code or attributes of its own"
            return Observation("inputs", {}, "", open=why)
        given.extend(_given(case, module, names, made, callers))
    if not given:
        return Observation("inputs", {}, "", open=f"no call of {case.component.name} in own source")
    listed = tuple(proof for proof, _ in given[:MAX_PROOF])
    if all(origin is Origin.FIXED for _, origin in given):
        if taking := _takes(case):
            return Observation("inputs", {}, "", open=f"{taking}, so that it may get data by itself")
        name = case.component.name
        says = f"all {len(given)} calls of {name} are given values of the source or of shipped files"
        return Observation("inputs", {}, says, listed, Label.CODE_NOT_REACHABLE)
    return Observation("inputs", {}, f"{len(given)} calls of {case.component.name}, not all with own values")


def _takes(case: Case) -> str:
    """What of a package, or of what it imports, takes data from elsewhere; "" for nothing."""
    modules = {one.module: one for one in case.target.mentions.all_files}
    graph = case.target.graph
    waiting, seen = list(case.modules), set[str]()
    while waiting:
        top = waiting.pop()
        if top in seen:
            continue
        seen.add(top)
        files = [one for name, one in modules.items() if name.partition(".")[0] == top]
        if not files and top not in sys.stdlib_module_names:
            if graph.imports(top):
                return f"{top} has no source"
            continue
        for one in files:
            for line, text in one.imports_at:
                match = _TAKING.search(text)
                inside = one.function_around(line, text) if match else ""
                if match and (not inside or graph.is_reached(inside) or graph.is_likely(inside)):
                    return f"{one.module} imports {match.group(0)}"
            waiting.extend(_imported(one))
    return ""


def _imported(file: SourceFile) -> Iterable[str]:
    return (top for top in _TOP.findall(file.imports) if top not in sys.stdlib_module_names)


def _names(case: Case) -> frozenset[str] | None:
    """The names of the package's functions and classes, None where they are too many."""
    found = [one for one in case.definitions.all if one.kind in _CALLED]
    return frozenset(one.name for one in found) if len(found) <= MAX_SYMBOLS else None


def _callers(case: Case) -> dict[tuple[str, int], str] | None:
    """(file, line) of own calls of the package -> the function around; None where others call it too."""
    own = {str(path) for path in case.target.application.sources}
    found: dict[tuple[str, int], str] = {}
    for one in case.definitions.all:
        for call in case.target.graph.calls_of(one.symbol) if one.kind in _CALLED else ():
            file = str(Path(call.file))
            if file in own:
                found[file, call.line] = call.caller
            elif call.caller.partition(".")[0] not in case.modules:
                return None
    return found


def _given(
    case: Case,
    module: ModuleSource,
    names: frozenset[str],
    made: Control,
    callers: Mapping[tuple[str, int], str],
) -> Iterator[tuple[Evidence, Origin]]:
    """The calls in a module that may be of the package, with where their arguments come from."""
    place = case.target.place(str(module.file))
    for call in module.calls:
        if _is_ours(call, module, case.modules, names):
            site = Site(module.file, call.lineno, callers.get((str(module.file), call.lineno), ""))
            proof = Evidence(ast.unparse(call)[:200], f"{place}:{call.lineno}", How.TOOL)
            yield proof, made.of_node(call, site)


def _is_ours(call: ast.Call, module: ModuleSource, tops: tuple[str, ...], names: frozenset[str]) -> bool:
    return called(call) in names and not _is_of_another(call, module, tops)


def _is_of_another(call: ast.Call, module: ModuleSource, tops: tuple[str, ...]) -> bool:
    """Whether a call is plainly of something else: of another import, an own function, a request."""
    root = _root(call.func)
    if root is None:
        return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Constant)
    if root in module.imports:
        return module.imports[root] not in tops
    return root in OUTSIDE_NAMES or (isinstance(call.func, ast.Name) and root in module.defined)


def _hands_over_code(module: ModuleSource, tops: tuple[str, ...], names: frozenset[str]) -> bool:
    """Whether a module subclasses the package's classes, sets attributes there or gives it functions."""
    own = {name for name, top in module.imports.items() if top in tops}
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and any((_root(base) or "") in own for base in node.bases):
            return True
        if isinstance(node, ast.Attribute | ast.Subscript) and _is_set_in(node, own):
            return True
        if isinstance(node, ast.Call) and called(node) in names:
            inside = (part for one in (*node.args, *node.keywords) for part in ast.walk(one))
            if any(
                isinstance(part, ast.Lambda) or (isinstance(part, ast.Name) and part.id in module.defined)
                for part in inside
            ):
                return True
    return False


def _is_set_in(node: ast.Attribute | ast.Subscript, names: set[str]) -> bool:
    return not isinstance(node.ctx, ast.Load) and (_root(node) or "") in names


def _root(node: ast.expr) -> str | None:
    """The first name of a dotted expression, None where it begins otherwise."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
