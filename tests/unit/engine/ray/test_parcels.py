"""What is sent between processes: one thing that cannot be sent costs itself only."""

from __future__ import annotations

import threading

import pytest

from icelos.data.lazy_fields import LazyFields
from icelos.engine.ray import parcels
from icelos.engine.ray.parcels import Reply, Unsendable, pack, pack_records, pack_reply, sendable, unpack
from icelos.errors import IcelosError, InputError, MissingExtra, ModelError, RunError, SettingsError
from icelos.findings import Evidence, Failure, Finding, How, Verdict
from icelos.records import LogLine, Mail, Record


def _line(number: int, **fields: object) -> LogLine:
    return LogLine(id=str(number), source=f"a:{number}", text=f"line {number}", fields=fields or None)


def _finding(number: int, **more: str) -> Finding:
    return Finding(
        record_id=str(number), job="j", verdict=Verdict.ALERT, label="l", summary="s", score=0.5,
        evidence=(Evidence("q", "a:1", How.RULE),), attributes=more,
    )  # fmt: skip


def test_records_arrive_as_they_left() -> None:
    batch = [_line(1), _line(2, user="a", n=[1, None, 2.5]), Mail(id="m", source="b:1", raw=b"\x00\xff\r\n")]
    assert parcels.unpack_records(pack_records(batch)) == batch
    lazy = [LogLine(id="1", source="a:1", text='{"n": 1}', fields=LazyFields('{"n": 1}')), _line(2)]
    [first, _] = parcels.unpack_records(pack_records(lazy))
    assert first == lazy[0]
    assert isinstance(first, LogLine)
    assert isinstance(first.fields, LazyFields)


def test_a_record_that_cannot_be_sent_costs_itself_only() -> None:
    batch = [_line(1), _line(2, lock=threading.Lock()), _line(3)]
    first, second, third = parcels.unpack_records(pack_records(batch))
    assert (first, third) == (batch[0], batch[2])
    assert isinstance(second, Unsendable)
    told = parcels.unsendable(second, "j")
    assert (told.record_id, told.source, told.job) == ("2", "a:2", "j")
    assert "cannot be sent: TypeError" in told.error


def test_outcomes_arrive_as_they_left() -> None:
    outcomes = [_finding(1), None, Failure(record_id="3", job="j", error="e", source="a:3")]
    batch: list[Record] = [_line(number) for number in (1, 2, 3)]
    assert sendable(outcomes, batch, "j") == outcomes
    assert unpack(pack_reply(outcomes)).given() == outcomes


class Local(Finding, frozen=True, kw_only=True):
    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("no")


def test_an_outcome_that_cannot_be_sent_becomes_a_failure() -> None:
    bad = Local(record_id="2", job="j", verdict=Verdict.ALERT, label="l", summary="s")
    told = sendable([_finding(1), bad, None], [_line(1), _line(2), _line(3)], "j")
    assert told[0] == _finding(1)
    assert isinstance(told[1], Failure)
    assert (told[1].record_id, told[1].source) == ("2", "a:2")
    assert told[2] is None


@pytest.mark.parametrize(
    "error",
    [
        SettingsError("m", hint="h", source="s"),
        InputError("m"),
        MissingExtra("Thing", extra="thing"),
        ModelError("m", retryable=True),
        ValueError("no state"),
    ],
)
def test_errors_arrive_as_they_left(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        unpack(pack_reply(error=error)).given()
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert getattr(caught.value, "retryable", None) == getattr(error, "retryable", None)


class Strange(IcelosError):
    """Can be packed and not unpacked."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)

    def __reduce__(self) -> tuple[object, ...]:
        return (Strange, ("only one",))


class Stubborn(IcelosError):
    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("no")


@pytest.mark.parametrize("error", [Strange("a", "b"), Stubborn("ab")])
def test_the_words_of_an_error_always_arrive(error: IcelosError) -> None:
    with pytest.raises(RunError, match="ab"):
        unpack(pack_reply(error=error)).given()


def test_an_answer_that_cannot_be_sent_is_said() -> None:
    with pytest.raises(RunError, match="cannot be sent"):
        unpack(pack_reply(threading.Lock())).given()


def test_what_is_not_installed_here_is_said() -> None:
    parcel = pack(_line(1)).replace(b"icelos.records", b"icelos.recordz")
    with pytest.raises(RunError, match=r"icelos\.recordz.*install the same packages"):
        unpack(parcel)


def test_a_reply_without_error_is_its_value() -> None:
    assert Reply(5).given() == 5
    assert Reply().given() is None
