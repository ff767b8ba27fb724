"""The tool that asks who chooses the arguments of a symbol's calls, and what it needs of the application."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from pathlib import Path

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.code import MAX_PROOF, called_by_name
from icelos.jobs.vulns.investigation.control import Control, Origin, Site
from icelos.jobs.vulns.investigation.module_source import ModuleSource, called, parsed
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.reachability import Call, Standing
from icelos.jobs.vulns.verdicts import Label


def arguments(case: Case, symbol: str) -> Observation:
    """The reachable calls of a symbol, and whether what they are given is written in the source."""
    arguments_ = {"symbol": symbol}
    calls = [(one, _written(one, symbol)) for one in own_calls(case, symbol)]
    sites = [(Site(Path(one.file), one.line, one.caller), text) for one, text in calls]
    if not sites:
        sites = _sites_by_name(case, symbol)
    if not sites:
        why = f"no call of {symbol} in the application's own source"
        return Observation("arguments", arguments_, "", open=why)
    name = symbol.rpartition(".")[2]
    origins = [control(case).of_call(site, name) for site, _ in sites]
    listed = tuple(
        Evidence(f"{text}  [{where}]", f"{case.target.place(str(site.file))}:{site.line}", How.TOOL)
        for (site, text), where in zip(sites[:MAX_PROOF], origins, strict=False)
    )
    if all(one is Origin.FIXED for one in origins):
        says = f"all {len(sites)} calls of {symbol} are given values of the source or of shipped files"
        return Observation("arguments", arguments_, says, listed, rules_out=Label.CODE_NOT_REACHABLE)
    if set(origins) <= {Origin.FIXED, Origin.CHOSEN}:
        says = f"all {len(sites)} calls of {symbol} are given one of a fixed set of values of the source"
        label = Label.PROTECTED_BY_MITIGATING_CONTROL
        return Observation("arguments", arguments_, says, listed, rules_out=label)
    outside = sum(one is Origin.OUTSIDE for one in origins)
    says = f"{len(sites)} calls of {symbol}, {outside} with values plainly from outside"
    return Observation("arguments", arguments_, says, listed, supports=outside > 0)


def _sites_by_name(case: Case, symbol: str) -> list[tuple[Site, str]]:
    """Open calls in own source that have the symbol's name, and one that is likely to lead to it at once."""
    found = case.target.graph.reach(symbol)
    if found.standing is Standing.LIKELY and len(found.path) == 1:
        first, last = found.path[0], symbol.rpartition(".")[2]
        module = parsed(Path(first.file))
        if module is not None and any(called(call) == last for call in module.calls_at(first.line)):
            return [(Site(Path(first.file), first.line, first.function), f"{last}(…)")]
        return []  # an attribute, which is given nothing
    lines = called_by_name(case, symbol, found) if found.standing is Standing.UNKNOWN else []
    sites = []
    for one in lines:
        name, _, line = one.source.rpartition(":")
        sites.append((Site(case.target.root / name, int(line), ""), one.quote))
    return sites


def own_calls(case: Case, symbol: str) -> list[Call]:
    """Calls of a symbol that stand in the application's own source."""
    own = {str(path) for path in case.target.application.sources}
    return [one for one in case.target.graph.calls_of(symbol) if str(Path(one.file)) in own]


def control(case: Case, made: Callable[[ast.Call, ModuleSource], bool] | None = None) -> Control:
    """Answers about values of the application; `made` as in `Control`."""
    return Control(lambda name: _callers(case, name), lambda name, file: _ships(case, name, file), made)


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


def _written(call: Call, symbol: str) -> str:
    keywords = [f"{name}={value}" for name, value in call.keywords.items()]
    return f"{symbol.rpartition('.')[2]}({', '.join((*call.arguments, *keywords))})"[:300]
