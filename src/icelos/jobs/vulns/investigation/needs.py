"""What vulnerable code needs before it runs at all: packages that are optional, options that are off."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.module_source import ModuleSource, parsed
from icelos.jobs.vulns.reachability import Call

_FAILED = frozenset({"ImportError", "ModuleNotFoundError"})
_SHORT = 4
"""Options with shorter names are not told from other words."""


class Need(msgspec.Struct, frozen=True):
    """A package or an option by its name, with where the code asks for it."""

    name: str
    proof: tuple[Evidence, ...]


def missing_package(case: Case, symbols: Sequence[str]) -> Need | None:
    """A package without which none of the symbols works, and which is not installed.

    Their module imports it where a failure is caught, and they, or their classes, refuse to work without it;
    that they use it alone would not do, as there may be another way for those who have it not.
    """
    found: dict[str, dict[str, Evidence]] = {}
    for symbol in symbols:
        module = _module(case, symbol)
        if module is None:
            return None
        text = _text(case, symbol)
        for node, names in _optional(module):
            for top in {top for name, top in names.items() if _demands(text, name)}:
                place = f"{case.target.place(str(module.file))}:{node.lineno}"
                proof = Evidence(f"{symbol} refuses to work without {top}", place, How.TOOL)
                found.setdefault(top, {})[symbol] = proof
    for top, proofs in found.items():
        if len(proofs) == len(set(symbols)) and not _is_there(case, top):
            return Need(top, tuple(proofs.values())[:5])
    return None


def unset_option(case: Case, symbols: Sequence[str]) -> Need | None:
    """An option without which none of the symbols is called, and which nothing here sets."""
    proof: list[Evidence] = []
    names: list[str] = []
    for symbol in symbols:
        found = _gates(case, [symbol]) or _gates(case, case.target.graph.heirs(symbol))
        if not found:
            return None
        names.append(found[0].name)
        proof.extend(one.proof[0] for one in found)
    return Need(names[0], tuple(proof[:5])) if names else None


def _gates(case: Case, symbols: Sequence[str]) -> list[Need]:
    """For each call of functions or classes the option that it needs; nothing where one needs none."""
    found: list[Need] = []
    for call in (one for symbol in symbols for one in case.target.graph.calls_of(symbol)):
        module = parsed(Path(call.file))
        name = _off(case, module, call) if module else ""
        if not name:
            return []
        place = f"{case.target.place(call.file)}:{call.line}"
        found.append(Need(name, (Evidence(f"only where {name} is set", place, How.TOOL),)))
    return found


def _off(case: Case, module: ModuleSource, call: Call) -> str:
    """An option or parameter that a call needs and nothing gives, "" for none."""
    around = module.function_at(call.line)
    for name in _options(module, call.line) if around is not None else ():
        if _is_unset(case, name):
            return name
        if around is not None and _is_off(around, name) and _is_left_out(case, call.caller, around, name):
            return name
    return ""


def _is_left_out(case: Case, function: str, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Whether no call of a function gives one of its parameters."""
    written = re.compile(rf"(?<![\w.]){re.escape(name)}\s*=(?!=)")
    application = case.target.application
    if any(written.search(application.text(one)) for one in application.files if one.endswith(".py")):
        return False
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    most = names.index(name) if name in names else len(names)
    calls = case.target.graph.calls_of(function)
    return bool(calls) and not any(
        name in one.keywords
        or "**" in one.keywords
        or len(one.arguments) > most
        or any(text.startswith("*") for text in one.arguments)
        for one in calls
    )


def _module(case: Case, symbol: str) -> ModuleSource | None:
    file, _, _ = case.definitions.source_of(symbol)
    return parsed(case.distribution.folder / file) if file and case.distribution else None


def _text(case: Case, symbol: str) -> str:
    """The source of a symbol; of a method, that of its class."""
    _, _, above = case.definitions.source_of(symbol.rpartition(".")[0])
    _, _, own = case.definitions.source_of(symbol)
    return above if own and own in above else own


