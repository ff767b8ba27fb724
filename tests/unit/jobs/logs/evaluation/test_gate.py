from __future__ import annotations

import pytest

from icelos.jobs.logs.evaluation.gate import RULES, How, Rule, bounds, check
from icelos.jobs.logs.evaluation.measures import Measure


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (How.LEAST, (0.1, None)),
        (How.MOST, (None, 0.1 + 0.03)),
        (How.SHARE, (0.05 - 0.03, None)),
        (How.WITHIN, (0.45 - 0.03, 0.55 + 0.03)),
        (How.ABOVE, (None, 0.6 + 0.03)),
    ],
)
def test_bounds(how: How, expected: tuple[float | None, float | None]) -> None:
    assert bounds(Rule("x", how, 0.1, ""), 0.5, 0.03) == pytest.approx(expected)


def test_what_passes_fails_and_was_not_measured() -> None:
    found = check({
        "valid rows": Measure(name="valid rows", value=0.98, ceiling=1.0),
        "field distance": Measure(name="field distance", value=0.06, ceiling=0.02),
        "hours": Measure(name="hours", value=0.5),
        "membership": Measure(name="membership", note="needs a hold-out"),
    })  # fmt: skip
    of = {one.measure: one for one in found}
    assert of["valid rows"].passed is False
    assert of["field distance"].passed is True
    assert of["field distance"].demand == "<= 0.070"
    assert of["hours"].passed is None
    assert of["membership"].note == "needs a hold-out"
    assert of["canaries"].note == ""


def test_the_table_has_a_reason_for_each_measure_once() -> None:
    assert len({rule.measure for rule in RULES}) == len(RULES)
    assert all(rule.why for rule in RULES)
