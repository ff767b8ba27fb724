"""A question about the organisation's own findings, mail and logs, answered in steps.

Each clause is read, planned and told by itself; what one found goes into the next. What was not understood is
said, and the rest is answered: a partial answer says so. Nothing here needs a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec

from icelos.contracts import Fact
from icelos.jobs.copilot.agent import clauses, completeness, connecting, documents, papers, reading, special
from icelos.jobs.copilot.agent.answering import Teller
from icelos.jobs.copilot.agent.clauses import Clause, Filter
from icelos.jobs.copilot.agent.conditions import quoted
from icelos.jobs.copilot.agent.documents import Ask
from icelos.jobs.copilot.agent.holders import Holders
from icelos.jobs.copilot.agent.papers import Papers
from icelos.jobs.copilot.agent.plan import Planner
from icelos.jobs.copilot.agent.querying import Broken, Data, Query
from icelos.jobs.copilot.agent.results import Emptied, NotUnderstood
from icelos.jobs.copilot.agent.scanning import Item, scan
from icelos.jobs.copilot.agent.toolbox import Exhausted, Toolbox
from icelos.jobs.copilot.agent.views import VIEWS
from icelos.jobs.copilot.agent.wording import Said
from icelos.jobs.copilot.answers import Sentence

LONGEST = 2000


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one clause: sentences, or why there are none. `context` clauses are not answered.

    `leads`: others may go on from it, though it has no answer.
    """

    text: str
    sentences: tuple[Sentence, ...] = ()
    problem: str = ""
    notices: tuple[str, ...] = ()
    is_context: bool = False
    leads: bool = False

    @property
    def is_answered(self) -> bool:
        return bool(self.sentences) or self.is_context


class Reading(msgspec.Struct, frozen=True):
    """A question as it was read: each clause with its items."""

    clauses: tuple[tuple[Clause, tuple[Item, ...]], ...]

    @property
    def is_own(self) -> bool:
        """Does it plainly ask about the organisation's own findings, mail and logs?"""
        return any(_is_own(clause, items) for clause, items in self.clauses)

    @property
    def is_only_own(self) -> bool:
        """Would documents be no answer at all: it speaks of "our", or of a time?"""
        return any(
            _is_only_own(clause, items) for clause, items in self.clauses
        )  # fmt: skip

    def own_beside(self) -> tuple[str, ...]:
        """The parts about the organisation's own of a question that asks for other things as well."""
        asked = [(clause, items) for clause, items in self.clauses if not clause.quiet]
        return tuple(
            clause.text
            for clause, items in asked
            if len(asked) > 1 and not documents.is_runbook(clause.text)
            and (_is_own(clause, items) or (clause.want and _HERE.search(clause.text)))
        )  # fmt: skip

    def is_of_ours(self) -> bool:
        """Does it name a host or an account, or speak of "our" things?"""
        return any(
            re.search(r"\bour\b", clause.text, re.IGNORECASE) or any(connecting.is_named(i) for i in items)
            for clause, items in self.clauses
        )

    def seeks_our_paper(self) -> bool:
        """Does it ask for a policy or procedure of our own?"""
        return any(_OUR_PAPER.search(clause.text) for clause, _ in self.clauses)

    def seeks_own(self) -> bool:
        """Does it seek users or hosts, or count mail, alerts and the like: no public catalogue has ours?"""
        return any(
            (clause.want in {"list", "who", "count"} and clause.head in {"user", "host"})
            or (clause.want in {"count", "often"} and any(i.kind in {"topic", "flagged"} for i in items))
            for clause, items in self.clauses
        )

    def seeks_other_than_steps(self) -> bool:
        """Does it ask who, when, where or how many?"""
        return any(clause.want in {"who", "when", "where", "count"} for clause, _ in self.clauses)

    @property
    def refers_back(self) -> bool:
        """Does its first clause refer to something before it?"""
        return bool(self.clauses) and self.clauses[0][0].refers

    def after(self, before: Reading) -> Reading:
        """This question going on from another, which is not told again."""
        context = tuple((_as_context(clause), items) for clause, items in before.clauses)
        return Reading((*context, *self.clauses))

    @property
    def may_be_own(self) -> bool:
        """Could it be answered from them?"""
        return any(
            clause.atoms or clause.loose or special.kind_of(clause, items) for clause, items in self.clauses
        )


