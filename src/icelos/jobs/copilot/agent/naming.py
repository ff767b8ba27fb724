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


class Resolved:
    """What a name turned out to be: the column of each view that holds it, with the values there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.filters: dict[str, Filter] = {}
        self.what: dict[str, str] = {}
        self.several: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.filters)


class Names:
    """Looks names up, each once."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._known: dict[tuple[str, str, str], Filter | None] = {}
        self._values: dict[tuple[str, str], tuple[str, ...]] = {}
        self.ambiguous: dict[str, tuple[str, ...]] = {}

    def of(self, name: Name, view: View) -> Filter | None:
        """The condition that a name is in a view; None where the view does not hold it."""
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
        key = view.name, column, text
        if key not in self._known:
            self._known[key] = self._looked(view, column, what, text)
        return self._known[key]

    def _looked(self, view: View, column: str, what: str, text: str) -> Filter | None:
        forms = list(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize())))
        if column in view.lists:
            return self._in_list(view, column, text)
        if self._holds(view, exact := Filter(column, "in", tuple(forms))):
            values = self._data.values(Query(view=view, filters=(exact,)), column).texts
            return Filter(column, "=", values[0]) if len(values) == 1 else Filter(column, "in", values)
        if what in {"user", "host", "assignee", "recipient", "sender"}:
            return self._by_first_part(view, column, what, text)
        return None

    def _in_list(self, view: View, column: str, text: str) -> Filter | None:
        """A value inside a list: the whole item, not a part of a longer one."""
        found = self._data.values(Query(view=view, filters=(Filter(column, "contains", text),)), column)
        whole = [v for v in found.texts if v.lower() == text.lower() or _first_part(v) == text.lower()]
        return Filter(column, "contains", whole[0]) if len(set(whole)) == 1 else None

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
