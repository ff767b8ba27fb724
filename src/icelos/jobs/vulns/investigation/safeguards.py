"""What an application does against a flaw: a workaround set, a feature turned off, a check before a call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.definitions import stems
from icelos.jobs.vulns.investigation.module_source import ModuleSource, called, parsed
from icelos.jobs.vulns.investigation.settings import settings_of
from icelos.jobs.vulns.investigation.symbols import sentences

_VARIABLE = re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*=\s*[`'\"]?(\w+)")
_HELPS = re.compile(
    r"\bworkarounds?\b|\bwork around\b|\bmitigat|\b(?:unable to|cannot|can't) upgrade\b|"
    r"\b[A-Z][A-Z0-9_]+\s*=.*\bto (?:disable|avoid|prevent|turn off)\b",
    re.IGNORECASE | re.DOTALL,
)
_HARMS = re.compile(r"\battack|\bmalicious|\bbypass|\bexploit", re.IGNORECASE)
_FEATURE = re.compile(r"^(?:allow|enable|resolve|expand|load|follow|permit|unsafe)_(\w+)$")
"""Parameters that let a function do what it otherwise does not."""
_TESTING = frozenset(
    "match fullmatch search isdigit isdecimal isnumeric isalnum isalpha isidentifier isascii startswith "
    "endswith is_relative_to len".split()
)


class Safeguard(msgspec.Struct, frozen=True):
    """One of them by its name, with where it stands."""

    name: str
    proof: tuple[Evidence, ...]


def workaround(case: Case) -> Safeguard | None:
    """A variable that the advisory tells to set, and that is set so."""
    for sentence in sentences(case.text):
        if not _HELPS.search(sentence) or _HARMS.search(sentence):  # others may speak of the flaw itself
            continue
        for name, value in _VARIABLE.findall(sentence):
            found = settings_of(case.target.application, name)
            same = [one for one in found if one.value.strip(" \"'") == value]
            if same and len(same) == len(found):
                quote = Evidence(sentence[:300], case.source, How.RETRIEVAL)
                return Safeguard(f"{name}={value}", (quote, *same[:4]))
            environment = case.target.tree.config.env
            if not found and environment.get(name) == value:
                quote = Evidence(sentence[:300], case.source, How.RETRIEVAL)
                image = Evidence(f"{name}={value}", "image configuration: Env", How.TOOL)
                return Safeguard(f"{name}={value}", (quote, image))
    return None


def turned_off(case: Case, symbols: Sequence[str]) -> Safeguard | None:
    """A feature that the advisory may speak of, and that every call leaves out, or chooses as it runs.

    Whether the flaw needs it is for a person to judge: an advisory speaks of more than its conditions.
    """
    words = stems(case.text)
    found: list[Safeguard] = []
    for symbol in symbols:
        given = [
            (call, module, one)
            for call, module in own_calls_to(case, symbol)
            for one in call.keywords
            if _is_feature(one.arg, words)
        ]
        if not given or any(isinstance(one.value, ast.Constant) and one.value.value for _, _, one in given):
            return None
        call, module, one = given[0]
        place = Evidence(ast.unparse(call)[:200], _place(case, module, call), How.TOOL)
        name = f"{one.arg}={ast.unparse(one.value)}"
        found.append(Safeguard(name, (place,)))
    return found[0] if found else None


def checked(case: Case, symbols: Sequence[str]) -> Safeguard | None:
    """A test of the value before every call: of its form, its length or where it begins."""
    found: list[Evidence] = []
    for symbol in symbols:
        before = len(found)
        for call, module in own_calls_to(case, symbol):
            for test in _tests(call, module):
                found.append(Evidence(ast.unparse(test)[:200], _place(case, module, test), How.TOOL))
        if len(found) == before:
            return None
    return Safeguard(found[0].quote, tuple(found[:5])) if found else None


def own_calls_to(case: Case, symbol: str) -> Iterator[tuple[ast.Call, ModuleSource]]:
    """The application's own calls by which the way to a symbol leaves its source."""
    own = {str(path) for path in case.target.application.sources}
    steps = [one for one in case.target.graph.reach(symbol).path if str(Path(one.file)) in own]
    module = parsed(Path(steps[-1].file)) if steps else None
    if module is not None:
        for call in module.calls_at(steps[-1].line):
            yield call, module


def _is_feature(name: str | None, words: set[str]) -> bool:
    match = _FEATURE.match(name or "")
    return match is not None and bool(stems(match.group(1)) & words)


def _tests(call: ast.Call, module: ModuleSource) -> list[ast.expr]:
    """The tests of what a call is given that decide whether it is made at all."""
    names = {
        one.id
        for argument in (*call.args, *(each.value for each in call.keywords))
        for one in ast.walk(argument)
        if isinstance(one, ast.Name)
    }
    return [test for test in module.tests_before(call.lineno) if any(_is_of(test, name) for name in names)]


def _is_of(test: ast.expr, name: str) -> bool:
    """Whether a test asks for the form or length of a name's value, or whether it is one of some."""
    for one in ast.walk(test):
        match one:
            case ast.Compare(left=ast.Name(id=asked), ops=[ast.In() | ast.NotIn(), *_]) if asked == name:
                return True
        if isinstance(one, ast.Call) and called(one) in _TESTING:
            parts = [*one.args, *([one.func.value] if isinstance(one.func, ast.Attribute) else [])]
            if any(isinstance(each, ast.Name) and each.id == name for each in parts):
                return True
    return False


def _place(case: Case, module: ModuleSource, node: ast.expr) -> str:
    return f"{case.target.place(str(module.file))}:{node.lineno}"
