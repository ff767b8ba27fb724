"""The words by which an answer says that it cannot answer, that there is none, or that more is left out."""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<![\w-])(?:{one})(?![\w-])" for one in patterns), re.IGNORECASE)


UNABLE = _any(
    "cannot", "can't", "can not", "could not", "couldn't", "unable to", "not able to", "no tool",
    "not available",
    "(?:do not|don't) know", "may not", "(?:are|is|am) not (?:allowed|permitted)",
)  # fmt: skip
DECLINES = _any(
    UNABLE.pattern,
    "no (?:data|records?|information|documents?|sources?|passages?|entry|entries|mention|answer|log|field)",
    "not (?:answered|understood)",
    "not? (?:recorded|known|stored|kept|covered|documented|stated|mentioned|told|there|given)",
    r"not (?:in|among|part of) (?:\w+ ){0,2}(?:sources|documents|data|runbooks?|records?)",
    "not (?:held|found)", "nothing (?:in|about|on|says|tells|was found)", "nowhere", "not enough",
    "(?:do|does|did)(?:n't| not) "
    "(?:say|hold|contain|record|have|cover|tell|include|store|show|find|see|name|mention|answer|understand)",
    "(?:is|are) (?:missing|unknown|absent|unclear)",
    r"(?:isn't|aren't|is not|are not) (?:\w+ ){0,3}(?:sources|data|kept)",
    r"no (?:\w+ ){0,3}(?:says|tells|names|records|holds|answers|covers|mentions)",
    "I (?:have no|found no|know no|don't have|do not have)",
)  # fmt: skip
NONE = _any(
    "no|none|zero|nobody|no one|nothing|never|neither|not any|not a single|not one",
    "(?:did|does|do|has|have|had|was|were|is|are)(?:n't| not)",
)
EXCLUDES = _any(
    "not|no|never|except|excluding|without|other than|unlike|instead of|rather than|failed",
)
ROLE = re.compile(
    r"\b(?:assignee|assigned to|owner|owned by|contact|closed by|held by|analyst|approved by)\W{1,3}$",
    re.IGNORECASE,
)
"""What stands before the name of somebody who is told for another reason than to be one of a list."""
MORE = _any(r"\d+ more", "more (?:exist|follow|of them)", r"first \d+", "shown", r"of \d+", "cut")
"""A list that says itself that it is not the whole."""
