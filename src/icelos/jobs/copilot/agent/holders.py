"""Clauses about whose a host is: owners and teams of hosts, and hosts of an owner or team."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from icelos.contracts import Fact, Tier
from icelos.jobs.copilot.agent.answering import Teller
from icelos.jobs.copilot.agent.clauses import Clause, Filter
from icelos.jobs.copilot.agent.papers import Papers, Record
from icelos.jobs.copilot.agent.plan import Planner
from icelos.jobs.copilot.agent.querying import Data, Found, Query, Value
from icelos.jobs.copilot.agent.results import NotUnderstood, Result
from icelos.jobs.copilot.agent.views import VIEWS
from icelos.jobs.copilot.agent.wording import Said, listed, nouns

MOST_TOLD = 30


class Holders:
    """Answers them from the organisation's own lists. Raises NotUnderstood, Broken, Exhausted."""

    def __init__(self, data: Data, planner: Planner, papers: Papers) -> None:
        self._data = data
        self._planner = planner
        self._papers = papers
        self._known: tuple[str, ...] = ()

    def tell(self, clause: Clause) -> list[Said]:
        """Owner, team, purpose or maintenance window of the hosts that a clause names or refers to."""
        counted = (
            clause.want in {"count", "often"} or bool(clause.group) or (clause.order or ("",))[0] == "count"
        )
        of_hosts = clause.sought == "host" or any(what == "host" for what, _ in clause.links)
        if (counted or clause.having or clause.order is not None) and (clause.group or not of_hosts):
            return self._per_holder(clause)
        if clause.shows:
            raise NotUnderstood(f"{clause.text!r} asks for more than whose they are")
        hosts = self._hosts(clause)
        if not hosts:
            raise NotUnderstood(f"there are no hosts of which {clause.text!r} could be told")
        records = self._papers.records(self.known())
        said = []
        for host in hosts[:MOST_TOLD]:
            record = records.get(host.lower())
            if record is None:
                raise NotUnderstood(f"no document here says whose {host} is")
            for what in clause.asset:
                said.append(self._told(what, record))
        if len(hosts) > MOST_TOLD:
            raise NotUnderstood(f"there are {len(hosts)} hosts, too many to tell one by one")
        return said

    def _per_holder(self, clause: Clause) -> list[Said]:
        """How many findings, or different CVEs, the hosts of each owner or team have; the most first."""
        what = clause.asset[0]
        by_most = clause.order == ("count", True)
        views = [atom.view.name for atom in clause.atoms]
        is_plain = len(clause.asset) == 1 and not clause.having and (clause.order is None or by_most)
        if not is_plain or what not in {"owner", "team"} or views not in (["vulnerabilities"], ["logs"]):
            raise NotUnderstood(f"I cannot count {clause.text!r} by {what}")
        result = self._planner.prepare(_hosts_of(msgspec.structs.replace(clause, order=None, group=[])))
        view = result.query.view
        different = view.name == "vulnerabilities" and clause.head != "rows" and clause.counting != "rows"
        records = self._papers.records(self.known())
        sets: dict[str, set[str]] = {}
        totals: dict[str, int] = {}
        facts: list[Fact] = []
        column = view.columns["host"]
        for value in self._data.groups(result.query, column).values:
            record = records.get(value.text.lower())
            if record is None:
                raise NotUnderstood(f"no document here says whose {value.text} is")
            name = record.values.get(what, "unknown")
            totals[name] = totals.get(name, 0) + value.count
            facts += [*value.facts, record.fact]
        if different:
            pairs = self._data.distinct(result.query, [column, "vulnerability"])
            if not pairs.is_whole:
                raise NotUnderstood(f"there are {pairs.total} CVEs on hosts, too many to count by {what}")
            for fact in pairs.facts:
                name = records[str(fact.values[column]).lower()].values.get(what, "unknown")
                sets.setdefault(name, set()).add(str(fact.values["vulnerability"]))
            totals = {name: len(found) for name, found in sets.items()}
        ordered = sorted(totals.items(), key=lambda one: (-one[1], one[0]))
        if not ordered:
            raise NotUnderstood(f"there is nothing to count by {what}")
        thing = nouns(result.query, "cve" if different else "rows", 2, mode=result.mode)
        unique = tuple({fact.ref: fact for fact in facts}.values())
        summed = tuple(_counted(f"{name}: {number} {thing}", number) for name, number in ordered)
        if by_most and not clause.plural:
            best = [one for one in ordered if one[1] == ordered[0][1]]
            names = listed([name for name, _ in best], len(best))
            told = f"{names} {'has' if len(best) == 1 else 'have'} the most {thing}: {best[0][1]}."
        else:
            shown = ordered[: clause.limit or len(ordered)]
            each = listed([f"{name} ({number})" for name, number in shown], len(shown))
            told = f"{thing[0].upper()}{thing[1:]} by {what}: {each}."
        return [Said(told, (*summed, *unique[:40]))]

    def _told(self, what: str, record: Record) -> Said:
        if what == "window":
            team = record.values.get("team", "")
            teams = [one.values.get("team", "") for one in self._papers.records(self.known()).values()]
            found = record.values.get("window") or (self._papers.window(team, teams) if team else None)
            if isinstance(found, tuple):
                return Said(
                    f"{record.host} ({team}), maintenance window: {found[0]}", (record.fact, found[1])
                )
            if not found:
                raise NotUnderstood(f"no document here tells the maintenance window of {record.host}")
            return Said(f"{record.host}, maintenance window: {found}.", (record.fact,))
        value = record.values.get(what)
        if not value:
            raise NotUnderstood(f"no document here tells the {what} of {record.host}")
        return Said(f"{record.host}: {what}: {value}.", (record.fact,))

    def known(self) -> tuple[str, ...]:
        """All hosts of inventories and logs."""
        if not self._known:
            found: dict[str, str] = {}
            for name, column in (("vulnerabilities", "target"), ("logs", "host")):
                if self._data.has(VIEWS[name]):
                    for text in self._data.values(Query(view=VIEWS[name]), column).texts:
                        found.setdefault(text.lower(), text)
            self._known = tuple(found.values())
        return self._known

    def _hosts(self, clause: Clause) -> Sequence[str]:
        known = {one.lower(): one for one in self.known()}
        names = [n for atom in clause.atoms for n in atom.names] + clause.loose
        named = [known[n.text.lower()] for n in names if n.text.lower() in known]
        if named and len(named) < len(clause.loose):
            others = [n.text for n in clause.loose if n.text.lower() not in known]
            raise NotUnderstood(f"I do not know what {listed(others, len(others))} is in {clause.text!r}")
        if named:
            return named
        if clause.refers and any(atom.filters or atom.names for atom in clause.atoms):
            raise NotUnderstood(f"{clause.text!r} asks for more than whose they are")
        if clause.atoms and not clause.refers:
            result = self._planner.prepare(_hosts_of(clause))
            self._planner.earlier.append(result)
            if result.clause.order is not None or result.clause.having is not None:
                Teller(self._data).tell(result)
                return result.found.texts if result.found is not None else ()
            return self._planner.project(result, "host")
        for result in reversed(self._planner.earlier):
            if "host" in result.query.view.columns and result.query.view.name != "log_alerts":
                return self._planner.project(result, "host")
        raise NotUnderstood(f"it is not clear of which hosts {clause.text!r} asks")

    # ---- hosts of somebody

    def held(self, what: str, name: str) -> tuple[str, ...]:
        """The hosts whose owner or team is called so. Raises NotUnderstood where none is."""
        folded = " ".join(name.lower().split())
        records = self._papers.records(self.known()).values()
        keys = [what] if what in {"owner", "team"} else ["owner", "team"]
        found = tuple(r.host for r in records if any(r.values.get(key, "").lower() == folded for key in keys))
        if not found:
            given = sorted({r.values.get(keys[0], "") for r in records} - {""})
            raise NotUnderstood(f"no {keys[0]} is called {name!r}; there are {listed(given, len(given))}")
        return found

    def listed(self, clause: Clause) -> tuple[Result, list[Said]]:
        """The hosts of a team or owner, as what a clause came to. Raises as `held`."""
        what, name = clause.holders[0]
        hosts = self.held(what, name)
        records = self._papers.records(self.known())
        facts = tuple(dict.fromkeys(records[host.lower()].fact.ref for host in hosts))
        known = {one.fact.ref: one.fact for one in records.values()}
        view = VIEWS["vulnerabilities"]
        query = Query(view=view, filters=(Filter(view.columns["host"], "in", hosts),))
        found = Found(tuple(Value(host) for host in hosts), len(hosts))
        result = Result(clause=clause, query=query, sought="host", found=found, limited=True)
        told = f"Of {name}: {listed(hosts, len(hosts))}."
        return result, [Said(told, tuple(known[ref] for ref in facts))]

    def narrow(self, clause: Clause) -> None:
        """Hosts of a team or owner as a condition of the views that have hosts."""
        for what, name in clause.holders:
            hosts = self.held(what, name)
            places = [atom for atom in clause.atoms if atom.view.name in {"vulnerabilities", "logs"}]
            if not places:
                raise NotUnderstood(f"{clause.text!r} does not say what of the hosts of {name}")
            places[0].filters = [*places[0].filters, Filter(places[0].view.columns["host"], "in", hosts)]
        clause.holders = []


def _counted(text: str, number: int) -> Fact:
    """A sum that was made here."""
    ref = f"computed:{blake2b(text.encode(), digest_size=8).hexdigest()}"
    return Fact(ref=ref, text=text, source="query_findings", values={"count": number}, tier=Tier.COMPUTED)


def _hosts_of(clause: Clause) -> Clause:
    return msgspec.structs.replace(
        clause, want="list", sought="host", asset=[], unclear=[], order=clause.order
    )
