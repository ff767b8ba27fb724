"""What the language and its standard library do with values of the target that they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from icelos.jobs.vulns.reachability import builtin, containers
from icelos.jobs.vulns.reachability.shapes import LISTED
from icelos.jobs.vulns.reachability.values import EACH, PLAIN, UNKNOWN, Kind, Value, Values
from icelos.jobs.vulns.reachability.written import HOLE

if TYPE_CHECKING:
    from icelos.jobs.vulns.reachability.machine import Machine
    from icelos.jobs.vulns.reachability.objects import Given

_TELLING = frozenset({"isinstance", "issubclass", "id", "callable", "hasattr", "super", "object"})


def external_call(work: Machine, callee: Value, given: Given) -> Values:
    """A call of something outside of the target: functions that it is given may be called by it."""
    name = callee.name.rpartition(".")[2]
    if callee.name.startswith("builtins."):
        found = _builtin(work, callee.name, name, given)
        if found is not None:
            return found
    if callee.name in builtin.IMPORTING:
        work.doubt("import", HOLE, given.line)
        return {UNKNOWN}
    if name == "partial" and given.positional:
        return _partial(work, given)
    if callee.name.startswith("functools.") and name in {"wraps", "update_wrapper"}:
        return {callee} if name == "wraps" else given.positional[0] if given.positional else {PLAIN}
    if name in {"iter_modules", "walk_packages"}:
        work.doubt("import", LISTED, given.line)
        return {UNKNOWN}
    if name == "getmembers" and given.positional:
        work.members.update(dict.fromkeys(given.positional[0]))
        return {UNKNOWN}
    if name in builtin.CONSUMING:
        return _consume(work, name, given)
    return _given_back(work, callee, name, given)


def _given_back(work: Machine, callee: Value, name: str, given: Given) -> Values:
    if name == "field" and "default_factory" in given.keywords:
        return _field(work, given)
    if name == "enter_context":
        return _entered(work, given)
    if name in builtin.SAME:
        if name == "register":
            _call_given(work, given)
        work.escape(given.all())
        return (given.positional[0] if given.positional else set()) or {callee}
    _call_given(work, given)
    work.escape(given.all(), binary=not builtin.is_standard(callee.name))
    plain = all(one.kind in {Kind.EXTERNAL, Kind.NOTHING} for one in given.all())
    if work.loose and callee.name and not builtin.gives_plain(callee.name):
        return {UNKNOWN}  # what the target has handed to the standard library may come back
    return {PLAIN} if plain else {UNKNOWN}


def _builtin(work: Machine, full: str, name: str, given: Given) -> Values | None:
    first = given.positional[0] if given.positional else set()
    if full in {"builtins.object.__new__", "builtins.type.__new__"}:
        return _allocated(full, given)
    if full == "builtins.type.__call__":
        return {UNKNOWN}
    if name in builtin.CODE:
        work.doubt("code", name, given.line)
        return {UNKNOWN}
    if name == "type" and len(given.positional) == 1:
        return {Value(Kind.CLASS, one.name) for one in first if one.kind is Kind.INSTANCE} or {PLAIN}
    if name in {"globals", "locals", "vars"}:
        if name == "locals" or (name == "vars" and not first):
            work.escape(
                one for key in work.tables.names(work.unit) for one in work.tables.read((work.unit, key))
            )
        return _namespace(work, first)
    if name in _TELLING:
        return {PLAIN}
    act = _ACTS.get(name, _special if name in builtin.DUNDERS else None)
    return act(work, name, given) if act is not None and given.all() else None


def _namespace(work: Machine, owners: Values) -> Values:
    """All names of a module or object, by any of which it may be asked."""
    for one in owners or {Value(Kind.MODULE, work.program.module_of(work.unit))}:
        work.gotten.setdefault(one, set()).add("")
    return {UNKNOWN}


def _allocated(full: str, given: Given) -> Values:
    if full == "builtins.object.__new__" and given.positional:
        return {Value(Kind.INSTANCE, one.name) for one in given.positional[0] if one.kind is Kind.CLASS} or {
            UNKNOWN
        }
    return {UNKNOWN}


def _next(work: Machine, _name: str, given: Given) -> Values:
    first = given.positional[0] if given.positional else set()
    found = work.elements({one for one in first if one.kind is not Kind.INSTANCE}, given.line)
    for one in first:
        if one.kind is Kind.INSTANCE:
            found |= work.method(one, "__next__", [], given.line)
    return found | (given.positional[1] if len(given.positional) > 1 else set()) or {PLAIN}


def _special(work: Machine, name: str, given: Given) -> Values:
    found: set[Value] = set()
    for values in given.positional:
        for one in values:
            for dunder in builtin.DUNDERS[name] if one.kind is Kind.INSTANCE else ():
                got = work.method(one, dunder, [], given.line)
                found |= got
                if got:
                    break
    if name in {"iter", "reversed"}:
        return found | {one for one in given.all() if one.kind is not Kind.INSTANCE}
    return found if name == "abs" and found else {PLAIN}


def _site(work: Machine, name: str, line: int) -> str:
    return f"{work.unit}@{line}*{name}*"


def _property(work: Machine, _name: str, given: Given) -> Values:
    """`property(get, set)`; as a decorator it is known by its name."""
    site = _site(work, "property", given.line)
    for name, values in zip(("get", "set", "delete"), given.positional, strict=False):
        work.tables.add((site, name), values)
    for name, values in given.keywords.items():
        work.tables.add((site, name.removeprefix("f")), values)
    return {Value(Kind.PROPERTY, site)}


def _field(work: Machine, given: Given) -> Values:
    site = _site(work, "field", given.line)
    work.tables.add((site, "factory"), given.keywords["default_factory"])
    return {Value(Kind.CONTAINER, site)}


def _entered(work: Machine, given: Given) -> Values:
    """`ExitStack.enter_context(x)`."""
    held = given.all()
    work.dunder(held, ("__exit__", "__aexit__"), [{PLAIN}] * 3, given.line)
    work.escape(held)
    managed = {one for one in held if one.kind is Kind.CONTAINER}
    found = work.dunder(held, ("__enter__", "__aenter__"), [], given.line)
    return found | work.elements(managed, given.line) or {UNKNOWN}


def _partial(work: Machine, given: Given) -> Values:
    site = _site(work, "partial", given.line)
    for number, values in enumerate(given.positional[1:]):
        work.tables.add((site, str(number)), values)
    for name, values in given.keywords.items():
        work.tables.add((site, f"={name}"), values)
    return {Value(Kind.PARTIAL, site, one) for one in given.positional[0]}


def _consume(work: Machine, name: str, given: Given) -> Values:
    """Builtins that iterate over what they are given and, some, call a function on each element."""
    site = _site(work, name, given.line)
    deciding = name in builtin.DECIDING
    sources = given.positional[1:] if deciding else given.positional
    each = [work.elements(values, given.line) for values in sources]
    every: set[Value] = set().union(*each)
    if deciding and given.positional:
        return _decide(work, name, site, given, each)
    if name in {"zip", "enumerate", "zip_longest"}:
        return _rows(work, name, site, each)
    if name in builtin.MAPPINGS:
        return _mapping(work, name, site, given)
    work.tables.add((site, EACH), every)
    work.call(given.keywords.get("key", ()), _on(given, every))
    if name in {"sum", "min", "max", "any", "all", "join"}:
        return _folded(work, name, every, given) | given.keywords.get("default", set())
    if name in {"sorted"}:
        work.dunder(every, ("__lt__",), [every], given.line)
    return {Value(Kind.CONTAINER, site)}


def _on(given: Given, *arguments: Values) -> Given:
    return given._replace(positional=arguments, keywords={}, node=None)


def _decide(work: Machine, name: str, site: str, given: Given, each: list[set[Value]]) -> Values:
    arguments = each if name == "map" else [each[0], each[0]] if name == "reduce" and each else each[:1]
    result = work.call(given.positional[0], _on(given, *arguments))
    if name == "reduce":
        return result or {PLAIN}
    work.tables.add((site, EACH), result if name in {"map", "starmap"} else set().union(*each))
    return {Value(Kind.CONTAINER, site)}


def _rows(work: Machine, name: str, site: str, each: list[set[Value]]) -> Values:
    row = f"{site}."
    columns: list[Values] = [{PLAIN}, *each] if name == "enumerate" else list(each)
    for number, values in enumerate(columns):
        work.tables.add((row, str(number)), values)
    work.tables.add((site, EACH), {Value(Kind.CONTAINER, row)})
    return {Value(Kind.CONTAINER, site)}


def _mapping(work: Machine, name: str, site: str, given: Given) -> Values:
    for values in given.positional:
        for one in values:
            if one.kind is Kind.CONTAINER:
                containers.copy(work, one.name, site)
                for pair in work.all_items(one.name):
                    if pair.kind is Kind.CONTAINER:
                        work.tables.add((site, EACH), work.item(pair.name, "1"))
            elif name == "defaultdict":
                work.tables.add((site, EACH), work.call({one}, _on(given)))
    for key, values in given.keywords.items():
        work.tables.add((site, repr(key)), values)
    return {Value(Kind.CONTAINER, site)}


def _folded(work: Machine, name: str, every: set[Value], given: Given) -> Values:
    special = {"sum": "__add__", "min": "__lt__", "max": "__gt__", "any": "__bool__", "all": "__bool__"}
    if name in special:
        arguments = [] if name in {"any", "all"} else [every]
        work.dunder(every, (special[name],), arguments, given.line)
    return every or {PLAIN}


def _call_given(work: Machine, given: Given) -> None:
    """Functions handed to code outside are called by it, with what we do not know."""
    for one in given.all():
        if one.kind in {Kind.FUNCTION, Kind.BOUND} and one.name in work.program.functions:
            function = work.program.functions[one.name]
            names = function.parameters[1:] if one.kind is Kind.BOUND else function.parameters
            work.call({one}, _on(given, *([{UNKNOWN}] * len(names))))


_ACTS: dict[str, Callable[[Machine, str, Given], Values]] = {"property": _property, "next": _next}
