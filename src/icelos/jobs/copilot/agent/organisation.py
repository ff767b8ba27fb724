"""One question put to the agent: own plans first, a model with tools where they do not reach.

Plans are exact and cost nothing; the setting `copilot.agent = "on"` puts a model first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from icelos.contracts import LLM, Principal, ReadTool
from icelos.jobs.copilot.agent import agent, prompts
from icelos.jobs.copilot.agent.agent import Agent, Part, Reading
from icelos.jobs.copilot.agent.documents import Ask
from icelos.jobs.copilot.agent.loop import Loop, Spoken
from icelos.jobs.copilot.agent.toolbox import Allow, Allowance, Toolbox, anything
from icelos.jobs.copilot.agent.wording import Said
from icelos.jobs.copilot.answers import AgentStep, Event, Sentence, Status
from icelos.jobs.copilot.cite import Citing
from icelos.settings import CopilotSettings


class Outcome(msgspec.Struct, kw_only=True):
    """What the agent came to. `status` is None where it has no answer: `problems` say why.

    `found`: something is there, rather than that nothing is.
    """

    status: Status | None = None
    found: bool = False
    sentences: tuple[Sentence, ...] = ()
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    made_by: dict[str, str] = {}


class Organisation:
    """The agent for one question of one principal. `events` gives its steps as they are made."""

    def __init__(
        self, settings: CopilotSettings, tools: Mapping[str, ReadTool], principal: Principal, citing: Citing,
        *, ask: Callable[[Toolbox], Ask], llm: LLM | None, now: datetime, allow: Allow = anything,
    ) -> None:  # fmt: skip
        self.toolbox = Toolbox(
            tools, principal, allowance=Allowance.of(settings), on_step=self._made, allow=allow
        )
        self.outcome = Outcome()
        self._settings = settings
        self._citing = citing
        self._llm = llm
        self._now = now
        self._new: list[AgentStep] = []
        self._found: dict[Sentence, bool] = {}
        self._agent = Agent(self.toolbox, now=now, ask=ask(self.toolbox), sentence=self._sentence)

    def events(self, question: str, read: Reading) -> Iterator[Event]:
        """Steps as they are made; afterwards `outcome` is set."""
        spoken: Spoken | None = None
        if self._llm is not None and self._settings.agent == "on":
            spoken = yield from self._loop(question)
        parts: list[Part] = []
        if spoken is None or not spoken.sentences or spoken.ended:
            for part in self._agent.parts(read):
                parts.append(part)
                yield from self._steps()
            yield from self._steps()
        if self._llm is not None and spoken is None and not all(part.is_answered for part in parts):
            spoken = yield from self._loop(question)
        self.outcome = self._settled(parts, spoken)
        self.outcome.found = any(self._found.get(one, True) for one in self.outcome.sentences)

    def _loop(self, question: str) -> Generator[Event, None, Spoken]:
        if self._llm is None:
            raise ValueError("a loop needs a model")
        native = {"native": True, "json": False}.get(self._settings.agent_calls)
        loop = Loop(self._llm, self.toolbox, self._citing, now=self._now, native=native)
        spoken = loop.answer(question)
        yield from self._steps()
        return spoken

    def _settled(self, parts: Sequence[Part], spoken: Spoken | None) -> Outcome:
        answered = [part for part in parts if part.is_answered]
        planned = tuple(s for part in answered for s in part.sentences)
        problems = tuple(f"Not answered: {part.problem}." for part in parts if not part.is_answered)
        notices = tuple(dict.fromkeys(n for part in parts for n in part.notices))
        dropped = spoken.dropped if spoken is not None else ()
        ended = (f"Ended early: {spoken.ended}.",) if spoken is not None and spoken.ended else ()
        by_model = (
            {"model": self._llm.name, "prompt": prompts.NAME} if spoken is not None and self._llm else {}
        )
        whole = bool(planned) and not problems
        if whole:
            return Outcome(
                status=Status.ANSWERED, sentences=planned, notices=(*notices, *ended), dropped=dropped,
                made_by={"answerer": "plan", **by_model},
            )  # fmt: skip
        if spoken is not None and spoken.sentences:
            return Outcome(
                status=Status.PARTIAL if spoken.ended else Status.ANSWERED, sentences=spoken.sentences,
                notices=ended, dropped=dropped, made_by={"answerer": "model with tools", **by_model},
            )  # fmt: skip
        if planned:
            return Outcome(
                status=Status.PARTIAL, sentences=planned, notices=(*notices, *problems, *ended),
                dropped=dropped, made_by={"answerer": "plan", **by_model},
            )  # fmt: skip
        return Outcome(problems=(*problems, *ended), notices=notices, dropped=dropped, made_by=by_model)

    def _sentence(self, said: Said) -> Sentence:
        made = Sentence(text=said.text, handles=tuple(self._citing.fact(fact) for fact in said.facts))
        self._found[made] = any(fact.values.get("count") != 0 for fact in said.facts)
        return made

    def _made(self, step: AgentStep) -> None:
        self._new.append(step)

    def _steps(self) -> Iterator[Event]:
        made, self._new = self._new, []
        for step in made:
            yield Event(kind="step", step=step, text=step.tool)


read = agent.read
