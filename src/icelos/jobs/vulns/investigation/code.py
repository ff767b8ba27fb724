"""Tools that read code: where a symbol is defined, whether it is loaded, reached, and with what arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.control import Control, Origin, Site
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.reachability import Call, Standing, Step
from icelos.jobs.vulns.verdicts import Label

MAX_PROOF = 12
_PLAIN = frozenset(
    [
        "load",
        "loads",
        "dump",
        "dumps",
        "open",
        "read",
        "write",
        "get",
        "set",
        "put",
        "post",
        "head",
        "delete",
        "update",
        "clean",
        "parse",
        "run",
        "call",
        "main",
        "send",
        "save",
        "init",
        "start",
        "stop",
        "close",
        "encode",
        "decode",
        "format",
        "render",
        "compile",
        "match",
        "search",
        "find",
        "join",
        "split",
        "copy",
        "data",
        "name",
        "value",
        "text",
        "key",
        "form",
        "field",
        "request",
        "response",
    ]
)
"""Names so common that their mention in a file tells nothing."""


def symbol(case: Case, name: str) -> Observation:
    """Where the installed package defines a name; a package without it does not have the flaw in it."""
    found = case.definitions.named(tuple(part for part in name.split(".") if part) or (name,))
    arguments_ = {"name": name}
    if case.distribution is None:
        return Observation("symbol", arguments_, "", open="the component's files are not in the target")
    if not found:
        return Observation(
            "symbol", arguments_, f"{case.component.name} defines no {name} in its Python source"
        )
    listed = tuple(
        Evidence(f"{one.kind} {one.symbol}", f"{one.file}:{one.line}", How.TOOL) for one in found[:MAX_PROOF]
    )
    return Observation("symbol", arguments_, f"{len(found)} definitions of {name}", listed)


def imports(case: Case, module: str) -> Observation:
    """Whether the application loads a module, directly or through what it loads."""
    arguments_ = {"module": module}
    if not case.target.application.sources:
        return Observation(
            "imports", arguments_, "", open="no Python source of the application in the target"
        )
    steps = case.target.graph.imports(module)
    if steps:
        return Observation("imports", arguments_, f"{module} is loaded", _places(case, steps), supports=True)
    named = case.target.application.mentions(re.compile(rf"(?<![\w.-]){re.escape(module)}(?![\w-])"), limit=3)
    named = [one for one in named if not one.quote.lstrip().startswith("#")]
    if named:
        return Observation(
            "imports", arguments_, "", tuple(named), open=f"{module} is not imported, but named"
        )
    return Observation("imports", arguments_, f"{module} is never loaded", rules_out=Label.CODE_NOT_REACHABLE)


def reach(case: Case, symbol: str) -> Observation:
    """Whether calls lead from the application's own source to a symbol."""
    arguments_ = {"symbol": symbol}
    if not case.target.application.sources:
        return Observation("reach", arguments_, "", open="no Python source of the application in the target")
    found = case.target.graph.reach(symbol)
    written = in_templates(case, symbol)
    if written and found.standing is not Standing.REACHED:
        says = f"{symbol} is named where templates call functions"
        return Observation("reach", arguments_, says, tuple(written), supports=True)
    if found.standing is Standing.REACHED:
        return Observation(
            "reach", arguments_, f"{symbol} is reached: {found.why}", _places(case, found.path), supports=True
        )
    if found.standing is Standing.UNKNOWN:
        return Observation("reach", arguments_, "", _places(case, found.unknown), open=found.why)
    named = mentioned(case, symbol)
    if named:
        why = f"no call leads to {symbol}, but files that are no calls name it"
        return Observation("reach", arguments_, "", tuple(named), open=why)
    return Observation(
        "reach", arguments_, f"{symbol} is not reached: {found.why}", rules_out=Label.CODE_NOT_REACHABLE
    )


