"""What comes out: bounds, ids, and failures that can always be stored."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.findings import RAW_LIMIT, Evidence, Failure, Finding, How, Verdict, failure


def _finding(score: float | None) -> Finding:
    return Finding(record_id="r", job="j", verdict=Verdict.ALERT, label="l", summary="s", score=score)


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.01, 1.01])
def test_a_score_out_of_bounds_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        _finding(score)


@pytest.mark.parametrize("score", [None, 0.0, 1.0, 0.5])
def test_a_score_within_bounds_survives_a_round_trip(score: float | None) -> None:
    found = _finding(score)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Finding) == found


def test_a_stored_score_out_of_bounds_is_refused_too() -> None:
    data = msgspec.json.encode(_finding(0.5)).replace(b"0.5", b"1.5")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(data, type=Finding)


def test_a_good_outcome_has_the_id_of_its_records_failure() -> None:
    bad = Failure(record_id="r", job="j", error="e", source="s")
    assert bad.id == _finding(None).id
    assert bad.id != Failure(record_id="r", job="other", error="e", source="s").id


def test_verdicts_stand_in_order_of_concern() -> None:
    assert [v.value for v in Verdict] == ["alert", "review", "unknown", "clear"]
    assert Evidence("q", "s", How.RULE) == Evidence("q", "s", How("rule"))


@given(st.text(alphabet=st.characters()), st.one_of(st.text(), st.binary()))
def test_any_failure_can_be_stored(error: str, raw: str | bytes) -> None:
    made = failure(record_id="r", job="j", error=error, source=error, raw=raw)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Failure) == made
    assert "\n" not in made.error
    assert made.error


def test_lone_surrogates_do_not_end_a_run() -> None:
    made = failure(record_id="r", job="j", error="bad \udc80 byte", source="f\udcff.eml:1", raw="\ud800")
    assert msgspec.json.encode(made)


def test_own_errors_speak_for_themselves_and_others_are_named() -> None:
    own = failure(record_id="r", job="j", error=InputError("no header", hint="look"), source="s")
    other = failure(record_id="r", job="j", error=KeyError("x"), source="s")
    assert own.error == "no header (look)"
    assert other.error.startswith("KeyError: ")


def test_raw_text_is_cut() -> None:
    made = failure(record_id="r", job="j", error="e", source="s", raw=b"x" * (RAW_LIMIT + 1))
    assert len(made.raw) == RAW_LIMIT
