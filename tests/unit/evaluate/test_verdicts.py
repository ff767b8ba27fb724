from __future__ import annotations

import pytest

from icelos.evaluate.verdicts import Judged, confusion, figures

PAIRS = [
    Judged("1", "vulnerable", "vulnerable", True),
    Judged("2", "vulnerable", "uncertain", True),
    Judged("3", "vulnerable", "code_not_reachable", True),
    Judged("4", "code_not_reachable", "code_not_reachable", False),
    Judged("5", "code_not_reachable", "code_not_present", False),
    Judged("6", "code_not_present", "vulnerable", False),
]


def test_figures_of_a_hand_counted_set() -> None:
    found = figures(PAIRS, positive={"vulnerable"}, undecided="uncertain", least=2)
    assert (found.pairs, found.exploitable, found.missed) == (6, 3, ("3",))
    assert found.decided == pytest.approx(5 / 6)
    assert found.precision == pytest.approx(3 / 5)
    assert found.exact == pytest.approx(2 / 5)
    assert found.f1 == {"vulnerable": pytest.approx(2 / 5), "code_not_reachable": pytest.approx(1 / 2)}
    assert found.macro_f1 == pytest.approx((2 / 5 + 1 / 2) / 2)


def test_the_confusion_lists_every_pair_once() -> None:
    assert sum(number for _, _, number in confusion(PAIRS)) == len(PAIRS)
    assert ("vulnerable", "uncertain", 1) in confusion(PAIRS)


def test_an_empty_set_has_no_figures() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        figures([], positive={"vulnerable"}, undecided="uncertain")
