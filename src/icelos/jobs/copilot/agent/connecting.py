"""How the parts of a question hang together: what only describes, what only names, what only goes on.

A part that only names things ("web-01 and web-02: ...") belongs to the part behind it. Words beside an exact
identifier that only describe it ("the fake address x@y.example") restrict nothing and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from icelos.jobs.copilot.agent.clauses import Clause
from icelos.jobs.copilot.agent.scanning import Item

EMPTY = frozenset({"stop", "glue", "join", "aside"})
_EXACT = frozenset({"cve", "technique", "advisory", "email", "ip", "prefix"})
TIMELINE = frozenset({"timeline", "time-line", "chronology", "history"})
_NAMING = frozenset({"word", "value", "period", "group", "asset"})
_MARKED = re.compile(r"\w[._@]\w|\w\d|-\d")


def is_exact(item: Item) -> bool:
    """Does an item say in full which one is meant: an identifier, an address, a name as machines have it?"""
    if item.kind == "value":
        return item.value[0] in _EXACT
    return item.kind == "word" and _MARKED.search(str(item.value)) is not None


def is_named(item: Item) -> bool:
    """Is a word written as hosts, images and accounts are: "img-cart", "ann.lee", but not "break-glass"?"""
    found = re.search(r"\w[._@]\w|\w-?\d|^[a-z]{2,3}-[a-z]", str(item.value), re.IGNORECASE)
    return item.kind == "word" and found is not None


def described(items: Sequence[Item]) -> list[Item]:
    """The items, those as "aside" that only describe an exact identifier beside them."""
    found = list(items)
    for place, item in enumerate(found):
        if item.kind == "stop" and item.value == "(":
            _before_bracket(found, place)
        elif is_exact(item):
            _after_identifier(found, place)
            _before_identifier(found, place)
    return found


def _aside(items: list[Item], places: Sequence[int]) -> None:
    for place in places:
        items[place] = msgspec.structs.replace(items[place], kind="aside", view="")


def _before_bracket(items: list[Item], place: int) -> None:
    """ "Domain controller (srv-dc-1, srv-dc-2)", "a forwarding alert (T1114.003)"."""
    end = next((i for i in range(place, len(items)) if items[i].value == ")"), place)
    inside = [one for one in items[place + 1 : end] if one.kind not in EMPTY]
    if not inside or not all(is_exact(one) for one in inside):
        return
    at = place - 1
    while at >= 0 and items[at].kind in {"noun", "topic", "alert", "glue", "aside"}:
        at -= 1
    _aside(items, _run_back(items, at))


def _before_identifier(items: list[Item], place: int) -> None:
    """ "The fake CEO address boss@evil.example": a noun between the words and the identifier."""
    if place and items[place - 1].kind == "noun" and items[place].kind == "value":
        _aside(items, _run_back(items, place - 2))


def _after_identifier(items: list[Item], place: int) -> None:
    """ "T1486 (data encrypted for impact)"; "password guessing, T1110.001"."""
    if items[place].kind != "value" or items[place].value[0] not in {"cve", "technique", "advisory"}:
        return
    if place + 1 < len(items) and items[place + 1].value == "(":
        end = next((i for i in range(place + 1, len(items)) if items[i].value == ")"), place)
        inside = items[place + 2 : end]
        if inside and all(
            one.kind in {"word", "glue", "noun", "join"} and not is_exact(one) for one in inside
        ):
            _aside(items, range(place + 2, end))
    if place > 1 and items[place - 1].value == ",":
        _aside(items, _run_back(items, place - 2))


def _run_back(items: Sequence[Item], place: int) -> list[int]:
    """The places of the words that end here, if they are words alone and no names."""
    found: list[int] = []
    while place >= 0 and items[place].kind == "word" and not is_exact(items[place]) and len(found) < 4:
        found.append(place)
        place -= 1
    return found


def joined(parts: Sequence[Sequence[Item]]) -> list[list[Item]]:
    """Parts that only name things, together with the part behind them; parts that say nothing left out."""
    found: list[list[Item]] = []
    waiting: list[Item] = []
    for place, part in enumerate(parts):
        if all(item.kind in EMPTY for item in part):
            if waiting:
                waiting += part
            continue
        after = next((one for one in parts[place + 1 :] if any(i.kind not in EMPTY for i in one)), None)
        if _only_names(part) and after is not None and not _refers(after, beside=part):
            waiting += [
                msgspec.structs.replace(i, kind="aside") if i.text.lower() in TIMELINE else i for i in part
            ]
            continue
        found.append([*waiting, *(_unpossessed(part) if waiting else part)])
        waiting = []
    return found


def _only_names(part: Sequence[Item]) -> bool:
    content = [item for item in part if item.kind not in EMPTY and item.text.lower() not in TIMELINE]
    named = any(item.kind in {"word", "value", "period"} for item in content)
    return named and all(
        item.kind in _NAMING
        or (item.kind == "want" and item.value == "compare")
        or (item.kind == "relative" and item.text.lower() == "with")
        or (item.kind == "noun" and item.value in {"user", "host"})
        or (item.kind == "word" and item.text.lower() in TIMELINE)
        or (item.kind == "refer" and item.text.lower() == "the same")
        for item in content
    )


def _refers(part: Sequence[Item], *, beside: Sequence[Item]) -> bool:
    """Does a part refer to something, other than by "its" to a team that is named beside it?"""
    is_team = any(item.kind == "asset" for item in beside)
    return any(item.kind == "refer" and not (is_team and item.text.lower() in _POSSESSIVE) for item in part)


_POSSESSIVE = frozenset({"its", "their", "his", "her"})


def _unpossessed(part: Sequence[Item]) -> list[Item]:
    return [
        msgspec.structs.replace(i, kind="glue") if i.kind == "refer" and i.text.lower() in _POSSESSIVE else i
        for i in part
    ]


def going_on(text: str, parts: Sequence[tuple[Clause, Sequence[Item]]]) -> None:
    """A part without a question of its own, before one that has nothing else, is what that is about; one
    before a colon or a dash as well."""
    for (before, first), (after, then) in pairwise(parts):
        tells = before.order is not None or before.having or before.group
        between = text[first[-1].end : then[0].start]
        if not tells and not before.want and after.want and re.search(r"[:–—]|\s-\s|^-\s", between):
            before.is_context = True
        is_bare = not after.atoms and not after.loose and not after.unclear and bool(after.want)
        if tells:
            continue
        if re.search(r"\b(?:and|plus)\b", between, re.IGNORECASE) and is_bare and not after.refers:
            continue  # "KEV CVEs, and on which hosts" asks for both
        if not before.want and before.atoms and (is_bare or (after.refers and not after.is_context)):
            before.is_context = is_bare or before.is_context
