"""What a question says of one view as conditions on its columns, names looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from icelos.jobs.copilot.agent.clauses import Atom, Clause, Filter, Name
from icelos.jobs.copilot.agent.naming import Names
from icelos.jobs.copilot.agent.querying import Broken, Data, Query
from icelos.jobs.copilot.agent.results import NotUnderstood
from icelos.jobs.copilot.agent.views import VIEWS, View


class Conditions:
    """Makes a query of each view that a clause speaks of. Raises NotUnderstood, Broken, Exhausted."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.names = Names(data)

    def query(self, atom: Atom, clause: Clause, unknown: list[str]) -> Query:
        view = atom.view
        filters = [self._of_view(one, view) for one in atom.filters]
        filters += self._sign_ins(atom)
        filters += self._named(atom, clause, unknown)
        return Query(view=view, filters=tuple(dict.fromkeys(filters)), period=atom.period)

    @staticmethod
    def _of_view(one: Filter, view: View) -> Filter:
        if one.column in view.columns.values():
            return one
        raise NotUnderstood(f"{view.rows[1]} have no {one.column}")

    def _sign_ins(self, atom: Atom) -> list[Filter]:
        if not atom.mode:
            return []
        actions = self.sign_in_actions()
        found = [Filter("action", "in", actions)] if actions else []
        kind = atom.mode.removesuffix("-noun")
        if kind == "failed":
            found.append(Filter("outcome", "=", "failure"))
        elif kind == "succeeded":
            found.append(Filter("outcome", "=", "success"))
        elif kind == "verb":
            found.append(Filter("outcome", "!=", "failure"))
        return found

    def sign_in_actions(self) -> tuple[str, ...]:
        """The actions of kept logs that are sign-ins. Raises NotUnderstood where none is."""
        view = VIEWS["logs"]
        if not self.data.has(view):
            raise Broken("there is no tool to search logs with")
        actions = self.data.values(Query(view=view), "action").texts
        chosen = tuple(action for action in actions if _SIGN_IN.search(action))
        if not chosen and actions:
            raise NotUnderstood("no action of the kept logs is a sign-in")
        return chosen

    def _named(self, atom: Atom, clause: Clause, unknown: list[str]) -> list[Filter]:
        by_column: dict[str, list[Filter]] = {}
        for name in atom.names:
            one = self._name(name, atom, unknown)
            by_column.setdefault(one.column, []).append(one)
        return [merged(group, clause) for group in by_column.values()]

    def _name(self, name: Name, atom: Atom, unknown: list[str]) -> Filter:
        if name.what == "domain" and atom.view.name == "mail":
            return self._of_domain(name.text.lstrip("@").lower(), atom.view)
        if name.text.lower().startswith("phish") and atom.view.name == "mail":
            found = self.names.intents("phish") or self.names.intents("credential")
            if found is None:
                raise NotUnderstood("no intent of the flagged mail is phishing")
            return found
        found = self.names.of(name, atom.view)
        if found is not None:
            return found
        if name.what == "quoted" and "subject" in atom.view.columns:
            return Filter("subject", "contains", name.text)
        if name.text in self.names.ambiguous:
            several = self.names.ambiguous[name.text]
            raise NotUnderstood(f"{name.text} may be {' or '.join(several[:5])}")
        column = atom.view.columns.get(name.what)
        if name.what == "email":
            column = atom.view.columns.get("sender") or atom.view.columns.get("user")
        if column is None:
            raise NotUnderstood(f"I do not know what {name.text!r} is")
        unknown.append(f"{name.text} stands in no column {column.replace('_', ' ')}")
        return Filter(column, "contains" if column in atom.view.lists else "=", name.text)

    def _of_domain(self, domain: str, view: View) -> Filter:
        """The senders of a domain: those whose address ends so, which no condition of a tool says."""
        near = Query(view=view, filters=(Filter("sender", "contains", f"@{domain}"),))
        senders = self.data.values(near, "sender").texts
        whole = tuple(one for one in senders if one.lower().rstrip(">").endswith(f"@{domain}"))
        return Filter("sender", "in", whole) if whole else Filter("sender", "=", f"@{domain}")

    def knows(self, name: Name, view: View) -> bool:
        return self.names.of(name, view) is not None


_SIGN_IN = re.compile(r"(?:sign|log)[ _-]?(?:in|on)|authent|^login|logon|^auth", re.IGNORECASE)


def merged(group: Sequence[Filter], clause: Clause) -> Filter:
    """Several names of one column are alternatives. Raises NotUnderstood where they may not be."""
    first = group[0]
    if len(group) == 1 or all(one == first for one in group):
        return first
    if re.search(r"\b(?:both|all of)\b", clause.text, re.IGNORECASE):
        raise NotUnderstood(f"{clause.text!r} asks for several at once")
    values: list[str] = []
    for one in group:
        if one.how not in {"=", "in"}:
            raise NotUnderstood(f"{clause.text!r} names several, which this column cannot be asked for")
        values += one.value if isinstance(one.value, tuple | list) else [one.value]
    return Filter(first.column, "in", tuple(values), named=len(values))


def quoted(words: Sequence[str]) -> str:
    return ", ".join(repr(word) for word in words)
