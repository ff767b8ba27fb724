"""A question as a row of items: phrases with their meaning, times, values as written, names, the unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from icelos.jobs.copilot.agent import moments, vocabulary
from icelos.jobs.copilot.words import NUMBER_WORDS


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a question says. Kinds are those of `Meaning`, and:

    "value": something written in full, `value` is (what it is, the text); "period"; "filter" for bounds;
    "having" and "limit": a number; "word": neither phrase nor value, perhaps a name; "stop" for punctuation.
    """

    kind: str
    value: Any = None
    view: str = ""
    text: str = ""
    start: int = 0
    end: int = 0


_VALUES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("quoted", re.compile(r"[\"“](?P<v>[^\"”]{1,200})[\"”]|(?<!\w)['‘](?P<w>[^'’]{1,200})['’](?!\w)")),
    ("cve", re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)),
    ("advisory", re.compile(r"(?:GHSA(?:-[0-9a-z]{4}){3}|(?:PYSEC|RUSTSEC|GO|DSA|DLA|USN|RHSA|OSV"
     r"|ALAS)-\d[\w:.-]*\d)", re.IGNORECASE)),
    ("technique", re.compile(r"T\d{4}(?:\.\d{3})?(?!\w)", re.IGNORECASE)),
    ("ip", re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?!\d)|(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}", re.IGNORECASE)),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("domain", re.compile(r"@?(?:[a-z0-9-]+\.)+(?:com|net|org|io|example|test|invalid|de|eu|uk|co|info"
     r"|biz|xyz|top|local|ru|cn|fr|ch|at|us|gov|edu|app|dev|online|site|shop"
      r"|club)\b(?![\w.-]*\w)", re.IGNORECASE)),
)  # fmt: skip
_N = rf"(?P<n>\d+(?:[.,]\d+)?|{'|'.join(NUMBER_WORDS)})(?P<p>\s*%|\s*percent)?"
_OVER = (
    r"(?P<op>above|over|greater than|higher than|more than|larger than|exceeding|exceeds|beyond"
    r"|at least|no less than|not less than|from|>=|≥|>|below|under|less than|lower than|smaller than"
    r"|at most|<=|≤|<|=|of exactly|equal to)"
)
_BOUND = re.compile(
    rf"(?P<what>epss|score|risk)(?: scores?| values?| probabilit(?:y|ies))?(?: (?:is|are|of|that is"
    rf"|which is|being))*\s*{_OVER}\s*(?:or equal to )?{_N}(?P<more> (?:or|and) (?:more|higher|above"
    rf"|over))?",
    re.IGNORECASE,
)
_BOUND_MORE = re.compile(
    rf"(?P<what>epss|score|risk)(?: scores?| values?)?(?: (?:is|are|of|=))*\s*{_N} (?:or"
    rf"|and) (?P<more>more|higher|above|over|less|lower|below)",
    re.IGNORECASE,
)
_HAVING = re.compile(
    rf"(?P<op>more than|over|at least|fewer than|less than|exactly"
    rf"|no fewer than)\s+{_N}(?: times)?(?=\s+(?P<next>[a-z]))"
    rf"|{_N.replace('<n>', '<n2>').replace('<p>', '<p2>')} or more(?= )|(?P<twice>more than once"
    rf"|repeatedly|multiple times|several times)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    rf"(?:the )?(?:top|first|last|latest|newest|worst)\s+(?P<n>\d+|{'|'.join(NUMBER_WORDS)})(?=\s)"
    rf"|(?:the )?(?P<m>\d+|{'|'.join(NUMBER_WORDS)})(?= (?:most|worst|riskiest|highest|latest|newest"
    rf"|busiest|largest|biggest))",
    re.IGNORECASE,
)
_SIGNS = {
    "above": ">", "over": ">", "greater than": ">", "higher than": ">", "more than": ">", "larger than": ">",
    "exceeding": ">", "exceeds": ">", "beyond": ">", ">": ">", "at least": ">=", "no less than": ">=",
    "not less than": ">=", "no fewer than": ">=", "from": ">=", ">=": ">=", "≥": ">=", "below": "<",
    "under": "<", "less than": "<", "fewer than": "<", "lower than": "<", "smaller than": "<", "<": "<",
    "at most": "<=", "<=": "<=", "≤": "<=", "=": "=", "of exactly": "=", "equal to": "=", "exactly": "=",
}  # fmt: skip
_FEW = re.compile(
    rf"(?:the )?(?P<n>\d{{1,3}}|{'|'.join(NUMBER_WORDS)})(?= (?:users?|accounts?|people|hosts?|servers?"
    rf"|machines?|images?"
    rf"|targets?|packages?|techniques?|senders?|recipients?|rules?|cves|vulnerabilities|ips?|addresses|intents?)\b)",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"(?:(?:(?:everything|all|anything|those|the ones|hosts?|servers?|images?|targets?|users?)\s+)*"
    r"(?:(?:whose|where the|with (?:a )?|that have a |the )\s*(?:host\s?)?names?\s+|which\s+|that\s+)?"
    r"(?:starts?|begins?|starting|beginning|prefixed)\s+(?:with|by)\s+[\"'“]?(?P<p>\w[\w-]*)[\"'”]?\*?)"
    r"|(?<![\w-])(?P<q>[A-Za-z]\w*(?:-\w+)*-)(?:\*|\.{2,3}|…)",
    re.IGNORECASE,
)
_STOP = re.compile(r"[?;,.!:()–—]|\s[-/|+]\s|[-/|]\s")


