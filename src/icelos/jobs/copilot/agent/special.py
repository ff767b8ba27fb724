"""Clauses that are no query over one view: why, timelines, what is new, what detectors see, what there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from icelos.contracts import Fact
from icelos.jobs.copilot.agent.answering import row
from icelos.jobs.copilot.agent.clauses import Clause, Filter
from icelos.jobs.copilot.agent.plan import Planner
from icelos.jobs.copilot.agent.querying import Broken, Data, Found, Query
from icelos.jobs.copilot.agent.results import NotUnderstood, Result
from icelos.jobs.copilot.agent.scanning import Item
from icelos.jobs.copilot.agent.views import VIEWS
from icelos.jobs.copilot.agent.wording import Said, counts, facts_of, nouns
from icelos.jobs.copilot.words import word_set

MOST_TOLD = 12
_TIMELINE = re.compile(
    r"\b(?:time-?line|chronolog\w+|history|sequence of events|course of events|what (?:all )?happened"
    r"|what did|what has|what was"
    r"|everything (?:about|on|for|that|we)|what do we (?:know|have)|what have we|all we (?:know|have)"
    r"|activit(?:y|ies) (?:of|by|for|on)"
    r"|walk me through|reconstruct)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:what(?:'s| is| has| have| was)?(?: been)? (?:changed|new|happened|come in|added|found)"
    r"|anything (?:new|changed)|what changed|changes|news"
    r"|what did (?:we|i) miss|catch me up|new (?:findings|since))\b",
    re.IGNORECASE,
)
_WHATIF = re.compile(
    r"\b(?:which detectors?|detectors? (?:see|catch|detect|notice)s?|would (?:we|our|any|it"
    r"|the)\b.*\b(?:see|detect|notice|catch|fire|alert)"
    r"|(?:do|can|could) (?:we|our (?:detectors?|detection|rules))\b.*\b(?:see|detect|notice|catch)"
    r"|what-?if)\b",
    re.IGNORECASE,
)
_SOURCES = re.compile(
    r"\b(?:what (?:data|sources|information) (?:do|have|can|is|are)|which (?:data|sources|data sources"
    r"|logs) (?:do|have|are|can)|how (?:fresh|old|current|recent)"
    r"|what can (?:you|i) (?:answer|ask)|what do you know)\b",
    re.IGNORECASE,
)


def kind_of(clause: Clause, items: Sequence[Item]) -> str:
    """Which of these a clause is: "why", "timeline", "changes", "whatif", "sources"; "" for none."""
    text, named = " ".join(i.text for i in items if i.kind not in {"aside", "sequence"}), names_of(items)
    if clause.want == "why":
        return "why"
    if _WHATIF.search(text) and any(i.kind == "value" and i.value[0] == "technique" for i in items):
        return "whatif"
    if _SOURCES.search(text) and not named:
        return "sources"
    has_period = any(i.kind == "period" for i in items)
    if _CHANGES.search(text) and has_period and not named and not clause.atoms:
        return "changes"
    refers = any(i.kind == "refer" for i in items)
    queried = any(
        i.kind in {"filter", "order", "having", "group"}
        or (i.kind == "topic" and i.view not in {"logs", "findings"})
        for i in items
    )
    if _TIMELINE.search(text) and (named or refers) and not queried:
        return "timeline"
    return ""


_ASKING = word_set("""
    timeline time-line chronology chronological history sequence course happened happen changed change new
    added news miss missed everything anything know walk through reconstruct catch full picture story events
    activity go going did since detector see summarise summarize summary summarised recap
