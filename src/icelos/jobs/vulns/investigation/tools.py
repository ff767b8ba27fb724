"""The tools of an investigation: read-only, jailed to the target, each with a schema and an Observation back.

Models and templates call them by name with JSON arguments, which are checked against the schema; what a tool
cannot answer is an Observation that says so, never a guess.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from icelos.contracts import Tool
from icelos.errors import IcelosError, InputError
from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation import code, surroundings
from icelos.jobs.vulns.investigation.arguments import arguments as arguments_of
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.fix import fix
from icelos.jobs.vulns.investigation.hardening import hardening
from icelos.jobs.vulns.investigation.inputs import inputs
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.search import search_code, search_text
from icelos.jobs.vulns.ranges import Standing
from icelos.jobs.vulns.verdicts import Label
from icelos.llm import schema as json_schema

MAX_LISTED = 30


class Entry(NamedTuple):
    """A tool and the function behind it."""

    tool: Tool
    run: Callable[..., Observation]


def run(case: Case, name: str, arguments: Mapping[str, Any]) -> Observation:
    """One call. Raises InputError for an unknown tool or arguments that do not fit its schema.

    Whatever else goes wrong within a tool is an open Observation that names the error: files of the target
    and texts of advisories are hostile, and one of them must not end the case.
    """
    entry = TOOLS.get(name)
    if entry is None:
        raise InputError(f"no tool {name[:60]!r}", hint=f"one of: {', '.join(TOOLS)}")
    problems = json_schema.violations(dict(arguments), entry.tool.parameters)
    if problems:
        raise InputError(f"arguments of {name}: {problems[0]}")
    try:
        return entry.run(case, **arguments)
    except IcelosError as error:
        return Observation(name, arguments, "", open=str(error))
    except Exception as error:  # noqa: BLE001 - see above; KeyboardInterrupt and the like go on
        why = f"{name} failed: {type(error).__name__}: {error}"
        return Observation(name, arguments, "", open=" ".join(why.split())[:300], failed=True)


def version(case: Case) -> Observation:
    """Whether the installed version is among the affected ones."""
    component, reading = case.component, case.reading
    found = [Evidence(component.quote or component.purl, component.location or component.source, How.TOOL)]
    if reading.words:
        found.append(Evidence(reading.words, case.source, How.RULE))
    ruled = Label.CODE_NOT_PRESENT if reading.standing in {Standing.FIXED, Standing.OUTSIDE} else None
    undecided = reading.why if reading.standing is Standing.UNDECIDED else ""
    supports = reading.standing is Standing.AFFECTED
    return Observation("version", {}, reading.why, tuple(found), ruled, supports, undecided)


def files(case: Case, pattern: str) -> Observation:
    """Files of the target by a pattern."""
    tree = case.target.tree
    names = []
    for name in tree.files(pattern):
        names.append(name)
        if len(names) > MAX_LISTED:
            break
    says = f"{len(names)}{'+' if len(names) > MAX_LISTED else ''} files match {pattern}"
    listed = tuple(Evidence(name, name, How.TOOL) for name in names[:MAX_LISTED])
    return Observation("files", {"pattern": pattern}, says, listed)


def packages(case: Case, name: str) -> Observation:
    """Other packages of the target by name; * and ? stand for any characters."""
    wanted = re.sub(r"[-_.]+", "-", name).lower()
    found = [
        one
        for one in case.target.components
        if fnmatch.fnmatchcase(re.sub(r"[-_.]+", "-", one.name).lower(), wanted)
    ]
    listed = tuple(Evidence(one.purl, one.location or one.source, How.TOOL) for one in found[:MAX_LISTED])
    says = f"{len(found)} packages named {name}" if found else f"no package named {name} is installed"
    return Observation("packages", {"name": name}, says, listed)


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
TOOLS: dict[str, Entry] = {
    entry.tool.name: entry
    for entry in (
        Entry(
            Tool("version", "Is the installed version affected, by the advisory's ranges?", _object()),
            version,
        ),
        Entry(Tool("files", "List files of the target by a glob pattern.", _object(pattern=_TEXT)), files),
        Entry(
            Tool("text", "Find words literally in the application's own text files.", _object(words=_TEXT)),
            search_text,
        ),
        Entry(
            Tool(
                "code_search",
                "Find functions of the package and the application by what they are about.",
                _object(query=_TEXT),
            ),
            search_code,
        ),
        Entry(
            Tool(
                "symbol",
                "Where does the installed package define this function or class?",
                _object(name=_TEXT),
            ),
            code.symbol,
        ),
        Entry(
            Tool(
                "imports", "Does the application load this module, and by which way?", _object(module=_TEXT)
            ),
            code.imports,
        ),
        Entry(
            Tool(
                "reach",
                "Do calls lead from the application to this function or class?",
                _object(symbol=_TEXT),
            ),
            code.reach,
        ),
        Entry(Tool("fix", "What did the fixed release change, and do calls lead there?", _object()), fix),
        Entry(
            Tool(
                "arguments",
                "With what arguments is this function called, and can an attacker choose them?",
                _object(symbol=_TEXT),
            ),
            arguments_of,
        ),
        Entry(Tool("inputs", "Is the package handed fixed values only?", _object()), inputs),
        Entry(
            Tool(
                "setting",
                "What value do the application's files give this setting or variable?",
                _object(name=_TEXT),
            ),
            surroundings.setting,
        ),
        Entry(
            Tool(
                "runtime",
                "How is it started: commands, environment, ports, user, operating system?",
                _object(),
            ),
            surroundings.runtime,
        ),
        Entry(
            Tool(
                "packages", "Is another package installed? * stands for any characters.", _object(name=_TEXT)
            ),
            packages,
        ),
        Entry(
            Tool(
                "hardening",
                "What protection was a binary compiled with (PIE, RELRO, canary, FORTIFY)?",
                _object(path=_TEXT),
            ),
            hardening,
        ),
    )
}
"""By name, in the order in which a model is shown them."""
