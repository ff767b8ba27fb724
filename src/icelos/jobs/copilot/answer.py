"""The copilot: a question in, an answer out of the sources, a citation on every sentence.

    copilot = Copilot.open(settings)
    print(copilot.ask("what is T1110.003?", principal=Principal("ann")).text)

One straight line: understand, retrieve, judge whether the answer is there, compose or ask the model,
verify, cite. Knows nothing of pages or terminals.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from icelos import __version__
from icelos.contracts import LLM, Principal, Where
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import IcelosError, ModelError
from icelos.findings import Finding
from icelos.jobs.copilot import abstain, cite, compose, generate, prompts, retrieve, suspicion
from icelos.jobs.copilot.agent import organisation
from icelos.jobs.copilot.agent.agent import Reading
from icelos.jobs.copilot.agent.documents import Ask, Told
from icelos.jobs.copilot.agent.organisation import Organisation, Outcome
from icelos.jobs.copilot.agent.toolbox import Toolbox
from icelos.jobs.copilot.agent.toolset import Toolset
from icelos.jobs.copilot.answers import AgentStep, Answer, Event, Nearest, Sentence, Status
from icelos.jobs.copilot.cite import Citing
from icelos.jobs.copilot.compose import Composed
from icelos.jobs.copilot.extract import Draft
from icelos.jobs.copilot.guard import Alert, Guard
from icelos.jobs.copilot.history import History, Turn
from icelos.jobs.copilot.learning import profile
from icelos.jobs.copilot.learning.learned import Learned, rules_of
from icelos.jobs.copilot.learning.profile import Profile
from icelos.jobs.copilot.retrieve import Evidence, Reader, Sources, Taught
from icelos.jobs.copilot.understand import Focus, Query, focus_of, understand
from icelos.llm.canary import Canaries
from icelos.people.audit import Audit
from icelos.settings import Settings

NO_MODEL = (
    "No model is configured: these are sentences of the sources. To add one, set ICELOS_LLM_BASE_URL"
    " and ICELOS_LLM_MODEL."
)
MODEL_UNSUPPORTED = "Nothing that the model said stands in the sources: these are their own sentences."
LONGEST_RESOLVED = 2000
"""Characters of a question with those that it goes on from, as they are kept."""
EMPTY = "The knowledge base is empty: `icelos kb add PATH` adds documents."


class Copilot:
    """Answers questions from a store, for one principal at a time. Safe to share between threads."""

    def __init__(
        self, store: Sources, *, llm: LLM | None = None, settings: Settings, history: History | None = None,
        tools: Toolset | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
        canaries: Canaries | None = None, alert: Alert | None = None,
    ) -> None:  # fmt: skip
        self.store = store
        self.tools = tools
        self.now = now
        self.llm = llm
        self.settings = settings
        self.history = history
        self.taught: Taught | None = None
        if history is not None and settings.learning.apply:
            self.taught = Learned(history, rules_of(settings), flagged=suspicion.hostile(store))
        self.canaries = canaries
        self.alert = alert

    def profile(self, principal: Principal) -> Profile:
        """What is known of who asks. Raises StoreError."""
        if self.history is None:
            return Profile()
        with self.history.opened() as database:
            return profile.load(database, principal.name)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """With the store, the model and the history that the settings name. Raises IcelosError."""
        from icelos.knowledge.store import KnowledgeStore
        from icelos.llm.connect import connect

        history = History(Workspace.of(settings).history)
        return cls.over(KnowledgeStore.open(settings), settings, llm=connect(settings), history=history)

    @classmethod
    def over(cls, store: Sources, settings: Settings, *, llm: LLM | None, history: History) -> Self:
        """Over what is open already, with the tools, canaries and alerts of the workspace."""
        workspace = Workspace.of(settings)
        return cls(
            store, llm=llm, settings=settings, history=history, tools=Toolset(settings),
            canaries=Canaries(workspace.canaries), alert=_alerting(workspace),
        )  # fmt: skip

    def ask(
        self, question: str, *, principal: Principal, conversation: str = "", where: Where | None = None,
        explain: bool = False,
    ) -> Answer:  # fmt: skip
        """The whole answer. Errors of store or model end in its status and notices, not in exceptions."""
        for event in self.stream(
            question, principal=principal, conversation=conversation, where=where, explain=explain
        ):
            if event.answer is not None:
                return event.answer
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, *, principal: Principal, conversation: str = "", where: Where | None = None,
        explain: bool = False,
    ) -> Iterator[Event]:  # fmt: skip
        """The same answer as it comes: "status" and "sentence" events, then "answer", always last."""
        asking = _Asking(self, question, principal, conversation, where or Where(), explain)
        try:
            yield from asking.events()
        except IcelosError as error:
            yield asking.end(Status.FAILED, notices=(f"The question could not be answered: {error}",))


def _alerting(workspace: Workspace) -> Alert:
    """Writes an alert beside the findings of all jobs, and tells the audit log."""

    def write(finding: Finding) -> None:
        told = finding.attributes
        with Audit(workspace.audit) as audit:
            audit.record(
                Principal(told["principal"]), "canary.leak", told["answer"], canaries=told["canaries"]
            )
        with SqliteSink(workspace.findings) as sink:
            sink.write([finding])

    return write


class _Asking:
    """One question under way: what is known of it so far, so that it can end at any point."""

    def __init__(
        self, copilot: Copilot, question: str, principal: Principal, conversation: str, where: Where,
        explain: bool,
    ) -> None:  # fmt: skip
        self.copilot = copilot
        self.question = question
        self.principal = principal
        self.conversation = conversation or uuid.uuid4().hex
        self.profile = Profile()
        self.reader = Reader(copilot.store, principal, where, taught=copilot.taught)
        self.explain: dict[str, Any] | None = {} if explain else None
        self.citing = Citing(
            stale_days=copilot.settings.knowledge.stale_days,
            document_of=self.reader.document,
            seed=f"{principal.name}:{question}",
        )
        self.guard = Guard(
            principal, canaries=copilot.canaries.all() if copilot.canaries else (), alert=copilot.alert
        )
        self.resolved = question
        self.started = time.perf_counter()
        self.dropped: tuple[str, ...] = ()
        self.made_by = {"copilot": __version__, "answerer": "extractive"}
        self.now = copilot.now()
        self.steps: list[AgentStep] = []
        self.left_out: tuple[str, ...] = ()
        self.tokens = 0
        self.problems: tuple[str, ...] = ()

    def events(self) -> Iterator[Event]:
        """By tools where it is about the organisation's own; else, or where they fail, by documents."""
        yield Event(kind="status", text="understanding")
        self.profile = self.copilot.profile(self.principal)
        self.reader.stack = self.profile.stack
        question, read = self._read()
        first = read is not None and (read.is_own or self.copilot.settings.copilot.agent == "on")
        if read is not None and first and (yield from self._by_tools(question, read)):
            return
        if read is not None and first and read.is_only_own:
            yield self.end(Status.NOT_IN_SOURCES, notices=self.problems)
            return
        yield from self._by_documents(question, read, tools=not first)

    def _by_documents(self, asked: str, read: Reading | None, *, tools: bool) -> Iterator[Event]:
        """Understand, retrieve, judge, then say; tools are asked where no document answers."""
        query = understand(
            self.question, lookup=self.reader.lookup, focus=self._focus(), where=self.reader.where
        )
        self.resolved, self.reader.where = query.text, query.where
        query = retrieve.with_mentions(query, self.reader)
        yield Event(kind="status", text="searching")
        evidence = retrieve.gather(query, self.reader, passages=self.copilot.settings.copilot.passages)
        composed = compose.compose(query, evidence, self.reader, most=self._most())
        verdict = abstain.judge(query, composed)
        if read is not None:
            verdict = self._of_own(verdict, read, query, composed)
            self.left_out = read.own_beside()
        self._explain(query, evidence, verdict)
        if verdict.status is not Status.ANSWERED:
            is_own = tools and read is not None and read.may_be_own
            if is_own and read is not None and (yield from self._by_tools(asked, read, only_found=True)):
                return
            notices = (*self._why_not(verdict), *self.problems, *suspicion.notices(composed.held))
            yield self.end(verdict.status, notices=notices, nearest=cite.nearest(evidence.hits))
            return
        gaps = tuple(f"The sources here have no {gap}." for gap in composed.gaps)
        gaps = (*gaps, *suspicion.notices(composed.held))
        if self.copilot.llm is None:
            language = self.profile.notice(model=False)
            yield from self._extractive(composed.drafts, (*gaps, NO_MODEL, *([language] if language else ())))
        else:
            yield from self._generated(self.copilot.llm, query, evidence, composed, gaps)

    def _of_own(
        self, verdict: abstain.Verdict, read: Reading, query: Query, composed: Composed
    ) -> abstain.Verdict:
        """Documents that only stand near to what is asked of a host, or of "our" things, are no answer."""
        if verdict.status is not Status.ANSWERED:
            return verdict
        if read.seeks_our_paper() and not abstain.has_own(composed):
            holds = False
        elif composed.typed:
            only_steps = all(draft.facet == "steps" for draft in composed.drafts)
            holds = not (only_steps and read.seeks_other_than_steps())
        else:
            holds = not read.is_of_ours() or abstain.holds_all(query, composed)
            holds = holds and not (read.seeks_own() and not query.entities)
        if holds:
            return verdict
        return abstain.Verdict(Status.NOT_IN_SOURCES, "the documents do not say what is asked of it")

    # ---- tools

    def _read(self) -> tuple[str, Reading | None]:
        """The question as the agent reads it, after the one before where it refers to that."""
        if self.copilot.tools is None or self.copilot.settings.copilot.agent == "off":
            return self.question, None
        read = organisation.read(self.question, self.now)
        turn = self._turn() if read.refers_back else None
        if turn is None or not turn.answer.steps:
            return self.question, read
        before = organisation.read(turn.resolved, self.now)
        return f"{turn.resolved} ; {self.question}", read.after(before)

    def _by_tools(
        self, question: str, read: Reading, *, only_found: bool = False
    ) -> Generator[Event, None, bool]:
        """Whether tools gave an answer. What they did is kept as steps, whatever came of it."""
        tools = self.copilot.tools.open() if self.copilot.tools is not None else {}
        if not tools:
            return False
        yield Event(kind="status", text="asking the tools")
        own = Organisation(
            self.copilot.settings.copilot, tools, self.principal, self.citing, ask=self._asks_documents,
            llm=self.copilot.llm, now=self.now, allow=self.guard.arguments,
        )  # fmt: skip
        yield from own.events(self.question, read)
        self.steps, self.tokens = own.toolbox.steps, own.toolbox.tokens
        if only_found and not own.outcome.found:
            self.problems = (*own.outcome.problems, *own.outcome.notices)
            return False
        return (yield from self._told(own.outcome, question))

    def _told(self, outcome: Outcome, question: str) -> Generator[Event, None, bool]:
        self.dropped, self.problems = outcome.dropped, (*outcome.problems, *outcome.notices)
        if outcome.status is None:
            return False
        self.resolved = question[-LONGEST_RESOLVED:]
        self.made_by |= outcome.made_by
        for sentence in outcome.sentences:
            yield from self._said(sentence)
        yield self.end(outcome.status, sentences=outcome.sentences, notices=outcome.notices)
        return True

    def _asks_documents(self, toolbox: Toolbox) -> Ask:
        """The ordinary copilot as the agent asks it: sentences of documents of some kinds."""

        def ask(question: str, kinds: tuple[str, ...]) -> Told:
            toolbox.check_time()
            started = time.perf_counter()
            where = msgspec.structs.replace(self.reader.where, kinds=kinds or self.reader.where.kinds)
            reader = Reader(self.copilot.store, self.principal, where, taught=self.copilot.taught)
            reader.stack = self.profile.stack
            query = understand(question, lookup=reader.lookup, where=where)
            most = self._most()
            evidence = retrieve.gather(query, reader, passages=self.copilot.settings.copilot.passages)
            composed = compose.compose(query, evidence, reader, most=most)
            good = abstain.judge(query, composed).status is Status.ANSWERED
            drafts = composed.drafts if good else ()
            toolbox.note(
                AgentStep(
                    tool="search_knowledge",
                    arguments={"query": question, "kinds": list(kinds)},
                    facts=len(drafts),
                    seconds=round(time.perf_counter() - started, 4),
                )
            )
            gaps = tuple(f"The sources here have no {gap}." for gap in composed.gaps)
            return Told(tuple(self.citing.sentence(draft) for draft in drafts), gaps)

        return ask

    # ---- documents

    def _extractive(self, drafts: Sequence[Draft], notices: tuple[str, ...]) -> Iterator[Event]:
        said = []
        for draft in drafts:
            said.append(self.citing.sentence(draft))
            yield from self._said(said[-1])
        yield self.end(Status.ANSWERED, sentences=tuple(said), notices=notices)

    def _generated(
        self, llm: LLM, query: Query, evidence: Evidence, composed: Composed, gaps: tuple[str, ...]
    ) -> Iterator[Event]:
        """The model's verified sentences; the extractive ones where it fails or nothing of it holds."""
        yield Event(kind="status", text="asking the model")
        said: list[Sentence] = []
        dropped: list[str] = []
        notice = MODEL_UNSUPPORTED
        try:
            for one in generate.answer(
                llm, query, generate.choose(composed.drafts, evidence.hits), self.citing, self.reader,
                most=self._most(), about=self.profile.instruction(),
            ):  # fmt: skip
                self.guard.hear(one.raw)
                if one.draft is None:
                    dropped.append(one.text)
                    continue
                said.append(self.citing.sentence(one.draft))
                yield from self._said(said[-1])
        except ModelError as error:
            notice = f"The model could not be used: {error}. These are sentences of the sources."
        self.made_by |= {"model": llm.name, "prompt": prompts.NAME}
        self.dropped = tuple(dropped)
        if not said:
            yield from self._extractive(composed.drafts, (*gaps, notice))
            return
        self.made_by["answerer"] = "model"
        more = (notice,) if notice is not MODEL_UNSUPPORTED else ()
        yield self.end(Status.ANSWERED, sentences=tuple(said), notices=(*gaps, *more))

    def end(
        self, status: Status, *, sentences: tuple[Sentence, ...] = (), notices: tuple[str, ...] = (),
        nearest: tuple[Nearest, ...] = (),
    ) -> Event:  # fmt: skip
        """The last event, with the whole answer; it is kept in the history."""
        if status is Status.ANSWERED and self.left_out and not self.made_by["answerer"].startswith("plan"):
            status = Status.PARTIAL
            notices = (*notices, *(f"Not answered: {text!r}." for text in self.left_out))
        citations = self.citing.cited(sentences)
        answer = Answer(
            question=self.question, status=status, sentences=sentences, citations=citations,
            notices=(*cite.notices(citations), *notices), nearest=nearest, dropped=self.dropped,
            conversation=self.conversation, answer_id=uuid.uuid4().hex, made_by=self.made_by,
            seconds=round(time.perf_counter() - self.started, 4), explain=self.explain,
            steps=tuple(self.steps), tokens=self.tokens,
        )  # fmt: skip
        return Event(kind="answer", answer=self._kept(self.guard.answer(answer, self.citing.texts)))

    def _kept(self, answer: Answer) -> Answer:
        history = self.copilot.history
        if history is None:
            return answer
        try:
            history.add(answer, resolved=self.resolved, principal=self.principal)
        except IcelosError as error:
            return msgspec.structs.replace(answer, notices=(*answer.notices, f"Not kept: {error}"))
        return answer

    def _most(self) -> int:
        return self.profile.sentences(self.copilot.settings.copilot.max_sentences)

    def _turn(self) -> Turn | None:
        """The turn before this one."""
        history = self.copilot.history
        turns = history.turns(self.conversation, principal=self.principal, last=1) if history else []
        return turns[-1] if turns else None

    def _focus(self) -> Focus | None:
        turn = self._turn()
        return focus_of(understand(turn.resolved, lookup=self.reader.lookup)) if turn else None

    def _said(self, sentence: Sentence) -> Iterator[Event]:
        citations = self.citing.of(sentence.handles)
        texts = [text for handle in sentence.handles for text in self.citing.texts.get(handle, ())]
        safe = self.guard.sentence(sentence, citations, texts)
        if safe is not None:
            yield Event(kind="sentence", sentence=safe, citations=self.guard.citations(citations))

    def _why_not(self, verdict: abstain.Verdict) -> tuple[str, ...]:
        if self.reader.is_empty():
            return (EMPTY,)
        if verdict.status is Status.UNKNOWN_IDENTIFIER:
            return (f"No source here has {', '.join(verdict.unknown)}.",)
        return ("The sources here do not answer this.",)

    def _explain(self, query: Query, evidence: Evidence, verdict: abstain.Verdict) -> None:
        if self.explain is None:
            return
        self.explain |= {
            "question": query.text,
            "named": [
                {"text": e.text, "documents": [hit.title for hit in e.hits[:5]]} for e in query.entities
            ],
            "facets": [facet.name for facet in query.facets],
            "words": dict(evidence.weights),
            "retrieved": evidence.explained(),
            "verdict": {"status": verdict.status.value, "why": verdict.why, "coverage": verdict.coverage},
        }
