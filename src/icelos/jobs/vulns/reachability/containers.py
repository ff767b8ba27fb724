"""Methods of lists, dicts, sets and generators of the target."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from icelos.jobs.vulns.reachability import builtin
from icelos.jobs.vulns.reachability.values import EACH, NOTHING, PLAIN, YIELDED, Kind, Value, Values

if TYPE_CHECKING:
    from icelos.jobs.vulns.reachability.machine import Machine
    from icelos.jobs.vulns.reachability.objects import Given


def container_call(work: Machine, owner: Value, name: str, given: Given) -> Values:
    """Call a method of a container."""
    if name in builtin.TAKING:
        _take(work, owner, name, given)
    if name in _VIEWS:
        return _VIEWS[name](work, owner)
    if name == "sort":
        work.call(
            given.keywords.get("key", ()),
            given._replace(positional=[work.all_items(owner.name)], keywords={}),
        )
    if name not in builtin.GIVING:
        return {PLAIN}
    work.resume(owner, given.line)
    if name == "send" and given.positional and owner.name.endswith(YIELDED):
        work.tables.add((owner.name.removesuffix(YIELDED), "*sent*"), given.positional[0])
    fallback = name in {"get", "pop", "setdefault"} and len(given.positional) > 1
    missing = {NOTHING} if name == "get" and len(given.positional) == 1 else set()
    return work.all_items(owner.name) | (given.positional[1] if fallback else missing) or {PLAIN}


def copy(work: Machine, source: str, target: str) -> None:
    """Let all that a container holds flow to another, key by key."""
    for key in work.tables.names(source):
        work.tables.add((target, key), work.tables.read((source, key)))


def _take(work: Machine, owner: Value, name: str, given: Given) -> None:
    for key, values in given.keywords.items():
        work.tables.add((owner.name, repr(key)), values)
    if not given.positional:
        return
    if name not in {"extend", "update"}:
        work.tables.add((owner.name, EACH), given.positional[-1])
        return
    for one in given.positional[0]:
        if one.kind is Kind.CONTAINER:
            copy(work, one.name, owner.name)
    work.tables.add((owner.name, EACH), work.elements(given.positional[0], given.line))


def _items(work: Machine, owner: Value) -> Values:
    pair = f"{owner.name}*items*"
    work.tables.add((f"{pair}.", "0"), work.tables.read((owner.name, "*key*")) | {PLAIN})
    work.tables.add((f"{pair}.", "1"), work.all_items(owner.name))
    work.tables.add((pair, EACH), {Value(Kind.CONTAINER, f"{pair}.")})
    return {Value(Kind.CONTAINER, pair)}


def _values(work: Machine, owner: Value) -> Values:
    site = f"{owner.name}*values*"
    work.tables.add((site, EACH), work.all_items(owner.name))
    return {Value(Kind.CONTAINER, site)}


def _keys(work: Machine, owner: Value) -> Values:
    site = f"{owner.name}*keys-of*"
    work.tables.add((site, EACH), work.tables.read((owner.name, "*key*")) | {PLAIN})
    return {Value(Kind.CONTAINER, site)}


_VIEWS: dict[str, Callable[[Machine, Value], Values]] = {
    "items": _items,
    "values": _values,
    "keys": _keys,
    "copy": lambda _work, owner: {owner},
}
