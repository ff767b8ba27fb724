"""Tools that read code: where a symbol is defined, whether it is loaded, reached, and with what arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.definitions import Kind
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.reachability import Reach, Standing, Step
from icelos.jobs.vulns.verdicts import Label

MAX_PROOF = 12
_PLUGGED = re.compile(
    r"(?:Validator|Middleware|Backend|Hasher|Storage|Handler|Renderer|Loader|Finder|Processor|Authentication|"
    r"Permission|Serializer|Engine|Extension|Plugin)$"
)
"""Ends of class names that frameworks give to what settings plug in."""
_PLAIN = frozenset(
    """
    load loads dump dumps open read write get set put post head delete update clean parse run call main
    send save init start stop close encode decode format render compile match search find join split
    copy data name value text key form field request response
    """.split()
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
    opened = case.target.graph.open_imports()
    if opened:
        why = f"{module} is not imported by name, but own code imports what it is told at run time"
        return Observation("imports", arguments_, "", _places(case, opened), open=why)
    if case.target.graph.may_be_named(module):
        return Observation(
            "imports", arguments_, "", open=f"{module} may be loaded by a name that is made up"
        )
    return Observation("imports", arguments_, f"{module} is never loaded", rules_out=_absent(case, module))


def reach(case: Case, symbol: str) -> Observation:
    """Whether calls lead from the application's own source to a symbol."""
    arguments_ = {"symbol": symbol}
    if not case.target.application.sources:
        return Observation("reach", arguments_, "", open="no Python source of the application in the target")
    configured = _configured(case, symbol)
    if configured:
        says = f"own settings name {symbol}, which is loaded by its name"
        return Observation("reach", arguments_, says, tuple(configured), supports=True)
    kind = case.definitions.kind_of(symbol)
    if kind is Kind.MODULE:
        return _module(case, symbol)
    if kind is Kind.VALUE:
        return _value(case, symbol)
    graph = case.target.graph
    calls = (one for one in case.symbols if case.definitions.kind_of(one) is not Kind.MODULE)
    other = next((one for one in calls if graph.is_reached(one)), symbol)
    if other != symbol and not graph.is_reached(symbol):
        why = f"not pursued: {other}, which the advisory names too, is reached"
        return Observation("reach", arguments_, "", open=why)
    found = graph.reach(symbol)
    says, proof = _way(case, symbol, found)
    if says:
        return Observation("reach", arguments_, says, tuple(proof), supports=True)
    why, proof = _doubt(case, symbol, found)
    if why:
        named = case.target.mentions.unused(symbol) if found.standing is Standing.UNKNOWN else None
        if named is None:
            return Observation("reach", arguments_, "", tuple(proof), open=why)
        says = f"{symbol} is not used: nothing that runs names it, or what names it"
        proof = tuple(Evidence(one, "packages", How.TOOL) for one in named[:MAX_PROOF])
        return Observation("reach", arguments_, says, proof, rules_out=_absent(case, symbol))
    says = f"{symbol} is not reached: {found.why}"
    return Observation("reach", arguments_, says, rules_out=_absent(case, symbol))


def _way(case: Case, symbol: str, found: Reach) -> tuple[str, Sequence[Evidence]]:
    """What leads to a symbol, and where; "" for nothing."""
    if found.standing in {Standing.REACHED, Standing.LIKELY}:
        how = "is reached" if found.standing is Standing.REACHED else "is likely reached"
        return f"{symbol} {how}: {found.why}", _places(case, found.path)
    written = in_templates(case, symbol)
    if written:
        return f"{symbol} is named where templates call functions", written
    by_name = called_by_name(case, symbol, found) if found.standing is Standing.UNKNOWN else []
    return (f"own code calls something by the name of {symbol}" if by_name else ""), by_name


def _doubt(case: Case, symbol: str, found: Reach) -> tuple[str, Sequence[Evidence]]:
    """Why it cannot be said that nothing leads to a symbol; "" where it can."""
    if found.standing is Standing.UNKNOWN:
        return found.why, _places(case, found.unknown)
    if case.definitions.kind_of(symbol) is None and not symbol.rpartition(".")[2].islower():
        return f"{symbol} is a name inside of a binary module, which Python code need not call by it", ()
    opened = case.target.graph.open_imports()
    if opened and not any(case.target.graph.imports(module) for module in case.modules):
        why = f"{symbol} is not imported by name, but own code imports what it is told at run time"
        return why, _places(case, opened)
    named = mentioned(case, symbol)
    return (f"no call leads to {symbol}, but files that are no calls name it" if named else ""), named


def _configured(case: Case, symbol: str) -> list[Evidence]:
    """Strings in own files that are the symbol's whole name, where its package imports what settings name."""
    if not case.definitions.loads_by_name or "." not in symbol:
        return []
    return case.target.application.mentions(re.compile(rf"[\"']{re.escape(symbol)}[\"']"), limit=3)


