"""What a question says of one view as conditions on its columns, names looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

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
        self.before = ""

    def query(self, atom: Atom, clause: Clause, unknown: list[str]) -> Query:
        view = atom.view
        filters = _alternatives([self._of_view(one, view) for one in atom.filters], clause.text)
        named = self._named(atom, clause, unknown)
        logged, wider = self._sign_ins(atom, clause)
        query = Query(
            view=view, filters=tuple(dict.fromkeys([*filters, *logged, *named])), period=atom.period
        )
        if wider != logged and named and not self.data.count(query)[0]:
            # "Failed logins of ann", who only ever signs in to what is logged as sign-ins.
            return msgspec.structs.replace(query, filters=tuple(dict.fromkeys([*filters, *wider, *named])))
        return query

    @staticmethod
    def _of_view(one: Filter, view: View) -> Filter:
        if one.column in view.columns.values():
            return one
        raise NotUnderstood(f"{view.rows[1]} have no {one.column}")

    def _sign_ins(self, atom: Atom, clause: Clause) -> tuple[list[Filter], list[Filter]]:
        """The conditions as the question says it, and those of sign-ins of any kind."""
        if not atom.mode or atom.inherited:
            return [], []
        found, wider = self._logged(atom, clause)
        found = wider if atom.negated else found
        outcome = self._outcome(atom)
        return [*found, *outcome], [*wider, *outcome]

    @staticmethod
    def _outcome(atom: Atom) -> list[Filter]:
        found: list[Filter] = []
        kind = atom.mode.removesuffix("-noun")
        if kind == "failed":
            found.append(Filter("outcome", "=", "failure"))
        elif kind == "succeeded":
            found.append(Filter("outcome", "=", "success"))
        elif kind == "verb":
            found.append(Filter("outcome", "!=", "failure"))
        return found

    def _logged(self, atom: Atom, clause: Clause) -> tuple[list[Filter], list[Filter]]:
        """The rows that are sign-ins.

        Where hosts are spoken of, those that record an action on a host: a sign-in to an application tells
        the device it came from. Else a log or an action that is called just as the question says ("logins",
        "sign-ins") is what is meant, where there is one.
        """
        view = VIEWS["logs"]
        actions = self.sign_in_actions()
        rows = self.data.distinct(Query(view=view), ["log", "action"]).facts
        logs = {str(f.values.get("log")) for f in rows}
        bare = {str(f.values.get("log")) for f in rows if f.values.get("action") in (None, "")}
        if self._speaks_of_hosts(atom, clause):
            on_hosts = [Filter("action", "in", actions)] if actions else []
            return on_hosts, on_hosts
        silent = tuple(sorted(one for one in bare if _SIGN_IN.search(one)))
        any_action = (*actions, "") if silent and bare == set(silent) else actions
        wider = [Filter("action", "in", any_action)] if any_action else []
        said = _called(clause.text)
        same = tuple(one for one in actions if _plain(one) in said)
        if named := tuple(one for one in sorted(logs) if _plain(one) in said):
            found = [Filter("log", "in", named)] if len(logs) > 1 else []
            if not bare & set(named) and actions:
                found.append(Filter("action", "in", actions))
            return found, wider
        if same and len(same) < len(actions) + len(bare):
            return [Filter("action", "in", same)], wider
        return wider, wider

    def _speaks_of_hosts(self, atom: Atom, clause: Clause) -> bool:
        if clause.sought == "host" or clause.want == "where" or "host" in (*clause.group, clause.counting):
            return True
        if any(what == "host" for what, _ in clause.links) or any(
            one.what == "host" or (not one.what and self.before == "host") for one in atom.refer
        ):
            return True
        if any(one.view.name == "vulnerabilities" for one in clause.atoms):
            return True
        found = [self.names.of(name, atom.view) for name in atom.names]
        return any(one is not None and one.column == "host" for one in found)

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
            one = self._name(name, atom, unknown, clause)
            if name.negated:
                one = _without(one)
                by_column.setdefault(f"not {one.column} {one.value}", []).append(one)
                continue
            by_column.setdefault(one.column, []).append(one)
        return [merged(group, clause) for group in by_column.values()]

    def _name(self, name: Name, atom: Atom, unknown: list[str], clause: Clause) -> Filter:
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
        return self._nowhere(name, atom, unknown, clause)

    def _nowhere(self, name: Name, atom: Atom, unknown: list[str], clause: Clause) -> Filter:
        """The condition on what no row has; it is said with the answer. Raises NotUnderstood where it may be
        something else than a name."""
        column = atom.view.columns.get(name.what)
        if name.what == "email":
            column = atom.view.columns.get("sender") or atom.view.columns.get("user")
        is_plain = name.what in _PEOPLE and re.fullmatch(r"[^\W\d_]+(?: [^\W\d_]+)*", name.text) is not None
        if column is None or is_plain:
            raise NotUnderstood(f"I do not know what {name.text!r} is")
        if name.what in _PEOPLE - {"host"} and self._is_machine(name.text):
            raise NotUnderstood(f"{name.text!r} is a host, not what {atom.view.rows[1]} have there")
        if len(clause.atoms) > 1:
            raise NotUnderstood(f"{name.text!r} stands nowhere in the {atom.view.rows[1]}")
        unknown.append(f"{name.text} stands in no column {column.replace('_', ' ')}")
        return Filter(column, "contains" if column in atom.view.lists else "=", name.text)

    def _of_domain(self, domain: str, view: View) -> Filter:
        """The senders of a domain: those whose address ends so, which no condition of a tool says."""
        near = Query(view=view, filters=(Filter("sender", "contains", f"@{domain}"),))
        senders = self.data.values(near, "sender").texts
        whole = tuple(one for one in senders if one.lower().rstrip(">").endswith(f"@{domain}"))
        return Filter("sender", "in", whole) if whole else Filter("sender", "=", f"@{domain}")

    def _is_machine(self, text: str) -> bool:
        host = Name("host", text)
        return any(
            self.data.has(view) and self.names.of(host, view) is not None
            for view in (VIEWS["vulnerabilities"], VIEWS["logs"])
        )

    def knows(self, name: Name, view: View) -> bool:
        return self.names.of(name, view) is not None


_PEOPLE = frozenset({"recipient", "sender", "user", "host", "application", "package", "rule", "intent"})
_SIGN_IN = re.compile(r"(?:sign|log)[ _-]?(?:in|on)|authent|^login|logon|^auth", re.IGNORECASE)


def _without(one: Filter) -> Filter:
    """All but those. Raises NotUnderstood where the column cannot be asked so."""
    how = {"=": "!=", "in": "not_in"}.get(one.how)
    if how is None:
        raise NotUnderstood(f"I cannot leave out {one.value!r} by {one.column}")
    return Filter(one.column, how, one.value)


def _alternatives(filters: Sequence[Filter], text: str) -> list[Filter]:
    """ "Affected or under investigation" is either. Raises NotUnderstood for two at once of what is one."""
    found: dict[str, Filter] = {}
    for column in {one.column for one in filters if one.how == "is_set"}:
        if any(one.column == column and one.how == "is_not_set" for one in filters):
            raise NotUnderstood(f"{text!r} asks for what has {column} and what has none")
    for one in filters:
        known = found.get(one.column)
        if known is None or known == one or "=" not in {known.how, "=" if known.how == "in" else ""}:
            found[one.column if known is None or known == one else f"{one.column} {one}"] = one
            continue
        if one.how != "=":
            found[f"{one.column} {one}"] = one
            continue
        if not re.search(r"\b(?:or|either)\b", text, re.IGNORECASE) or isinstance(one.value, bool):
            raise NotUnderstood(f"{text!r} asks for {one.column} {_shown(known)} and {one.value} at once")
        values = known.value if isinstance(known.value, tuple) else (known.value,)
        found[one.column] = Filter(one.column, "in", (*values, one.value))
    return list(found.values())


def _shown(one: Filter) -> str:
    return ", ".join(map(str, one.value)) if isinstance(one.value, tuple) else str(one.value)


def _called(text: str) -> set[str]:
    """What sign-ins are called in a text, as `_plain` has it."""
    return {_plain(match.group()) for match in _SAID.finditer(text)}


def _plain(text: str) -> str:
    """ "sign-ins", "signins" and "signed in" are one word."""
    folded = re.sub(r"[\s_-]+", "", text.lower())
    return re.sub(r"^(sign|log)(?:ed|ged|ing|ging|s)?(in|on)s?$", r"\1\2", folded)


_SAID = re.compile(r"\b(?:sign|log)(?:ed|ged|ing|ging|s)?[\s-]?(?:in|on)s?\b", re.IGNORECASE)


def merged(group: Sequence[Filter], clause: Clause) -> Filter:
    """Several names of one column are alternatives. Raises NotUnderstood where they may not be."""
    first = group[0]
    if len(group) == 1 or all(one == first for one in group):
        return first
    if (
        re.search(r"\b(?:both|all of)\b", clause.text, re.IGNORECASE)
        and not clause.each
        and not clause.want == "compare"
    ):
        raise NotUnderstood(f"{clause.text!r} asks for several at once")
    values: list[str] = []
    for one in group:
        if one.how not in {"=", "in"}:
            raise NotUnderstood(f"{clause.text!r} names several, which this column cannot be asked for")
        values += one.value if isinstance(one.value, tuple | list) else [one.value]
    return Filter(first.column, "in", tuple(values), named=len(values))


def quoted(words: Sequence[str]) -> str:
    return ", ".join(repr(word) for word in words)
