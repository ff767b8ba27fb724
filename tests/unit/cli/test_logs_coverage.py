"""`icelos logs coverage --draft`: a model words drafts where it is asked to."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from icelos.cli.main import run
from icelos.errors import ModelError
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.llm import connect
from icelos.testing import Answer, ScriptedLLM

Capture = pytest.CaptureFixture[bytes]
needs_sigma = pytest.mark.skipif(importlib.util.find_spec("sigma") is None, reason="pySigma is not installed")
RULES = """
title: Nothing
logsource: {product: azure, service: auditlogs}
detection: {selection: {activityDisplayName: Nothing}, condition: selection}
"""
WORDS = {
    "title": "A consent to an application",
    "description": "A person lets an application act in their name.",
    "falsepositives": ["A new application that was announced"],
}
COMMAND = [
    "logs", "coverage", "organisation", "--rules", "rules.yml", "--attacks", "consent-phishing",
    "--episodes", "1", "--draft",
]  # fmt: skip


@pytest.fixture
def files(home: Path) -> None:
    Path("rules.yml").write_text(RULES)
    simulate(Path("organisation"), rows=600, users=8, seed=2, kind="all", workers=1)


def _configured(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> ScriptedLLM:
    llm = ScriptedLLM(answer)
    monkeypatch.setattr(connect, "connect", lambda settings: llm)
    return llm


@needs_sigma
def test_the_model_is_asked_only_where_it_is_wanted(
    files: None, monkeypatch: pytest.MonkeyPatch, capfdbinary: Capture
) -> None:
    llm = _configured(monkeypatch, json.dumps(WORDS))
    assert run(COMMAND) == 0
    told = capfdbinary.readouterr()
    assert b"title: Rows like those of T1528" in told.out
    assert not llm.calls

    assert run([*COMMAND, "--wording", "llm"]) == 0
    told = capfdbinary.readouterr()
    assert b"title: A consent to an application" in told.out
    assert b"status: experimental" in told.out
    assert b"; worded by scripted" in told.err
    assert b"the template's words" not in told.err

    _configured(monkeypatch, ModelError("the endpoint\x1b[31m is down"))
    assert run([*COMMAND, "--wording", "llm"]) == 0
    told = capfdbinary.readouterr()
    assert b"title: Rows like those of T1528" in told.out
    assert b"the template's words: the endpoint[31m is down" in told.err


def test_what_cannot_be_worded_is_one_line(home: Path, capfdbinary: Capture) -> None:
    Path("rules.yml").write_text(RULES)
    for options, why in (
        (["--wording", "gpt"], b"no wording called 'gpt' (template or llm)"),
        (["--wording", "llm"], b"no model is configured to word drafts (set ICELOS_LLM_BASE_URL and _MODEL)"),
    ):
        assert run([*COMMAND, *options]) == 2
        assert capfdbinary.readouterr().err == b"icelos: " + why + b"\n"
    assert run([*COMMAND[:-1], "--wording", "llm"]) == 2
    assert capfdbinary.readouterr().err == b"icelos: nothing to word without --draft\n"
