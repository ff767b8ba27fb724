"""Denials: what a sentence says is not so, and whether a passage says the same.

Knows words only: a denial reaches the first word with meaning after it ("is not known to ..." denies
"known"), and a prefix denies its own word ("improperly").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from icelos.jobs.copilot.words import stems, word_set

_NEGATIONS = word_set("not no never cannot without neither nor none nobody nothing unable")
_SOFT_NEGATIONS = _NEGATIONS | word_set("""
    lack lacks lacking missing absent fail fails failed failing prevent prevents avoid avoids except
    deny denies refuse refuses disable disables disabled rather instead unless few hardly rarely
    improper improperly insufficient insufficiently incorrect incorrectly
""")
_PREFIX = re.compile(r"^(?:un|non|in|im|ir|dis|mis)(?=\w{4})")


def _all_stems(words: Iterable[str]) -> set[str]:
    return {piece for word in words for piece in stems(word)}


_OPPOSITES = tuple(
    (_all_stems(word_set(left)), _all_stems(word_set(right)))
    for left, right in (
        ("allow let permit enable", "prevent block deny forbid disallow prohibit disable"),
        ("increase raise grow", "decrease lower shrink reduce"),
        ("encrypt", "decrypt"),
        ("minimum", "maximum"),
        ("internal", "external"),
        ("upload", "download"),
        ("always", "never"),
    )
)


def opposed(claim: Sequence[str], line: Sequence[str]) -> bool:
    """Does the claim use one side of a pair of opposites, and the line only the other?"""
    mine, theirs = _all_stems(claim), _all_stems(line)
    for left, right in _OPPOSITES:
        for one, other in ((left, right), (right, left)):
            only_mine = mine & one and not mine & other
            only_theirs = theirs & other and not theirs & one
            if only_mine and only_theirs and not any(_is_negation(word) for word in (*claim, *line)):
                return True
    return False


def disagreement(claim: Sequence[str], lines: Sequence[Sequence[str]], title: Sequence[str] = ()) -> str:
    """Why a claim's denials differ from those of the lines that carry it, best line first; "" if not.

    All are words in order, lower case. A denial may stand in the title as well ("Sign-in Without MFA").
    """
    for place, scope in _negated(claim):
        around = {piece for word in claim[max(0, place - 4) : place + 5] for piece in stems(word)}
        speaking = [words for words in (*lines, title) if any(scope & set(stems(word)) for word in words)]
        nearest = max(speaking, key=lambda words: len(around & _all_stems(words)), default=None)
        if not any(_denies(words, scope) for words in ([nearest] if nearest else lines)):
            return "it denies what the passage does not deny"
    if lines and opposed(claim, lines[0]):
        return "it says the opposite of the passage"
    positive = {piece for word in claim for piece in stems(word)}
    for words in lines:
        scopes = [scope for _, scope in _negated(words)]
        if scopes and not any(_denies(claim, scope) or not scope & positive for scope in scopes):
            return "it leaves out a denial of the passage"
    return ""


def _denies(words: Sequence[str], scope: set[str], reach: int = 8) -> bool:
    """Is one of the scope's stems denied here ("not checked", "unchecked", "lacks a check")?"""
    places = [index for index, word in enumerate(words) if _is_denial(word)]
    held = [index for index, word in enumerate(words) if scope & {*stems(word), *_bare(word)}]
    if any(_bare(words[index]) and scope & set(_bare(words[index])) for index in held):
        return True
    if not held:
        return bool(places)
    return any(-reach <= place - index <= reach for place in places for index in held)


def _bare(word: str) -> list[str]:
    """The stem that a prefix denies: "improperly" -> "proper"."""
    bare = _PREFIX.sub("", word)
    return stems(bare) if bare != word else []


def _is_negation(word: str) -> bool:
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


def _is_denial(word: str) -> bool:
    return _is_negation(word) or word in _SOFT_NEGATIONS


def _negated(words: Sequence[str], reach: int = 6) -> list[tuple[int, set[str]]]:
    """For each denial its place, and the first word with meaning that follows it."""
    scopes = []
    for index, word in enumerate(words):
        if _is_negation(word):
            following = [piece for later in words[index + 1 : index + reach] for piece in stems(later)]
            scopes.append((index, set(following[:1])))
    return [(index, scope) for index, scope in scopes if scope]
