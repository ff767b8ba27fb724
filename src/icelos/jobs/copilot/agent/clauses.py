"""What a question is read into: clauses over views, with conditions; and where one clause ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from icelos.jobs.copilot.agent.moments import Period
from icelos.jobs.copilot.agent.scanning import Item
from icelos.jobs.copilot.agent.views import View


class Filter(msgspec.Struct, frozen=True):
    """One condition on a column. `joined` ones come from another view, and are told as that.

    `named` is how many of its values the question names.
    """

    column: str
    how: str
    value: Any = None
    joined: bool = False
    named: int = 1


class Name(msgspec.Struct, frozen=True):
    """Something named: `what` it is ("" where that has to be looked up), as written.

    `negated`: all but it; `away`: what has it is left out ("not on a"), not the rows alone ("except
    a")."""

    what: str
    text: str
    negated: bool = False
    away: bool = False


class Refer(msgspec.Struct, frozen=True):
    """ "Those hosts": what it takes from an earlier clause; `what` is "" for a pronoun."""

    what: str


class Atom(msgspec.Struct, kw_only=True):
    """One view with its conditions. `mode` says how sign-ins are spoken of: verb, noun, failed, succeeded."""

    view: View
    mode: str = ""
    filters: list[Filter] = []
    names: list[Name] = []
    period: Period | None = None
    negated: bool = False
    refer: list[Refer] = []
    sent: str = ""
    alerts: bool = False
    implied: bool = False
    inherited: bool = False


class Clause(msgspec.Struct, kw_only=True):
    """One part of a question. `links` are nouns that join views, `unclear` what found no place.

    `each`: told for each of the names; `sequence`: in the order of time; `periods` are compared; `kinds` are
    words for kinds of machine ("images"), "" for any."""

    text: str
    want: str = ""
    sought: str = ""
    head: str = ""
    atoms: list[Atom] = []
    group: list[str] = []
    order: tuple[str, bool] | None = None
    limit: int = 0
    having: tuple[str, float] | None = None
    counting: str = ""
    shows: list[str] = []
    links: list[tuple[str, int]] = []
    unclear: list[str] = []
    loose: list[Name] = []
    is_context: bool = False
    quiet: bool = False
    each: bool = False
    sequence: bool = False
    periods: list[Period] = []
    kinds: list[str] = []
    flagged: bool = False
    asset: list[str] = []
    within: Period | None = None
    holders: list[tuple[str, str]] = []
    refers: bool = False
    plural: bool = False


_ASKED = frozenset({"mitigations", "mitigation", "countermeasures", "tactic", "tactics"})
_WH = frozenset({"how", "list", "count", "who", "when", "where", "why", "often", "whether"})


AUXILIARY = frozenset({"do", "does", "did", "is", "are", "was", "were", "has", "have", "can", "had"})


CONTEXT = frozenset({"for", "of", "on", "among", "regarding", "about", "considering", "given", "from", "in"})


def split(items: Sequence[Item]) -> list[list[Item]]:
    """Cut at sentence ends, and where a comma or an "and" is followed by another question."""
    parts: list[list[Item]] = [[]]
    depth = 0
    for index, item in enumerate(items):
        if item.kind == "stop":
            depth = max(0, depth + (item.value == "(") - (item.value == ")"))
        inside = depth > 0 and any(one.value == ")" for one in items[index:])
        if inside:
            parts[-1].append(item)
        elif (item.kind == "stop" and item.value in {"?", ";", ".", "!"}) or (
            ((item.kind == "stop" and item.value in {",", "—", "–", "-", ":"}) or item.kind == "join")
            and _asks(items, index + 1)
        ):
            parts.append([])
        else:
            parts[-1].append(item)
    return [part for part in parts if part]


def _ends(items: Sequence[Item], index: int) -> bool:
    """Does the clause end here?"""
    return index >= len(items) or items[index].kind in {"stop", "join"}


def _asks(items: Sequence[Item], index: int) -> bool:
    """Does another question begin here?"""
    while index < len(items) and (items[index].kind in {"join"} or items[index].value == ","):
        index += 1
    if index >= len(items):
        return False
    return _begins(items, index) or _begins_document(items, index)


def _begins_document(items: Sequence[Item], index: int) -> bool:
    """ "... its owner", "and mitigations of it", "who owns them"."""
    first, then = items[index], items[index + 1] if index + 1 < len(items) else None
    if first.kind == "word" and first.text.lower() in _ASKED:
        return _ends(items, index + 1) or items[index + 1].kind in {"glue", "refer"}
    if first.kind == "refer" and first.text.lower() in {"its", "their"} and then is not None:
        return then.kind in {"noun", "asset"} and _ends(items, index + 2)
    if first.kind in {"glue", "asset"} and first.text.lower() in {"the", "owner", "owners", "team"}:
        place = index + (first.kind == "glue")
        if place < len(items) and items[place].kind == "asset" and _ends(items, place + 1):
            return True
    return first.kind == "asset" and first.text.lower().startswith("who")


def _begins(items: Sequence[Item], index: int) -> bool:
    """ "... which of them", "did ann", "who"."""
    first, then = items[index], items[index + 1] if index + 1 < len(items) else None
    if first.kind == "want":
        return first.value != "compare" or first.text.lower().startswith("compare")
    if first.kind == "relative" and first.text.lower() in {"who", "which", "where"}:
        return items[index - 1].value == "," or items[index - 1].kind == "join"
    if first.kind == "glue" and then is not None:
        if then.kind == "want" and then.value in _WH - {"whether"}:
            return True
        starts = then.kind in {"refer", "noun", "value", "word"} or (
            then.kind == "glue" and then.text.lower() in {"the", "our", "any", "we"}
        )
        if first.text.lower() in {"have", "has", "had"} and then.kind in {"value", "word"}:
            return False  # "which hosts, except a, have b"
        return first.text.lower() in AUXILIARY and starts
    return False