def read(question: str, now: datetime) -> Reading:
    """The clauses of a question."""
    text = " ".join(question[: 4 * LONGEST].split())[:LONGEST]
    found: list[tuple[Clause, tuple[Item, ...]]] = []
    for part in connecting.joined(clauses.split(connecting.described(scan(text, now)))):
        if found and all(item.kind in {*connecting.EMPTY, "sequence"} for item in part):
            found[-1][0].sequence = True
        elif found and all(item.kind in {*connecting.EMPTY, "each"} for item in part):
            found[-1][0].each = True
            found[-1][0].want = found[-1][0].want or "count"
        else:
            found.append((reading.read(text, part), tuple(part)))
    connecting.going_on(text, found)
    if found:  # a context of nothing is the question itself
        found[-1][0].is_context = False
    return Reading(tuple(found))


def _only_prepares(made: Sequence[tuple[tuple[Clause, tuple[Item, ...]], Part]]) -> bool:
    """Was nothing answered but what asks nothing itself ("the host with the most failed logins: ...")?"""
    failed = any(clause.want and clause.refers and not part.is_answered for (clause, _), part in made)
    told = [clause for (clause, _), part in made if part.sentences]
    return failed and bool(told) and not any(clause.want for clause in told)


def _untold(part: Part) -> Part:
    if not part.sentences:
        return part
    return Part(text=part.text, problem=f"{part.text!r} alone is not what is asked")


def _as_context(clause: Clause) -> Clause:
    return msgspec.structs.replace(clause, quiet=True)


def _is_policy(text: str) -> bool:
    return re.search(r"\b(?:polic(?:y|ies)|guidelines?)\b", text, re.IGNORECASE) is not None


_OURS = re.compile(r"\b(?:our|ours|we|us|my)\b", re.IGNORECASE)
_OUR_PAPER = re.compile(
    r"\bour (?:[\w-]+ ){0,3}?(?:polic(?:y|ies)|procedures?|guidelines?|run-?books?)\b", re.IGNORECASE
)
_PAPER = re.compile(
    r"\b(?:run-?books?|play-?books?|procedures?|polic(?:y|ies)|(?:should|must|do|can) (?:we|i))\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:persons?|people|whom)\b", re.IGNORECASE)
_HERE = re.compile(r"\b(?:here|ours?|us|(?:do|did|have|are|were) we)\b", re.IGNORECASE)
_HELD = re.compile(r"\b(?:responsible|in charge|owns?)\b", re.IGNORECASE)
_ACCOUNT = re.compile(r"[a-z]{2,}(?:\.[a-z]{2,}|(?:-[a-z0-9]+)*-\d+)(?:'s)?")
_OWN_VIEWS = frozenset({"logins", "log_alerts", "findings", "failures"})
_OWN_COLUMNS = frozenset({"exploitable", "assignee", "state", "verdict", "job"})
_ABOUT = frozenset({"contact", "number", "deadline"})


def _is_only_own(clause: Clause, items: Sequence[Item]) -> bool:
    """Does it ask how many, which most, who is to be called: no document in general says that of us?"""
    if _OURS.search(clause.text) or any(item.kind == "period" for item in items):
        return _is_own(clause, items)
    if documents.is_runbook(clause.text):
        return bool({"contact", "number"} & set(papers.facets_of(clause.text)))
    return _is_own(clause, items) and not _is_of_knowledge(clause, items)


def _is_of_knowledge(clause: Clause, items: Sequence[Item]) -> bool:
    """Might documents in general answer it: it speaks of techniques, rules, mitigations, or asks how?"""
    if any(i.kind == "noun" and i.value in {"technique", "rule"} for i in items) and clause.want not in {
        "count",
        "often",
    }:
        return True
    of_technique = any(i.kind == "value" and i.value[0] in {"technique", "advisory", "cve"} for i in items)
    counted = clause.want in {"count", "often"} or clause.having or (clause.order or ("",))[0] == "count"
    return not counted and (
        of_technique or clause.want in {"how", "why"} or bool(documents.facets(clause.text))
    )


