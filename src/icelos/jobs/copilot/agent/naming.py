"""Names in a question to values that stand in the findings and logs. Nothing is guessed.

A name is found where a column holds it exactly, in whatever case; a user or host also by what stands before
"@" or the first dot, if that is one value only. A misspelt name is not found, and the answer says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from icelos.jobs.copilot.agent.clauses import Filter, Name
from icelos.jobs.copilot.agent.querying import Broken, Data, Query
from icelos.jobs.copilot.agent.views import VIEWS, View

_NAMED = (
    "host",
    "package",
    "user",
    "ip",
    "application",
    "sender",
    "recipient",
    "rule",
    "incident",
)
"""What a bare word may be the name of, by column of each view."""
_PHRASES = ("intent", "label", "technique", "rule", "resembles", "action", "job", "subject")
"""Columns of few values, whose values may be several words of a question."""


_PEOPLE = frozenset({"user", "recipient", "sender", "assignee", "closer", "entity"})


def _account(name: str) -> str:
    """The letters of an account's own part."""
    own = re.split("@", name.lower().rpartition("\\")[2])[0]
    return re.sub(r"[._-]", "", own)


class Names:
    """Looks names up, each once."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._known: dict[tuple[str, str, str, str], Filter | None] = {}
        self._values: dict[tuple[str, str], tuple[str, ...]] = {}
        self.ambiguous: dict[str, tuple[str, ...]] = {}

    def of(self, name: Name, view: View) -> Filter | None:
        """The condition that a name is in a view; None where the view does not hold it."""
        if name.what == "prefix":
            return self._beginning(view, name.text)
        for what in self._columns(name, view):
            column = view.columns.get(what)
            if column is None:
                continue
            found = self._look(view, column, what, name.text)
            if found is not None:
                return found
        return self._phrase(name.text, view) if name.what in {"", "quoted"} else None

    @staticmethod
    def _columns(name: Name, view: View) -> Iterator[str]:
        if name.what == "email":
            yield from ("sender", "user", "assignee")
        elif name.what == "ip":
            yield "ip"
        elif name.what and name.what != "quoted":
            yield name.what
        else:
            yield from (what for what in _NAMED if what in view.columns)

    def _look(self, view: View, column: str, what: str, text: str) -> Filter | None:
        key = view.name, column, what, text
        if key not in self._known:
            self._known[key] = self._looked(view, column, what, text)
        return self._known[key]

    def _looked(self, view: View, column: str, what: str, text: str) -> Filter | None:
        if " " in text and what in _PEOPLE:
            return self._person(view, column, text)
        forms = list(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize())))
        if column in view.lists:
            return self._in_list(view, column, text)
        if self._holds(view, exact := Filter(column, "in", tuple(forms))):
            values = self._data.values(Query(view=view, filters=(exact,)), column).texts
            return Filter(column, "=", values[0]) if len(values) == 1 else Filter(column, "in", values)
        if what in {"user", "host", "assignee", "recipient", "sender", "closer"}:
            return self._by_first_part(view, column, what, text)
        return None

    def _in_list(self, view: View, column: str, text: str) -> Filter | None:
        """A value inside a list: the whole item, not a part of a longer one."""
        found = self._data.values(Query(view=view, filters=(Filter(column, "contains", text),)), column)
        whole = [v for v in found.texts if v.lower() == text.lower() or _first_part(v) == text.lower()]
        return Filter(column, "contains", whole[0]) if len(set(whole)) == 1 else None

    def _beginning(self, view: View, text: str) -> Filter | None:
        """ "Everything that begins with img-": hosts, else users."""
        for what in ("host", "user", "package"):
            column = view.columns.get(what)
            if column is None or column in view.lists:
                continue
            starts = Filter(column, "starts_with", text)
            found = self._data.values(Query(view=view, filters=(starts,)), column)
            if found.texts and found.is_whole:
                return Filter(column, "in", found.texts)
        return None

    def _person(self, view: View, column: str, text: str) -> Filter | None:
        """ "Ann Lee" as accounts are made of names, if only one account is."""
        words = [word for word in re.split(r"[\s.]+", text.lower()) if word]
        if len(words) > 3 or not all(re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*", word) for word in words):
            return None
        first, last = words[0], words[-1]
        forms = {first + last, last + first, first[0] + last, last + first[0]}
        found = self._data.values(Query(view=view, filters=(Filter(column, "contains", last),)), column)
        fitting = {one for one in found.texts if _account(one) in forms}
        if len(fitting) != 1 or not found.is_whole:
            return None
        return Filter(column, "contains" if column in view.lists else "=", fitting.pop())

    def _by_first_part(self, view: View, column: str, what: str, text: str) -> Filter | None:
        if not re.fullmatch(r"[\w.-]+", text):
            return None
        mark = "." if what == "host" else "@"
        starts = Filter(column, "starts_with", f"{text.lower()}{mark}")
        values = self._data.values(Query(view=view, filters=(starts,)), column).texts
        if len(values) == 1:
            return Filter(column, "=", values[0])
        if values:
            self.ambiguous[text] = values
        return None

    def _holds(self, view: View, one: Filter) -> bool:
        return bool(self._data.rows(Query(view=view, filters=(one,)), most=1).facts)

    # ---- phrases

    def _phrase(self, text: str, view: View) -> Filter | None:
        folded = _folded(text)
        for what in _PHRASES:
            column = view.columns.get(what)
            if column is None or what == "subject":
                continue
            for value in self._all(view, column):
                if _folded(value) == folded:
                    how = "contains" if column in view.lists else "="
                    return Filter(column, how, value)
        return None

    def _all(self, view: View, column: str) -> tuple[str, ...]:
        key = view.name, column
        if key not in self._values:
            try:
                found = self._data.values(Query(view=view), column)
            except Broken:
                return ()
            self._values[key] = found.texts if found.is_whole else ()
        return self._values[key]

    def intents(self, text: str) -> Filter | None:
        """ "phishing": the intents, else the labels, of mail that hold the word."""
        view = VIEWS["mail"]
        for column in ("intents", "label"):
            hits = [value for value in self._all(view, column) if text in _folded(value)]
            if len(hits) == 1:
                return Filter(column, "contains" if column in view.lists else "=", hits[0])
        return None


def _first_part(value: str) -> str:
    return re.split(r"@", value.lower())[0]


def _folded(text: str) -> str:
    folded = re.sub(r"[\s_-]+", " ", text.lower()).strip()
    return folded[:-1] if folded.endswith("s") and not folded.endswith("ss") else folded
