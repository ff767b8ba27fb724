"""Rows of an answer as facts: each with its ref, its columns, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from icelos.contracts import Fact, Observation, Tier
from icelos.data.query.findings import Answer
from icelos.data.query.language import Field, Query
from icelos.llm.read_tools import Scalar, digest, told

_TRUST = {tier: number for number, tier in enumerate(Tier)}
Values = Mapping[str, Scalar]


def observed(
    query: Query, answer: Answer, asked: Mapping[str, Any], row_fact: Callable[[Values], Fact], what: str
) -> Observation:
    """An answer as an observation: rows by `row_fact`; groups, combinations and counts as what was computed.

    `what` names the rows ("findings", "rows of kept logs").
    """
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if not query.counts and not query.distinct:
        return Observation(facts=tuple(map(row_fact, rows)), total=answer.total)
    if query.count and not query.group_by:
        number = rows[0]["count"] if rows else 0
        what = (
            f"different {' and '.join(one.name for one in query.distinct)} of {what}"
            if query.distinct
            else what
        )
        fact = Fact(
            ref=digest(asked), text=f"{number:,} {what} {conditions(asked)}", source=what,
            values={"count": number}, tier=Tier.COMPUTED,
        )  # fmt: skip
        return Observation(facts=(fact,), total=1)
    return Observation(facts=tuple(_group(query, row, asked, what) for row in rows), total=answer.total)


def _group(query: Query, values: Values, asked: Mapping[str, Any], what: str) -> Fact:
    return Fact(
        ref=digest(asked, values), text=f"{told(values)} ({what} {conditions(asked)})", source=what,
        values=values, tier=least(query.fields, values),
    )  # fmt: skip


def least(fields: Sequence[Field], values: Values) -> Tier:
    """The tier of the least trusted value that is set."""
    tiers = [field.tier for field in fields if values.get(field.name) not in (None, "")]
    return max([Tier.COMPUTED, *tiers], key=lambda tier: _TRUST[tier])


def conditions(asked: Mapping[str, Any]) -> str:
    """The conditions of a question in words, "in all" where it has none."""
    where = asked.get("where") or []
    parts = [f"{one['field']} {_compared(one)}" for one in where]
    return f"where {' and '.join(parts)}" if parts else "in all"


def _compared(condition: Mapping[str, Any]) -> str:
    operator, value = str(condition.get("is", "=")), condition.get("value")
    if operator in {"is_set", "is_not_set"}:
        return operator.replace("_", " ")
    shown = (
        ", ".join(map(str, value[:5])) + (", …" if len(value) > 5 else "")
        if isinstance(value, list)
        else str(value)
    )
    return f"{operator.replace('_', ' ')} {shown[:200]}"
