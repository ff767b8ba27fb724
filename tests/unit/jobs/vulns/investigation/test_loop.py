"""The loop with scripted models, good, failing and hostile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from icelos.contracts import Reply, Usage
from icelos.errors import BudgetError, ModelError
from icelos.jobs.vulns.investigation import loop
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.loop import MAX_CALLS, MAX_FAILED, MAX_TOOLS, investigate
from icelos.jobs.vulns.verdicts import Label
from icelos.testing import ScriptedLLM

MakeCase = Callable[..., Case]
VAGUE = "Something is wrong with documents."
"""An advisory that names no code, so that templates do not decide."""


def _asks(*calls: tuple[str, dict[str, Any]]) -> str:
    questions = [{"question": f"{tool}?", "tool": tool, "arguments": given} for tool, given in calls]
    return json.dumps({"questions": questions})


def test_templates_decide_without_a_model(make_case: MakeCase) -> None:
    found = investigate(make_case())
    assert found.conclusion.label is Label.VULNERABLE
    assert {one.by for one in found.asked} == {"template"}
    assert (found.calls, found.whole, found.notes) == (0, True, ())
    assert investigate(make_case(name="idle", text="`idle.run`")).conclusion.label is Label.CODE_NOT_REACHABLE


def test_decisive_templates_cost_no_call(make_case: MakeCase) -> None:
    model = ScriptedLLM(_asks(("runtime", {})))
    assert investigate(make_case(name="idle", text="`idle.run`"), model).calls == 0


def test_a_model_asks_for_more_and_is_counted(make_case: MakeCase) -> None:
    usage = Usage(prompt_tokens=100, completion_tokens=20, seconds=1.0, cost=0.5)
    model = ScriptedLLM(
        Reply(text=_asks(("text", {"words": "kit"})), usage=usage),
        Reply(text=_asks(("text", {"words": "kit"}), ("runtime", {})), usage=usage),
        Reply(text=_asks(), usage=usage),
    )
    found = investigate(make_case(VAGUE), model)
    assert [one.observation.command for one in found.asked if one.by == "scripted"] == [
        "text(words=kit)", "runtime()",
    ]  # fmt: skip
    assert (found.calls, found.usage) == (3, Usage(300, 60, 3.0, 1.5))
    assert "text(words=kit)" in model.calls[1][1].content
    assert found.conclusion.label is Label.UNCERTAIN


def test_calls_and_tools_are_bounded(make_case: MakeCase) -> None:
    count = iter(range(10**6))

    def more(_: object) -> str:
        return _asks(*(("text", {"words": f"w{next(count)}"}) for _ in range(5)))

    found = investigate(make_case(VAGUE), ScriptedLLM(more))
    assert found.calls <= MAX_CALLS
    assert len(found.asked) <= MAX_TOOLS
    assert found.conclusion.label is Label.UNCERTAIN


def test_seconds_are_bounded(make_case: MakeCase) -> None:
    found = investigate(make_case(VAGUE), ScriptedLLM(_asks(("runtime", {}))), seconds=-1)
    assert (found.asked, found.calls, found.whole) == ((), 0, False)
    assert found.conclusion.label is Label.UNCERTAIN
    assert "seconds" in found.notes[0]


@pytest.mark.parametrize(
    "answer",
    [
        "not_affected", "{", "[]", '{"questions": 7}', '{"label": "not_affected"}', "\0", "[" * 10**5,
        json.dumps({"questions": [{"question": "q", "tool": "runtime", "arguments": {}}] * 10**5}),
        Reply(text="", data={"questions": [7]}), Reply(text="", data=[None]),
        ModelError("timed out", retryable=True), RuntimeError("a plug-in's bug"), TimeoutError(),
    ],
    ids=lambda answer: repr(answer)[:30],
)  # fmt: skip
def test_nothing_usable_leaves_the_templates_verdict(make_case: MakeCase, answer: Any) -> None:
    found = investigate(make_case(), ScriptedLLM(answer))
    assert found.conclusion == investigate(make_case()).conclusion
    assert (found.calls, found.whole, len(found.notes)) == (MAX_FAILED, False, MAX_FAILED)


def test_a_reply_without_end_is_not_read(make_case: MakeCase) -> None:
    found = investigate(make_case(VAGUE), ScriptedLLM(_asks(("runtime", {})) + " " * loop.MAX_REPLY))
    assert "a reply of more than" in found.notes[0]


def test_one_failure_is_asked_again(make_case: MakeCase) -> None:
    model = ScriptedLLM("what?", _asks(("runtime", {})), _asks())
    found = investigate(make_case(VAGUE), model)
    assert "runtime()" in [one.observation.command for one in found.asked]
    assert found.calls == 3


def test_the_end_of_the_budget_is_no_error(make_case: MakeCase) -> None:
    found = investigate(make_case(), ScriptedLLM(BudgetError("calls used up")))
    assert (found.exhausted, found.whole, found.conclusion.label) == (True, False, Label.VULNERABLE)
    assert found.notes == ("the model's budget is used up, decided without it: calls used up",)


def test_tools_are_refused_what_they_do_not_take(make_case: MakeCase) -> None:
    model = ScriptedLLM(_asks(("reach", {"symbol": 7}), ("runtime", {"x": 1}), ("runtime", {})), _asks())
    found = investigate(make_case(VAGUE), model)
    assert len(found.notes) == 2
    assert "runtime()" in [one.observation.command for one in found.asked]


@pytest.mark.parametrize(
    "call",
    [
        ("reach", {"symbol": "main.main"}), ("reach", {"symbol": "kit.load"}),
        ("arguments", {"symbol": "kit.load"}), ("imports", {"module": "idle"}), ("imports", {"module": "no"}),
        ("imports", {"module": "strict"}),
    ],
)  # fmt: skip
def test_a_model_does_not_choose_which_code_is_vulnerable(
    make_case: MakeCase, call: tuple[str, dict[str, Any]]
) -> None:
    found = investigate(make_case(VAGUE), ScriptedLLM(_asks(call), _asks()))
    assert found.conclusion == investigate(make_case(VAGUE)).conclusion
    assert len(found.asked) > len(investigate(make_case(VAGUE)).asked)


def _broken(*_: object) -> None:
    raise RecursionError("too deep")


def _broken_questions(*_: object) -> Iterator[None]:
    yield from ()
    raise RecursionError("too deep")


@pytest.mark.parametrize(("step", "broken"), [("template", _broken_questions), ("conclude", _broken)])
def test_an_error_in_the_rules_ends_one_step(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch, step: str, broken: Callable[..., object]
) -> None:
    monkeypatch.setattr(loop, step, broken)
    found = investigate(make_case())
    assert found.conclusion.label is Label.UNCERTAIN
    assert not found.whole
    assert found.notes == ("the questions could not be followed: RecursionError: too deep",)


def test_an_error_in_the_conclusion_is_undecided(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("symbol")

    monkeypatch.setattr(loop, "finish", broken)
    found = investigate(make_case(VAGUE))
    assert found.conclusion.label is Label.UNCERTAIN
    assert "KeyError" in found.conclusion.why