def _is_own(clause: Clause, items: Sequence[Item]) -> bool:
    if documents.is_runbook(clause.text):
        return bool(_ABOUT & set(papers.facets_of(clause.text)))
    kinds = {i.kind for i in items}
    return (
        bool(clause.asset)
        or special.kind_of(clause, items) in {"timeline", "changes", "sources"}
        or any(i.kind == "topic" and i.view in _OWN_VIEWS for i in items)
        or (clause.refers and _names_machine_or_user(items))
        or ("assigned" in kinds and bool(clause.atoms or clause.loose))
        or (bool(clause.atoms) and _is_own_by_words(clause, items, kinds))
        or (_names_account(items) and bool(kinds & {"noun", "topic", "alert"}))
        or (_is_filtered(items) and (not clause.unclear or _names_own(items)))
    )


def _is_own_by_words(clause: Clause, items: Sequence[Item], kinds: set[str]) -> bool:
    """Of a clause over some view: does it count, or speak of alerts, people, hosts or mail?"""
    topics = any(
        i.kind in {"topic", "filter"} or (i.kind == "noun" and i.value in {"technique", "package"})
        for i in items
    )
    views = {atom.view.name for atom in clause.atoms}
    return bool(
        kinds & {"alert", "closer", "reason", "desk"}
        or _names_machine_or_user(items)
        or any(i.view == "mail" and i.kind in {"noun", "sent", "received"} for i in items)
        or clause.having
        or (clause.order or ("",))[0] == "count"
        or ("logs" in views and (clause.want in {"count", "often"} or clause.group))
        or ("flagged" in kinds and "mail" in views)
        or (topics and _OURS.search(clause.text))
    )


def _names_machine_or_user(items: Sequence[Item]) -> bool:
    return any(i.kind == "noun" and i.value in {"user", "host"} for i in items)


def _is_filtered(items: Sequence[Item]) -> bool:
    return any(i.kind == "filter" and i.value[0] in _OWN_COLUMNS for i in items)


def _names_account(items: Sequence[Item]) -> bool:
    """ "ann.lee", "srv-web-1": as accounts and hosts are written, and nothing of public catalogues is."""
    return any(_is_account(item) for item in items)


def _is_account(item: Item) -> bool:
    return item.kind == "word" and _ACCOUNT.fullmatch(item.text) is not None


def _names_own(items: Sequence[Item]) -> bool:
    """Is something named as hosts and accounts are: "web-01", "ann.lee"?"""
    return any(i.kind == "word" and re.search(r"[\d.-]", i.text) for i in items)


