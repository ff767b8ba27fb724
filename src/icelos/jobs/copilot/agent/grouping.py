"""Groups of what a clause found: how many each has, which have the most, which have more than so many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b

from icelos.contracts import Fact, Tier
from icelos.jobs.copilot.agent.querying import Broken, Data, Found, Value, items
from icelos.jobs.copilot.agent.results import NotUnderstood, Result
from icelos.jobs.copilot.agent.views import called
from icelos.jobs.copilot.agent.wording import Said, counts, facts_of, listed, nouns, with_others

TOP = 5
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}  # fmt: skip


class Groups:
    """Tells groups. Raises NotUnderstood, Broken, Exhausted."""

    def __init__(self, data: Data) -> None:
        self.data = data

    def grouped(self, result: Result) -> list[Said]:
        clause = result.clause
        what = clause.group[0]
        if len(clause.group) > 1:
            raise NotUnderstood(f"{clause.text!r} groups by more than one thing")
        if clause.order is not None and clause.order[0] != "count":
            raise NotUnderstood(f"{clause.text!r} groups and orders by different things")
        found = self._groups(result, what)
        thing = self._thing_counted(result, what)
        result.found, result.sought, result.limited = found, what, True
        number = 2
        name = what_is(result, thing, number)
        if (
            clause.want in {"list", "who"}
            and clause.sought not in {"rows", "", what}
            and clause.sought in result.query.view.columns
        ):
            return self._lists_per(result, what, clause.sought)
        total, fact = self.data.count(result.query)
        said = [
            Said(
                f"{name[0].upper()}{name[1:]} by {called(what, 1)}: {counts(found.values, found.total)}.",
                facts_of(found.values),
            )
        ]
        if thing == "rows":
            said.append(Said(f"That is {total} in all.", (fact,)))
        return said

    def _lists_per(self, result: Result, what: str, sought: str) -> list[Said]:
        view = result.query.view
        column, of = view.columns[sought], view.columns[what]
        pairs = self.data.distinct(result.query, [of, column])
        if not pairs.is_whole:
            raise Broken(f"there are {pairs.total} different pairs, too many to tell")
        by: dict[str, list[Fact]] = {}
        for fact in pairs.facts:
            by.setdefault(str(fact.values.get(of)), []).append(fact)
        said = []
        for value, facts in list(by.items())[:30]:
            texts = list(dict.fromkeys(str(f.values.get(column)) for f in facts if f.values.get(column)))
            said.append(Said(f"{value}: {listed(texts, len(texts))}.", tuple(facts[:30])))
        if 1 < len(by) <= 4:
            sets = [
                {str(f.values.get(column)) for f in facts if f.values.get(column)} for facts in by.values()
            ]
            shared = sorted(set.intersection(*sets))
            told = (
                f"In each of them: {listed(shared, len(shared))}." if shared else "None is in each of them."
            )
            said.append(Said(told, tuple(pairs.facts[:30])))
        return said

    def most(self, result: Result) -> list[Said]:
        what = result.sought
        if what in {"rows", "time"}:
            raise NotUnderstood(f"{result.clause.text!r} does not say the most of what")
        found = self._groups(result, what)
        thing = self._thing_counted(result, what)
        clause = result.clause
        wanted = clause.limit or (TOP if clause.plural or clause.want == "who" else 1)
        top = _with_ties(sorted(found.values, key=lambda value: -value.count), wanted)
        result.found = Found(tuple(top), len(top))
        result.limited = True
        name = what_is(result, thing, 2)
        if len(top) == 1 or wanted == 1:
            verb = "has" if len(top) == 1 else "have"
            told = f"{listed([v.text for v in top], len(top))} {verb} the most {name}: {top[0].count}."
        else:
            told = f"Most {name} by {called(what, 1)}: {counts(top, len(top))}."
        return [Said(told, facts_of(top))]

    def having(self, result: Result) -> list[Said]:
        what = result.sought
        if what in {"rows", "time"}:
            raise NotUnderstood(f"{result.clause.text!r} does not say who or what has so many")
        sign, least = result.clause.having or (">", 0)
        found = self._groups(result, what)
        if not found.is_whole:
            raise Broken(f"there are {found.total} {called(what)}, too many to compare")
        chosen = [value for value in found.values if _COMPARED[sign](value.count, least)]
        result.found, result.limited = Found(tuple(chosen), len(chosen)), True
        thing = self._thing_counted(result, what)
        name = what_is(result, thing, 2)
        words = {">": "more than", ">=": "at least", "<": "fewer than", "<=": "at most", "=": "exactly"}[sign]
        if not chosen:
            top = found.values[:1]
            told = f"No {called(what, 1)} has {words} {least:g} {name}; the most is {counts(top, 1)}."
            return [Said(told, facts_of(top))]
        things = called(what)
        begin = f"{things} with {words} {least:g} {name}"
        told = f"{len(chosen)} {begin}: {counts(chosen, len(chosen))}."
        return [Said(told, facts_of(chosen))]

    def _groups(self, result: Result, what: str) -> Found:
        """Values with their counts: of rows, or of different CVEs where CVEs are counted."""
        view = result.query.view
        if what == "domain":
            return self.domains(result)
        if what == "day":
            return self.days(result)
        column = view.columns.get(what)
        if column is None:
            raise NotUnderstood(f"{view.rows[1]} have no {what}")
        counted = self._thing_counted(result, what)
        if counted == "rows":
            return self.data.groups(result.query, column)
        if column in view.lists:
            return self._groups_of_pairs(result, column, view.columns[counted])
        return self.data.groups(result.query, column, distinct=view.columns[counted])

    @staticmethod
    def _thing_counted(result: Result, what: str) -> str:
        view = result.query.view
        clause = result.clause
        if clause.counting == "rows":
            return "rows"
        if clause.counting:
            if clause.counting not in view.columns:
                raise NotUnderstood(f"{view.rows[1]} have no {clause.counting}")
            return clause.counting
        if view.name == "vulnerabilities" and what != "cve":
            return "rows" if clause.head == "rows" else "cve"
        if (
            clause.want == "count"
            and clause.sought not in {"rows", "", what}
            and clause.sought in view.columns
        ):
            return clause.sought
        return "rows"

    def _groups_of_pairs(self, result: Result, column: str, other: str) -> Found:
        pairs = self.data.distinct(result.query, [column, other])
        if not pairs.is_whole:
            raise Broken(f"there are {pairs.total} different pairs, too many to count")
        is_list = column in result.query.view.lists
        by: dict[str, list[Fact]] = {}
        for fact in pairs.facts:
            for text in items(fact.values.get(column), is_list=is_list, column=column):
                by.setdefault(text, []).append(fact)
        values = []
        for text, facts in by.items():
            number = len({fact.values.get(other) for fact in facts if fact.values.get(other)})
            values.append(Value(text, number, (_computed(result, text, number), *facts)))
        values.sort(key=lambda value: (-value.count, value.text))
        return Found(tuple(values), len(values))

    def days(self, result: Result) -> Found:
        rows = self.data.rows(result.query, most=1000, by=result.query.view.time)
        if not rows.is_whole:
            raise Broken(f"there are {rows.total} rows, too many to count by day")
        days = Counter(str(fact.values.get(result.query.view.time))[:10] for fact in rows.facts)
        values = [Value(day, n, (_computed(result, day, n),)) for day, n in sorted(days.items())]
        return Found(tuple(values), len(values))

    def domains(self, result: Result) -> Found:
        senders = self.data.groups(result.query, "sender")
        by: dict[str, list[Value]] = {}
        for value in senders.values:
            by.setdefault(value.text.rpartition("@")[2], []).append(value)
        values = [
            Value(name, sum(v.count for v in group), tuple(f for v in group for f in v.facts))
            for name, group in by.items()
        ]  # fmt: skip
        values.sort(key=lambda value: -value.count)
        return Found(tuple(values), len(values))


def what_is(result: Result, sought: str, number: int) -> str:
    """What is counted or listed, with all its conditions."""
    return with_others(nouns(result.query, sought, number, mode=result.mode), result.also)


def _computed(result: Result, name: str, number: int) -> Fact:
    digest = blake2b(repr((result.query, name, number)).encode(), digest_size=8).hexdigest()
    return Fact(
        ref=f"computed:{digest}", text=f"{name}: {number}", source=result.query.view.tool,
        values={"name": name, "count": number}, tier=Tier.COMPUTED,
    )  # fmt: skip


def _with_ties(values: Sequence[Value], wanted: int) -> list[Value]:
    """The first so many, and those that have as many as the last of them."""
    if len(values) <= wanted:
        return list(values)
    least = values[wanted - 1].count
    return [value for index, value in enumerate(values) if index < wanted or value.count == least]
