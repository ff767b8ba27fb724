"""The tools of one question: every call checked, bounded, remembered and kept as a step.

Both the model's loop and our own plans call through here. What is asked for is hostile: names and arguments
are checked against what the tool says it takes, and the principal's rights are asked for before each call.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from icelos.contracts import Fact, Observation, Principal, ReadTool, Tier
from icelos.errors import IcelosError, InputError
from icelos.jobs.copilot.answers import AgentStep
from icelos.llm.schema import violations
from icelos.settings import CopilotSettings

LONGEST_NOTE = 400


class Allowance(msgspec.Struct, frozen=True):
    """What one question may use; see the settings `copilot.agent_*`."""

    steps: int = 12
    calls: int = 60
    tokens: int = 60_000
    seconds: float = 60.0
    rows: int = 300

    @classmethod
    def of(cls, settings: CopilotSettings) -> Allowance:
        return cls(
            settings.agent_steps, settings.agent_tool_calls, settings.agent_tokens, settings.agent_seconds,
            settings.agent_rows,
        )  # fmt: skip


class Exhausted(Exception):
    """The allowance is used up; the message says which part of it."""


class Called(msgspec.Struct, frozen=True):
    """What came of a call: an observation with the fact of its total, or an error as one line."""

    observation: Observation = Observation()
    counted: Fact | None = None
    error: str = ""
    again: bool = False

    @property
    def facts(self) -> tuple[Fact, ...]:
        return self.observation.facts

    @property
    def total(self) -> int:
        """How many there are in all, as far as is known."""
        total = self.observation.total
        return len(self.observation.facts) if total is None else total

    @property
    def is_whole(self) -> bool:
        """Are all of them here?"""
        return self.total <= len(self.observation.facts)


Allow = Callable[[str, Mapping[str, Any]], bool]
"""Whether a tool of this name may be called with these arguments."""


def anything(_: str, __: Mapping[str, Any]) -> bool:
    """Nothing is held back."""
    return True


class Toolbox:
    """The tools for one principal and one question. Not to be shared between questions."""

    def __init__(
        self, tools: Mapping[str, ReadTool], principal: Principal, *, allowance: Allowance,
        clock: Callable[[], float] = time.monotonic, on_step: Callable[[AgentStep], None] = lambda _: None,
        allow: Allow = anything,
    ) -> None:  # fmt: skip
        self.tools = {name: tool for name, tool in tools.items() if tool.right in principal.rights}
        self.withheld = {name: tool.right for name, tool in tools.items() if name not in self.tools}
        self.allowance = allowance
        self.steps: list[AgentStep] = []
        self.facts: dict[str, Fact] = {}
        self.asked: dict[str, str] = {}
        self.tokens = 0
        self._principal = principal
        self._clock = clock
        self._until = clock() + allowance.seconds
        self._on_step = on_step
        self._allow = allow
        self._known: dict[str, Called] = {}
        self._calls = 0

    def call(self, name: str, arguments: Mapping[str, Any], *, why: str = "", own: bool = False) -> Called:
        """Call a tool. What is wrong comes back as `error`, never as an exception.

        An `own` call comes from our plans: the tool alone checks it, and may give a program more rows than it
        tells models of. Raises Exhausted where no further call may be made.
        """
        self.check_time()
        if self._calls >= self.allowance.calls:
            raise Exhausted(f"{self.allowance.calls} calls of tools")
        self._calls += 1
        key = _key(name, arguments)
        if key in self._known:
            known = msgspec.structs.replace(self._known[key], again=True)
            self._keep(name, arguments, why, known, "failed" if known.error else "again", 0.0)
            return known
        started = self._clock()
        outcome, called = self._made(name, arguments, key, own=own)
        self._known[key] = called
        self.facts |= {fact.ref: fact for fact in called.facts}
        self.asked |= {f.ref: _shown(arguments) for f in called.facts if f.ref.startswith("computed:")}
        if called.counted is not None:
            self.facts[called.counted.ref] = called.counted
        self._keep(name, arguments, why, called, outcome, self._clock() - started)
        return called

    def check_time(self) -> None:
        """Raises Exhausted where the time is over."""
        if self._clock() > self._until:
            raise Exhausted(f"{self.allowance.seconds:g} seconds")

    def spend(self, tokens: int, *, seconds: float, why: str, outcome: str = "ok", note: str = "") -> None:
        """Keep a model's turn as a step. The tokens count before the next one is begun."""
        self.tokens += tokens
        step = AgentStep(
            tool="model", why=why, outcome=outcome, note=note[:LONGEST_NOTE], seconds=round(seconds, 4),
            tokens=tokens,
        )  # fmt: skip
        self._add(step)

    def note(self, step: AgentStep) -> None:
        """Keep a step that something else has made."""
        self._add(step)

    def _made(self, name: str, arguments: Mapping[str, Any], key: str, *, own: bool) -> tuple[str, Called]:
        tool = self.tools.get(name)
        if tool is None:
            return "refused", Called(error=self._no_such(name))
        if not own and (problems := violations(arguments, tool.tool.parameters)):
            return "refused", Called(error=f"the arguments of {name} do not fit: {'; '.join(problems)}")
        if not self._allow(name, arguments):
            return "refused", Called(error=f"the arguments of {name} hold what must not leave")
        try:
            observation = tool.call(arguments, principal=self._principal)
        except InputError as error:
            return "refused", Called(error=_line(f"{name}: {error}"))
        except IcelosError as error:
            return "failed", Called(error=_line(f"{name} failed: {error}"))
        except Exception as error:  # noqa: BLE001 - a plug-in's tool; the answer goes on without it
            return "failed", Called(error=_line(f"{name} failed: {type(error).__name__}: {error}"))
        return "ok", Called(observation, counted(name, arguments, key, observation))

    def _no_such(self, name: str) -> str:
        if name in self.withheld:
            return f"{name} needs the right {self.withheld[name].value!r}, which whoever asks has not"
        return f"there is no tool called {name[:80]!r}; there are: {', '.join(sorted(self.tools))}"

    def _keep(
        self, name: str, arguments: Mapping[str, Any], why: str, called: Called, outcome: str, seconds: float
    ) -> None:
        note = called.error or "; ".join(called.observation.notices)
        self._add(
            AgentStep(
                tool=name[:80],
                arguments=_bounded(arguments),
                why=why,
                outcome=outcome,
                note=note[:LONGEST_NOTE],
                facts=len(called.facts),
                total=called.observation.total,
                seconds=round(seconds, 4),
            )
        )

    def _add(self, step: AgentStep) -> None:
        self.steps.append(step)
        self._on_step(step)


def counted(name: str, arguments: Mapping[str, Any], key: str, observation: Observation) -> Fact | None:
    """The total of a query as a fact of its own, so that "none" and "12" can be cited."""
    if observation.total is None:
        return None
    digest = blake2b(key.encode(), digest_size=8).hexdigest()
    return Fact(
        ref=f"computed:{digest}", tier=Tier.COMPUTED, source=name, values={"total": observation.total},
        text=f"{observation.total} rows match {name} {_shown(arguments)}",
    )  # fmt: skip


def _key(name: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps([name, arguments], sort_keys=True, default=str)


def _shown(arguments: Mapping[str, Any], most: int = 300) -> str:
    text = json.dumps(arguments, sort_keys=True, default=str, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}…"


def _bounded(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Arguments as they are kept: whole where they are of a sensible size."""
    text = json.dumps(arguments, default=str)
    return arguments if len(text) <= 4000 else {"arguments": f"{text[:4000]}…"}


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_NOTE]