class Agent:
    """One question, step by step. `sentence` gives a Said its handles; `ask` is the ordinary copilot."""

    def __init__(
        self, toolbox: Toolbox, *, now: datetime, ask: Ask, sentence: Callable[[Said], Sentence]
    ) -> None:
        self.toolbox = toolbox
        self._now = now
        self._ask = ask
        self._sentence = sentence
        self._data = Data(toolbox)
        self._planner = Planner(self._data)
        self._papers = Papers(self._data)
        self._holders = Holders(self._data, self._planner, self._papers)
        self._topic = ""
        self._question: tuple[tuple[Clause, tuple[Item, ...]], ...] = ()
        self._runbook: tuple[str, tuple[Fact, ...]] | None = None
        self._failed = False
        self.exhausted = ""

    def parts(self, question: Reading) -> Iterator[Part]:
        """What comes of each clause, in order. After the allowance is used up, nothing more.

        A part that asks nothing of its own and was not understood may restrict any other: then nothing is
        answered.
        """
        made = list(zip(question.clauses, self._made(question), strict=False))
        if _only_prepares(made):
            made = [(one, _untold(part)) for one, part in made]
        lost = [clause for (clause, _), part in made if not part.is_answered and not clause.want]
        for (clause, _), part in made:
            if lost and part.sentences:
                told = quoted([one.text for one in lost])
                reason = f"{told} may restrict {clause.text!r}, and was not understood"
                yield Part(text=part.text, problem=reason)
            else:
                yield part

    def _made(self, question: Reading) -> Iterator[Part]:
        self._question = question.clauses
        for clause, items in question.clauses:
            self._data.why = clause.text
            try:
                part = self._part(clause, items)
            except Exhausted as limit:
                self.exhausted = str(limit)
                part = Part(text=clause.text, problem=f"the allowance of {limit} was used up")
            self._failed = self._failed or not (part.is_answered or part.leads)
            yield part
            if self.exhausted:
                return

    def _part(self, clause: Clause, items: Sequence[Item]) -> Part:
        try:
            if not clause.want and self._is_before_runbook(clause):
                self._topic = documents.own_words(clause, items)
                return Part(text=clause.text, is_context=True)
            if self._failed and (clause.refers or not clause.want or self._lacks_subject(clause)):
                raise NotUnderstood(f"what {clause.text!r} refers to could not be answered")
            completeness.check(clause, items)
            if documents.is_runbook(clause.text) and self._has_papers and not _is_policy(clause.text):
                return self._of_runbook(clause, items)
            if documents.asks_documents(clause, items, self._planner.earlier):
                return self._of_documents(clause, items)
            self._keep_restricted(clause)
            said = self._told(clause, items)
        except (NotUnderstood, Broken) as problem:
            return Part(text=clause.text, problem=str(problem))
        except Emptied as emptied:
            return Part(text=clause.text, sentences=(self._sentence(emptied.said),))
        if completeness.repeats(clause):
            untold = f"the findings here do not say {clause.text!r}"
            return Part(text=clause.text, problem=untold, leads=True)
        if clause.is_context or clause.quiet:
            return Part(text=clause.text, is_context=True)
        if not said:
            return Part(text=clause.text, is_context=True)
        return Part(text=clause.text, sentences=tuple(self._sentence(one) for one in said))

    def _is_before_runbook(self, clause: Clause) -> bool:
        """ "A user reports credential phishing. Whom do I call?": the first says what it is about."""
        place = next((i for i, (one, _) in enumerate(self._question) if one is clause), -1)
        after = self._question[place + 1][0] if 0 <= place < len(self._question) - 1 else None
        return after is not None and documents.is_runbook(after.text) and not documents.own_words(
            after, self._question[place + 1][1]
        )  # fmt: skip

    def _keep_restricted(self, clause: Clause) -> None:
        """ "How many alerts since Monday, and how many mails": the time holds for both. Of what else narrowed
        an earlier part it is not clear. Raises NotUnderstood."""
        if self._is_told(clause):
            return
        before: list[Clause] = []
        for one, _ in self._question:
            if one is clause:
                break
            before.append(one)
        is_whole = not clause.atoms or not clause.want or not completeness.is_unrestricted(clause)
        if not before or is_whole or before[-1].is_context or self._planner.goes_on(clause):
            return
        if self._failed or any(completeness.narrows(one) for one in before):
            raise NotUnderstood(f"it is not clear what {clause.text!r} is restricted to")
        periods = [atom.period for one in before for atom in one.atoms if atom.period is not None]
        if periods and len(set(map(str, periods))) == 1:
            clause.atoms[0].period = periods[0]

    @staticmethod
    def _lacks_subject(clause: Clause) -> bool:
        return not clause.atoms and not clause.unclear

    def _told(self, clause: Clause, items: Sequence[Item]) -> list[Said]:
        kind = special.kind_of(clause, items)
        self._asks_for_owner(clause)
        if clause.asset and not clause.unclear:
            return self._holders.tell(clause)
        if clause.holders and not clause.atoms and clause.sought in {"", "host"} and not clause.unclear:
            result, told = self._holders.listed(clause)
            self._planner.earlier.append(result)
            return told
        self._holders.narrow(clause)
        if self._is_told(clause):
            return []
        if kind == "why" and self._is_of_closing(clause):
            clause.want, clause.sought, kind = "list", "reason", ""
        if clause.want == "how":
            raise NotUnderstood(f"I cannot say how in {clause.text!r}")
        if kind:
            return special.Special(self._data, self._planner, self._now).tell(kind, clause, items)
        return self._queried(clause)

    def _asks_for_owner(self, clause: Clause) -> None:
        """ "Who is responsible for web-01" asks for a host's owner, not for who works on its findings."""
        if clause.asset and "owner" not in clause.asset and _PERSON.search(clause.text):
            clause.asset = ["owner", *clause.asset]
        if (
            clause.sought != "assignee"
            or clause.asset
            or not _HELD.search(clause.text)
            or not self._has_papers
        ):
            return
        known = {host.lower() for host in self._holders.known()}
        names = [name.text.lower() for atom in clause.atoms for name in atom.names]
        names += [name.text.lower() for name in clause.loose]
        if names and all(name in known for name in names):
            clause.asset = ["owner"]

    def _queried(self, clause: Clause) -> list[Said]:
        results = []
        said: list[Said] = []
        for variant in self._variants(clause):
            results.append(self._planner.prepare(variant))
            said += Teller(self._data).tell(results[-1])
        if clause.periods:
            results = results[-1:]
        elif len(results) > 1 and clause.each:
            try:
                results = [self._planner.prepare(msgspec.structs.replace(clause, periods=[], want="list"))]
            except NotUnderstood:
                self._failed = True  # nothing can go on from all of them at once
        self._planner.earlier.append(results[0])
        return said

    def _variants(self, clause: Clause) -> list[Clause]:
        found = self._planner.variants(clause)
        if clause.periods:
            found = [one for variant in found for one in self._planner.by_period(variant)]
        return [one for variant in found for one in self._planner.each_of(variant)]

    def _is_told(self, clause: Clause) -> bool:
        """ "Which has the most, and how many": the number has been told with it."""
        earlier = self._planner.earlier
        before = earlier[-1].clause if earlier else None
        is_bare = (
            clause.want == "count"
            and clause.sought in {"", "rows"}
            and not clause.loose
            and (not clause.atoms or (before is not None and completeness.is_same(clause, before)))
        )
        return (
            before is not None
            and is_bare
            and bool(before.group or before.having or (before.order or ("",))[0] == "count")
        )

    def _is_of_closing(self, clause: Clause) -> bool:
        if any(
            one.column == "state" and one.value == "closed" for atom in clause.atoms for one in atom.filters
        ):
            return True
        earlier = self._planner.earlier
        return not clause.atoms and bool(earlier) and earlier[-1].sought == "closer"

    def _of_documents(self, clause: Clause, items: Sequence[Item]) -> Part:
        techniques = self._techniques(clause)
        told = documents.tell(clause, items, self._planner.earlier, techniques, self._ask)
        problem = "" if told.sentences else "the documents here do not answer it"
        return Part(text=clause.text, sentences=told.sentences, notices=told.notices, problem=problem)

    def _of_runbook(self, clause: Clause, items: Sequence[Item]) -> Part:
        """What a runbook says: the one whose title names the topic, or that was spoken of before."""
        facets = papers.facets_of(clause.text)
        if _names_account(items) and set(facets) <= {"first", "last"} and not _PAPER.search(self._asked):
            raise NotUnderstood(f"{clause.text!r} asks what somebody did, which no runbook says")
        if not facets and clause.want in {"who", "when", "where", "count", "often"}:
            raise NotUnderstood(f"runbooks do not say what {clause.text!r} asks for")
        own = documents.own_words(clause, items)
        if self._runbook is None or own or clause.atoms:
            topics = documents.topics(
                clause, items, self._planner.earlier, self._names_of_techniques(clause, items)
            )
            self._runbook = self._papers.runbook([self._topic] if self._topic and not own else topics)
        title, passages = self._runbook
        said = papers.told_of(title, passages, facets)
        return Part(text=clause.text, sentences=tuple(self._sentence(one) for one in said))

    @property
    def _asked(self) -> str:
        return " ".join(clause.text for clause, _ in self._question)

    @property
    def _has_papers(self) -> bool:
        return {"search_knowledge", "get_document"} <= self.toolbox.tools.keys()

    def _names_of_techniques(self, clause: Clause, items: Sequence[Item]) -> tuple[str, ...]:
        """What the techniques that a runbook is asked for are called: by ATT&CK, and by our own rules."""
        named = [str(i.value[1]).upper() for i in items if i.kind == "value" and i.value[0] == "technique"]
        found: list[str] = []
        for technique in (named or list(self._techniques(clause)))[:3]:
            called = self._data.toolbox.call("lookup", {"identifier": technique}, why=self._data.why)
            titles = [str(f.values.get("title")) for f in called.facts if f.values.get("kind") == "technique"]
            found += [re.split(r"[:\s]\s*", title, maxsplit=1)[-1].rpartition(": ")[2] for title in titles]
            view = VIEWS["log_alerts"]
            ours = Query(view=view, filters=(Filter("technique", "contains", technique),))
            for column in ("rule", "label") if self._data.has(view) else ():
                found += [text.replace("-", " ") for text in self._data.values(ours, column).texts]
        return tuple(dict.fromkeys(found))

    def _techniques(self, clause: Clause) -> tuple[str, ...]:
        """The techniques that a clause describes, else those of what was found before, where it has any."""
        if not clause.refers and not documents.is_runbook(clause.text):
            return self._planner.of_documents(clause, documents.is_asking)
        earlier = self._planner.earlier
        if not earlier or "technique" not in earlier[-1].query.view.columns:
            return ()
        return self._planner.project(earlier[-1], "technique")
