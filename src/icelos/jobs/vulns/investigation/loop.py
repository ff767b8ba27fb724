"""The investigation of one case: questions, tools, and a verdict that rests on what the tools saw.

With a model, it writes the checklist for this CVE and asks for more tool calls; without one, templates do.
A model's label counts only where an observation proves it; its prose decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from icelos.contracts import LLM, Message, Reply, Usage
from icelos.errors import BudgetError, InputError, ModelError
from icelos.jobs.vulns.investigation import prompts
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.checklist import Question, template
from icelos.jobs.vulns.investigation.conclusion import Conclusion, conclude, finish
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.tools import TOOLS, run
from icelos.llm import schema as json_schema

MAX_CALLS = 10
"""Calls of a model for one case."""
MAX_ROUNDS = 6
MAX_TOOLS = 40
SECONDS = 120.0


class Asked(msgspec.Struct, frozen=True):
    """A question with what a tool saw; `by` is "template" or the model's name."""

    question: Question
    observation: Observation
    by: str


class Investigation(msgspec.Struct, frozen=True):
    """What was asked, what follows, and what it cost. `notes` say what went wrong on the way."""

    asked: tuple[Asked, ...]
    conclusion: Conclusion
    calls: int = 0
    usage: Usage = Usage()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def investigate(case: Case, llm: LLM | None = None, *, seconds: float = SECONDS) -> Investigation:
    """Ask until a decisive answer, the end of the questions, or of the budget. Raises BudgetError only."""
    started = time.monotonic()
    work = _Work(case, llm, started + seconds)
    conclusion = work.ask(template(case), "template")
    if conclusion is None and llm is not None:
        conclusion = work.with_model()
    return Investigation(
        tuple(work.asked),
        conclusion or finish(case, work.seen),
        work.calls,
        work.usage,
        time.monotonic() - started,
        tuple(work.notes),
    )


class _Work:
    def __init__(self, case: Case, llm: LLM | None, deadline: float) -> None:
        self.case = case
        self.llm = llm
        self.deadline = deadline
        self.asked: list[Asked] = []
        self.calls = 0
        self.usage = Usage()
        self.notes: list[str] = []

    @property
    def seen(self) -> list[Observation]:
        return [one.observation for one in self.asked]

    def ask(self, questions: Iterable[Question], by: str) -> Conclusion | None:
        """Run tools until one decides; a call that was made before is not made again."""
        done = {one.observation.command for one in self.asked}
        for question in questions:
            if len(self.asked) >= MAX_TOOLS or time.monotonic() > self.deadline:
                self.notes.append("the budget of tool calls or seconds ended")
                return None
            try:
                observation = run(self.case, question.tool, question.arguments)
            except InputError as error:
                self.notes.append(f"{by}: {error.message}")
                continue
            if observation.command in done:
                continue
            done.add(observation.command)
            self.asked.append(Asked(question, observation, by))
            found = conclude(self.case, self.seen)
            if found is not None:
                return found
        return None

    def with_model(self) -> Conclusion | None:
        """The model's checklist, then rounds of tool calls that it asks for."""
        assert self.llm is not None  # noqa: S101 - the caller has one; tells mypy so
        try:
            data = self._data(prompts.checklist(self.case, self.asked_lines()), prompts.CHECKLIST)
            found = self.ask(_questions(data), self.llm.name)
            for _ in range(MAX_ROUNDS):
                if found is not None or self.calls >= MAX_CALLS or time.monotonic() > self.deadline:
                    break
                data = self._data(prompts.next_step(self.case, self.asked_lines()), prompts.STEP)
                more = list(_questions(data))
                if not more:
                    break
                before = len(self.asked)
                found = self.ask(more, self.llm.name)
                if len(self.asked) == before:
                    break
        except BudgetError:
            raise
        except ModelError as error:
            self.notes.append(f"the model gave nothing usable: {error.message}")
            return None
        return found

    def asked_lines(self) -> Iterator[tuple[str, str]]:
        for one in self.asked:
            yield f"{one.question.text} {one.observation.command}", one.observation.told()

    def _data(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Any:
        """One call; its object, checked here too, as not every model is held to a schema."""
        assert self.llm is not None  # noqa: S101 - the caller has one; tells mypy so
        self.calls += 1
        reply: Reply = self.llm.reply(messages, schema=schema)
        self.usage = Usage(
            self.usage.prompt_tokens + reply.usage.prompt_tokens,
            self.usage.completion_tokens + reply.usage.completion_tokens,
            self.usage.seconds + reply.usage.seconds,
            self.usage.cost + reply.usage.cost,
        )
        if reply.data is not None:
            return reply.data
        value, problems = json_schema.read(reply.text, schema)
        if problems:
            raise ModelError(f"not the JSON that was asked for: {problems[0]}")
        return value


def _questions(data: Any) -> Iterator[Question]:
    for item in data.get("questions", [])[: prompts.MAX_QUESTIONS]:
        if item["tool"] in TOOLS:
            yield Question(
                " ".join(str(item["question"]).split())[:300], item["tool"], item.get("arguments") or {}
            )
