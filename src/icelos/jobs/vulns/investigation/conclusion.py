"""What follows from the observations: a label, how sure it is, and what would change it.

Only evidence decides. A negative needs an observation that proves it by itself; a positive needs the affected
version, code that is reached and no condition of the advisory left open; everything else is uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence

from packaging.version import Version

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.checklist import MAX_SYMBOLS
from icelos.jobs.vulns.investigation.conditions import About
from icelos.jobs.vulns.investigation.definitions import Kind
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.outcome import Conclusion, uncertain
from icelos.jobs.vulns.investigation.unmet import fixed_arguments, guarded, unmet
from icelos.jobs.vulns.verdicts import Label

__all__ = ["Conclusion", "conclude", "finish"]

LEAST = 0.4
"""Share of what a fix changed that has to be reached, where the advisory's words tell no part of it apart."""


def conclude(case: Case, seen: Sequence[Observation]) -> Conclusion | None:
    """The conclusion that the observations so far allow, or None where more of them could decide."""
    return (
        _version(seen)
        or _system(case)
        or _interpreter(case)
        or _never_loaded(case, seen)
        or _not_reached(case, seen)
    )


def finish(case: Case, seen: Sequence[Observation]) -> Conclusion:
    """The conclusion when all questions are asked."""
    found = conclude(case, seen)
    if found is not None:
        return found
    version = _one(seen, "version")
    if version is None or not version.supports:
        why = version.open if version else "the version was not looked at"
        return uncertain(why, "a version that the advisory's ranges decide")
    own = _one(seen, "inputs")
    if own is not None and own.rules_out is not None:
        return Conclusion(own.rules_out, "medium", own.says, "a call with a value from outside", own.evidence)
    meant = {*case.symbols}
    reached = [
        one for one in seen if one.tool == "reach" and one.supports and one.arguments["symbol"] in meant
    ]
    if not reached:
        return _unreached(case, seen)
    parts = [one for one in case.symbols if case.definitions.kind_of(one) is not Kind.VALUE]
    if _is_guessed(case) and len(reached) < LEAST * len(parts):
        why = f"{len(reached)} of {len(parts)} parts that the fix changed are reached, not most of them"
        return uncertain(why, "an advisory that tells which code has the flaw", reached[0].evidence)
    harmless = unmet(case, reached) or fixed_arguments(case, seen, reached) or guarded(case, reached)
    if harmless is not None:
        return harmless
    outside = any(one.tool == "arguments" and one.supports for one in seen)
    return Conclusion(
        Label.VULNERABLE,
        "high" if outside and case.sure else "medium",
        f"{version.says}; {reached[0].says}",
        "a fixed version, or the end of this way to the code",
        (*version.evidence, *reached[0].evidence),
    )


def _is_guessed(case: Case) -> bool:
    """Whether all that is known of the vulnerable code is a list of what a fixed release changed."""
    fixed = case.fixed
    return fixed is not None and not fixed.fits and case.symbols == list(fixed.meant)


def _one(seen: Sequence[Observation], tool: str) -> Observation | None:
    return next((one for one in seen if one.tool == tool), None)


def _version(seen: Sequence[Observation]) -> Conclusion | None:
    version = _one(seen, "version")
    if version is None or version.rules_out is None:
        return None
    return Conclusion(version.rules_out, "high", version.says, "another installed version", version.evidence)


def _system(case: Case) -> Conclusion | None:
    """The flaw exists on another operating system only."""
    wanted = [one for one in case.conditions if one.about is About.SYSTEM]
    system = case.target.system_name
    if not wanted or not system or any(one.name == system for one in wanted):
        return None
    proof = (Evidence(wanted[0].sentence[:300], case.source, How.RETRIEVAL),)
    found = case.target.system
    return Conclusion(
        Label.REQUIRES_ENVIRONMENT,
        "high",
        f"the flaw needs {wanted[0].name}, and this runs on {system}",
        f"the same application on {wanted[0].name}",
        (*proof, found) if found else proof,
    )


