"""Clauses answered: names resolved, views joined, results carried from one clause into the next.

A clause is a conjunction of views. Each view narrows the one that holds what is sought by the values that
both have (hosts, users, CVEs ...): a semi-join, one query a view. What cannot be answered with certainty is
raised as NotUnderstood, and said to the reader; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from icelos.jobs.copilot.agent.clauses import Atom, Clause, Filter, Name, Refer
from icelos.jobs.copilot.agent.conditions import Conditions, quoted
from icelos.jobs.copilot.agent.joining import DECIDED, JOINED_BY, Wanted, restricted, tree_of
from icelos.jobs.copilot.agent.querying import Broken, Data, Query
from icelos.jobs.copilot.agent.results import Emptied, NotUnderstood, Result
from icelos.jobs.copilot.agent.views import VIEWS, View, called
from icelos.jobs.copilot.agent.wording import PROPERTIES, Said

NOTHING = "\u2205"
"""What no column holds: the condition of a set that is empty."""


class Planner:
    """Turns the clauses of one question into queries."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.conditions = Conditions(data)
        self.earlier: list[Result] = []

    def prepare(self, clause: Clause) -> Result:
        """The query of a clause. Raises NotUnderstood, Broken, Exhausted."""
        if clause.unclear:
            raise NotUnderstood(f"I do not understand {quoted(clause.unclear)} in {clause.text!r}")
        atoms = self._atoms(clause)
        unknown: list[str] = []
        queries = [self._query(atom, clause, unknown) for atom in atoms]
        sought = self._sought(clause, atoms)
        if all(atom.negated for atom in atoms):
            atoms, queries = self._universe(atoms, queries, sought)
        if sought in {"fix", "version"} and any(
            Filter("status", "=", "fixed") in one.filters for one in queries
        ):
            raise NotUnderstood(f"it is not clear whether {clause.text!r} asks for what is fixed already")
        self._of_machines(clause, atoms, queries)
        root = self._root(atoms, sought)
        if sought not in {"rows", "time", "domain", "day"} and sought not in atoms[root].view.columns:
            raise NotUnderstood(f"{atoms[root].view.rows[1]} have no {sought}")
        if atoms[root].view.name == "log_alerts" and sought in {"user", "host", "ip"}:
            queries[root] = self._of_kind(queries[root], sought)
        self._compare(clause, queries[root])
        self._each(clause, queries[root], sought)
        query = self._narrow(root, atoms, queries, tree_of(root, atoms, clause, sought))
        also = tuple((queries[i], atom.mode, atom.negated) for i, atom in enumerate(atoms) if i != root)
        whole = query
        if not any(atom.negated for atom in atoms) and sought not in PROPERTIES:
            query = restricted(query)
        return Result(
            clause=clause, query=query, whole=whole, sought=sought, mode=atoms[root].mode, unknown=unknown,
            also=also,
        )  # fmt: skip

    def _of_machines(self, clause: Clause, atoms: Sequence[Atom], queries: list[Query]) -> None:
        """ "Images" are hosts whose names begin with it or with a short form of it ("img-"), where any do."""
        if not clause.kinds or "" in clause.kinds or any(a.names and self._names_host(a) for a in atoms):
            return
        for place, atom in enumerate(atoms):
            if atom.view.name not in {"vulnerabilities", "logs"}:
                continue
            column = atom.view.columns["host"]
            known = self.data.values(Query(view=atom.view), column).texts
            fitting = tuple(one for one in known if any(_is_short_for(one, kind) for kind in clause.kinds))
            if fitting and len(fitting) < len(known):
                queries[place] = queries[place].also(Filter(column, "in", fitting, joined=True))
            elif not fitting and set(clause.kinds) & {"image", "container", "laptop"}:
                raise NotUnderstood(f"I do not know which hosts are {clause.kinds[0]}s")

    def _names_host(self, atom: Atom) -> bool:
        found = [self.conditions.names.of(name, atom.view) for name in atom.names]
        return any(one is not None and one.column == atom.view.columns.get("host") for one in found)

    def _universe(
        self, atoms: list[Atom], queries: list[Query], sought: str
    ) -> tuple[list[Atom], list[Query]]:
        """ "Hosts without ..." are those of the same view that remain; users without an alert or a mail are
        those of the logs."""
        view = atoms[0].view
        if view.name in {"log_alerts", "mail"} and sought in {"user", "host", "ip"}:
            view = VIEWS["logs"]
        if all(not query.filters and query.period is None and query.view is view for query in queries):
            raise NotUnderstood("only what is not there is asked for")
        return [Atom(view=view), *atoms], [Query(view=view), *queries]

    @staticmethod
    def _each(clause: Clause, query: Query, sought: str) -> None:
        """ "Who signed in to a and b" may mean either or both: it is told for each."""
        several = [one for one in query.filters if one.how == "in" and one.named > 1]
        names = [
            what for what, column in query.view.columns.items() if several and column == several[0].column
        ]
        is_list = clause.want in {"list", "who", ""} and sought not in {"rows", "time"}
        is_both = re.search(r"\band\b|\bas well as\b", clause.text, re.I) and not re.search(
            r"\bor\b", clause.text, re.I
        )
        if (
            len(several) == 1
            and is_both
            and names
            and is_list
            and names[0] != sought
            and not clause.each
            and not (clause.group or clause.order or clause.having)
        ):
            clause.group, clause.sought = [names[0]], sought

    @staticmethod
    def _compare(clause: Clause, query: Query) -> None:
        """Two of one kind that are compared are counted side by side."""
        is_of_two = clause.order == ("count", True) and clause.sought in {"", "rows"}
        if clause.each or clause.want == "who" or (clause.want != "compare" and not is_of_two):
            return
        several = [
            one for one in query.filters if one.how == "in" and one.column not in {"action", "verdict"}
        ]
        names = [
            what for what, column in query.view.columns.items() if several and column == several[0].column
        ]
        if len(several) != 1 or not names or clause.group:
            raise NotUnderstood(f"{clause.text!r} does not say what is to be compared")
        clause.group, clause.order, clause.want = [names[0]], None, "count"

    def variants(self, clause: Clause) -> list[Clause]:
        """ "Alerts for ann" may be alerts of several jobs: the clause for each that knows all its names."""
        self._has(clause.atoms, clause)
        place = next((i for i, a in enumerate(clause.atoms) if a.view.name == "findings" and a.names), None)
        if place is not None and all(
            name.what in {"assignee", "closer"} for name in clause.atoms[place].names
        ):
            return [clause]
        if place is None:
            return [clause]
        atom = clause.atoms[place]
        found = []
        for view in (VIEWS["log_alerts"], VIEWS["vulnerabilities"], VIEWS["mail"]):
            if self.data.has(view) and all(self.conditions.knows(name, view) for name in atom.names):
                atoms = [msgspec.structs.replace(one) for one in clause.atoms]
                atoms[place] = msgspec.structs.replace(atom, view=view)
                found.append(msgspec.structs.replace(clause, atoms=atoms))
        if all(name.what in {"assignee", "closer"} for name in atom.names) or not found:
            return [clause]
        has = [Name("assignee", name.text) for name in atom.names]
        if all(self.conditions.knows(name, VIEWS["findings"]) for name in has):
            atoms = [msgspec.structs.replace(one) for one in clause.atoms]
            atoms[place] = msgspec.structs.replace(atom, names=has)
            found.append(msgspec.structs.replace(clause, atoms=atoms))
        return found

    def of_documents(self, clause: Clause, is_asking: Callable[[str], bool]) -> tuple[str, ...]:
        """The techniques that a clause describes, whose mitigations or rules it asks for."""
        atoms = [
            msgspec.structs.replace(atom, names=[n for n in atom.names if not is_asking(n.text)])
            for atom in clause.atoms
        ]
        if not any(atom.names or atom.filters or atom.period or atom.refer for atom in atoms):
            return ()
        asked = msgspec.structs.replace(
            clause, want="list", sought="technique", atoms=atoms, unclear=[], order=None
        )
        result = self.prepare(asked)
        self.earlier.append(result)
        return self.project(result, "technique")

    def each_of(self, clause: Clause) -> list[Clause]:
        """ "For each of a and b": the clause for every one of the names of one kind. Raises NotUnderstood
        where it is not clear of what."""
        if not clause.each:
            return [clause]
        several: list[tuple[int, str, list[Name]]] = []
        for place, atom in enumerate(clause.atoms):
            by: dict[str, list[Name]] = {}
            for name in atom.names:
                known = None if name.negated else self.conditions.names.of(name, atom.view)
                by.setdefault(known.column if known else "", []).append(name)
            several += [(place, column, names) for column, names in by.items() if column and len(names) > 1]
        if not several:
            return [self._each_before(clause)]
        if len(several) > 1:
            raise NotUnderstood(f"it is not clear of which {clause.text!r} asks for each")
        place, _, names = several[0]
        found = []
        for one in names:
            atoms = [msgspec.structs.replace(atom) for atom in clause.atoms]
            atoms[place].names = [name for name in atoms[place].names if name not in names or name == one]
            want = "count" if clause.want in {"compare", ""} and not clause.order else clause.want
            order = None if clause.order == ("count", True) and not clause.sought else clause.order
            found.append(
                msgspec.structs.replace(clause, atoms=atoms, want=want, order=order, plural=False, each=True)
            )
        return found

    def _each_before(self, clause: Clause) -> Clause:
        """ "... and how many does each have": of each of those before. Raises NotUnderstood without any."""
        what = self.earlier[-1].sought if self.earlier else ""
        own = clause.sought if clause.group else ""
        if clause.group or not clause.atoms or what not in clause.atoms[0].view.columns:
            if clause.group or own:
                return msgspec.structs.replace(clause, each=False)
            raise NotUnderstood(f"it is not clear of what {clause.text!r} asks for each")
        atoms = [msgspec.structs.replace(atom) for atom in clause.atoms]
        if not atoms[0].refer:
            atoms[0].refer = [Refer(what)]
        order = None if clause.order == ("count", True) else clause.order
        return msgspec.structs.replace(clause, atoms=atoms, group=[what], each=False, order=order)

    def by_period(self, clause: Clause) -> list[Clause]:
        """ "More this week than last week?": the clause counted for each of the periods."""
        found = []
        for period in clause.periods:
            atoms = [msgspec.structs.replace(atom) for atom in clause.atoms]
            if len(atoms) != 1:
                raise NotUnderstood(f"{clause.text!r} compares times of more than one thing")
            atoms[0].period = period
            found.append(
                msgspec.structs.replace(
                    clause, atoms=atoms, want="count", order=None, sought=clause.sought or "rows", each=False
                )
            )
        return found

    # ---- views

    def _atoms(self, clause: Clause) -> list[Atom]:
        atoms = [msgspec.structs.replace(atom, filters=list(atom.filters)) for atom in clause.atoms]
        if not atoms and clause.loose:
            return [self._inferred(clause)]
        if not atoms:
            if not self.earlier or not (
                clause.refers
                or clause.sought
                or clause.want in {"when", "where", "who", "often", "count", "list"}
            ):
                raise NotUnderstood(f"I do not know what {clause.text!r} asks for")
            before = self.earlier[-1]
            if clause.flagged and before.query.view.name != "mail":
                raise NotUnderstood(f"{before.query.view.rows[1]} are not flagged")
            atoms = [
                Atom(
                    view=before.query.view,
                    mode=before.mode,
                    refer=[Refer("")],
                    inherited=True,
                    period=clause.within,
                )
            ]
        self._as_context(atoms)
        self._has(atoms, clause)
        self._relocate(atoms)
        atoms = self._both(self._but_not(atoms, clause), clause)
        for atom in atoms:
            if atom.view.name != "findings" or not self.earlier:
                continue
            if atom.implied and not atom.refer:
                atom.refer = [Refer("")]
            if atom.refer:
                atom.view = self._referred(atom.refer[0]).query.view
        in_context = bool(self.earlier) and self.earlier[-1].clause.is_context
        if (clause.refers or in_context or self._is_elliptic(clause, atoms)) and not any(
            atom.refer for atom in atoms
        ):
            atoms[0].refer = [Refer("")]
        return atoms

    def _as_context(self, atoms: Sequence[Atom]) -> None:
        """ "Rule kerberoasting: how many alerts" are alerts of the view that the context is of."""
        before = self.earlier[-1] if self.earlier and self.earlier[-1].clause.is_context else None
        if before is None or before.query.view.name == "logs":
            return
        for atom in atoms:
            if atom.view.name == "findings" and not (atom.names or atom.refer):
                atom.view, atom.refer = before.query.view, [Refer("")]

    def _inferred(self, clause: Clause) -> Atom:
        """The view of "which hosts run glibc": the one that has what is sought and knows all the names."""
        wanted = clause.sought or {"who": "user", "where": "host", "when": "time"}[clause.want]
        if wanted == "ip" and not clause.plural:
            raise NotUnderstood(f"the findings and logs here do not tell the address in {clause.text!r}")
        for view in (VIEWS["vulnerabilities"], VIEWS["logs"], VIEWS["log_alerts"], VIEWS["mail"]):
            if (
                wanted in view.columns
                and self.data.has(view)
                and all(self.conditions.knows(n, view) for n in clause.loose)
            ):
                return Atom(view=view, names=clause.loose, period=clause.within)
        raise NotUnderstood(f"I do not know {quoted([name.text for name in clause.loose])}")

    def _relocate(self, atoms: list[Atom]) -> None:
        """ "Hosts with vulnerabilities that ann signed in to": a name belongs to the view that knows it."""
        for place, atom in enumerate(atoms):
            kept: list[Name] = []
            for name in atom.names:
                others = [*atoms[place + 1 :], *reversed(atoms[:place])]
                home = (
                    atom
                    if self._may_hold(name, atom)
                    else next((o for o in others if self._may_hold(name, o)), atom)
                )
                if home is atom:
                    kept.append(name)
                else:
                    home.names = [*home.names, name]
            atom.names = kept

    def _has(self, atoms: Sequence[Atom], clause: Clause) -> None:
        """ "How many open alerts does ann have" are hers to work on, where she has any case at all."""
        if not re.search(
            r"\b(?:do|does|has|have|did|had)\b.*\b(?:have|has|hold|got)\b|\b(?:has|have)\b",
            clause.text,
            re.IGNORECASE,
        ):
            return
        for atom in atoms:
            if atom.view.tool != "query_findings" or not any(one.column == "state" for one in atom.filters):
                continue
            atom.names = [self._as_assignee(one) for one in atom.names]

    def _as_assignee(self, name: Name) -> Name:
        has = Name("assignee", name.text)
        is_one = name.what in {"", "user", "email"} and self.conditions.knows(has, VIEWS["findings"])
        return has if is_one else name

    def _may_hold(self, name: Name, atom: Atom) -> bool:
        if name.what in {"domain", "cve"} or (
            name.what and name.what != "email" and name.what in atom.view.columns
        ):
            return name.what != "cve" or "cve" in atom.view.columns
        if name.text.lower().startswith("phish"):
            return atom.view.name == "mail"
        if name.what == "quoted" and atom.view.name == "mail":
            return True
        return self.conditions.knows(name, atom.view)

    def _but_not(self, atoms: list[Atom], clause: Clause) -> list[Atom]:
        """ "On a but not on b": what is on b is taken away. Where b alone is named, its rows are left out."""
        found: list[Atom] = []
        for atom in atoms:
            known = {n: self.conditions.names.of(n, atom.view) for n in atom.names}
            columns = {one.column for name, one in known.items() if one is not None and not name.negated}
            away = [
                n for n, one in known.items()
                if n.negated and one is not None
                and (one.column in columns or (n.away and self._is_of_another(one.column, atom, clause)))
            ]  # fmt: skip
            if not away:
                found.append(atom)
                continue
            if clause.sought in {"", "rows"} and atom.view.seeks != "cve" and clause.want != "who":
                raise NotUnderstood(f"it is not clear what {clause.text!r} leaves out")
            filters = list(atom.filters)
            if atom.view.name == "vulnerabilities" and not any(one.column in DECIDED for one in filters):
                filters.append(Filter("status", "=", "affected"))
            rest = [n for n in atom.names if n not in away]
            found.append(msgspec.structs.replace(atom, names=rest, filters=filters))
            others = [n for n in rest if known[n] is None or known[n].column not in columns]  # type: ignore[union-attr]
            positive = [Name(n.what, n.text) for n in away]
            found.append(
                msgspec.structs.replace(
                    atom, names=[*others, *positive], filters=filters, negated=True, refer=[]
                )
            )
        return found

    @staticmethod
    def _is_of_another(column: str, atom: Atom, clause: Clause) -> bool:
        """Is it a thing that is sought, and the column that of another thing?"""
        sought = clause.sought or ("user" if clause.want == "who" else "")
        return sought in JOINED_BY and atom.view.columns.get(sought, column) != column

    def _both(self, atoms: list[Atom], clause: Clause) -> list[Atom]:
        """ "Both web-01 and db-01": a view for each, joined by what is sought."""
        if (
            not re.search(r"\bboth\b(?! of)|\bin common\b|\bshared?\b", clause.text, re.IGNORECASE)
            or clause.each
        ):
            return atoms
        found: list[Atom] = []
        for atom in atoms:
            by_column: dict[str, list[Name]] = {}
            for name in atom.names:
                known = self.conditions.names.of(name, atom.view)
                by_column.setdefault(known.column if known else name.text, []).append(name)
            several = next((group for group in by_column.values() if len(group) > 1), [])
            rest = [name for name in atom.names if name not in several]
            if not several:
                found.append(atom)
            found += [msgspec.structs.replace(atom, names=[*rest, name]) for name in several]
        return found

    def goes_on(self, clause: Clause) -> bool:
        """Is a clause about what the one before found, without saying so?"""
        return self._is_elliptic(clause, clause.atoms)

    def _is_elliptic(self, clause: Clause, atoms: Sequence[Atom]) -> bool:
        """ "... and what are the fixed versions?": a property without its things is of those before."""
        if not self.earlier or clause.refers:
            return False
        bare = all(not (a.filters or a.names or a.period or a.mode or a.refer) for a in atoms)
        view = atoms[0].view
        is_property = clause.sought not in {"", "rows", view.seeks}
        if not clause.want and all(not a.names for a in atoms) and not clause.is_context:
            before = self.earlier[-1].clause  # "What is on ann's desk? Open findings by job"
            return any(a.names for a in before.atoms) and (
                view.name == "findings" or view is self.earlier[-1].query.view
            )
        return bare and is_property and view is self.earlier[-1].query.view

    def _referred(self, refer: Refer) -> Result:
        for result in reversed(self.earlier):
            if (
                not refer.what
                or refer.what in {"rows", result.sought}
                or refer.what in result.query.view.columns
            ):
                return result
        raise NotUnderstood(f"nothing before says which {refer.what or 'ones'} are meant")

    def _root(self, atoms: Sequence[Atom], sought: str) -> int:
        fitting = [
            i
            for i, atom in enumerate(atoms)
            if not atom.negated and (sought in atom.view.columns or sought == "rows")
        ]
        if sought == "domain":
            fitting = [i for i, atom in enumerate(atoms) if atom.view.name == "mail"]
        if not fitting:
            fitting = [i for i, atom in enumerate(atoms) if not atom.negated]
        if not fitting:
            raise NotUnderstood("only what is not there is asked for")
        if sought in {"host", "ip"}:  # an alert's entity may be one; a log's column is one
            fitting.sort(key=lambda place: atoms[place].view.name == "log_alerts")
        return fitting[0]

    def _sought(self, clause: Clause, atoms: Sequence[Atom]) -> str:
        view = atoms[0].view
        if clause.sought:
            return clause.sought
        if clause.want == "who":
            return self._whom(atoms, clause)
        if clause.want == "where":
            if "ip" in view.columns and re.search(r"\bfrom where\b|\bwhere\b.*\bfrom$", clause.text, re.I):
                return "ip"
            if "host" not in view.columns or view.name == "log_alerts":
                raise NotUnderstood(f"{view.rows[1]} have no place")
            return "host"
        if clause.want == "when":
            if any(Filter("status", "=", "fixed") in atom.filters for atom in atoms):
                raise NotUnderstood("findings tell when they were made, not when something was fixed")
            return "time"
        if not clause.atoms and self.earlier:
            return self.earlier[-1].sought
        return view.seeks or "rows"

    def _whom(self, atoms: Sequence[Atom], clause: Clause) -> str:
        closed = Filter("state", "=", "closed")
        before = (
            self.earlier[-1].query.filters
            if self.earlier and clause.text.lower().startswith("by who")
            else ()
        )
        if any(closed in (*atom.filters, *before) for atom in atoms):
            return "closer"
        for atom in atoms:
            if atom.view.name in {"logs", "log_alerts"} and not atom.negated:
                return "user"
        has = re.search(r"\b(?:has|have|holds?|got)\b", clause.text, re.IGNORECASE)
        if atoms[0].view.name == "findings" and has and clause.order == ("count", True):
            return "assignee"
        raise NotUnderstood(f"{atoms[0].view.rows[1]} do not say who")

    # ---- conditions

    def _query(self, atom: Atom, clause: Clause, unknown: list[str]) -> Query:
        self.conditions.before = self.earlier[-1].sought if self.earlier else ""
        query = self.conditions.query(atom, clause, unknown)
        for refer in atom.refer:
            query = self._with_reference(query, refer)
        return query

    # ---- references

    def _with_reference(self, query: Query, refer: Refer) -> Query:
        if not self.earlier:
            raise NotUnderstood("nothing before says what is meant")
        before = self._referred(refer)
        one_of_several = before.clause.order is not None and not before.clause.plural
        if one_of_several and not before.limited:
            raise NotUnderstood(f"it is not clear which one {before.clause.text!r} comes to")
        if before.limited and not before.clause.group and before.sought not in {*JOINED_BY, "assignee"}:
            raise NotUnderstood(f"I cannot go on from {before.clause.text!r}")
        if before.query.view is query.view:
            query = self._refined(before, query)
            if not before.limited:
                return query
        what = self._shared(before, refer, query.view)
        values = self.project(before, what)
        if not values:
            counted = before.found.counted if before.found is not None else None
            told = f"There are no such {called(what)} to go on with."
            raise Emptied(Said(told, (counted,) if counted is not None else ()))
        return self._in(query, what, values)

    @staticmethod
    def _refined(before: Result, query: Query) -> Query:
        """The conditions of the clause before, where this one does not set others on the same columns."""
        own = {one.column for one in query.filters}
        if Filter("state", "=", "open") in query.filters and any(
            one.column in {"reason", "closed_by"} for one in before.query.filters
        ):
            raise NotUnderstood("what is open has not been closed for a reason")
        kept = tuple(one for one in before.query.filters if one.column not in own)
        period = query.period or before.query.period
        return msgspec.structs.replace(query, filters=(*kept, *query.filters), period=period)

    def _shared(self, before: Result, refer: Refer, view: View) -> str:
        if refer.what not in {"", "rows"}:
            if refer.what in view.columns:
                return refer.what
            raise NotUnderstood(f"{view.rows[1]} have no {refer.what}")
        if before.sought in view.columns and before.sought in JOINED_BY:
            return before.sought
        for what in JOINED_BY:
            if what in view.columns and what in before.query.view.columns:
                return what
        raise NotUnderstood(f"{before.query.view.rows[1]} and {view.rows[1]} share nothing")

    def project(self, result: Result, what: str) -> tuple[str, ...]:
        """The values of something in what a clause found. Raises Broken where there are too many."""
        if what == result.sought and result.found is not None:
            values = result.found
        else:
            query = result.query
            column = query.view.columns[what]
            if result.limited and result.found is not None and result.sought in query.view.columns:
                query = query.also(Filter(query.view.columns[result.sought], "in", result.found.texts))
            values = self.data.values(query, column)
        if not values.is_whole:
            raise Broken(f"there are {values.total} {what}s, too many to go on with")
        return values.texts

    # ---- joins

    def _narrow(
        self,
        place: int,
        atoms: Sequence[Atom],
        queries: Sequence[Query],
        tree: dict[int, list[tuple[int, str]]],
    ) -> Query:
        query = queries[place]
        for child, what in tree.get(place, ()):
            inner = self._narrow(child, atoms, queries, tree)
            if inner.view.name == "log_alerts" and what in {"user", "host", "ip"}:
                inner = self._of_kind(inner, what)
            if inner.view.name == "vulnerabilities" and not any(
                one.column in DECIDED for one in inner.filters
            ):
                inner = inner.also(Filter("status", "=", "affected"))
            values = self.data.values(inner, inner.view.columns[what])
            if not values.is_whole:
                raise Broken(f"there are {values.total} {what}s, too many to join by")
            query = self._in(query, what, values.texts, negated=atoms[child].negated, joined=True)
        return query

    def _of_kind(self, query: Query, what: str) -> Query:
        """Alerts whose entity is a user, a host or an address: the column does not say which it is.

        Hosts are those that logs and inventories know. Raises NotUnderstood where alerts name none.
        """
        entities = self.data.values(query, "entity").texts
        hosts: set[str] = set()
        for view, column in ((VIEWS["logs"], "host"), (VIEWS["vulnerabilities"], "target")):
            if self.data.has(view):
                hosts |= {text.lower() for text in self.data.values(Query(view=view), column).texts}
        chosen = tuple(one for one in entities if _kind_of(one, hosts) == what)
        if entities and not chosen:
            raise NotUnderstood(f"log alerts here name no {called(what)}")
        if len(chosen) == len(entities):
            return query
        return query.also(Filter("entity", "in", chosen, joined=True))

    def _in(
        self, query: Query, what: str, values: Sequence[str], *, negated: bool = False, joined: bool = False
    ) -> Query:
        """Only rows whose column is one of these values, as that view writes them."""
        column, how = query.view.columns[what], "not_in" if negated else "in"
        known = self.data.values(query, column)
        if not known.is_whole:
            return query.also(Filter(column, how, tuple(values), joined))
        wanted = Wanted(values, what)
        cells = [
            str(fact.values[column]) for value in known.values for fact in value.facts
            if wanted.holds(value.text)
        ]  # fmt: skip
        if not cells:
            return query if negated else query.also(Filter(column, "=", NOTHING, joined=True))
        return query.also(Filter(column, how, tuple(dict.fromkeys(cells)), joined))


def _is_short_for(name: str, kind: str) -> bool:
    """Does a name begin with a word or its short form: its letters in their order, the first one first?"""
    begin = re.split(r"[^a-z]", name.lower())[0]
    letters = iter(kind)
    return len(begin) > 1 and begin[:1] == kind[:1] and all(letter in letters for letter in begin)


def _kind_of(entity: str, hosts: set[str]) -> str:
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]+", entity):
        return "ip"
    return "host" if entity.lower() in hosts else "user"
