"""Why code that is reached is no danger here: conditions that are not met, needs, safeguards, own values."""

from __future__ import annotations

from collections.abc import Sequence

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.arguments import own_calls
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.conditions import About, Condition
from icelos.jobs.vulns.investigation.control import literal_value
from icelos.jobs.vulns.investigation.definitions import Kind
from icelos.jobs.vulns.investigation.needs import missing_package, unset_option
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.outcome import Conclusion, uncertain
from icelos.jobs.vulns.investigation.safeguards import checked, turned_off, workaround
from icelos.jobs.vulns.investigation.settings import settings_of
from icelos.jobs.vulns.verdicts import Label


def unmet(case: Case, reached: Sequence[Observation]) -> Conclusion | None:
    """A condition of the advisory that this application does not meet."""
    for condition in (*case.conditions, *case.options):
        if condition.about is About.ARGUMENT:
            found = _argument(case, condition, reached) or _never_given(case, condition)
        elif condition.about is About.SETTING:
            found = _setting(case, condition)
        else:
            found = None
        if found is not None:
            return found
    return _needs(case, reached)


def _needs(case: Case, reached: Sequence[Observation]) -> Conclusion | None:
    """An optional package that is missing, or an option that is off, without which none of it runs."""
    symbols = [one.arguments["symbol"] for one in reached]
    if (variable := workaround(case)) is not None:
        why = f"the advisory's workaround is in place: {variable.name}"
        return Conclusion(Label.REQUIRES_CONFIGURATION, "medium", why, f"no {variable.name}", variable.proof)
    if (package := missing_package(case, symbols)) is not None:
        why = f"the vulnerable code needs {package.name}, which is not installed"
        change = f"{package.name} installed"
        return Conclusion(Label.REQUIRES_DEPENDENCY, "medium", why, change, package.proof)
    if (option := unset_option(case, symbols)) is not None:
        why = f"the vulnerable code runs only where {option.name} is set, which nothing here does"
        change = f"{option.name} set"
        return Conclusion(Label.REQUIRES_CONFIGURATION, "medium", why, change, option.proof)
    return None


def guarded(case: Case, reached: Sequence[Observation]) -> Conclusion | None:
    """A feature that calls turn off, or a check of the value, which a person has to judge."""
    symbols = [one.arguments["symbol"] for one in reached]
    feature = turned_off(case, symbols)
    if feature is not None:
        why = f"the advisory may speak of what the calls turn off, or choose as they run: {feature.name}"
        return uncertain(why, "a person's judgement of the parameter", feature.proof)
    if (test := checked(case, symbols)) is not None:
        why = f"a check stands before the call, and whether it is enough is not decided here: {test.name}"
        return uncertain(why, "a person's judgement of the check", test.proof)
    return None


def _argument(case: Case, condition: Condition, reached: Sequence[Observation]) -> Conclusion | None:
    """No reachable call gives the argument the value that the flaw needs."""
    reached = [one for one in reached if case.definitions.kind_of(one.arguments["symbol"]) is not Kind.MODULE]
    symbols = [one.arguments["symbol"] for one in reached]
    symbols = [one for one in symbols if one in case.told] or symbols  # the advisory speaks of what it names
    symbols = [one for one in symbols if not any(other.startswith(f"{one}.") for other in symbols)]
    takers = [one for one in symbols if case.takes(one, condition.name)]
    calls = [(symbol, call) for symbol in takers for call in own_calls(case, symbol)]
    if not calls:
        calls = [(symbol, call) for symbol in takers for call in case.target.graph.calls_of(symbol)]
    if not takers or not calls or len(takers) < len(symbols):
        return None
    wanted = literal_value(condition.value)
    for symbol, call in calls:
        if any(text.startswith("*") for text in call.arguments) or "**" in call.keywords:
            return None
        written = call.keywords.get(condition.name) or case.default_of(symbol, condition.name)
        position = case.position_of(symbol, condition.name)
        if condition.name not in call.keywords and position is not None and position < len(call.arguments):
            written = call.arguments[position]
        given = literal_value(written) if written is not None else None
        if given is None or _is_met(given, wanted, condition, case.default_of(symbol, condition.name)):
            return None
    proof = tuple(
        Evidence(
            f"{symbol} without {condition.name}={condition.value}",
            f"{case.target.place(call.file)}:{call.line}",
            How.TOOL,
        )
        for symbol, call in calls[:5]
    )
    needed = f"{condition.name}={condition.value}" if condition.value else condition.name
    return Conclusion(
        Label.REQUIRES_CONFIGURATION,
        "medium",
        f"the flaw needs {needed}, which no call gives",
        f"a call that gives {needed}",
        (Evidence(condition.sentence[:300], case.source, How.RETRIEVAL), *proof),
    )


def _never_given(case: Case, condition: Condition) -> Conclusion | None:
    """An option of the package that is otherwise by default, and which no file of the application names."""
    wanted = literal_value(condition.value) if condition.value else None
    takers = case.definitions.taking(condition.name)
    defaults = [case.default_of(one.symbol, condition.name) for one in takers]
    if wanted is None or "_" not in condition.name or case.target.mentions.is_own_word(condition.name):
        return None
    given = [literal_value(one) for one in defaults if one is not None]
    if not given or wanted in given or None in given:
        return None
    proof = [
        Evidence(f"{one.symbol}({condition.name}={default})", f"{one.file}:{one.line}", How.TOOL)
        for one, default in zip(takers, defaults, strict=True)
        if default is not None
    ]
    return Conclusion(
        Label.REQUIRES_CONFIGURATION,
        "medium",
        f"the flaw needs {condition.name}={condition.value}, which nothing in the application gives",
        f"a call that gives {condition.name}={condition.value}",
        (Evidence(condition.sentence[:300], case.source, How.RETRIEVAL), *proof[:5]),
    )


def _is_met(given: str, wanted: str | None, condition: Condition, default: str | None) -> bool:
    """Whether an argument is as the flaw needs it; without a named value, as anything but its default."""
    if condition.value:
        return wanted is None or given == wanted
    return given not in {"None", "False", literal_value(default) if default is not None else None}


def _setting(case: Case, condition: Condition) -> Conclusion | None:
    """A setting that the flaw needs is plainly otherwise."""
    found = settings_of(case.target.application, condition.name)
    if not found or condition.value not in {"True", "False"}:
        return None
    if any(one.truth is not (condition.value == "False") for one in found):
        return None
    return Conclusion(
        Label.REQUIRES_CONFIGURATION,
        "medium",
        f"the flaw needs {condition.name} to be {condition.value}, and it is {found[0].value}",
        f"{condition.name} = {condition.value}",
        (Evidence(condition.sentence[:300], case.source, How.RETRIEVAL), *found[:5]),
    )


def fixed_arguments(
    case: Case, seen: Sequence[Observation], reached: Sequence[Observation]
) -> Conclusion | None:
    """Everything that every reached symbol is given stands in the source."""
    asked = {one.arguments["symbol"]: one for one in seen if one.tool == "arguments"}
    if not all(case.definitions.is_plain_function(one.arguments["symbol"]) for one in reached):
        return None  # what an object or an inner function is made with says nothing of what it is given later
    answers = [asked.get(one.arguments["symbol"]) for one in reached]
    if not answers or any(one is None or one.rules_out is None for one in answers):
        return None
    chosen = [one for one in answers if one is not None]
    first = next((one for one in chosen if one.rules_out is not Label.CODE_NOT_REACHABLE), chosen[0])
    label = first.rules_out or Label.CODE_NOT_REACHABLE
    return Conclusion(label, "medium", first.says, "a call with a value from outside", first.evidence)
