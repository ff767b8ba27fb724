"""Whether an answer is right, by its text alone: the same text always gets the same grade.

    grade("12 findings on srv-web-1.", "answered", ["computed:1f"], expect)

"right": all of it is met. "declined": it says that it cannot answer, and claims nothing. "partial": a part is
right, and for the rest it says that it is missing. "wrong": all else, also a list that is silently not whole,
another number in place of the right one, one thing too many, a text that must not be seen.

Bounds: a number counts as said wherever it stands alone, and a thing wherever it is named, so that what is
right for another reason is taken as right; whoever says that something is missing is believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from enum import StrEnum
from functools import cache

from tests.quality.agent import universe
from tests.quality.agent.expecting import Expect, Listed
from tests.quality.agent.phrases import DECLINES, EXCLUDES, MORE, NONE, ROLE, UNABLE

Grade = str
ANSWERED = frozenset({"answered", "partial", "ok"})
"""Statuses under which an answer claims something; under any other it declines."""


class Part(StrEnum):
    """How one part of a gold answer fared."""

    MET = "met"
    ABSENT = "absent"
    CONTRADICTED = "contradicted"


_BETTER = ("right", "partial", "declined", "wrong")
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
_DIGITS = {word: str(number) for number, word in enumerate(_WORDS) if number > 1}
"""Without "one", which mostly is no number."""
_HANDLES = re.compile(r"\[(?:[A-Za-z]?\w{1,6})(?:, ?\w{1,6})*\](?!\()")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NO_NUMBERS = re.compile(
    r"\b(?:CVE|HSA|HSD|INC|CWE|GHSA)-[\w-]+|\b[TMSG]\d{4}(?:\.\d{3})?\b|[\w.+-]+@[\w.-]+"
    r"|\b\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|\+\d\d:\d\d)?)?|\b\d{1,2}:\d{2}(?::\d{2})?\b"
    r"|\b\d+(?:\.\d+){2,}\b|\b(?:srv|img|lt|rb|svc)-[\w-]+"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)? (?:{_MONTHS})[a-z]*\.?(?: \d{{4}})?"
    rf"|\b(?:{_MONTHS})[a-z]*\.? (?:\d{{4}}\b|\d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?)|^\s*\d+[.)]\s",
        re.I | re.M
)  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")


def grade(text: str, status: str, cited_refs: Collection[str], expect: Expect) -> Grade:
    """ "right", "partial", "wrong" or "declined" of an answer's text and status."""
    if expect.either:
        grades = [grade(text, status, cited_refs, one) for one in expect.either]
        return min(grades, key=_BETTER.index)
    said = plain(text)
    if any(_says(said, one) for one in expect.forbid) or _cites(cited_refs, expect.forbid_refs):
        return "wrong"
    declines = status not in ANSWERED or bool(DECLINES.search(said))
    if expect.refuse:
        return "right" if declines else "wrong"
    if status not in ANSWERED and not _claims(said, expect):
        return "declined"
    parts = list(_parts(said, status, declines, expect))
    if Part.CONTRADICTED in parts:
        return "wrong"
    if Part.ABSENT not in parts:
        return "right"
    open_ended = declines or bool(MORE.search(said))
    if not open_ended:
        return "wrong"
    return "partial" if Part.MET in parts else "declined"


def plain(text: str) -> str:
    """The text without citations' handles, mark-up and marks within numbers; words for numbers as digits."""
    text = _HANDLES.sub(" ", unicodedata.normalize("NFKC", text))
    text = text.replace("’", "'").replace("**", "").replace("`", "").replace("\u2011", "-")
    text = re.sub(r"(?<=\d)[,\u202f](?=\d{3}\b)", "", text)
    text = re.sub(r"\b(only|just|exactly) one\b", r"\1 1", text, flags=re.I)
    return re.sub(r"\b[A-Za-z]+\b", lambda m: _DIGITS.get(m.group().lower(), m.group()), text)


def _parts(said: str, status: str, declines: bool, expect: Expect) -> Iterator[Part]:
    yield from _numbers(said, status, expect)
    for listed in expect.lists:
        yield from _list(said, listed, expect)
    for label, number in expect.counts.items():
        yield _count(said, label, number)
    for one in expect.contains:
        yield Part.MET if _says(said, one) else Part.ABSENT
    if expect.missing and not declines:
        yield Part.CONTRADICTED


def _numbers(said: str, status: str, expect: Expect) -> Iterator[Part]:
    there = [_value(one) for one in _free(said)]
    repeated = {_value(one) for one in _free(plain(expect.given))}
    claims = [one for one in there if one not in repeated]
    for number in expect.numbers:
        none = number == 0 and status in ANSWERED and not claims and _denies(said)
        if none or any(_same(number, one) for one in there):
            yield Part.MET
        elif claims and not _explained(claims, expect):
            yield Part.CONTRADICTED
        else:
            yield Part.ABSENT