def _optional(module: ModuleSource) -> Iterator[tuple[ast.Try, dict[str, str]]]:
    """The imports whose failure a module catches: name -> top package."""
    for node in module.nodes:
        if isinstance(node, ast.Try) and any(_catches(one) for one in node.handlers):
            names: dict[str, str] = {}
            for one in node.body:
                if isinstance(one, ast.Import):
                    names |= {(a.asname or a.name).split(".")[0]: a.name.split(".")[0] for a in one.names}
                elif isinstance(one, ast.ImportFrom) and one.module and not one.level:
                    names |= {a.asname or a.name: one.module.split(".")[0] for a in one.names}
            tries = [one for one in node.handlers for inner in ast.walk(one) if _imports(inner)]
            if names and not tries:  # another package does as well where a handler imports it
                yield node, names


def _demands(text: str, name: str) -> bool:
    """Whether code asserts that a name is there, or raises where it is not."""
    raised = rf"\bif\s+(?:not\s+{name}|{name}\s+is\s+None)\s*:[^\n]*\n\s*raise\b"
    return bool(re.search(rf"\bassert[\s(]+{name}(?!\w)|{raised}", text))


def _imports(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _catches(handler: ast.ExceptHandler) -> bool:
    match handler.type:
        case None:
            return True
        case ast.Tuple(elts=elts):
            return any(isinstance(one, ast.Name) and one.id in _FAILED for one in elts)
        case ast.Name(id=name):
            return name in _FAILED
    return False


def _is_there(case: Case, top: str) -> bool:
    """Whether a package can be imported: of Python itself, the application, or installed."""
    if top in sys.stdlib_module_names:
        return True
    own = {path.parent for path in case.target.application.sources}
    folders = {*case.target.application.packages, *own, case.target.root}
    return any((one / top).is_dir() or any(one.glob(f"{top}.*")) for one in folders if one.is_dir())


def _options(module: ModuleSource, line: int) -> list[str]:
    """The options that have to be on for a line to be reached."""
    around = module.function_at(line)
    if around is None:
        return []
    found: list[str] = []
    for node in ast.walk(around):
        if isinstance(node, ast.If) and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0):
            found.extend(_asked(node.test, around, module))
    return found


def _asked(test: ast.expr, around: ast.FunctionDef | ast.AsyncFunctionDef, module: ModuleSource) -> list[str]:
    """The options that a test asks for, each of which is needed for it to hold."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return [name for one in values for name in _asked(one, around, module)]
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *rest]):
            return [name] if all(isinstance(one, ast.Constant) and not one.value for one in rest) else []
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return [name]
        case ast.Name(id=name):
            given = module.assigned(around, name) or []
            if len(given) == 1 and not isinstance(given[0], ast.Name):
                return _asked(given[0], around, module)
            return [name] if not given and _is_off(around, name) else []
    return []


def _is_off(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Whether a parameter is false where it is not given."""
    written = function.args
    names = [*written.posonlyargs, *written.args]
    given = dict(zip(reversed([one.arg for one in names]), reversed(written.defaults), strict=False))
    given |= {
        one.arg: value for one, value in zip(written.kwonlyargs, written.kw_defaults, strict=True) if value
    }
    default = given.get(name)
    return isinstance(default, ast.Constant) and not default.value


def _is_unset(case: Case, name: str) -> bool:
    """Whether neither the application's files nor any package gives an option a value."""
    if len(name) < _SHORT or case.target.mentions.is_own_word(name):
        return False
    word = re.escape(name)
    given = re.compile(
        rf"[\"']{word}[\"']\]\s*=(?!=)\s*(?!False|None|0\b)|(?<![\w.]){word}\s*=\s*True\b|"
        rf"[\"']{word}[\"']\s*:\s*(?!False|None|0\b)"
    )
    return not any(name in one.text and given.search(one.text) for one in case.target.mentions.all_files)
