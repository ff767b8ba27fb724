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
from icelos.jobs.vulns.investigation.tools import run
from icelos.jobs.vulns.verdicts import Label
from icelos.llm import schema as json_schema

MAX_CALLS = 10
"""Calls of a model for one case."""
MAX_FAILED = 2
"""Calls that may give nothing usable before a case goes on without the model."""
MAX_REPLY = 64 * 1024
"""Characters of a reply that are read; five questions need far fewer."""
MAX_TOOLS = 40
SECONDS = 120.0


class Asked(msgspec.Struct, frozen=True):
    """A question with what a tool saw; `by` is "template" or the model's name."""

    question: Question
    observation: Observation
    by: str


class Investigation(msgspec.Struct, frozen=True):
    """What was asked, what follows, and what it cost. `notes` say what went wrong on the way.

    `whole` is false where another run may come further: a model or a tool failed, or the seconds ended.
    `exhausted` says that the model's budget is used up, `reused` that this is the result of an earlier run.
    """

    asked: tuple[Asked, ...]
    conclusion: Conclusion
    calls: int = 0
    usage: Usage = Usage()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    whole: bool = True
    exhausted: bool = False
    reused: bool = False


def investigate(
    case: Case, llm: LLM | None = None, *, seconds: float = SECONDS, notes: Sequence[str] = ()
) -> Investigation:
    """Ask until a decisive answer, the end of the questions, or of the budget. Errors become notes."""
    started = time.monotonic()
    work = _Work(case, llm, started + seconds, notes)
    conclusion = work.ask(template(case), "template")
    if conclusion is None and llm is not None:
        conclusion = work.with_model()
    conclusion = conclusion or work.finished()
    return Investigation(
        tuple(work.asked),
        conclusion,
        work.calls,
        work.usage,
        time.monotonic() - started,
        tuple(work.notes),
        work.whole and not any(one.observation.failed for one in work.asked),
        work.exhausted,
    )


class _Work:
    def __init__(self, case: Case, llm: LLM | None, deadline: float, notes: Sequence[str]) -> None:
        self.case = case
        self.llm = llm
        self.deadline = deadline
        self.asked: list[Asked] = []
        self.calls = 0
        self.usage = Usage()
        self.notes = list(notes)
        self.whole = not notes
        self.exhausted = False

    @property
    def deciding(self) -> list[Observation]:
        """What a verdict may rest on: what a model asked for on its own choice is only shown."""
        return [
            one.observation for one in self.asked if one.by == "template" or _counts(self.case, one.question)
        ]

    def ask(self, questions: Iterable[Question], by: str) -> Conclusion | None:
        """Run tools until one decides; an error in the questions or the rules ends them, not the case."""
        try:
            return self._ask(questions, by)
        except Exception as error:  # noqa: BLE001 - an advisory or a file that breaks a rule costs this step only
            self._broken("the questions could not be followed", error)
            return None

    def finished(self) -> Conclusion:
        """What follows from all that was seen; undecided where the rules themselves fail."""
        try:
            return finish(self.case, self.deciding)
        except Exception as error:  # noqa: BLE001 - as above
            self._broken("no conclusion could be drawn", error)
            return Conclusion(Label.UNCERTAIN, "low", self.notes[-1], "an analysis without this error")

    def _broken(self, what: str, error: Exception) -> None:
        self.whole = False
        self.notes.append(" ".join(f"{what}: {type(error).__name__}: {error}".split())[:300])

    def _ask(self, questions: Iterable[Question], by: str) -> Conclusion | None:
        """A call that was made before is not made again."""
        done = {one.observation.command for one in self.asked}
        for question in questions:
            if self._ended():
                return None
            try:
                observation = run(self.case, question.tool, question.arguments)
            except InputError as error:
                self.notes.append(f"{by}: {error.message}"[:300])
                continue
            if observation.command in done:
                continue
            done.add(observation.command)
            self.asked.append(Asked(question, observation, by))
            found = conclude(self.case, self.deciding)
            if found is not None:
                return found
        return None

    def _ended(self) -> bool:
        late = time.monotonic() > self.deadline
        if late or len(self.asked) >= MAX_TOOLS:
            self.whole = self.whole and not late
            self.notes.append("the budget of seconds ended" if late else "the budget of tool calls ended")
            return True
        return False

    def with_model(self) -> Conclusion | None:
        """The model's checklist, then rounds of tool calls that it asks for."""
        assert self.llm is not None  # noqa: S101 - the caller has one; tells mypy so
        failed = 0
        answered = False
        while self.calls < MAX_CALLS and failed < MAX_FAILED and not self._full():
            try:
                data = self._next(first=not answered)
            except BudgetError as error:
                self._without(f"the model's budget is used up, decided without it: {error.message}")
                self.exhausted = True
                return None
            except ModelError as error:
                failed += 1
                self._without(f"the model gave nothing usable: {error.message}")
                continue
            answered = True
            before = len(self.asked)
            found = self.ask(_questions(data), self.llm.name)
            if found is not None or len(self.asked) == before:
                return found
        return None

    def _full(self) -> bool:
        return len(self.asked) >= MAX_TOOLS or time.monotonic() > self.deadline

    def _without(self, note: str) -> None:
        self.whole = False
        self.notes.append(" ".join(note.split())[:300])

    def _next(self, *, first: bool) -> Any:
        """The checklist, or further questions."""
        if first:
            return self._data(prompts.checklist(self.case, self._told()), prompts.CHECKLIST)
        return self._data(prompts.next_step(self.case, self._told()), prompts.STEP)

    def _told(self) -> Iterator[tuple[str, str]]:
        for one in self.asked:
            yield f"{one.question.text} {one.observation.command}", one.observation.told()

    def _data(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Any:
        """One call; its object, checked here too, as not every model is held to a schema."""
        assert self.llm is not None  # noqa: S101 - the caller has one; tells mypy so
        self.calls += 1
        try:
            reply: Reply = self.llm.reply(messages, schema=schema)
        except ModelError:
            raise
        except Exception as error:  # a model that is a plug-in may raise anything
            raise ModelError(f"{type(error).__name__}: {error}") from error
        self.usage = _sum(self.usage, reply.usage)
        if len(reply.text) > MAX_REPLY:
            raise ModelError(f"a reply of more than {MAX_REPLY} characters")
        if reply.data is None:
            value, problems = json_schema.read(reply.text, schema)
        else:
            value, problems = reply.data, json_schema.violations(reply.data, schema)
        if problems:
            raise ModelError(f"not the JSON that was asked for: {problems[0]}")
        return value


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.seconds + other.seconds,
        one.cost + other.cost,
    )


def _questions(data: Any) -> Iterator[Question]:
    for item in data["questions"][: prompts.MAX_QUESTIONS]:
        yield Question(" ".join(item["question"].split())[:300], item["tool"], item["arguments"])


def _counts(case: Case, question: Question) -> bool:
    """Whether a verdict may rest on a model's question: it may not choose which code is vulnerable."""
    if question.tool in {"reach", "arguments"}:
        return question.arguments["symbol"] in case.symbols
    if question.tool == "imports":
        return question.arguments["module"] in case.modules
    return True