def _denies(said: str) -> bool:
    """Whether it says that there is none, and not that it cannot know."""
    return bool(NONE.search(said)) and not UNABLE.search(said)


def _explained(claims: list[float], expect: Expect) -> bool:
    """Whether every number that is said belongs to another part of the gold answer."""
    known = [*expect.numbers, *expect.counts.values()]
    return all(any(_same(one, claim) for one in known) for claim in claims)


def _list(said: str, listed: Listed, expect: Expect) -> Iterator[Part]:
    places = {item: place for item in listed.items if (place := _place(said, item)) >= 0}
    after = max(places.values(), default=-1) if listed.top else len(said)
    if any(_claimed(said, name, before=after) for name in _others(listed, expect)):
        yield Part.CONTRADICTED
    if len(places) < len(listed.items):
        yield Part.ABSENT
    if places:
        ordered = list(places.values())
        yield Part.CONTRADICTED if listed.order and ordered != sorted(ordered) else Part.MET


def _others(listed: Listed, expect: Expect) -> Iterator[str]:
    """What a list may not name: its universe without its items, and what is told for another reason."""
    items = {alias for item in listed.items for alias in item.split("|")}
    question = plain(expect.given)
    for name in universe.names(listed.universe):
        told = _says(question, name) or any(_says(one, name) for one in expect.contains)
        if not told and items.isdisjoint(name.split("|")):
            yield name


def _claimed(said: str, name: str, *, before: int) -> bool:
    """Whether something is named before a place, other than to say that it does not belong here."""
    for alias in name.split("|"):
        for match in _named(alias).finditer(said):
            if match.start() > before:
                continue
            begin = match.start()
            if not EXCLUDES.search(_clause(said, begin)) and not ROLE.search(
                said[max(0, begin - 20) : begin]
            ):
                return True
    return False


def _clause(said: str, place: int) -> str:
    """The part of a sentence or line around a place."""
    begin = max(said.rfind(mark, 0, place) for mark in ("\n", ". ", "; ", ": ", "("))
    ends = [end for mark in ("\n", ". ", "; ", ")") if (end := said.find(mark, place)) >= 0]
    return said[begin + 1 : min(ends, default=len(said))]


def _count(said: str, label: str, number: float) -> Part:
    """A number that belongs to a name: what stands in the same piece of the text decides."""
    pieces = [one for one in re.split(r"[\n;]|, |\. | and | but ", said) if _says(one, label)]
    found = [[_value(one) for one in _free(_without(piece, label))] for piece in pieces]
    if any(_same(number, one) for numbers in found for one in numbers):
        return Part.MET
    if any(found):
        return Part.CONTRADICTED
    zero = number == 0 and bool(pieces) and _denies(said)
    return (
        Part.MET
        if zero or (pieces and any(_same(number, _value(one)) for one in _free(said)))
        else Part.ABSENT
    )


def _without(piece: str, label: str) -> str:
    for alias in label.split("|"):
        piece = _named(alias).sub(" ", piece)
    return piece


def _claims(said: str, expect: Expect) -> bool:
    """Whether a text that declines by its status still says a part of what was asked for."""
    names = [item for listed in expect.lists for item in listed.items]
    return any(_says(said, one) for one in (*names, *expect.contains)) or bool(
        expect.numbers and any(_same(n, _value(one)) for n in expect.numbers if n for one in _free(said))
    )


def _free(said: str) -> list[str]:
    """Numbers that stand alone: not parts of names, dates, times, addresses or versions."""
    return _NUMBER.findall(_NO_NUMBERS.sub(" ", said))


def _value(text: str) -> float:
    return float(text)


def _same(gold: float, said: float) -> bool:
    """Equal, or the gold number rounded to no fewer than two digits behind the point."""
    return gold == said or (gold != int(gold) and abs(gold - said) < 0.005)


@cache
def _named(alias: str) -> re.Pattern[str]:
    """The whole name, but for the case of its letters: no part of a longer one."""
    return re.compile(rf"(?<![\w-]){re.escape(plain(alias))}(?![\w-]|\.\d)", re.IGNORECASE)


def _place(said: str, name: str) -> int:
    """Where one of the names stands first, -1 where none does."""
    places = [match.start() for alias in name.split("|") if (match := _named(alias).search(said))]
    return min(places, default=-1)


def _says(said: str, name: str) -> bool:
    return _place(said, name) >= 0


def _cites(refs: Collection[str], forbidden: Collection[str]) -> bool:
    return any(one in ref for ref in refs for one in forbidden)