def scan(text: str, now: datetime) -> list[Item]:
    """The items of a question in order."""
    return list(_Scanner(text, now).items())


class _Scanner:
    def __init__(self, text: str, now: datetime) -> None:
        self.text = text
        self.lower = text.lower().replace("’", "'")
        self.periods = moments.find(self.lower, now)

    def items(self) -> Iterator[Item]:
        place = 0
        while place < len(self.text):
            if self.text[place].isspace():
                place += 1
                continue
            item = self._at(place)
            yield item
            place = item.end

    def _at(self, place: int) -> Item:
        for one in self.periods:  # "sign in this week": the phrase before may have taken its preposition
            if one.start <= place < one.end:
                return self._item("period", one.period, place, one.end)
        stop = _STOP.match(self.text, place)
        if stop:
            return self._item("stop", stop.group().strip(), place, stop.end())
        return self._value(place) or self._bound(place) or self._phrase(place)

    def _value(self, place: int) -> Item | None:
        if place and re.match(r"[\w@]", self.text[place - 1]):
            return None
        prefix = _PREFIX.match(self.text, place)
        if prefix:
            return self._item("value", ("prefix", prefix["p"] or prefix["q"]), place, prefix.end())
        for what, pattern in _VALUES:
            match = pattern.match(self.text, place)
            if match and not re.match(r"\w", self.text[match.end() : match.end() + 1]):
                shown = match.group()
                if what == "quoted":
                    shown = match["v"] or match["w"]
                return self._item("value", (what, shown), place, match.end())
        return None

    def _bound(self, place: int) -> Item | None:
        if (match := _BOUND.match(self.text, place) or _BOUND_MORE.match(self.text, place)) is not None:
            return self._compared(match, place)
        if (match := _LIMIT.match(self.text, place)) is not None:
            order = re.match(r"(?:the )?(last|latest|newest|first|worst)", match.group(), re.IGNORECASE)
            how = order.group(1).lower() if order else ""
            return self._item("limit", (_number(match["n"] or match["m"]), how), place, match.end())
        before = self.text[:place].lower().split()
        if (
            before
            and before[-1] in {"which", "what", "the", "whose", "our"}
            and (match := _FEW.match(self.text, place))
        ):
            return self._item("limit", (_number(match["n"]), ""), place, match.end())
        if (match := _HAVING.match(self.text, place)) is not None:
            if match["twice"]:
                return self._item("having", (">", 1.0), place, match.end())
            if match["n2"]:
                return self._item("having", (">=", _number(match["n2"])), place, match.end())
            return self._item(
                "having", (_SIGNS[match["op"].lower()], _number(match["n"])), place, match.end()
            )
        return None

    def _compared(self, match: re.Match[str], place: int) -> Item:
        said = match.groupdict()
        number = _number(said["n"]) / (100 if said.get("p") else 1)
        sign = _SIGNS[(said.get("op") or "").lower()] if said.get("op") else ""
        if not sign:
            sign = "<=" if said["more"].lower() in {"less", "lower", "below"} else ">="
        elif said.get("more"):
            sign = ">="
        column = "epss" if said["what"].lower() == "epss" else "score"
        view = "vulnerabilities" if column == "epss" else ""
        return self._item("filter", (column, sign, number), place, match.end(), view)

    def _phrase(self, place: int) -> Item:
        word = next(vocabulary.words(self.text[place:]), None)
        if word is None or word.start():
            return self._item("stop", "", place, place + 1)
        found = vocabulary.at(self.lower, place)
        if found is not None:
            end, meaning = found
            return self._item(meaning.kind, meaning.value, place, end, meaning.view)
        bare = re.sub(r"['’]s?$", "", word.group())
        if bare.lower() in vocabulary.GLUE or word.group().lower() in vocabulary.GLUE:
            return self._item("glue", None, place, place + word.end())
        return self._item("word", bare, place, place + word.end())

    def _item(self, kind: str, value: Any, start: int, end: int, view: str = "") -> Item:
        return Item(
            kind=kind, value=value, view=view, text=self.text[start:end].strip(), start=start, end=end
        )


def _number(text: str) -> float:
    return float(NUMBER_WORDS.get(text.lower(), text.replace(",", ".") if text.count(",") == 1 else text))
