"""A second engine for Sigma, to check the first one by: it walks the parsed condition over one row's fields.

It shares pySigma's parser with the product and nothing else: no SQL, Python's `re` in place of RE2.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SpecialChars,
)

_LOWER = {ord(letter): ord(letter) + 32 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
Lookup = Callable[[str], str | None]
_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: re.IGNORECASE,
    SigmaRegularExpressionFlag.MULTILINE: re.MULTILINE,
    SigmaRegularExpressionFlag.DOTALL: re.DOTALL,
}


def lower(text: str) -> str:
    """Only A to Z have two cases here, as documented."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


class Evaluator:
    """One parsed rule."""

    def __init__(self, rule: SigmaRule) -> None:
        self._conditions = [one.parsed for one in rule.detection.parsed_condition]

    def matches(self, lookup: Lookup, text: str = "") -> bool:
        return any(_holds(one, lookup, text) for one in self._conditions)


def _holds(condition: Any, lookup: Lookup, text: str) -> bool:
    if isinstance(condition, ConditionAND):
        return all(_holds(one, lookup, text) for one in condition.args)
    if isinstance(condition, ConditionOR):
        return any(_holds(one, lookup, text) for one in condition.args)
    if isinstance(condition, ConditionNOT):
        return not _holds(condition.args[0], lookup, text)
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return _field_is(lookup(condition.field), condition.value, lookup)
    assert isinstance(condition, ConditionValueExpression)
    return _keyword(condition.value, text)


def _field_is(value: str | None, wanted: Any, lookup: Lookup) -> bool:
    if isinstance(wanted, SigmaExpansion):
        return any(_field_is(value, one, lookup) for one in wanted.values)
    if isinstance(wanted, SigmaNull):
        return value is None
    if isinstance(wanted, SigmaExists):
        return (value is not None) == bool(wanted)
    if value is None:
        return False
    if isinstance(wanted, SigmaString):
        return _fits(wanted, value, whole=True)
    return _special(value, wanted, lookup)


def _special(value: str, wanted: Any, lookup: Lookup) -> bool:
    if isinstance(wanted, SigmaBool):
        return lower(value) in (("true", "1") if wanted.boolean else ("false", "0"))
    if isinstance(wanted, SigmaRegularExpression):
        return _regex(wanted).search(value) is not None
    if isinstance(wanted, SigmaCIDRExpression):
        return _within(value, wanted.cidr)
    if isinstance(wanted, SigmaCompareExpression):
        return _compares(value, wanted)
    if isinstance(wanted, SigmaFieldReference):
        return _refers(value, lookup(wanted.field), wanted)
    assert isinstance(wanted, SigmaNumber), type(wanted)
    number: Any = wanted.number
    return lower(value) == lower(str(int(number)) if float(number).is_integer() else str(number))


def _regex(wanted: SigmaRegularExpression) -> re.Pattern[str]:
    flags = 0
    for flag in wanted.flags:
        flags |= _FLAGS[flag]
    return _compiled(str(wanted.regexp), flags)


@lru_cache(maxsize=4096)
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def _within(value: str, cidr: str) -> bool:
    try:
        return ipaddress.ip_address(value.strip()) in ipaddress.ip_network(cidr)
    except ValueError:
        return False


def _compares(value: str, wanted: SigmaCompareExpression) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    limit = float(wanted.number.number)
    return {"LT": number < limit, "LTE": number <= limit, "GT": number > limit, "GTE": number >= limit}[
        wanted.op.name
    ]


def _refers(value: str, other: str | None, wanted: SigmaFieldReference) -> bool:
    if other is None:
        return False
    value, other = lower(value), lower(other)
    if wanted.starts_with and wanted.ends_with:
        return other in value
    if wanted.starts_with:
        return value.startswith(other)
    return value.endswith(other) if wanted.ends_with else value == other


_PARTS: dict[int, tuple[SigmaString, list[Any]]] = {}
"""Patterns cut into letters and wildcards, each cut once; with the pattern, so that its id stays its own."""


def _parts(wanted: SigmaString) -> list[Any]:
    known = _PARTS.get(id(wanted))
    if known is None:
        cased = isinstance(wanted, SigmaCasedString)
        parts = [part if cased or not isinstance(part, str) else lower(part) for part in wanted.s]
        known = _PARTS[id(wanted)] = (wanted, parts)
    return known[1]


def _fits(wanted: SigmaString, value: str, *, whole: bool) -> bool:
    """A pattern of texts, "*" and "?"; the usual ones by Python's own words for them."""
    many = SpecialChars.WILDCARD_MULTI
    parts = _parts(wanted)
    text = value if isinstance(wanted, SigmaCasedString) else lower(value)
    if not whole:
        parts = [many, *parts, many]
    match parts:
        case [str(part)]:
            return text == part
        case [SpecialChars.WILDCARD_MULTI, str(part), SpecialChars.WILDCARD_MULTI]:
            return part in text
        case [str(part), SpecialChars.WILDCARD_MULTI]:
            return text.startswith(part)
        case [SpecialChars.WILDCARD_MULTI, str(part)]:
            return text.endswith(part)
    return _walks(parts, text)


def _walks(parts: list[Any], text: str) -> bool:
    at = {0}  # places in the text that the parts so far may end at
    for part in parts:
        if part is SpecialChars.WILDCARD_MULTI:
            at = set(range(min(at), len(text) + 1)) if at else set()
        elif part is SpecialChars.WILDCARD_SINGLE:
            at = {place + 1 for place in at if place < len(text)}
        else:
            at = {place + len(part) for place in at if text.startswith(part, place)}
    return len(text) in at


def _keyword(wanted: Any, text: str) -> bool:
    if isinstance(wanted, SigmaExpansion):
        return any(_keyword(one, text) for one in wanted.values)
    if isinstance(wanted, SigmaRegularExpression):
        return _regex(wanted).search(text) is not None
    if isinstance(wanted, SigmaNumber):
        return str(wanted) in text
    assert isinstance(wanted, SigmaString)
    return _fits(wanted, text, whole=False)