def in_templates(case: Case, symbol: str) -> list[Evidence]:
    """Lines of own templates that use a function as a filter or tag: `{{ text|urlize }}`, `{% debug %}`."""
    last = re.escape(symbol.rpartition(".")[2])
    pattern = re.compile(rf"\|\s*{last}\b(?=[^\n]*[}}%])|{{%-?\s*{last}\b|{{{{-?\s*[^}}\n]*\b{last}\(")
    return case.target.application.mentions(pattern, limit=5)


def mentioned(case: Case, symbol: str) -> list[Evidence]:
    """Lines of templates and settings, and strings in Python, that name a symbol: frameworks load it by them."""
    last = symbol.rpartition(".")[2]
    application = case.target.application
    dotted = (
        application.mentions(re.compile(rf"[\"'][\w.:]*\b{re.escape(last)}[\"']"), limit=3)
        if last not in _PLAIN
        else []
    )
    if last in _PLAIN or len(last) < 4:
        return dotted
    return dotted + application.mentions(re.compile(rf"\b{re.escape(last)}\b"), limit=3, python=False)


def arguments(case: Case, symbol: str) -> Observation:
    """The reachable calls of a symbol, and whether what they are given is written in the source."""
    arguments_ = {"symbol": symbol}
    calls = own_calls(case, symbol)
    if not calls:
        return Observation(
            "arguments", arguments_, "", open=f"no call of {symbol} in the application's own source"
        )
    origins = [origin(case, one, symbol) for one in calls]
    listed = tuple(
        Evidence(f"{_written(one, symbol)}  [{where}]", f"{case.target.place(one.file)}:{one.line}", How.TOOL)
        for one, where in zip(calls[:MAX_PROOF], origins, strict=False)
    )
    if all(one is Origin.FIXED for one in origins):
        says = f"all {len(calls)} calls of {symbol} are given values that stand in the source or in shipped files"
        return Observation("arguments", arguments_, says, listed, rules_out=Label.CODE_NOT_REACHABLE)
    outside = sum(one is Origin.OUTSIDE for one in origins)
    says = f"{len(calls)} calls of {symbol}, {outside} with values plainly from outside"
    return Observation("arguments", arguments_, says, listed, supports=outside > 0)


def own_calls(case: Case, symbol: str) -> list[Call]:
    """Calls of a symbol that stand in the application's own source."""
    own = {str(path) for path in case.target.application.sources}
    return [one for one in case.target.graph.calls_of(symbol) if str(Path(one.file)) in own]


def origin(case: Case, call: Call, symbol: str) -> Origin:
    """Where the arguments of one call come from."""
    control = Control(lambda name: _callers(case, name), lambda name, file: _ships(case, name, file))
    name = symbol.rpartition(".")[2]
    return control.of_call(Site(Path(call.file), call.line, call.caller), name)


def _callers(case: Case, name: str) -> Sequence[Site]:
    """The calls of an own function; none where it is handed on as a value, and so called from elsewhere."""
    last = name.rpartition(".")[2]
    for path in case.target.application.sources:
        if _is_handed_on(path, last):
            return []
    return [Site(Path(one.file), one.line, one.caller) for one in case.target.graph.calls_of(name)]


def _is_handed_on(path: Path, name: str) -> bool:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return any(
        id(node) not in called
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load))
    )


def _ships(case: Case, name: str, file: Path) -> bool:
    """Whether the target holds a file by this name, beside the code or from its root."""
    tree, folder = case.target.tree, Path(case.target.place(str(file))).parent.as_posix()
    return tree.exists(f"{folder}/{name}") or tree.exists(name.lstrip("/"))


def _places(case: Case, steps: Sequence[Step]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(one.function, f"{case.target.place(one.file)}:{one.line}", How.TOOL)
        for one in steps[:MAX_PROOF]
    )


def _written(call: Call, symbol: str) -> str:
    keywords = [f"{name}={value}" for name, value in call.keywords.items()]
    return f"{symbol.rpartition('.')[2]}({', '.join((*call.arguments, *keywords))})"[:300]
