"""The checks for plug-ins find what they are for, and the scripted model does as told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from icelos.contracts import LLM, Message, Needs, Reply, Scored
from icelos.errors import ModelError
from icelos.findings import Failure, Finding, Verdict
from icelos.records import LogLine, Record
from icelos.testing import ScriptedLLM, check_job, check_llm

RECORDS = [LogLine(id=str(n), source=f"a:{n}", text=str(n)) for n in range(4)]


class _Job:
    """A good one; its subclasses break one clause each."""

    name = "good"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        if record.id == "1":
            return None
        if record.id == "2":
            return Failure(record_id=record.id, job=self.name, error="bad", source=record.source)
        return Finding(
            record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="l", summary="s", score=0.5
        )


class _Short(_Job):
    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return list(super().score(batch))[1:]


class _Reversed(_Job):
    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return list(super().score(batch))[::-1]


class _BatchBound(_Job):
    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [None] * len(batch) if len(batch) == 1 else super().score(batch)


class _OtherName(_Job):
    def _one(self, record: Record) -> Scored:
        return Failure(record_id=record.id, job="other", error="bad", source="s")


def test_a_good_job_passes() -> None:
    outcomes = check_job(_Job(), RECORDS)
    assert outcomes[1] is None
    assert isinstance(outcomes[2], Failure)


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (_Short(), "one outcome for each"),
        (_Reversed(), "its own record"),
        (_BatchBound(), "how records are batched"),
        (_OtherName(), "the job's name"),
        (object(), "not a Job"),
    ],
)
def test_a_bad_job_does_not(job: _Job, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_job(job, RECORDS)


def test_a_scripted_model_follows_its_script_and_repeats_its_last_line() -> None:
    model = ScriptedLLM("one", ModelError("down"), lambda messages: messages[-1].content.upper())
    said = [Message("user", "hi")]
    assert isinstance(model, LLM)
    assert model.reply(said).text == "one"
    with pytest.raises(ModelError):
        model.reply(said)
    assert model.reply(said).text == "HI"
    assert "".join(model.stream([Message("user", "again and again")])) == "AGAIN AND AGAIN"
    assert len(model.calls) == 4
    assert isinstance(check_llm(ScriptedLLM("fine")), Reply)
