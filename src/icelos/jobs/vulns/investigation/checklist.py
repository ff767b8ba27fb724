"""The questions of one case: by template from what the advisory names, or by a model for this case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.conditions import About

MAX_SYMBOLS = 12
"""Symbols that are looked at for one advisory; where it names more, none of them is ruled out."""


class Question(msgspec.Struct, frozen=True):
    """One question, and the call of a tool that can answer it."""

    text: str
    tool: str
    arguments: Mapping[str, Any] = {}


def template(case: Case) -> Iterator[Question]:
    """What decides most cases, cheapest first; lazily, so that a decisive answer saves the rest."""
    yield Question("Is the installed version affected?", "version")
    for condition in case.conditions:
        if condition.about in {About.SYSTEM, About.INTERPRETER}:
            yield Question(f"The flaw needs {condition.name}: what does it run on?", "runtime")
            break
    for module in case.modules:
        yield Question(f"Does the application load {module}?", "imports", {"module": module})
    for symbol in case.symbols[:MAX_SYMBOLS]:
        yield Question(f"Do calls lead to {symbol}?", "reach", {"symbol": symbol})
    if case.fixed is not None:
        yield Question(f"Do calls lead to what {case.fixed.fix.after} changed?", "fix")
    others = [one for one in case.told if one not in case.symbols]
    for symbol in others[: max(0, MAX_SYMBOLS - len(case.symbols))]:
        yield Question(f"Do calls lead to {symbol}?", "reach", {"symbol": symbol})
    for symbol in case.symbols[:MAX_SYMBOLS]:
        yield Question(f"Who chooses the arguments of {symbol}?", "arguments", {"symbol": symbol})
    yield Question(f"What does the application hand to {case.component.name}?", "inputs")
    for condition in case.conditions:
        if condition.about is About.SETTING:
            yield Question(f"How is {condition.name} set?", "setting", {"name": condition.name})
