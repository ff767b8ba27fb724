from __future__ import annotations

import pytest

from icelos.contracts import Principal, Right
from icelos.errors import SettingsError
from icelos.findings import Failure, Finding, Verdict
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.job import CopilotJob, build, principal_of
from icelos.knowledge.store import KnowledgeStore
from icelos.records import LogLine, Mail
from icelos.settings import CopilotSettings, Settings
from icelos.testing import check_job


def line(number: int, text: str) -> LogLine:
    return LogLine(id=f"{number:032}", source=f"q.txt:{number}", text=text)


@pytest.fixture
def job(store: KnowledgeStore) -> CopilotJob:
    return CopilotJob(Copilot(store, settings=Settings()), Principal("ann"))


def test_questions_become_findings_and_what_is_none_a_failure(job: CopilotJob) -> None:
    batch = [line(1, "what is S9055?"), line(2, "?!"), line(3, "x" * 5000), line(4, "what is T7777?")]
    good, empty, long, unknown = job.score([*batch])
    assert isinstance(good, Finding)
    assert (good.label, good.verdict) == ("answered", Verdict.CLEAR)
    assert good.evidence[0].quote in "LockSnail is a slow lock picker written in Forth."
    assert isinstance(empty, Failure)
    assert isinstance(long, Failure)
    assert isinstance(unknown, Finding)
    assert (unknown.label, unknown.verdict) == ("unknown_identifier", Verdict.UNKNOWN)
    mail = job.score([Mail(id="m", source="m", raw=b"x")])[0]
    assert isinstance(mail, Failure)


def test_who_sees_an_answer_is_in_every_group_of_its_asker(store: KnowledgeStore) -> None:
    asker = Principal("ann", frozenset({"soc", "board"}))
    job = CopilotJob(Copilot(store, settings=Settings()), asker)
    outcomes = job.score([line(1, "what is S9055?"), line(2, "!")])
    assert [type(one) for one in outcomes] == [Finding, Failure]
    assert [one.needs_groups for one in outcomes if one is not None] == [("board", "soc")] * 2


def test_the_contract(job: CopilotJob) -> None:
    answers = check_job(job, [line(1, "how do I bake bread?"), line(2, "!")])
    assert len(answers) == 2


def test_who_asks() -> None:
    settings = Settings(copilot=CopilotSettings(user="ann", groups=("soc",)))
    everything = frozenset(Right)
    assert principal_of(settings) == Principal("ann", frozenset({"soc"}), everything)
    assert principal_of(settings, user="bob", groups=["it"]) == Principal(
        "bob", frozenset({"it"}), everything
    )
    assert principal_of(Settings()).name


def test_unknown_options_are_refused() -> None:
    with pytest.raises(SettingsError, match="colour"):
        build(Settings(), {"colour": "red"})