def _absent(case: Case, symbol: str) -> Label:
    """What it means that nothing leads to a symbol: plug-ins of a framework are a matter of configuration."""
    owner = symbol if case.definitions.kind_of(symbol) is Kind.CLASS else symbol.rpartition(".")[0]
    is_class = case.definitions.kind_of(owner) is Kind.CLASS
    plugged = case.definitions.is_installed_app(symbol) or (is_class and _PLUGGED.search(owner) is not None)
    if plugged and case.definitions.loads_by_name:
        return Label.REQUIRES_CONFIGURATION
    return Label.CODE_NOT_REACHABLE


def _value(case: Case, symbol: str) -> Observation:
    """A value at the top of a module, of which no call tells: who names it."""
    arguments_ = {"symbol": symbol}
    last = re.escape(symbol.rpartition(".")[2])
    own = re.compile(rf"^[^#\n]*(?:\bimport\b[^#\n]*(?<!\w){last}(?!\w)|\.{last}(?!\w))", re.MULTILINE)
    loaded = any(case.target.graph.imports(module) for module in case.modules)
    named = case.target.application.mentions(own, limit=3) if loaded else []
    if [one for one in named if one.source.partition(":")[0].endswith(".py")]:
        return Observation("reach", arguments_, f"own code uses {symbol}", tuple(named), supports=True)
    unused = case.target.mentions.unused(symbol)
    if unused is None and not case.target.mentions.is_named_elsewhere(symbol):
        users = case.definitions.users_of(symbol)
        if all(reach(case, one).rules_out for one in users):
            unused = (symbol, *users)
    if named or unused is None:
        return Observation(
            "reach", arguments_, "", tuple(named), open=f"{symbol} is a value that may be used"
        )
    says = f"{symbol} is not used: nothing that runs names it, or what names it"
    proof = tuple(Evidence(one, "packages", How.TOOL) for one in unused[:MAX_PROOF])
    return Observation("reach", arguments_, says, proof, rules_out=_absent(case, symbol))


def _module(case: Case, symbol: str) -> Observation:
    """A module as a whole: not loaded, imported by own source, or by something else, which says little."""
    loaded = imports(case, symbol)
    arguments_ = {"symbol": symbol}
    if not loaded.supports:
        return Observation(
            "reach", arguments_, loaded.says, loaded.evidence, loaded.rules_out, open=loaded.open
        )
    last = re.escape(symbol.rpartition(".")[2])
    parent = re.escape(symbol.rpartition(".")[0])
    own = re.compile(
        rf"^\s*(?:import\s+{re.escape(symbol)}\b|from\s+{re.escape(symbol)}\s+import|from\s+{parent}\s+import\s[^#\n]*\b{last}\b)",
        re.MULTILINE,
    )
    named = case.target.application.mentions(own, limit=3)
    if named:
        return Observation("reach", arguments_, f"own code imports {symbol}", tuple(named), supports=True)
    return Observation(
        "reach", arguments_, "", loaded.evidence, open=f"{symbol} is loaded, but not by own code"
    )


def called_by_name(case: Case, symbol: str, found: Reach) -> list[Evidence]:
    """Open calls in own source of an attribute by the symbol's name, where that is no everyday one."""
    last = symbol.rpartition(".")[2]
    if last in _PLAIN or len(last) < 5:
        return []
    own = {str(path) for path in case.target.application.sources}
    called = re.compile(rf"\.{re.escape(last)}\s*\(")
    lines = []
    for step in found.unknown:
        if step.file in own and not case.target.graph.is_followed(step.file, step.line, last):
            name = case.target.place(step.file)
            written = case.target.application.text(name).splitlines()[step.line - 1 : step.line + 2]
            if called.search("\n".join(written)):
                lines.append(Evidence(" ".join(written[0].split())[:300], f"{name}:{step.line}", How.TOOL))
    return lines


def in_templates(case: Case, symbol: str) -> list[Evidence]:
    """Lines of own templates that use a function as a filter or tag: `{{ text|urlize }}`, `{% debug %}`."""
    last = re.escape(symbol.rpartition(".")[2])
    pattern = re.compile(rf"\|\s*{last}\b(?=[^\n]*[}}%])|{{%-?\s*{last}\b|{{{{-?\s*[^}}\n]*\b{last}\(")
    return case.target.application.mentions(pattern, limit=5)


def mentioned(case: Case, symbol: str) -> list[Evidence]:
    """Lines of templates and settings, and strings in Python, that name a symbol."""
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


def _places(case: Case, steps: Sequence[Step]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(one.function, f"{case.target.place(one.file)}:{one.line}", How.TOOL)
        for one in steps[:MAX_PROOF]
    )
