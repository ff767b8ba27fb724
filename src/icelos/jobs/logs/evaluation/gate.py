"""The gate: bounds on measures, one table with its reasons.

Most bounds are relative to the ceiling, which is what as many real rows reach against the same reference; and
where samples are small, the chance of their draw is granted on top: three standard errors, estimated from
repeated splits of the real rows. A measure that could not be taken neither passes nor fails, and is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from icelos.jobs.logs.evaluation.measures import Measure

ERRORS = 3.0
"""Standard errors that chance is granted: a good generator fails one measure in 700 by bad luck."""


class How(StrEnum):
    """What a bound is of."""

    LEAST = "at least"
    MOST = "at most"
    SHARE = "of the ceiling, at least"
    WITHIN = "of the ceiling, within"
    ABOVE = "above the ceiling, at most"


class Rule(msgspec.Struct, frozen=True):
    """One line of the table."""

    measure: str
    how: How
    bound: float
    why: str


RULES = (
    Rule("valid rows", How.LEAST, 0.99, "what reads logs drops rows that do not parse"),
    Rule("known fields", How.SHARE, 0.98, "a path or type that no real row has breaks rules and parsers"),
    Rule("ROUGE-2 best", How.WITHIN, 0.03, "rows must be as near to real rows as real rows are, not nearer"),
    Rule("ROUGE-2 average", How.WITHIN, 0.03, "one typical row scores above the ceiling: rare rows are gone"),
    Rule("field distance", How.ABOVE, 0.05, "each field's values in their real shares"),
    Rule("missing rates", How.ABOVE, 0.02, "fields absent as often as in real rows"),
    Rule("value coverage", How.SHARE, 0.95, "values that real rows commonly have must occur"),
    Rule("pair distance", How.ABOVE, 0.05, "two fields' values together in their real shares"),
    Rule("dependence error", How.ABOVE, 0.10, "fields that depend on each other must do so as strongly"),
    Rule("bonds kept", How.SHARE, 0.90, "user and device, address and place: combinations that exist"),
    Rule("bonds within", How.SHARE, 0.95, "one session has one user, also where sessions are new"),
    Rule("equal fields", How.SHARE, 0.95, "fields that repeat each other in real rows"),
    Rule("hours", How.ABOVE, 0.10, "activity by the hour of the day"),
    Rule("gaps", How.ABOVE, 0.10, "time between a user's rows: bursts and silences"),
    Rule("sessions", How.ABOVE, 0.10, "rows in a session"),
    Rule("rows per user", How.ABOVE, 0.15, "busy and quiet users"),
    Rule("distinct rows", How.SHARE, 0.95, "the same row again and again is no log"),
    Rule("self-ROUGE-2", How.ABOVE, 0.05, "rows no more alike than real rows are"),
    Rule("rows told apart", How.MOST, 0.75, "AUC of a classifier between synthetic and real rows"),
    Rule("user-days told apart", How.MOST, 0.75, "the same for a user's whole day"),
    Rule("usefulness", How.SHARE, 0.90, "what is learnt from synthetic rows must hold for real ones"),
    Rule("exact copies", How.ABOVE, 0.005, "no more training rows than held-out rows repeat by chance"),
    Rule("near copies", How.ABOVE, 0.02, "nor training rows under new ids and times"),
    Rule("closer to training", How.MOST, 0.55, "0.5 where no training row has been learnt by heart"),
    Rule("membership", How.MOST, 0.55, "AUC of telling training rows by the nearness of synthetic ones"),
    Rule("canaries", How.MOST, 0.0, "a planted text must not come out"),
)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and what came of it; `passed` is None where there was nothing to check."""

    measure: str
    value: float | None
    ceiling: float | None
    demand: str
    passed: bool | None
    why: str
    note: str = ""


def check(measures: Mapping[str, Measure]) -> tuple[Check, ...]:
    """All rules of the table."""
    return tuple(_checked(rule, measures.get(rule.measure)) for rule in RULES)


def _checked(rule: Rule, found: Measure | None) -> Check:
    if found is None or found.value is None or (_is_relative(rule) and found.ceiling is None):
        note = found.note if found else ""
        value = found.value if found else None
        return Check(
            measure=rule.measure, value=value, ceiling=None, demand="", passed=None, why=rule.why, note=note
        )
    low, high = bounds(rule, found.ceiling or 0.0, ERRORS * found.noise)
    return Check(
        measure=rule.measure,
        value=found.value,
        ceiling=found.ceiling,
        demand=_told(low, high),
        passed=(low is None or found.value >= low) and (high is None or found.value <= high),
        why=rule.why,
        note=found.note,
    )


def _is_relative(rule: Rule) -> bool:
    return rule.how in (How.SHARE, How.WITHIN, How.ABOVE)


def bounds(rule: Rule, ceiling: float, chance: float) -> tuple[float | None, float | None]:
    """The least and the greatest value that pass."""
    if rule.how is How.LEAST:
        return rule.bound, None
    if rule.how is How.MOST:
        return None, rule.bound + chance
    if rule.how is How.SHARE:
        return rule.bound * ceiling - chance, None
    if rule.how is How.WITHIN:
        return (1 - rule.bound) * ceiling - chance, (1 + rule.bound) * ceiling + chance
    return None, ceiling + rule.bound + chance


def _told(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:.3f} to {high:.3f}"
    return f">= {low:.3f}" if low is not None else f"<= {high:.3f}"
