"""Queries and what they found as short plain sentences, each with the facts that carry it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icelos.contracts import Fact
from icelos.jobs.copilot.agent.clauses import Filter
from icelos.jobs.copilot.agent.querying import Query, Value
from icelos.jobs.copilot.agent.views import called

MOST_SHOWN = 30
"""Values of a list that are told; the rest is counted."""


class Said(msgspec.Struct, frozen=True):
    """A sentence and the facts that it rests on."""

    text: str
    facts: tuple[Fact, ...] = ()


def listed(texts: Sequence[str], total: int, *, most: int = MOST_SHOWN) -> str:
    """ "a, b and c", or the first and "and 12 more"."""
    shown = list(dict.fromkeys(texts))[:most]
    left = max(total, len(texts)) - len(shown)
    if left > 0:
        return f"{', '.join(shown)} and {left} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def counts(values: Sequence[Value], total: int, *, most: int = MOST_SHOWN) -> str:
    """ "ann (12), bob (3)", or the first and "and 4 more"."""
    return listed([f"{value.text} ({value.count})" for value in values], total, most=most)


def facts_of(
    values: Sequence[Value], counted: Fact | None = None, *, most: int = MOST_SHOWN
) -> tuple[Fact, ...]:
    """The facts of the values that are told, each once; the total's first."""
    found = [] if counted is None else [counted]
    for value in values[:most]:
        found += value.facts[:3]
    return tuple({fact.ref: fact for fact in found}.values())


def nouns(query: Query, sought: str, number: int, *, mode: str = "") -> str:
    """What is counted or listed, with its conditions: "exploitable CVEs in KEV on web-01"."""
    if sought in PROPERTIES:
        return f"{called(sought, number)} of {nouns(query, query.view.seeks or 'rows', 2, mode=mode)}"
    if sought not in {"", "rows", query.view.seeks}:
        column = query.view.columns.get(sought)
        kept = tuple(one for one in query.filters if one.column != column)
        rest = msgspec.structs.replace(query, filters=kept)
        return f"{called(sought, number)} with {nouns(rest, query.view.seeks or 'rows', 2, mode=mode)}"
    before, after = [], []
    for one in query.filters:
        front, back = _told(one)
        before += [front] if front else []
        after += [back] if back else []
    if query.period is not None:
        after.append(query.period.said)
    return " ".join([*dict.fromkeys(before), _noun(query, sought, number, mode), *dict.fromkeys(after)])


PROPERTIES = frozenset(
    {
        "fix",
        "version",
        "epss",
        "kev",
        "status",
        "score",
        "verdict",
        "label",
        "state",
        "assignee",
        "intent",
        "subject",
        "outcome",
        "action",
        "advisory",
        "resembles",
    }
)
"""What things have, rather than what has them."""


def with_others(text: str, also: Sequence[tuple[Query, str, bool]]) -> str:
    """What is sought, and the views that narrowed it: "users with sign-ins, and with flagged mails"."""
    for query, mode, negated in also:
        rows = nouns(query, query.view.seeks or "rows", 2, mode=mode)
        text += f" and {'without' if negated else 'with'} {rows}"
    return text


def _noun(query: Query, sought: str, number: int, mode: str) -> str:
    if sought not in {"", "rows"}:
        return called(sought, number)
    if mode:
        return "sign-in" if number == 1 else "sign-ins"
    return query.view.rows[0 if number == 1 else 1]


_SET = {
    ("kev", "is_set"): ("", "in KEV"), ("kev", "is_not_set"): ("", "not in KEV"),
    ("fixed_in", "is_set"): ("", "with a fix"), ("fixed_in", "is_not_set"): ("", "without a fix"),
    ("assignee", "is_set"): ("assigned", ""), ("assignee", "is_not_set"): ("unassigned", ""),
}  # fmt: skip
_BEFORE = {
    ("exploitable", True): "exploitable", ("exploitable", False): "not exploitable",
    ("outcome", "failure"): "failed", ("outcome", "success"): "successful",
}  # fmt: skip
_SIGNS = {">": "above", ">=": "of at least", "<": "below", "<=": "of at most", "=": "of"}
_AFTER = {
    "target": "on", "host": "on", "user": "of user", "entity": "of", "source_ip": "from",
    "package": "of package", "vulnerability": "of", "assignee": "assigned to", "sender": "from",
    "recipients": "to", "job": "of the job", "technique": "with technique", "application": "to application",
    "intents": "with intent", "label": "labelled", "rule": "of rule", "incident": "of incident",
    "log": "in log", "closed_by": "closed by", "reason": "closed as", "severity": "of severity",
}  # fmt: skip


def _told(one: Filter) -> tuple[str, str]:
    if (one.column, one.how) in _SET:
        return _SET[one.column, one.how]
    if one.how in {"!=", "not_in"} and not one.joined and one.column not in {"outcome", "action"}:
        return "", f"other than {_shown(one.value)}"
    if one.joined or one.how in {"is_set", "is_not_set"} or one.column == "action" or one.how == "not_in":
        return "", ""
    if one.column in {"epss", "score"}:
        name = "EPSS" if one.column == "epss" else "score"
        return "", f"with {name} {_SIGNS.get(one.how, one.how)} {one.value:g}"
    if one.how == "=" and (one.column, one.value) in _BEFORE:
        return _BEFORE[one.column, one.value], ""
    if one.how == "!=" and one.column == "outcome":
        return "", ""
    if one.column in {"status", "state", "verdict"}:
        return _status(one)
    shown = _shown(one.value)
    return "", f"{_AFTER.get(one.column, f'with {one.column}')} {shown}"


def _status(one: Filter) -> tuple[str, str]:
    if one.column == "state":
        return str(one.value), ""
    if one.column == "verdict":
        return "", f"with verdict {_shown(one.value)}"
    return "", f"with status {_shown(one.value)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return listed([str(one) for one in value], len(value), most=6)
    return str(value)


def are(number: int) -> str:
    """ "is" or "are"."""
    return "is" if number == 1 else "are"
