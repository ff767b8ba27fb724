"""What a clause found, told: counts, lists, groups, yes or no, when; and what it means to find nothing."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from icelos.contracts import Fact, Tier
from icelos.jobs.copilot.agent.clauses import Filter
from icelos.jobs.copilot.agent.grouping import TOP, Groups, what_is
from icelos.jobs.copilot.agent.querying import Data, Found, Query, Value, items
from icelos.jobs.copilot.agent.results import NotUnderstood, Result
from icelos.jobs.copilot.agent.views import called
from icelos.jobs.copilot.agent.wording import (
    PROPERTIES,
    Said,
    are,
    counts,
    facts_of,
    listed,
    nouns,
)

ROWS_TOLD = 10
_DECIDED = frozenset({"status", "exploitable", "label", "verdict"})


class Teller:
    """Answers prepared clauses; sets what each found on its result, for those that follow."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.groups = Groups(data)

    def tell(self, result: Result) -> list[Said]:
        """The sentences. Raises NotUnderstood, Broken, Exhausted."""
        self._resolve_order(result)
        empty = self._if_empty(result)
        if empty is not None:
            return empty
        clause = result.clause
        if clause.having is not None and (clause.group or clause.order is not None):
            raise NotUnderstood(f"{clause.text!r} asks for more than one comparison at once")
        if clause.group:
            return self.groups.grouped(result)
        if clause.having is not None:
            return self.groups.having(result)
        if clause.want == "when" and (clause.order is None or clause.order[0] == result.query.view.time):
            return self._when(result)
        if clause.order is not None and clause.order[0] == "count":
            return self.groups.most(result)
        if clause.order is not None and clause.want in {"count", "often"}:
            raise NotUnderstood(f"{clause.text!r} counts and orders at once")
        if clause.order is not None:
            return self._ordered(result)
        if (
            clause.sequence
            and result.sought in result.query.view.columns
            and result.query.view.time == "time"
        ):
            return self._in_order(result)
        telling = {
            "count": self._counted, "often": self._often, "when": self._when, "whether": self._whether,
        }.get(clause.want, self._listed)  # fmt: skip
        return telling(result)

    # ---- nothing

    def _if_empty(self, result: Result) -> list[Said] | None:
        number, fact = self.data.count(result.query)
        if number:
            return None
        query = result.query
        result.found = Found((), 0, fact)
        if result.whole is not None and result.whole != query and self.data.count(result.whole)[0]:
            whole_result = msgspec.structs.replace(result, query=result.whole)
            told = f"None of the {what_is(whole_result, 'rows', 2)} affects."
            return [Said(told, (fact,)), *self._breakdown(result)]
        whole, searched = self.data.count(Query(view=query.view))
        result.found = Found((), 0, fact)
        if not whole:
            told = f"There are no {query.view.rows[1]} at all: `{query.view.brings}` brings them."
            return [Said(told, (searched,))]
        begin = "No: there" if result.clause.want == "whether" else "There"
        told = f"{begin} are no {what_is(result, self._counted_by(result), 0)}."
        said = [Said(told, (fact,)), *self._instead(result)]
        for name in result.unknown:
            said.append(Said(f"{name} of the {query.view.rows[1]}.", (fact, searched)))
        latest = self._freshness(query)
        return [
            *said,
            Said(f"Searched were all {query.view.rows[1]}{latest[0]}.", (searched, *latest[1])),
        ]

    def _freshness(self, query: Query) -> tuple[str, tuple[Fact, ...]]:
        rows = self.data.rows(Query(view=query.view), most=1, by=query.view.time).facts
        moment = rows[0].values.get(query.view.time) if rows else None
        return (f" up to {moment}", (rows[0],)) if moment else ("", ())

    def _instead(self, result: Result) -> list[Said]:
        """For what is not affected, failed or open: how it is then, where exactly that was asked."""
        query = result.query
        decided = [one for one in query.filters if one.column in _DECIDED or one.column == "outcome"]
        named = [one for one in query.filters if one.column in {"vulnerability", "user", "entity", "sender"}]
        if not decided or not named:
            return []
        columns = {"exploitable": "status"}
        column = columns.get(decided[0].column, decided[0].column)
        rest = msgspec.structs.replace(
            query, filters=tuple(one for one in query.filters if one.column not in {*_DECIDED, "outcome"})
        )
        found = self.data.groups(rest, column)
        if not found.values:
            return []
        verb = are(found.values[0].count)
        told = f"By {column.replace('_', ' ')} there {verb} {counts(found.values, found.total)}"
        return [Said(f"{told} of {nouns(rest, 'rows', 2)}.", facts_of(found.values))]

    # ---- counts

    def _counted_by(self, result: Result) -> str:
        return result.sought if result.sought in result.query.view.columns else "rows"

    def _counted(self, result: Result) -> list[Said]:
        query, sought = result.query, result.sought
        if sought in {"rows", "time"}:
            number, fact = self.data.count(query)
            told = f"There {are(number)} {number} {nouns(query, 'rows', number, mode=result.mode)}."
            result.found = Found((), number, fact)
            return [Said(told, (fact,)), *self._breakdown(result)]
        found = self._values(result)
        result.found = found
        number = found.total
        told = (
            f"There {are(number)} {number} {what_is(result, sought, number)}: {listed(found.texts, number)}."
        )
        facts = facts_of(found.values, found.counted or self._sum(result, number))
        return [Said(told, facts), *self._breakdown(result)]

    def _sum(self, result: Result, number: int) -> Fact:
        """A count that was made here, of values that a tool gave whole."""
        key = repr((result.query, result.sought, number))
        digest = blake2b(key.encode(), digest_size=8).hexdigest()
        text = f"{number} {what_is(result, result.sought, number)}"
        return Fact(
            ref=f"computed:{digest}", tier=Tier.COMPUTED, source=result.query.view.tool, text=text,
            values={"count": number},
        )  # fmt: skip

    def _breakdown(self, result: Result) -> list[Said]:
        """By status or outcome, where the question does not say which."""
        query = result.whole or result.query
        asked = {one.column for one in query.filters}
        if query.view.name == "vulnerabilities" and not asked & _DECIDED:
            return self._split(msgspec.structs.replace(result, query=query, told=result.query), "status")
        if result.mode == "noun" and "outcome" not in asked:
            return self._split(result, "outcome")
        return []

    def _split(self, result: Result, column: str) -> list[Said]:
        sought = self._counted_by(result)
        if sought == "rows":
            found = self.data.groups(result.query, column)
            told = [f"{value.text.replace('_', ' ')} {value.count}" for value in found.values]
            return [Said(f"By {column}: {', '.join(told)}.", facts_of(found.values))] if len(told) > 1 else []
        pairs = self.data.distinct(result.query, [column, result.query.view.columns[sought]])
        if not pairs.is_whole:
            return []
        by: dict[str, list[Fact]] = {}
        of = result.query.view.columns[sought]
        for fact in pairs.facts:
            if fact.values.get(of) not in (None, ""):
                by.setdefault(str(fact.values[column]), []).append(fact)
        is_one = len(by) < 2 and "affected" in by
        if is_one or any(negated for _, _, negated in result.also) or sought in PROPERTIES:
            return []
        said = []
        is_restricted = Filter("status", "=", "affected") in self._told_query(result).filters
        for value, facts in by.items():
            if is_restricted and value == "affected":
                continue
            texts = list(dict.fromkeys(str(f.values.get(of)) for f in facts))
            begin = f"{'Left out, with' if is_restricted else 'With'} status {value}"
            said.append(Said(f"{begin}: {listed(texts, len(texts))}.", tuple(facts[:30])))
        return said

    @staticmethod
    def _told_query(result: Result) -> Query:
        """The query whose values the first sentence tells."""
        return result.told or result.query

    # ---- lists

    def _values(self, result: Result) -> Found:
        if result.sought == "domain":
            return self.groups.domains(result)
        if result.sought == "day":
            return self.groups.days(result)
        return self.data.values(result.query, result.query.view.columns[result.sought])

    def _listed(self, result: Result) -> list[Said]:
        if result.sought in {"rows", "time"}:
            return self._rows(result)
        if self._is_of_times(result):
            return self._in_order(result)
        found = self._values(result)
        result.found = found
        if not found.values:
            rows = self.data.rows(result.query, most=3, by=result.query.view.time).facts
            told = f"No {called(result.sought, 1)} is known of {what_is(result, 'rows', 2)}."
            return [Said(told, rows if found.counted is None else (found.counted, *rows))]
        number = found.total
        told = f"{number} {what_is(result, result.sought, number)}: {listed(found.texts, number)}."
        counted = found.counted or self._sum(result, number)
        told_by = self._shown(result) or self._by_key(result, found)
        return [Said(told, facts_of(found.values, counted)), *told_by, *self._breakdown(result)]

    def _is_of_times(self, result: Result) -> bool:
        """What one user or host did within a time is told in its order."""
        query = result.query
        column = query.view.columns.get(result.sought)
        if query.view.name not in {"logs", "log_alerts"} or query.period is None or column is None:
            return False
        named = any(one.column in {"user", "entity", "host"} and one.how == "=" for one in query.filters)
        return named and column not in query.view.lists and self.data.count(query)[0] <= 500

    def _in_order(self, result: Result) -> list[Said]:
        """Different values in the order in which they came first."""
        view = result.query.view
        column = view.columns[result.sought]
        rows = self.data.rows(
            result.query.also(Filter(column, "is_set")), most=1000, by=view.time, descending=False
        )
        if not rows.is_whole:
            raise NotUnderstood(f"there are {rows.total} {view.rows[1]}, too many to put in order")
        first: dict[str, Fact] = {}
        for fact in rows.facts:
            for text in items(fact.values.get(column), is_list=column in view.lists, column=column):
                first.setdefault(text, fact)
        result.found = Found(tuple(Value(text, 0, (fact,)) for text, fact in first.items()), len(first))
        name = what_is(result, result.sought, len(first))
        told = f"{len(first)} {name}, in the order of time: {', '.join(first)}."
        facts = facts_of(result.found.values, self._sum(result, len(first)))
        return [
            Said(told, facts),
            *(
                Said(f"{text} first at {fact.values.get(view.time)}.", (fact,))
                for text, fact in first.items()
            ),
        ]

    def _shown(self, result: Result) -> list[Said]:
        """What is to be told of each thing that was found."""
        view, clause = result.query.view, result.clause
        for what in clause.shows:
            if what not in view.columns:
                raise NotUnderstood(f"{view.rows[1]} have no {what}")
        if not clause.shows or result.sought not in view.columns:
            return []
        columns = {what: view.columns[what] for what in clause.shows}
        rows = self.data.distinct(result.query, [view.columns[result.sought], *columns.values()])
        said = []
        for fact in rows.facts[:30]:
            parts = [
                f"{called(what, 1)} {fact.values.get(column) or 'none'}" for what, column in columns.items()
            ]
            said.append(Said(f"{fact.values.get(view.columns[result.sought])}: {', '.join(parts)}.", (fact,)))
        return said

    def _by_key(self, result: Result, found: Found) -> list[Said]:
        """A property (a fixed version, a status) is told of each thing that has it."""
        key = {"fix": "cve", "version": "package", "status": "cve", "epss": "cve", "kev": "cve"}.get(
            result.sought
        )
        view = result.query.view
        if key is None or key not in view.columns or len(found.values) < 2:
            return []
        column, of = view.columns[result.sought], view.columns[key]
        pairs = self.data.distinct(result.query, [column, of])
        said = []
        for fact in pairs.facts[:ROWS_TOLD]:
            said.append(
                Said(f"{fact.values.get(of)}: {called(result.sought, 1)} {fact.values.get(column)}.", (fact,))
            )
        return said

    def _rows(self, result: Result) -> list[Said]:
        query = result.query
        rows = self.data.rows(query, most=ROWS_TOLD, by=query.view.time)
        number, fact = self.data.count(query)
        result.found = Found((), number, fact)
        said = [
            Said(f"There {are(number)} {number} {nouns(query, 'rows', number, mode=result.mode)}.", (fact,))
        ]
        said += [Said(row(fact), (fact,)) for fact in rows.facts]
        if number > len(rows.facts):
            said.append(Said(f"The newest {len(rows.facts)} of {number} are shown.", (fact,)))
        return said

    def _whether(self, result: Result) -> list[Said]:
        said = self._counted(result) if result.sought == "rows" else self._listed(result)
        first = said[0]
        if result.found is not None and not result.found.total:
            return [Said(f"No: {first.text[0].lower()}{first.text[1:]}", first.facts), *said[1:]]
        told = first.text[0].lower() + first.text[1:] if first.text.startswith("There") else first.text
        rest = said[1:]
        if result.sought == "rows":
            rows = self.data.rows(result.query, most=3, by=result.query.view.time)
            rest = [*rest, *(Said(row(fact), (fact,)) for fact in rows.facts)]
        return [Said(f"Yes: {told}", first.facts), *rest]

    # ---- when

    def _when(self, result: Result) -> list[Said]:
        view = result.query.view
        if view.name == "vulnerabilities" and any(one.column == "kev" for one in result.query.filters):
            return self._when_in_kev(result)
        latest = self.data.rows(result.query, most=1, by=view.time)
        first = self.data.rows(result.query, most=1, by=view.time, descending=False)
        number, fact = self.data.count(result.query)
        result.found = Found((), number, fact)
        what = what_is(result, "rows", number)
        is_latest = result.clause.order is None or result.clause.order[1]
        if result.clause.order is not None and number > 1:
            one = (latest if is_latest else first).facts[0]
            which = "latest" if is_latest else "first"
            told = f"The {which} of {number} {what} is of {one.values.get(view.time)}."
            return [Said(told, (fact, one)), Said(row(one), (one,))]
        if number == 1:
            return [
                Said(f"The one {what} is of {latest.facts[0].values.get(view.time)}.", (fact, *latest.facts))
            ]
        moment = latest.facts[0].values.get(view.time)
        return [
            Said(f"The latest of {number} {what} is of {moment}.", (fact, *latest.facts)),
            Said(f"The first is of {first.facts[0].values.get(view.time)}.", first.facts),
        ]  # fmt: skip

    def _when_in_kev(self, result: Result) -> list[Said]:
        pairs = self.data.distinct(result.query, ["vulnerability", "kev"])
        result.found = Found((), pairs.total, pairs.counted)
        return [
            Said(f"{fact.values.get('vulnerability')} was added to KEV on {fact.values.get('kev')}.", (fact,))
            for fact in pairs.facts[:ROWS_TOLD]
        ]  # fmt: skip

    def _often(self, result: Result) -> list[Said]:
        number, fact = self.data.count(result.query)
        result.found = Found((), number, fact)
        said = [Said(f"{number} times: {what_is(result, 'rows', number)}.", (fact,))]
        if result.clause.refers and "user" in result.query.view.columns and result.mode:
            found = self.data.groups(result.query, result.query.view.columns["user"])
            if len(found.values) > 1:
                said.append(Said(f"By user: {counts(found.values, found.total)}.", facts_of(found.values)))
        return said

    # ---- groups

    # ---- order

    @staticmethod
    def _resolve_order(result: Result) -> None:
        """ "The last sign-in" orders by time, whatever the view calls it; scores are those of findings."""
        order = result.clause.order
        if order is None:
            return
        view = result.query.view
        column = {"time": view.time}.get(order[0], order[0])
        if column not in {"count", view.time, *view.columns.values()}:
            raise NotUnderstood(f"{view.rows[1]} cannot be ordered by {order[0]}")
        result.clause.order = (column, order[1])

    def _ordered(self, result: Result) -> list[Said]:
        column, descending = result.clause.order or ("", True)
        view, clause = result.query.view, result.clause
        is_time = column == view.time
        query = result.query.also(Filter(column, "is_set"))
        wanted = clause.limit or (1 if is_time or not clause.plural else TOP)
        rows = self.data.rows(query, most=200, by=column, descending=descending)
        if not rows.facts:
            raise NotUnderstood(f"none of the {nouns(result.query, 'rows', 2)} has a {column}")
        chosen = _first_of(rows.facts, column, wanted, view.columns.get(result.sought, ""))
        found_in = view.columns.get(result.sought)
        if found_in:
            texts = list(
                dict.fromkeys(str(fact.values.get(found_in)) for fact in chosen if fact.values.get(found_in))
            )
            result.found = Found(tuple(Value(text) for text in texts), len(texts))
            result.limited = True
        begin = (
            "The latest"
            if is_time and descending
            else "The first"
            if is_time
            else f"Highest by {called(column, 1)}"
        )
        name = what_is(result, result.sought if found_in else "rows", 2)
        told = [self._ordered_row(fact, result, column) for fact in chosen]
        return [Said(f"{begin} of the {name}: {told[0].text}", told[0].facts), *told[1:]]

    @staticmethod
    def _ordered_row(fact: Fact, result: Result, column: str) -> Said:
        view = result.query.view
        if column == view.time:
            return Said(row(fact), (fact,))
        name = fact.values.get(view.columns.get(result.sought, "")) or fact.values.get(
            view.columns.get("cve", "")
        )
        return Said(f"{name or row(fact)}, {called(column, 1)} {fact.values.get(column)}.", (fact,))


def row(fact: Fact) -> str:
    """A row as a sentence: its own line of text."""
    text = " ".join(fact.text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _first_of(facts: Sequence[Fact], column: str, wanted: int, key: str) -> list[Fact]:
    """The first so many different things, and what ties with the last of them."""
    chosen: dict[object, Fact] = {}
    for fact in facts:
        name = fact.values.get(key) if key else fact.ref
        if name in chosen:
            continue
        if len(chosen) >= wanted and fact.values.get(column) != list(chosen.values())[-1].values.get(column):
            break
        chosen[name] = fact
    return list(chosen.values())