""")


def names_of(items: Sequence[Item]) -> list[Item]:
    """What may be names: values, and words that are not how one asks for these."""
    return [
        i for i in items if i.kind == "value" or (i.kind == "word" and str(i.value).lower() not in _ASKING)
    ]


class Special:
    """Answers them."""

    def __init__(self, data: Data, planner: Planner, now: datetime) -> None:
        self.data = data
        self.planner = planner
        self.now = now

    def tell(self, kind: str, clause: Clause, items: Sequence[Item]) -> list[Said]:
        """The sentences. Raises NotUnderstood, Broken, Exhausted."""
        if kind == "why":
            return self.why(clause)
        if sum(item.kind == "period" for item in items) > 1:
            raise NotUnderstood(f"{clause.text!r} names several times")
        if kind == "timeline":
            return self.timeline(items)
        if kind == "changes":
            return self.changes(items)
        if kind == "whatif":
            technique = next(i.value[1] for i in items if i.kind == "value" and i.value[0] == "technique")
            return self._told(
                "whatif",
                {"technique": technique.upper()},
                f"No what-if run has played {technique}: `icelos logs whatif` plays one.",
            )
        return self._told("sources", {}, "There is nothing to answer from yet.")

    # ---- why

    def why(self, clause: Clause) -> list[Said]:
        """The finding's own reasons, of every job that knows what is named."""
        return [said for variant in self.planner.variants(clause) for said in self._why(variant)]

    def _why(self, clause: Clause) -> list[Said]:
        """What is asked about it is checked, not taken for granted."""
        supposed = [one for atom in clause.atoms for one in atom.filters if one.column in _SUPPOSED]
        for atom in clause.atoms:
            atom.filters = [one for one in atom.filters if one.column not in _SUPPOSED]
        asked = msgspec.structs.replace(clause, want="list", sought="rows", order=None)
        result = self.planner.prepare(asked)
        if not result.query.filters and result.query.period is None:
            raise NotUnderstood(f"{clause.text!r} does not say which one")
        rows = self.data.rows(result.query, most=MOST_TOLD + 1, by=result.query.view.time)
        result.found = Found((), rows.total, rows.counted)
        self.planner.earlier.append(result)
        if not rows.facts:
            number, fact = self.data.count(result.query)
            return [Said(f"There are no {nouns(result.query, 'rows', number)}.", (fact,))]
        said = [self._contradicted(one, rows.facts) for one in supposed]
        return [*(one for one in said if one is not None), *self._reasons(rows.facts, supposed)]

    @staticmethod
    def _contradicted(one: Filter, facts: Sequence[Fact]) -> Said | None:
        held = [fact for fact in facts if _fits(one, fact)]
        if held:
            return None
        values = sorted({str(fact.values.get(one.column)) for fact in facts})
        return Said(f"That is not so: its {one.column} is {', '.join(values)}.", tuple(facts[:3]))

    @staticmethod
    def _reasons(facts: Sequence[Fact], supposed: Sequence[Filter]) -> list[Said]:
        chosen = [fact for fact in facts if all(_fits(one, fact) for one in supposed)] or list(facts)
        said = []
        for fact in chosen[:MOST_TOLD]:
            summary = str(fact.values.get("summary") or "") or fact.text
            said.append(Said(_sentence(summary), (fact,)))
        if len(chosen) > MOST_TOLD:
            said.append(Said(f"The newest {MOST_TOLD} are told.", tuple(chosen[:1])))
        return said

    # ---- timelines

    def timeline(self, items: Sequence[Item]) -> list[Said]:
        """What names somebody or something, in order of time."""
        arguments: dict[str, Any] = {"entity": self._entity(items), "limit": 100}
        period = next((i.value for i in items if i.kind == "period"), None)
        if period is not None and period.start is not None:
            arguments["start"] = _stamp(period.start)
        if period is not None and period.end is not None:
            arguments["end"] = _stamp(period.end)
        within = f" {period.said}" if period is not None else ""
        called = self.data.toolbox.call("timeline", arguments, why=self.data.why)
        if called.error:
            raise Broken(called.error)
        name = arguments["entity"]
        counted = (called.counted,) if called.counted is not None else ()
        if not called.facts:
            return [Said(f"Nothing names {name}{within}.", counted)]
        said = [
            Said(f"{called.total} events and findings name {name}{within}.", (*counted, *called.facts[:3]))
        ]
        said += [Said(row(fact), (fact,)) for fact in called.facts[:30]]
        if called.total > 30:
            said.append(Said(f"The first 30 of {called.total} are told.", counted))
        return said

    def _entity(self, items: Sequence[Item]) -> str:
        names = names_of(items)
        if len(names) == 1:
            return str(names[0].value[1] if names[0].kind == "value" else names[0].value)
        if names:
            raise NotUnderstood(f"a timeline is of one name, not of {', '.join(i.text for i in names)}")
        if not self.planner.earlier:
            raise NotUnderstood("nothing before says whose timeline is meant")
        before = self.planner.earlier[-1]
        if before.found is None or len(before.found.values) != 1:
            raise NotUnderstood("a timeline is of one name, and there are several")
        return before.found.texts[0]

    # ---- what is new

    def changes(self, items: Sequence[Item]) -> list[Said]:
        """Findings written in a period, by job and verdict, and the alerts among them."""
        period = next(i.value for i in items if i.kind == "period")
        view = VIEWS["findings"]
        query = Query(view=view, period=period)
        number, fact = self.data.count(query)
        if not number:
            return [Said(f"Nothing is new {period.said}: no finding was written.", (fact,))]
        said = [Said(f"{number} findings were written {period.said}.", (fact,))]
        for what in ("job", "verdict"):
            found = self.data.groups(query, what)
            said.append(Said(f"By {what}: {counts(found.values, found.total)}.", facts_of(found.values)))
        alerts = query.also(Filter("verdict", "=", "alert"))
        rows = self.data.rows(alerts, most=MOST_TOLD, by="seen")
        said += [Said(row(one), (one,)) for one in rows.facts]
        self.planner.earlier.append(
            Result(clause=Clause(text=""), query=query, sought="rows", found=Found((), number, fact))
        )
        return said

    # ---- tools that say it all themselves

    def _told(self, tool: str, arguments: dict[str, Any], nothing: str) -> list[Said]:
        called = self.data.toolbox.call(tool, arguments, why=self.data.why)
        if called.error:
            raise Broken(called.error)
        if not called.facts:
            return [Said(nothing, (called.counted,) if called.counted else ())]
        return [Said(row(fact), (fact,)) for fact in called.facts[:MOST_TOLD]]


_SUPPOSED = frozenset({"status", "exploitable", "verdict", "state"})


def _fits(one: Filter, fact: Fact) -> bool:
    return one.how != "=" or fact.values.get(one.column) == one.value


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _sentence(text: str) -> str:
    told = " ".join(text.split())
    return told if told.endswith((".", "!", "?")) else f"{told}."