def _interpreter(case: Case) -> Conclusion | None:
    """The flaw exists on later versions of Python only."""
    wanted = next((c for c in case.conditions if c.about is About.INTERPRETER and c.name == "python"), None)
    found, has = case.target.python, case.target.python_version
    if wanted is None or found is None:
        return None
    least = wanted.value if has.count(".") == 2 else ".".join(wanted.value.split(".")[:2])
    if Version(has) >= Version(least):
        return None
    return Conclusion(
        Label.REQUIRES_ENVIRONMENT,
        "high",
        f"the flaw needs Python {wanted.value} or later, and this runs on {has}",
        f"the same application on Python {wanted.value}",
        (Evidence(wanted.sentence[:300], case.source, How.RETRIEVAL), found),
    )


def _never_loaded(case: Case, seen: Sequence[Observation]) -> Conclusion | None:
    """No module of the package is loaded, and none of its commands is run."""
    asked = {one.arguments["module"]: one for one in seen if one.tool == "imports"}
    if not case.modules or set(asked) < set(case.modules):
        return None
    if any(one.rules_out is None for one in asked.values()) or not case.target.application.whole:
        return None
    if _is_run(case):
        return None
    return Conclusion(
        Label.CODE_NOT_REACHABLE,
        "high",
        f"nothing of the application loads {', '.join(case.modules)}, and no command of it is run",
        "an import of it, or a command that runs it",
        _sources(case),
    )


def _is_run(case: Case) -> bool:
    """Whether a command of the package starts the application, or might, as no start command is known."""
    distribution = case.distribution
    if distribution is None:
        return True
    return _is_started(case) or (bool(distribution.scripts) and not case.target.application.starts)


def _is_started(case: Case) -> bool:
    """Whether a start command of the application is one of the package's."""
    distribution = case.distribution
    names = {*(distribution.scripts if distribution else ()), *(f"-m {module}" for module in case.modules)}
    commands = [f" {one.command} ".replace("/", " ") for one in case.target.application.starts]
    return any(f" {name} " in command for name in names for command in commands)


def _sources(case: Case) -> tuple[Evidence, ...]:
    application = case.target.application
    number = len(application.sources)
    quote = f"{number} own Python files, {len(application.starts)} start commands"
    return (Evidence(quote, case.target.root.name, How.TOOL),)


def _not_reached(case: Case, seen: Sequence[Observation]) -> Conclusion | None:
    """No call leads to any of what the fix changed, or of what the advisory names."""
    if _is_started(case) and not any(case.target.graph.is_started(module) for module in case.modules):
        return None  # where its command begins is not known
    fix = _one(seen, "fix")
    if case.fixed is not None and (fix is None or fix.supports):
        return None
    if fix is not None and fix.rules_out is not None and not _any_reached(seen):
        return Conclusion(
            fix.rules_out,
            "medium",
            fix.says,
            "a call that leads to what the fix changed",
            (*fix.evidence, *_sources(case)),
        )
    symbols = list(dict.fromkeys([*case.symbols, *case.told]))
    if not case.sure or not symbols or len(symbols) > MAX_SYMBOLS:
        return None
    asked = {one.arguments["symbol"]: one for one in seen if one.tool == "reach"}
    if any(symbol not in asked or asked[symbol].rules_out is None for symbol in symbols):
        return None
    proved = {asked[symbol].rules_out for symbol in symbols}
    configured = proved == {Label.REQUIRES_CONFIGURATION}
    return Conclusion(
        Label.REQUIRES_CONFIGURATION if configured else Label.CODE_NOT_REACHABLE,
        "medium",
        asked[symbols[0]].says,
        f"a call that leads to {symbols[0]}",
        (*_named(case), *_sources(case)),
    )


def _any_reached(seen: Sequence[Observation]) -> bool:
    return any(one.tool == "reach" and one.supports for one in seen)


def _named(case: Case) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(one.sentence[:300], case.source, How.RETRIEVAL)
        for one in case.named
        if one.text in case.text
    )[:1]


def _unreached(case: Case, seen: Sequence[Observation]) -> Conclusion:
    opened = [one for one in seen if one.open and one.tool in {"reach", "imports"}]
    if opened:
        why = opened[0].open
    elif not case.symbols:
        why = "the advisory names no function or class that the package defines"
    else:
        why = "no way to the code was found, and the advisory may mean other code"
    return uncertain(
        why, "a call that leads to the vulnerable code, or proof that none can", _evidence(opened)
    )


def _evidence(seen: Sequence[Observation]) -> tuple[Evidence, ...]:
    return tuple(proof for one in seen for proof in one.evidence)[:8]
