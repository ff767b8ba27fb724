"""Whether a clause seeks more than one query tells, or has lost what an earlier one restricted.

An answer to half of a clause reads like one to the whole. Such a clause is not answered, and said so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from icelos.jobs.copilot.agent.clauses import Clause
from icelos.jobs.copilot.agent.results import NotUnderstood
from icelos.jobs.copilot.agent.scanning import Item

_THINGS = frozenset({"noun", "topic", "alert", "asset"})
_PROPERTIES = frozenset({"fix", "version", "epss", "score", "status"})
_NEEDED = re.compile(r"\b(?:needs?|needed|requires?|required|updates?|upgrades?|should)\b", re.IGNORECASE)
_HOLDER = re.compile(
    r"\b(?:to|of|by|for|from|about|does|did|do|has|have) (?:the|its|their|whose) (?:\w+ )?(?:owner|team)s?\b"
    r"|\b(?:owner|team)s?['’]s?\s",
    re.IGNORECASE,
)
_ENTITIES = frozenset({"host", "user", "ip"})
_SKIPPED = frozenset({"glue", "stop", "aside"})
_SEEKING = frozenset({"list", "who", "where", "when", "count", "why", "how", "often"})


def check(clause: Clause, items: Sequence[Item]) -> None:
    """Raises NotUnderstood where a clause lists several things that are sought."""
    if clause.sought in {*_ENTITIES, "package"} and clause.want in {"list", "count", "who"}:
        compared = re.search(r"\b(?:more|fewer|less|higher|lower)\b.*?\bthan\b", clause.text, re.IGNORECASE)
        names = [name for atom in clause.atoms for name in atom.names]
        if compared and any(name.text in clause.text[compared.end() :] for name in names):
            raise NotUnderstood(f"{clause.text!r} compares with something by name")
    if clause.sought == "version" and _NEEDED.search(clause.text):
        clause.sought = clause.head = "fix"  # the version that is needed is not the one that is there
    if clause.asset and _is_of_holder(clause, items):
        raise NotUnderstood(f"{clause.text!r} asks for what an owner or team has, not only who it is")
    first, *rest = _segments(items)
    seen = [item for item in first if item.kind in _THINGS or item.kind == "want"]
    for segment in rest:
        if seen and _seeks(clause, segment, seen):
            raise NotUnderstood(f"{clause.text!r} asks for several things at once")
        seen += [item for item in segment if item.kind in _THINGS or item.kind == "want"]


def _is_of_holder(clause: Clause, items: Sequence[Item]) -> bool:
    """ "Mails to the owner of web-01", "its owner's failed logins"."""
    topics = [item.start for item in items if item.kind in {"topic", "alert", "flagged"}]
    assets = [item.start for item in items if item.kind == "asset"]
    if topics and clause.want in {"whether", "when", "often", "why"}:
        return True
    if not topics or not assets or not _HOLDER.search(clause.text):
        return False
    is_own = re.search(r"\b(?:owner|team|person)s?['’]s?\s", clause.text, re.IGNORECASE)
    return bool(is_own) or min(topics) < min(assets)


def _segments(items: Sequence[Item]) -> list[list[Item]]:
    """What stands between commas and "and"s, outside of brackets."""
    found: list[list[Item]] = [[]]
    depth = 0
    for item in items:
        if item.kind == "stop":
            depth = max(0, depth + (item.value == "(") - (item.value == ")"))
        is_cut = item.kind == "join" and item.text.lower() != "or"
        if not depth and (is_cut or (item.kind == "stop" and item.value in {",", ":"})):
            found.append([])
        else:
            found[-1].append(item)
    return [one for one in found if one] or [[]]


def _seeks(clause: Clause, segment: Sequence[Item], seen: Sequence[Item]) -> bool:
    content = [item for item in segment if item.kind not in _SKIPPED]
    if not content:
        return False
    if content[0].kind == "want" and content[0].value in _SEEKING:
        return True
    things = [item for item in content if item.kind in _THINGS]
    if not things or clause.group or clause.shows or clause.want in {"compare", "whether"}:
        return False
    if content[0].kind not in {*_THINGS, "filter", "flagged", "severity"}:
        return False
    before = [item for item in seen if item.kind in _THINGS]
    if not before or (things[0].kind == "noun" and things[0].value == before[-1].value):
        return False  # "hosts and images" are of one kind
    if clause.sought in _ENTITIES or clause.want == "who":
        return things[0].kind == "noun" and things[0].value in {
            *_ENTITIES,
            "package",
            "technique",
            "rule",
            *_PROPERTIES,
        }
    return not (clause.asset and all(item.kind == "asset" for item in things))


def is_unrestricted(clause: Clause) -> bool:
    """Does a clause name nothing and no time, and refer to nothing?"""
    named = any(atom.names or atom.period or atom.refer for atom in clause.atoms)
    return not (named or clause.loose or clause.within or clause.holders or clause.refers or clause.periods)


def narrows(clause: Clause) -> bool:
    """Does a clause choose some of what there is, by a name, a superlative or a number?"""
    return bool(
        clause.loose
        or clause.holders
        or clause.order
        or clause.having
        or any(atom.names or atom.refer for atom in clause.atoms)
    )


def is_same(clause: Clause, before: Clause) -> bool:
    """Does a clause only name again the rows that the one before counted, without a condition of its own?"""
    if len(clause.atoms) != 1 or len(before.atoms) != 1 or not is_unrestricted(clause):
        return False
    here, there = clause.atoms[0], before.atoms[0]
    return (
        here.view is there.view and here.filters == there.filters
        and here.mode.removesuffix("-noun") == there.mode.removesuffix("-noun")
    )  # fmt: skip


def repeats(clause: Clause) -> bool:
    """Would the answer be no more than the one CVE that the clause names ("what does CVE-... do")?"""
    names = [name for atom in clause.atoms for name in atom.names]
    filters = any(atom.filters or atom.period or atom.refer for atom in clause.atoms)
    is_list = clause.want == "list" and clause.sought in {"", "cve"} and not clause.shows
    return is_list and len(names) == 1 and names[0].what == "cve" and not filters and not names[0].negated
